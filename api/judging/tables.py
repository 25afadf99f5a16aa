"""A table with a project in each row, read row by row: a wrong row is told and the others are judged."""

from __future__ import annotations

from dataclasses import dataclass

from api.transport.problems import ProblemError
from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Registry
from evaluator.dossier.tables import read_book, read_row
from evaluator.problems.errors import DossierError, Problem, Problems

MOST = 200  # Rows on a page; the batch interface and the command take any number.


@dataclass(frozen=True, slots=True)
class RowRead:
    """One row: where it stands, and its dossier or all that is wrong with it."""

    place: str
    profile: Profile | None
    wrong: tuple[str, ...] = ()


def read_rows(name: str, raw: bytes, registry: Registry) -> tuple[list[RowRead], list[str]]:
    """The rows of a file, and how it was read where somebody should know.

    Raises DossierError where the file or its headings are not understood, ProblemError for too many rows.
    """
    problems = Problems()
    book = read_book(name, raw, registry, problems, lenient=True)
    if problems:
        raise DossierError(problems)
    if len(book.rows) > MOST:
        said = f"表中有 {len(book.rows)} 行，网页一次最多 {MOST} 行"
        raise ProblemError(422, f"{said}；更多的用命令 admission batch，或接口 evaluations:batch")
    out: list[RowRead] = []
    first: dict[str, str] = {}
    for row in book.rows:
        place = row.start.cell or f"第 {row.number} 行"
        read = read_row(row, registry)
        if not isinstance(read, Profile):
            out.append(RowRead(place, None, tuple(map(_said, read))))
        elif read.id in first:
            out.append(RowRead(place, None, (f"项目编号“{read.id}”与 {first[read.id]} 的相同",)))
        else:
            first[read.id] = place
            out.append(RowRead(place, read))
    notes = list(book.notes)
    if book.unused:
        notes.append(f"没有用到的列：{'、'.join(book.unused)}")
    return out, notes


def _said(problem: Problem) -> str:
    where = f"{problem.place.cell}：" if problem.place.cell else ""
    return f"{where}{problem.message}{'。' + problem.hint if problem.hint else ''}"
