"""Dossiers from files: YAML, JSON, JSON Lines, workbooks (.xlsx, .xls, .ods), CSV and TSV.

A file holds one dossier (a mapping of fields, or {source, dossier}), a list of either, or such a
list under ``dossiers`` or ``projects``. It is read whole or not at all: one DossierError carries
every problem of the file, each at its line or cell. Knows nothing of rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from evaluator.dossier.dossier import MAX_UNKNOWN, Profile, parse_dossier
from evaluator.dossier.fields import Registry
from evaluator.dossier.scalars import Path, quoted
from evaluator.problems.errors import DossierError, Problem, Problems
from evaluator.problems.source import Place, SourceText
from evaluator.reading.files import FileSource, decode, kind_of, open_file, read_bytes
from evaluator.reading.jsontext import JsonText, read_json
from evaluator.reading.yaml.reader import plain
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar, read_yaml

MAX_LINE = 2_000_000  # Bytes of one dossier in JSON Lines.
MAX_PROBLEMS = 1000  # After so many, the rest of the file is not looked at.
LISTS = ("dossiers", "projects")
_EMPTY = "写上内容，或换一个文件"


@dataclass(frozen=True, slots=True)
class _Draft:
    """Raw data of one dossier, and where each of its fields was written."""

    raw: Any
    place: Callable[[Path], Place]


def read_dossiers(
    source: FileSource, registry: Registry, notes: list[str] | None = None
) -> list[Profile]:
    """Every dossier of a file, given as a path or as (name, bytes).

    How a table was read, where somebody should know, is appended to ``notes``. Raises DossierError
    with all problems of the file; nothing is half read.
    """
    kind = kind_of(source)
    if kind == "jsonl":
        return _collect(iter_dossiers(source, registry))
    name, data = read_bytes(source)
    problems = Problems()
    if kind in ("workbook", "csv"):
        from evaluator.dossier.tables import read_book  # openpyxl is slow to import

        book = read_book(name, data, registry, problems)
        rows = book.rows
        if notes is not None:
            notes += book.notes
        problems.extend(p for row in rows for p in row.problems)
        drafts = [_Draft(row.raw, row.place) for row in rows if not row.void]
    else:
        text = SourceText(name, decode(name, data))
        drafts = (
            _from_yaml(text, registry, problems)
            if kind == "yaml"
            else _from_json(text, registry, problems)
        )
    profiles = _parse(drafts, registry, problems)
    if problems:
        raise DossierError(sorted(problems, key=lambda p: (p.place.line or 0, p.place.column or 0)))
    return profiles


def _collect(results: Iterable[Profile | DossierError]) -> list[Profile]:
    profiles: list[Profile] = []
    problems = Problems()
    try:
        for result in results:
            if isinstance(result, Profile):
                profiles.append(result)
            else:
                problems.extend(result.problems)
            if len(problems) >= MAX_PROBLEMS:
                problems.append(_too_many(problems[-1].place))
                break
    except DossierError as error:
        problems.extend(error.problems)
    if problems:
        raise DossierError(problems)
    return profiles


def _too_many(place: Place) -> Problem:
    return Problem("D122", f"问题已超过 {MAX_PROBLEMS} 处，其余未再检查", place, "先改正以上各处")


def _parse(drafts: list[_Draft], registry: Registry, problems: Problems) -> list[Profile]:
    profiles: list[Profile] = []
    first: dict[str, _Draft] = {}
    unclear = {_spot(p.place) for p in problems}
    for draft in drafts:
        own = Problems()
        profile = parse_dossier(draft.raw, registry, draft.place, own)
        if profile is not None:
            if profile.id in first:
                places = (d.place(("project_id",)) for d in (draft, first[profile.id]))
                own.append(_repeated(profile.id, *places))
            first.setdefault(profile.id, draft)
            profiles.append(profile)
        # A value that made no sense has been reported at its place; it is not missing as well.
        problems += [p for p in own if p.code != "D109" or _spot(p.place) not in unclear]
        if len(problems) >= MAX_PROBLEMS:
            problems.append(_too_many(problems[-1].place))
            break
    return profiles


def _spot(place: Place) -> tuple[int | None, int | None, str | None]:
    return place.line, place.column, place.cell


def _repeated(project_id: str, place: Place, first: Place) -> Problem:
    message = f"项目编号{quoted(project_id)}在这份文件里出现了两次"
    return Problem(
        "D110", message, place, "一个项目只报一份；不同项目用不同编号", (("第一处", first),)
    )


def _shape(
    data: Any, place: Callable[[Path, bool], Place], problems: Problems
) -> list[tuple[Any, Path]]:
    """The dossiers in parsed data, each with its path."""
    path: Path = ()
    name = next((n for n in LISTS if isinstance(data, Mapping) and n in data), None)
    if name is not None:
        for extra in islice((k for k in data if k != name), MAX_UNKNOWN):
            hint = f"有“{name}”的文件，最外层只写它"
            problems.report("D101", f"最外层没有{quoted(extra)}这一项", place((extra,), True), hint)
        data, path = data[name], (name,)
        if not isinstance(data, list):
            problems.report("D102", f"“{name}”应是列表，写的是{quoted(data)}", place(path, False))
            return []
    if data is None or data == [] or data == {}:
        problems.report("D113", "文件里没有申报材料", place(path, False), "至少写一份")
        return []
    if isinstance(data, list):
        return [_unwrap(item, (*path, i), place, problems) for i, item in enumerate(data)]
    return [_unwrap(data, path, place, problems)]


def _unwrap(
    item: Any, path: Path, place: Callable[[Path, bool], Place], problems: Problems
) -> tuple[Any, Path]:
    if not isinstance(item, Mapping) or "dossier" not in item:
        return item, path
    extras = (k for k in item if k not in ("source", "dossier"))
    for extra in islice(extras, MAX_UNKNOWN):
        hint = "“dossier”旁边只可写“source”（来源）"
        problems.report("D101", f"没有{quoted(extra)}这一项", place((*path, extra), True), hint)
    return item["dossier"], (*path, "dossier")


def _from_yaml(text: SourceText, registry: Registry, problems: Problems) -> list[_Draft]:
    root = read_yaml(text.name, text.text, problems)
    if root is None:
        return []

    def place(path: Path, of_key: bool) -> Place:
        node: Node = root
        at = node.place
        for step in path:
            if isinstance(node, YMap):
                entry = next(((k, v) for k, v in node.entries if k.text == step), None)
                if entry is None:
                    break
                node = entry[1]
                empty = isinstance(node, YScalar) and node.text == ""
                at = entry[0].place if of_key or empty else node.place
            elif isinstance(node, YList) and isinstance(step, int):
                node = node.items[step]
                at = node.place
            else:
                break
        return at

    return [
        _Draft(raw, _under(path, place, registry))
        for raw, path in _shape(plain(root), place, problems)
    ]


def _from_json(text: SourceText, registry: Registry, problems: Problems) -> list[_Draft]:
    if not text.text.strip():
        problems.report("D113", "文件是空的", Place(text, text.first_line), _EMPTY)
        return []
    document = read_json(text, problems)
    if document is None:
        return []
    return _json_drafts(document, registry, problems)


def _json_drafts(text: JsonText, registry: Registry, problems: Problems) -> list[_Draft]:
    def place(path: Path, of_key: bool) -> Place:
        return text.place(path, of_key=of_key)

    return [
        _Draft(raw, _under(path, place, registry))
        for raw, path in _shape(text.data, place, problems)
    ]


def _under(
    base: Path, place: Callable[[Path, bool], Place], registry: Registry
) -> Callable[[Path], Place]:
    """Places of one dossier's fields; an unknown field is shown at its name."""
    return lambda path: place((*base, *path), len(path) == 1 and path[0] not in registry.fields)


