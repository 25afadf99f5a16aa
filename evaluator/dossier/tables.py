"""Dossiers in files of tables: workbooks, CSV and TSV, all by way of sheets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from evaluator.dossier.columns import Headings, Row
from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.dossier.fields import Registry
from evaluator.dossier.heads import is_header
from evaluator.dossier.sheets import Book, read_tables
from evaluator.problems.errors import Problem, Problems
from evaluator.problems.source import SourceText
from evaluator.reading.delimited import read_table
from evaluator.reading.files import check_text
from evaluator.reading.sheet import SINGLE, Bounds, Sheet, refused
from evaluator.reading.spreadsheet import read_sheets

TEXTS = (".csv", ".tsv")


def read_book(
    name: str,
    data: bytes,
    registry: Registry,
    problems: Problems,
    *,
    table: str | None = None,
    asked: tuple[str, ...] = (),
    lenient: bool = False,
    bounds: Bounds = SINGLE,
) -> Book:
    """The dossiers of a file, raw: of every visible sheet, or of the one called ``table``.

    Problems of headings are appended; those of a row stand with it. ``lenient`` takes headings that
    name no field as columns that are not used; ``asked`` names such columns that are wanted. Raises
    DossierError where the file cannot be read at all.
    """
    book = Book(asked=asked)
    headings = Headings(registry, problems, [] if lenient else None)
    faults: list[Row] = []
    if PurePath(name).suffix.lower() in TEXTS:
        check_text(name, data)
        if not data.strip():
            raise refused(SourceText(name, ""), "文件是空的", "写上内容，或换一个文件")
        sheet, wrong, form = read_table(name, data, is_header, bounds)
        book.said = form.said
        sheets: Sequence[Sheet] = [sheet]
        for problem in wrong:
            faults.append(Row(problem.place, problem.place.line or 0, void=True))
            faults[-1].problems.append(problem)
    else:
        sheets = _chosen(name, read_sheets(name, data, bounds), table)
    read_tables(name, sheets, headings, book)
    if faults:
        problems[:] = [p for p in problems if p.code != "D113"]
        book.rows = sorted([*book.rows, *faults], key=lambda row: row.number)
    return book


def read_row(row: Row, registry: Registry) -> Profile | list[Problem]:
    """The dossier of a row, or all that is wrong with it."""
    own = Problems(row.problems)
    if row.void:
        return own
    unclear = {p.place for p in own}
    profile = parse_dossier(row.raw, registry, row.place, own)
    if profile is not None and not row.problems:
        return profile
    # A value that made no sense has been reported at its place; it is not missing as well.
    return [p for p in own if p.code != "D109" or p.place not in unclear]


def _chosen(name: str, sheets: Sequence[Sheet], table: str | None) -> Sequence[Sheet]:
    if table is None:
        return sheets
    chosen = [s for s in sheets if s.name == table]
    source = SourceText(name, "")
    if not chosen:
        seen = "、".join(s.name for s in sheets if s.visible)
        raise refused(source, f"没有工作表“{table}”", f"可用：{seen}")
    if not chosen[0].visible:
        raise refused(source, f"工作表“{table}”是隐藏的，不读", "先取消隐藏，看过再用")
    return chosen
