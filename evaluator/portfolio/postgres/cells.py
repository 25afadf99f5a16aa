"""What PostgreSQL itself reads of a dossier: texts and items in canonical form, as SQL.

The counterpart of ``evaluator.portfolio.intake.cells``: a canonical text needs no Python, any other is read
by the reader of single dossiers, once for each distinct text.
"""

from __future__ import annotations

from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.scalars import MAX_TEXT
from evaluator.dossier.values import MAX_ITEMS
from evaluator.portfolio.intake.cells import ALPHABET, WEIGHTS
from evaluator.portfolio.intake.sources import text

NUMBER = "^[+-]?[0-9]{1,15}([.][0-9]{1,12})?$"
ITEM = "^[0-9]{1,12}([.][0-9]{1,6})?$"
# To the 28th there is such a day in every month; a cast of one that is not would end the query.
DAY = "^(19[0-9]{2}|2[01][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$"
# The same as cells.BAD, as PostgreSQL writes it; \s alone depends on the locale.
SPACE = r"[\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
BAD = (
    rf"^{SPACE}|{SPACE}$|^$|"
    r"[\u0001-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
KEY = r"^\S+( \S+)*$"
MAX_KEY = 100  # As field_values reads it.


def array_sql(words: list[str]) -> str:
    """A list of texts."""
    return f"ARRAY[{', '.join(map(text, words))}]::text[]"


def canonical(field: Field, raw: str) -> str:
    """Whether the text ``raw`` (SQL) of a single-valued field is in canonical form."""
    match field.type:
        case FieldType.INT | FieldType.DECIMAL:
            return f"{raw} ~ {text(NUMBER)}"
        case FieldType.BOOL:
            return f"{raw} IN ('true', 'false')"
        case FieldType.DATE:
            return f"{raw} ~ {text(DAY)}"
        case FieldType.ENUM:
            return f"{raw} = ANY ({array_sql(list(field.values))})"
        case FieldType.STR if field.format is None:
            return f"(length({raw}) <= {MAX_TEXT} AND {raw} !~ {text(BAD)})"
        case FieldType.STR if field.format == "credit_code":
            return _credit_code(raw)
        case _:
            return "false"


def _credit_code(raw: str) -> str:
    index = [f"(strpos('{ALPHABET}', substr({raw}, {i}, 1)) - 1)" for i in range(1, 19)]
    total = " + ".join(f"{w} * {p}" for w, p in zip(WEIGHTS, index, strict=False))
    shape = text(f"^[0-9A-HJ-NPQRTUWXY]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}$")
    return f"({raw} ~ {shape} AND {index[17]} = (31 - ({total}) % 31) % 31)"


def canonical_record(field: Field, value: str) -> str:
    """Whether the JSONB ``value`` is a list of {key, value, unit} as a snapshot writes them.

    Of a record without closed keys the unit is still to be looked up.
    """
    if not field.keys and (field.minimum is not None or field.maximum is not None):
        return "false"
    if field.keys:
        key = f"e ->> 'key' = ANY ({array_sql(list(field.keys))})"
    else:
        key = (
            f"e ->> 'key' ~ {text(KEY)} AND e ->> 'key' !~ {text(BAD)} "
            f"AND length(e ->> 'key') <= {MAX_KEY}"
        )
    number = NUMBER if field.keys else ITEM
    unit = f" AND e ->> 'unit' = {text(field.unit.name)}" if field.unit else ""
    good = (
        f"e - {array_sql(['key', 'value', 'unit'])} = '{{}}' AND {key} AND "
        f"jsonb_typeof(e -> 'value') = 'string' AND e ->> 'value' ~ {text(number)} AND "
        f"jsonb_typeof(e -> 'unit') = 'string'{unit}"
    )
    each = f"CASE WHEN jsonb_typeof(e) = 'object' THEN coalesce({good}, false) ELSE false END"
    whole = (
        f"(SELECT coalesce(bool_and({each}), true) AND count(*) = count(DISTINCT e -> 'key') "
        f"AND count(*) <= {MAX_ITEMS} FROM jsonb_array_elements({value}) AS e)"
    )
    return f"CASE WHEN jsonb_typeof({value}) = 'array' THEN {whole} ELSE false END"


def key_value(value: str, key: str) -> str:
    """The number of one key of a canonical record with closed keys."""
    return (
        f"(SELECT (e ->> 'value')::numeric FROM jsonb_array_elements({value}) AS e "
        f"WHERE e ->> 'key' = {text(key)})"
    )
