"""The lines that need another reader than DuckDB.

DuckDB takes JSON more loosely than a single dossier is taken: numbers as binary doubles, trailing
commas, a key twice, a number where a text belongs. A line in which it could see anything else than
the reader of single dossiers does is *in doubt*: that reader reads it, and the line is replaced by
what it made of it, or gets its whole complaint as ``fault``. What then is left is regular, so that a
column of plain numbers can be a column of decimals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import duckdb

from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.dossier.fields import FieldType, Registry
from evaluator.dossier.scalars import Path
from evaluator.dossier.values import Item
from evaluator.portfolio.intake.documents import TYPES, WRAP, Documents
from evaluator.portfolio.intake.lines import TYPES as LINE_TYPES
from evaluator.portfolio.intake.marks import MARK
from evaluator.portfolio.intake.tables import add
from evaluator.portfolio.sql import quote, text, texts
from evaluator.problems.errors import Problem, Problems
from evaluator.problems.source import Place, SourceText
from evaluator.reading.jsontext import JsonText, read_json
from evaluator.values.numbers import exact_text, terminates

PAGE = 2_000
# A number of more than 15 digits, or with an exponent of three; a comma before a bracket; escapes of
# NUL, of our own mark and of surrogates. Found inside a text, too: then the line is only read more slowly.
ODD = (
    r"[:\[,][ \t\r]*-?[0-9][0-9.]{15}|[0-9][eE][-+]?[0-9]{3}|,[ \t\r]*[}\]]"
    r"|\\u(?:0000|001[fF]|[dD][89a-fA-F])"
)
PLAIN_DIGITS = 15  # A double holds that many decimal digits.


def read_doubtful(db: duckdb.DuckDBPyConnection, documents: Documents) -> None:
    """Let Python read the lines in doubt, and put what it made of them in their place."""
    table = documents.source.lines
    doubtful = f"{table}_doubt"
    spec = {n: "VARCHAR" for n, f in documents.registry.fields.items() if f.numeric}
    # An aggregate, since into a filter or a projection every test would get a parser of its own.
    marked = documents.select(
        f"list(row_id) FILTER (fault IS NULL AND ({_doubt(documents)}))", spec
    )
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE {doubtful} AS SELECT row_id, line FROM {table} "
        f"WHERE row_id IN (SELECT unnest(({marked})))"
    )
    db.execute(f"DELETE FROM {table} WHERE row_id IN (SELECT row_id FROM {doubtful})")
    last = -1
    while rows := db.execute(
        f"SELECT row_id, line FROM {doubtful} WHERE row_id > {last} ORDER BY row_id LIMIT {PAGE}"
    ).fetchall():
        last = rows[-1][0]
        read = [_read(line, documents) for _, line in rows]
        lines, faults = zip(*read, strict=True)
        add(db, table, LINE_TYPES, [[number for number, _ in rows], lines, faults])
    db.execute(f"DROP TABLE {doubtful}")


def _doubt(documents: Documents) -> str:
    tests = []
    for name, field, kind in documents.parts():
        tests.append(f"{kind} NOT IN ({texts((*TYPES[field.type], 'NULL'))})")
        if field.numeric:
            # "1e5" as a text is no number of ours; as a number it is. CASE: few are texts.
            tests.append(f"CASE WHEN {kind} = 'VARCHAR' THEN {_e(quote(name))} END")
            tests.append(f"{quote(name)} IN ('nan', 'inf', '-inf', 'NaN', 'Infinity', '-Infinity')")
    twice = (
        "CASE WHEN len(given) > list_count(types) THEN len(list_distinct(given)) < len(given) END"
    )
    mistyped = " OR ".join((*tests, twice))
    return (
        f"regexp_matches(line, {text(ODD)}) OR NOT ok OR json_type(doc) <> 'OBJECT' "
        f"OR coalesce({mistyped}, false)"
    )


def _read(line: str, documents: Documents) -> tuple[str, str | None]:
    """A line in regular form, or what of it is known and all that is wrong with it."""
    problems = Problems()
    read = read_json(SourceText("", line), problems)
    data = read.data if read is not None else None
    if documents.source.wrapped and isinstance(data, Mapping) and WRAP in data:
        data = data[WRAP]
    extra: dict[str, str] = {}
    names = documents.source.extra
    if isinstance(data, Mapping):
        # What is no text stays what it is not: a date.
        extra = {k: _plain(data[k]) or "?" for k in names if data.get(k) is not None}
        data = {k: v for k, v in data.items() if k not in names}
    if read is not None:
        profile = parse_dossier(data, documents.registry, _place(read), problems)
        if profile is not None:
            return line_of(profile, documents.registry, extra), None
    known = _plain(data.get("project_id")) if isinstance(data, Mapping) else None
    said = "；".join(map(_words, problems))
    return (
        json.dumps({"project_id": known}, ensure_ascii=False),
        said.encode("utf-8", "backslashreplace").decode("utf-8"),
    )


def line_of(profile: Profile, registry: Registry, extra: Mapping[str, str]) -> str:
    """A profile as a regular line: numbers as numbers where a double holds them."""
    written = profile.to_dict(registry)
    parts = [f"{_text(k)}: {_text(v)}" for k, v in extra.items()]
    for name, field in registry.fields.items():
        value = profile.values.get(name)
        if isinstance(value, Fraction):
            parts.append(f"{_text(name)}: {_number(value)}")
        elif field.keys and isinstance(value, tuple):
            items = [i for i in value if isinstance(i, Item)]
            key = _text(field.key or "key")
            listed = ", ".join(
                f'{{{key}: {_text(i.key)}, "value": {_number(i.number)}}}' for i in items
            )
            parts.append(f"{_text(name)}: [{listed}]")
        elif field.type is FieldType.RECORD and isinstance(value, tuple):
            entries = [
                {"key": i.key, "value": _marked(i.number), "unit": i.unit.name}
                for i in value
                if isinstance(i, Item)
            ]
            parts.append(f"{_text(name)}: {_text(entries)}")
        elif name in written:
            parts.append(f"{_text(name)}: {_text(written[name])}")
    return f"{{{', '.join(parts)}}}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _marked(value: Fraction) -> str:
    # A ratio is marked: none that an applicant has written gets here.
    return exact_text(value) if terminates(value) else MARK + exact_text(value)


def _number(value: Fraction) -> str:
    plain = exact_text(value)
    short = terminates(value) and sum(map(str.isdigit, plain)) <= PLAIN_DIGITS
    return plain if short else _text(_marked(value))


def _place(read: JsonText) -> Any:
    def place(_path: Path) -> Place:
        return Place(read.source)

    return place


def _words(problem: Problem) -> str:
    column = problem.place.column if problem.code == "D115" else None
    return f"{problem.message}（第 {column} 个字）" if column else problem.message


def _plain(value: object) -> str | None:
    """A text that any table can hold."""
    return value if isinstance(value, str) and value.isprintable() else None


def _e(value: str) -> str:
    return f"contains({value}, 'e') OR contains({value}, 'E')"
