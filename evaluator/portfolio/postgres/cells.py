"""What PostgreSQL itself reads of a dossier: texts and items in canonical form, as SQL."""

from __future__ import annotations

from collections.abc import Iterable

from evaluator.dossier.fields import Field
from evaluator.dossier.values import MAX_ITEMS
from evaluator.portfolio.canonical import NUMBER, Dialect
from evaluator.portfolio.sql import text, texts

ITEM = "[0-9]{1,12}([.][0-9]{1,6})?"
# To the 28th there is such a day in every month; a cast of one that is not would end the query.
DAY = "(19[0-9]{2}|2[01][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
# The same as cells.BAD, as PostgreSQL writes it; \s alone depends on the locale.
SPACE = r"[\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
BAD = (
    rf"^{SPACE}|{SPACE}$|^$|"
    r"[\u0001-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
KEY = r"\S+( \S+)*"
MAX_KEY = 100  # As dossier.values reads it.


def _whole(raw: str, form: str) -> str:
    return f"{raw} ~ {text(f'^{form}$')}"


def _bad(raw: str) -> str:
    return f"{raw} ~ {text(BAD)}"


POSTGRES = Dialect(_whole, lambda raw: _whole(raw, DAY), _bad)


def array_sql(words: Iterable[str]) -> str:
    """A list of texts."""
    return f"ARRAY[{texts(words)}]::text[]"


def canonical_record(field: Field, value: str) -> str:
    """Whether the JSONB ``value`` is a list of {key, value, unit} as a snapshot writes them.

    Of a record without closed keys the unit is still to be looked up.
    """
    if not field.keys and (field.minimum is not None or field.maximum is not None):
        return "false"
    key, number = "e ->> 'key'", "e ->> 'value'"
    if field.keys:
        named = f"{key} IN ({texts(field.keys)})"
    else:
        named = f"{_whole(key, KEY)} AND NOT {_bad(key)} AND length({key}) <= {MAX_KEY}"
    unit = f" AND e ->> 'unit' = {text(field.unit.name)}" if field.unit else ""
    good = (
        f"e - {array_sql(['key', 'value', 'unit'])} = '{{}}' AND {named} AND "
        f"jsonb_typeof(e -> 'value') = 'string' AND {_whole(number, NUMBER if field.keys else ITEM)} "
        f"AND jsonb_typeof(e -> 'unit') = 'string'{unit}"
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