def iter_dossiers(source: FileSource, registry: Registry) -> Iterator[Profile | DossierError]:
    """The dossiers of a JSON Lines file one by one, in constant memory but for the ids seen.

    A line that cannot be read yields its DossierError and the reading goes on; a file that cannot
    be opened or is not UTF-8 raises one.
    """
    name, stream = open_file(source)
    with stream:
        yield from _lines(name, stream, registry)


def _lines(name: str, stream: BinaryIO, registry: Registry) -> Iterator[Profile | DossierError]:
    first: dict[str, Place] = {}
    number = 0
    empty = True
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            place = Place(SourceText(name, "", number), number)
            raise DossierError(
                [Problem("D111", f"一行超过 {MAX_LINE} 字节", place, "一行只写一份申报材料")]
            )
        text = SourceText(name, decode(name, line.rstrip(b"\r\n"), number), number)
        if not text.text.strip():
            continue
        empty = False
        problems = Problems()
        drafts = _from_json(text, registry, problems)
        if not problems and len(drafts) != 1:
            place = Place(text, number)
            problems.report("D102", "一行只写一份申报材料", place)
        profile = None
        if not problems:
            profile = parse_dossier(drafts[0].raw, registry, drafts[0].place, problems)
        if profile is not None:
            if profile.id in first:
                problems.append(
                    _repeated(profile.id, drafts[0].place(("project_id",)), first[profile.id])
                )
            first.setdefault(profile.id, Place(SourceText(name, "", number), number))
        yield DossierError(problems) if problems or profile is None else profile
    if empty:
        raise DossierError([Problem("D113", "文件是空的", Place(SourceText(name, ""), 1), _EMPTY)])
