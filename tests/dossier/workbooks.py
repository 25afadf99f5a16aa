"""Workbooks for the tests of sheets: a table, one column, the form with something changed."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from evaluator.dossier.dossier import Profile, make_profile
from evaluator.dossier.fields import base_registry
from evaluator.dossier.files import read_dossiers
from evaluator.dossier.template import write_template
from evaluator.problems.errors import DossierError, Problem

REGISTRY = base_registry()
A = {"project_id": "A", "project_name": "甲", "submitted_on": "2024-06-03"}


def saved(book: Workbook) -> bytes:
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def read(data: bytes) -> list[Profile]:
    return read_dossiers(("x.xlsx", data), REGISTRY)


def problems(data: bytes) -> list[Problem]:
    with pytest.raises(DossierError) as caught:
        read(data)
    str(caught.value).encode()
    return list(caught.value.problems)


def table(*rows: list[Any], edit: Callable[[Worksheet], None] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    if edit:
        edit(sheet)
    return saved(book)


HEAD = ["项目编号", "项目名称", "受理日期"]
FIRST = ["A", "甲", dt.date(2024, 6, 3)]


def one(header: str, value: Any, number_format: str | None = None) -> bytes:
    def edit(sheet: Worksheet) -> None:
        sheet["D2"].value = value
        if number_format:
            sheet["D2"].number_format = number_format

    return table([*HEAD, header], FIRST, edit=edit)


def form(edit: Callable[[Workbook, dict[str, int]], None], profile: Profile | None = None) -> bytes:
    """The template with something changed; ``edit`` gets the row of each field."""
    out = BytesIO()
    write_template(REGISTRY, out, profile or make_profile(REGISTRY, **A))
    book = load_workbook(BytesIO(out.getvalue()))
    sheet = book["项目申报表"]
    rows = {str(sheet.cell(r, 7).value): r for r in range(1, sheet.max_row + 1)}
    edit(book, rows)
    return saved(book)


def edit_part(data: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The workbook with the XML of one part changed, as another program might have written it."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            content = old.read(info)
            new.writestr(
                info, change(content.decode()).encode() if info.filename == part else content
            )
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
