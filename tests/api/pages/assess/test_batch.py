"""One table with many projects: verdicts, rows that were refused, and the list to take away."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import openpyxl

from api.judging.judge import Judge
from api.judging.tables import MOST
from tests.api.pages.visitor import Visitor, saved_as
from tests.api.support import example, shipped

JUDGE = Judge(shipped(), "reference")
NAMES = (
    "project_id",
    "project_name",
    "submitted_on",
    "industry_code",
    "catalogue_class",
    "land_area",
)


def table(*rows: dict[str, Any]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(NAMES)
    for row in rows:
        sheet.append([row.get(n) for n in NAMES])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def dossier(number: str, **more: str) -> dict[str, Any]:
    return {
        "project_id": number,
        "project_name": f"项目{number}",
        "submitted_on": "2026-11-24",
        **more,
    }


ROWS = (
    dossier("A1", industry_code="C3985"),
    dossier("A2", catalogue_class="eliminated"),
    dossier("A3", land_area="六十亩"),
    dossier("A1"),
    {n: v for n, v in example("r36").items() if n in NAMES},
)


def handed_in(visitor: Visitor, raw: bytes, name: str = "一批.xlsx", stage: str = "") -> Any:
    data = {"_stage": stage} if stage else {}
    return visitor.client.post(
        "/assess/batch", data=data, files={"file": (name, raw)}, headers={"accept": "text/html"}
    )


def test_each_row_has_its_verdict_or_what_is_wrong_with_it(app: Any) -> None:
    visitor = Visitor(app)
    answer = handed_in(visitor, table(*ROWS))
    assert answer.status_code == 200
    text = html.unescape(answer.text)
    assert "不予准入 <b>1</b>" in text
    assert "没有判定 <b>2</b>" in text
    assert "“六十亩”不是数" in text
    assert "项目编号“A1”与" in text
    judged = JUDGE.judge(JUDGE.read(ROWS[1])).data
    assert judged["sentence"].partition("：")[2] in text
    kept = re.search(r'name="kept" value="([^"]*)"', answer.text)
    assert kept is not None
    data = {"kept": html.unescape(kept[1])}
    file = visitor.post("/assess/batch.csv", data)
    assert saved_as(file)[0] == "批量试算结论.csv"
    rows = list(csv.reader(io.StringIO(file.text.lstrip("\ufeff"))))
    by_id = {r[1]: r for r in rows if r[1]}
    assert by_id["A2"][3].endswith("不予准入")
    assert len([r for r in rows if "没有判定" in r]) == 2
    book = openpyxl.load_workbook(io.BytesIO(visitor.post("/assess/batch.xlsx", data).content))
    assert book.sheetnames[0] == "批量试算结论"


def test_the_stage_is_that_which_was_chosen(app: Any) -> None:
    visitor = Visitor(app)
    text = handed_in(visitor, table(dossier("A1")), stage="lead").text
    assert "补充后再看" in text
    assert '<option value="lead" selected>' in text


def test_what_cannot_be_read_at_all_keeps_the_form(app: Any) -> None:
    visitor = Visitor(app)
    for name, raw in (("一批.pdf", b"%PDF"), ("一批.xlsx", b"PK"), ("一批.csv", b"a,b\n1,2\n")):
        answer = handed_in(visitor, raw, name)
        assert answer.status_code == 422, name
        assert 'id="file"' in answer.text
        assert "这份表没有评估" in answer.text
    many = table(*(dossier(f"N{n}") for n in range(MOST + 1)))
    assert f"一次最多 {MOST} 行" in handed_in(visitor, many).text
    assert visitor.post("/assess/batch.csv", {"kept": "[[1"}).status_code == 422
