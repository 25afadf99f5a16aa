"""JSON Lines as SQL: what each line gives for each field, and which lines need another reader.

DuckDB takes JSON more loosely than a single dossier is taken: numbers as binary doubles, trailing
commas, a key twice, a number where a text belongs. A line in which it could see anything else than
the reader of single dossiers does is *in doubt*: that reader reads it, and the line is replaced by
what it made of it, or gets its whole complaint as ``fault``. What then is left is regular, so that a
column of plain numbers can be a column of decimals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import duckdb
import pyarrow as pa

from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.dossier.scalars import Path
from evaluator.dossier.values import Item
from evaluator.engine.columnar.layout import column_of
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.sources import Source
from evaluator.portfolio.intake.tables import insert
from evaluator.portfolio.sql import quote, text, texts
from evaluator.problems.errors import Problem
from evaluator.problems.source import Place, SourceText
from evaluator.reading.jsontext import JsonText, read_json
from evaluator.values.numbers import exact_text, terminates

PAGE = 2_000
WRAP = "dossier"
# A number of more than 15 digits, or with an exponent of three; a comma before a bracket; escapes of
# NUL and of surrogates. Found inside a text, too: then the line is only read more slowly.
ODD = (
    r"[:\[,][ \t\r]*-?[0-9][0-9.]{15}|[0-9][eE][-+]?[0-9]{3}|,[ \t\r]*[}\]]"
    r"|\\u(?:0000|[dD][89a-fA-F])"
)
OWN = ("row_id", "line", "fault", "ok", "doc", "map", "given", "types", "line_fault", "line_reason")
NUMBERS = ("UBIGINT", "BIGINT", "DOUBLE")
TYPES = {
    FieldType.STR: ("VARCHAR",),
    FieldType.ENUM: ("VARCHAR",),
    FieldType.DATE: ("VARCHAR",),
    FieldType.BOOL: ("BOOLEAN", "VARCHAR"),
    FieldType.CODES: ("ARRAY",),
    FieldType.RECORD: ("ARRAY",),
    FieldType.INT: (*NUMBERS, "VARCHAR"),
    FieldType.DECIMAL: (*NUMBERS, "VARCHAR"),
}
PLAIN = r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?"
TEXTS = 99  # In place of a number of decimals: the column is texts.
PLAIN_DIGITS = 15  # A double holds that many decimal digits.


@dataclass(frozen=True)
class Documents:
    """SQL over the table of lines of a source."""

    source: Source
    registry: Registry

    def select(self, wanted: str, spec: Mapping[str, object]) -> str:
        """SELECT ``wanted`` over row_id, fault, ok, doc (JSON), given (its keys), types (of the fields
        and ``extra`` keys, NULL where absent), and one column for each key of ``spec``."""
        doc = "line::JSON"
        if self.source.wrapped:
            doc = f"coalesce(line::JSON->{text(WRAP)}, line::JSON)"
        names = [*self.registry.fields, *self.source.extra]
        paths = texts(f'$."{n}"' for n in names)
        given = f", unnest(json_transform(map, {text(json.dumps(spec))}))" if spec else ""
        return (
            f"SELECT {wanted} FROM (SELECT row_id, line, fault, ok, doc, json_keys(map) AS given, "
            f"json_type(map, [{paths}]) AS types{given} FROM (SELECT *, "
            "CASE WHEN json_type(doc) = 'OBJECT' THEN doc ELSE '{}' END AS map FROM (SELECT *, "
            f"CASE WHEN ok THEN {doc} ELSE '{{}}' END AS doc FROM (SELECT *, json_valid(line) AS ok "
            f"FROM {self.source.lines}))))"
        )

    def others(self) -> str:
        """SQL for the keys that are neither fields nor extra; NULL where there is none."""
        known = texts((*self.registry.fields, *self.source.extra))
        others = f"list_filter(given, lambda k: NOT list_contains([{known}], k))"
        # A key twice makes the line one of those in doubt, and so stands here once.
        return f"CASE WHEN len(given) > list_count(types) THEN {others} END"

    def parts(self) -> list[tuple[str, Field, str]]:
        """Name, field and SQL of the type of every field."""
        fields = self.registry.fields.items()
        return [(n, f, f"types[{i}]") for i, (n, f) in enumerate(fields, 1)]


def settle(
    db: duckdb.DuckDBPyConnection, source: Source, registry: Registry, extra: tuple[str, ...]
) -> Source:
    """Read the lines in doubt again, and find the SQL type of each field's column.

    The source comes back with ``columns``: DECIMAL and BOOLEAN where every line has just that, the
    keys of a closed record as columns of their own where every entry is plain, else texts.
    """
    for key in extra:
        taken = {n.casefold() for n in (*OWN, *registry.fields)}
        if key.casefold() in taken or set(key) & set('"\\') or not key.isprintable():
            raise PortfolioError(f"评估日期的键不能叫“{key}”")
    documents = Documents(replace(source, extra=extra), registry)
    _read_doubtful(db, documents)
    return replace(documents.source, columns=_columns(db, documents))


# --- the lines in doubt --------------------------------------------------------------------------


def _read_doubtful(db: duckdb.DuckDBPyConnection, documents: Documents) -> None:
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
        given = {
            "row_id": pa.array([number for number, _ in rows], pa.int64()),
            "line": pa.array([line for line, _ in read], pa.string()),
            "fault": pa.array([fault for _, fault in read], pa.string()),
        }
        insert(db, table, pa.table(given))
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
    problems: list[Problem] = []
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
            return _line(profile, documents.registry, extra), None
    known = _plain(data.get("project_id")) if isinstance(data, Mapping) else None
    said = "；".join(map(_words, problems))
    return (
        json.dumps({"project_id": known}, ensure_ascii=False),
        said.encode("utf-8", "backslashreplace").decode("utf-8"),
    )


def _line(profile: Profile, registry: Registry, extra: Mapping[str, str]) -> str:
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
        elif name in written:
            parts.append(f"{_text(name)}: {_text(written[name])}")
    return f"{{{', '.join(parts)}}}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: Fraction) -> str:
    plain = exact_text(value)
    short = terminates(value) and sum(map(str.isdigit, plain)) <= PLAIN_DIGITS
    return plain if short else _text(plain)


def _place(read: JsonText) -> Any:
    def place(path: Path) -> Place:  # noqa: ARG001
        return Place(read.source)

    return place


def _words(problem: Problem) -> str:
    column = problem.place.column if problem.code == "D115" else None
    return f"{problem.message}（第 {column} 个字）" if column else problem.message


def _plain(value: object) -> str | None:
    """A text that any table can hold."""
    return value if isinstance(value, str) and value.isprintable() else None


# --- the types of columns ------------------------------------------------------------------------


def _columns(db: duckdb.DuckDBPyConnection, documents: Documents) -> dict[str, str]:
    """The SQL type of each column, by one look at all lines."""
    spec: dict[str, str] = {}
    asked: dict[str, str] = {}
    for name, field, kind in documents.parts():
        if field.type is FieldType.BOOL:
            asked[name] = f"NOT coalesce(bool_or({kind} = 'VARCHAR'), false)"
        elif field.numeric:
            spec[name] = "VARCHAR"
            value = quote(name)
            asked[name] = f"max({_decimals(value)})"
        elif field.keys:
            spec[name] = "JSON"
            asked[name] = f"max({_entries(field, quote(name))})"
    select = documents.select(", ".join(f"{sql} AS {quote(n)}" for n, sql in asked.items()), spec)
    answers = dict(zip(asked, db.execute(select).fetchone() or (), strict=True))
    out: dict[str, str] = {}
    for name, field, _ in documents.parts():
        answer = answers.get(name)
        if field.type is FieldType.BOOL:
            out[name] = "BOOLEAN" if answer else "VARCHAR"
        elif name not in asked:
            out[name] = "JSON" if field.type in (FieldType.RECORD, FieldType.CODES) else "VARCHAR"
        elif answer == TEXTS:
            out[name] = "VARCHAR" if field.numeric else "JSON"
        elif answer is not None:  # None: no line has a value, and what has no column is missing.
            names = [name] if field.numeric else [column_of(f"{name}.{k}") for k in field.keys]
            out |= dict.fromkeys(names, f"DECIMAL(18,{answer})")
    return {**out, **dict.fromkeys(documents.source.extra, "VARCHAR")}


def _e(value: str) -> str:
    return f"contains({value}, 'e') OR contains({value}, 'E')"


def _decimals(value: str) -> str:
    """SQL for the decimals of a plain number in a text, TEXTS where it is not one."""
    digits = f"length(rtrim(split_part({value}, '.', 2), '0'))"
    plain = f"regexp_full_match({value}, {text(PLAIN)})"
    return f"CASE WHEN {value} IS NULL THEN NULL WHEN {plain} THEN {digits} ELSE {TEXTS} END"


def _entries(field: Field, value: str) -> str:
    """SQL for the decimals of a closed record's entries, TEXTS where one is not just a key, a
    number and perhaps the unit of the field."""
    key = field.key or "key"
    shapes = ", ".join(
        f"list_sort([{texts(parts)}])" for parts in ((key, "value"), (key, "value", "unit"))
    )
    unit = text(field.unit.name if field.unit else "")
    numbers = f"json_extract_string({value}, '$[*].value')"
    words = texts(field.keys)
    kinds = texts(TYPES[FieldType.DECIMAL])
    names = f"json_extract_string({value}, '$[*].{key}')"
    length = f"json_array_length({value})"
    plain = (
        f"list_has_all([{shapes}], list_transform(json_keys({value}, '$[*]'), lambda k: list_sort(k))) "
        f"AND list_has_all([{kinds}], json_type({value}, '$[*].value')) "
        f"AND list_has_all([{unit}], json_extract_string({value}, '$[*].unit')) "
        f"AND list_has_all([{words}], {names}) AND len(list_distinct({names})) = {length} "
        f"AND len({numbers}) = {length}"
    )
    return (
        f"CASE WHEN coalesce({length}, 0) = 0 THEN NULL WHEN {plain} "
        f"THEN list_max(list_transform({numbers}, lambda x: {_decimals('x')})) ELSE {TEXTS} END"
    )
