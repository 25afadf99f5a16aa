"""A workbook with a wrong cell: everything else of it is read, and the cell's text is kept to be mended."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.transport.problems import ProblemError
from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.dossier.fields import FieldType, Registry
from evaluator.dossier.scalars import Path
from evaluator.dossier.tables import read_book
from evaluator.problems.errors import DossierError, Problem, Problems
from evaluator.problems.source import Place, SourceText

_NONE = SourceText("", "")
_REQUIRED: dict[FieldType, Any] = {FieldType.DATE: "2000-01-01"}


@dataclass(frozen=True, slots=True)
class Unread:
    """A problem of a workbook, and the input of the form that it is mended at; "" for none."""

    problem: Problem
    input: str


@dataclass(frozen=True, slots=True)
class Partly:
    """What could be read, by input the text of what could not, and what is wrong, cell by cell."""

    profile: Profile
    texts: dict[str, str]
    wrong: tuple[Unread, ...]


def readable_dossier(name: str, raw: bytes, registry: Registry) -> Partly:
    """The one dossier of a workbook, as far as it can be read.

    Raises DossierError where the sheets themselves are not understood, ProblemError for several dossiers.
    """
    problems = Problems()
    rows = [row for row in read_book(name, raw, registry, problems).rows if not row.void]
    if problems:
        raise DossierError(problems)
    if len(rows) != 1:
        raise ProblemError(422, f"一次提交一份申报材料，表中有 {len(rows)} 份，请分成几个文件")
    (row,) = rows
    own, paths = Problems(), list[Path]()

    def place(path: Path) -> Place:
        paths.append(path)  # INVARIANT: asked once for each problem.
        return row.place(path)

    profile = parse_dossier(row.raw, registry, place, own)
    if profile is None:
        profile = _rest(row.raw, {_part(p, row.raw) for p in paths}, registry)
    faulty = {p.place.cell for p in row.problems}
    wrong = [Unread(p, "") for p in row.problems]
    wrong += [
        # A cell that made no sense has been reported; it is not missing as well.
        Unread(p, _input(path, row.raw, registry))
        for p, path in zip(own, paths, strict=True)
        if p.place.cell not in faulty
    ]
    texts = {_input(p, row.raw, registry): _text(p, row.raw) for p in paths}
    wrong.sort(key=lambda u: (u.problem.place.line or 0, u.problem.place.column or 0))
    return Partly(profile, {n: t for n, t in texts.items() if n and t}, tuple(wrong))


def _part(path: Path, raw: dict[str, Any]) -> Path:
    """The field that is wrong, or the one entry of its list."""
    return path[:2] if path and isinstance(raw.get(str(path[0])), list) else path[:1]


def _rest(raw: dict[str, Any], bad: set[Path], registry: Registry) -> Profile:
    kept: dict[str, Any] = {}
    for name, value in raw.items():
        if (name,) in bad or name not in registry.fields:
            continue
        entries = isinstance(value, list)
        kept[name] = [v for n, v in enumerate(value) if (name, n) not in bad] if entries else value
    lacking = [f for f in registry.fields.values() if f.required and kept.get(f.name) in (None, "")]
    for f in lacking:
        kept[f.name] = _REQUIRED.get(f.type, "-")
    nowhere = Problems()
    profile = parse_dossier(kept, registry, lambda _: Place(_NONE), nowhere)
    assert profile is not None, nowhere
    for f in lacking:
        profile = profile.with_value(f.name, None)
    return profile


def _entry(path: Path, raw: dict[str, Any]) -> Any:
    at: Any = raw
    for step in path[:2]:
        if isinstance(at, dict):
            at = at.get(step)
        elif isinstance(at, list) and isinstance(step, int) and step < len(at):
            at = at[step]
    return at


def _input(path: Path, raw: dict[str, Any], registry: Registry) -> str:
    """The input of the form where what a path leads to is filled in."""
    field = registry.fields.get(str(path[0])) if path else None
    if field is None:
        return ""
    if field.type is not FieldType.RECORD:
        return field.name
    entry = _entry(path, raw)
    key = entry.get("key", "") if isinstance(entry, dict) else ""
    if field.keys:
        return (
            f"{field.name}.{key}" if key in field.keys else f"{field.name}.{next(iter(field.keys))}"
        )
    return f"{field.name}.0.key"


def _text(path: Path, raw: dict[str, Any]) -> str:
    """What stands there, as it was written; empty for what is no single text."""
    value = _entry(path, raw)
    if isinstance(value, dict):
        value = value.get("value") if "unit" not in value else None
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()[:10]
    return str(value)[:200] if isinstance(value, (str, int, Decimal)) else ""
