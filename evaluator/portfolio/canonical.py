"""Which texts are written in canonical form, as a test in the SQL of any database.

A canonical text needs no Python: a plain decimal, an ISO date, true or false, a code of its list.
Any other is read by ``evaluator.dossier.values``, the reader of single dossiers, once for each
distinct text; so a portfolio accepts and rejects exactly what a single dossier does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.scalars import MAX_TEXT
from evaluator.portfolio.sql import texts

NUMBER = r"[+-]?[0-9]{1,15}([.][0-9]{1,12})?"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
CREDIT_CODE = f"[0-9A-HJ-NPQRTUWXY]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}"


@dataclass(frozen=True)
class Dialect:
    """How a database tests a text (SQL): it is wholly of a form (a regular expression), it is an ISO
    date, it holds what no text of a dossier may."""

    whole: Callable[[str, str], str]
    date: Callable[[str], str]
    bad: Callable[[str], str]


def canonical(dialect: Dialect, field: Field, raw: str) -> str:
    """Whether the text ``raw`` (SQL) of a single-valued field is in canonical form."""
    match field.type:
        case FieldType.INT | FieldType.DECIMAL:
            return dialect.whole(raw, NUMBER)
        case FieldType.BOOL:
            return f"{raw} IN ('true', 'false')"
        case FieldType.DATE:
            return dialect.date(raw)
        case FieldType.ENUM:
            return f"{raw} IN ({texts(field.values)})"
        case FieldType.STR if field.format is None:
            return f"(length({raw}) <= {MAX_TEXT} AND NOT {dialect.bad(raw)})"
        case FieldType.STR if field.format == "credit_code":
            return f"({dialect.whole(raw, CREDIT_CODE)} AND {_check_character(raw)})"
        case _:
            return "false"


def _check_character(raw: str) -> str:
    """The test of a GB 32100 check character; the reader says what is wrong with others."""
    index = [f"(strpos('{ALPHABET}', substr({raw}, {i}, 1)) - 1)" for i in range(1, 19)]
    total = " + ".join(f"{w} * {p}" for w, p in zip(WEIGHTS, index, strict=False))
    return f"{index[17]} = (31 - ({total}) % 31) % 31"
