"""Every list as a file: both kinds, typed cells, nothing that runs, nothing that is not one's own."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from api.app import create_app
from api.pages.frame import listing
from api.pages.frame.listing import Column, Listing, listing_response
from api.transport.answers import download
from api.transport.problems import ProblemError
from scripts.seeding import people, submit_examples
from tests.api.pages.visitor import DRAFT, Visitor, saved_as
from tests.api.support import settings, sqlite_url
from tests.support import run_async

# Address, who may have it, and the first column's head.
FILES = (
    ("/projects", "clerk", "受理编号"),
    ("/projects?q=食用菌&verdict=refer", "chair", "受理编号"),
    ("/decisions/1/findings", "clerk", "规则"),
    ("/rules", None, "规则"),
    ("/rules?list=negative&q=税收", None, "规则"),
    ("/examples", None, "编号"),
    ("/criteria", None, "标准"),
    ("/tasks", "ecology", "受理编号"),
    ("/tasks?state=all", "chair", "受理编号"),
    ("/supervision", "chair", "受理编号"),
    ("/overview", "auditor", "月份"),
    ("/proposals", "maintainer", "提案"),
    ("/publications", "publisher", "次序"),
    ("/audit", "auditor", "编号"),
    ("/audit?subject=decision:*&from=2026-01-01", "auditor", "编号"),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = create_app(settings(database_url=sqlite_url(tmp_path_factory.mktemp("files"))))
    with TestClient(made):
        actors = people(made.state.store)
        submit_examples(
            made.state.store,
            actors["clerk"],
            ("r14-mushroom-weinan", "r36-acid-mist-purifier", "r15-crypto-mining-fuzhou"),
        )
        clerk = Visitor(made).log_in("clerk")
        clerk.post("/assess/submit", {**DRAFT, "project_id": "=1+1", "project_name": "@SUM(A1)"})
        yield made


def visitor(app: Any, name: str | None) -> Visitor:
    return Visitor(app).log_in(name) if name else Visitor(app)


def file_of(address: str, kind: str, more: str = "") -> str:
    path, _, query = address.partition("?")
    both = "&".join(q for q in (query, more) if q)
    return f"{path}.{kind}{'?' + both if both else ''}"


def book_of(answer: Any) -> Any:
    return openpyxl.load_workbook(io.BytesIO(answer.content))


@pytest.mark.parametrize(("address", "who", "head"), FILES)
def test_both_kinds_hold_the_same_list(app: Any, address: str, who: str | None, head: str) -> None:
    reader = visitor(app, who)
    table = "table=month" if address == "/overview" else ""
    text = reader.get(file_of(address, "csv", table))
    sheet = reader.get(file_of(address, "xlsx"))
    assert (text.status_code, sheet.status_code) == (200, 200), text.text
    assert text.content.startswith(b"\xef\xbb\xbf")
    assert saved_as(text)[0].endswith(".csv")
    name, plain = saved_as(sheet)
    assert name.endswith(".xlsx")
    assert plain.endswith(".xlsx")
    assert name != plain
    rows = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))
    found = book_of(sheet).worksheets[0]
    assert rows[0][0] == head == found["A1"].value
    assert [len(r) for r in rows] == [found.max_column] * len(rows)
    extra = 1 if address == "/audit" else 0  # That the first file was taken is the second's news.
    assert found.max_row == len(rows) + extra
    assert found.freeze_panes == "A2"
    assert found.auto_filter.ref == found.dimensions


@pytest.mark.parametrize(
    ("path", "who", "name", "plain"),
    [
        ("/projects.xlsx", "chair", "项目清单.xlsx", "projects.xlsx"),
        ("/projects.csv", "chair", "项目清单.csv", "projects.csv"),
        ("/tasks.xlsx", "chair", "会审事项.xlsx", "tasks.xlsx"),
        ("/supervision.csv", "chair", "督办清单.csv", "supervision.csv"),
        ("/overview.xlsx", "chair", "总览.xlsx", "overview.xlsx"),
        ("/overview.csv?table=month", "chair", "总览-各月的结论.csv", "overview-month.csv"),
        ("/rules.csv", None, "规则.csv", "rules.csv"),
        ("/criteria.xlsx", None, "准入标准.xlsx", "criteria.xlsx"),
        ("/examples.xlsx", None, "示例项目.xlsx", "examples.xlsx"),
        ("/proposals.xlsx", "maintainer", "规则提案.xlsx", "proposals.xlsx"),
        ("/publications.xlsx", "maintainer", "规则集的发布.xlsx", "publications.xlsx"),
        ("/audit.csv", "auditor", "审计日志.csv", "audit.csv"),
        ("/api/v1/audit/export", "auditor", "审计日志.jsonl", "audit.jsonl"),
        ("/api/v1/rulesets/1/archive", "maintainer", "规则集-第1次发布.zip", "ruleset-1.zip"),
        ("/assess/template.xlsx", None, "项目申报表.xlsx", "dossier-template.xlsx"),
        (
            "/examples/d01-complete-good/opinion.docx",
            None,
            "准入意见书-D01.docx",
            "opinion-D01.docx",
        ),
    ],
)
def test_files_have_chinese_names(
    app: Any, path: str, who: str | None, name: str, plain: str
) -> None:
    assert saved_as(visitor(app, who).get(path)) == (name, plain)


def test_a_findings_file_names_its_project(app: Any) -> None:
    name, plain = saved_as(visitor(app, "clerk").get("/decisions/1/findings.xlsx"))
    assert re.fullmatch(r"单项结论-ZR\d{4}-000001-第1版\.xlsx", name)
    assert re.fullmatch(r"findings-ZR\d{4}-000001-1\.xlsx", plain)


@pytest.mark.parametrize(
    ("name", "plain", "saved", "fallback"),
    [
        ("意见 1.pdf", "attachment-1.pdf", "意见 1.pdf", "attachment-1.pdf"),
        ('甲"/\\\r\n乙.pdf', 'a"\r\n/b.pdf', "甲乙.pdf", "ab.pdf"),
        ("半\ud800个.pdf", "x.半", "半?个.pdf", "x."),
        ("项目.docx", "opinion-项目.docx", "项目.docx", "opinion.docx"),
    ],
)
def test_no_name_breaks_the_header(name: str, plain: str, saved: str, fallback: str) -> None:
    said = download(name, plain)
    assert f'filename="{fallback}"; ' in said
    assert unquote(said.rpartition("''")[2]) == saved
    assert said.isascii()
    assert "\n" not in said


@pytest.mark.parametrize(("address", "who", "head"), FILES)
def test_the_page_links_to_both(app: Any, address: str, who: str | None, head: str) -> None:
    del head
    page = visitor(app, who).get(
        address.replace("/findings", "") if "findings" in address else address
    )
    assert page.status_code == 200
    stem = address.partition("?")[0]
    listed = "<tbody><tr>" in page.text or "<tbody>" in page.text
    if listed and address not in ("/supervision", "/proposals"):  # Empty lists have no file.
        assert f'href="{stem}.xlsx' in page.text
        assert f'href="{stem}.csv' in page.text


def test_cells_have_types(app: Any) -> None:
    sheet = book_of(visitor(app, "clerk").get("/projects.xlsx")).worksheets[0]
    heads = [c.value for c in sheet[1]]
    row = next(r for r in sheet.iter_rows(min_row=2) if r[1].value == "R14")
    assert row[heads.index("受理日期")].value == dt.datetime(2024, 6, 3)
    assert row[heads.index("受理日期")].is_date
    assert row[heads.index("版本")].value == 1
    findings = book_of(visitor(app, "clerk").get("/decisions/1/findings.xlsx")).worksheets[0]
    heads = [c.value for c in findings[1]]
    tax = next(r for r in findings.iter_rows(min_row=2) if r[0].value == "negative.low_tax")
    assert [tax[heads.index(h)].value for h in ("要求", "申报", "单位")] == [10, 3.85, "万元/亩/年"]
    words = {r[heads.index("要求")].data_type for r in findings.iter_rows(min_row=2)}
    assert words >= {"n", "s"}


def test_no_cell_ever_runs(app: Any) -> None:
    sheet = book_of(visitor(app, "clerk").get("/projects.xlsx")).worksheets[0]
    cells = [c for r in sheet.iter_rows() for c in r if c.value in ("=1+1", "@SUM(A1)")]
    assert [c.value for c in cells] == ["=1+1", "@SUM(A1)"]
    assert all(c.data_type == "s" and c.quotePrefix for c in cells)


def test_filters_count_for_files_too(app: Any) -> None:
    rows = visitor(app, "clerk").get("/projects.csv?verdict=reject").text.splitlines()
    assert len(rows) == 2
    sheets = book_of(visitor(app, "clerk").get("/projects.xlsx?verdict=reject"))
    assert [[c.value for c in r] for r in sheets["说明"].iter_rows(min_row=2, max_row=2)] == [
        ["系统结论", "不予准入"]
    ]


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        ("/projects.xlsx", None, 401),
        ("/tasks.xlsx", None, 401),
        ("/audit.csv", "chair", 403),
        ("/overview.xlsx", "clerk", 403),
        ("/supervision.xlsx", "ecology", 403),
        ("/proposals.csv", "clerk", 403),
        ("/publications.xlsx", "ecology", 403),
        ("/audit", "clerk", 403),
        ("/audit/verify", "chair", 403),
        ("/projects.pdf", "clerk", 404),
        ("/overview.csv", "auditor", 404),
        ("/overview.csv?table=none", "auditor", 404),
        ("/tasks?cursor=x", "chair", 422),
        ("/tasks.xlsx?nonsense=1", "chair", 422),
    ],
)
def test_refusals(app: Any, path: str, who: str | None, status: int) -> None:
    answer = visitor(app, who).get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


def test_a_department_takes_away_only_its_own(app: Any) -> None:
    chair = visitor(app, "chair").get("/tasks.csv?state=all").text.splitlines()
    mine = visitor(app, "ecology").get("/tasks.csv?state=all").text.splitlines()
    assert 2 <= len(mine) < len(chair)
    assert all("生态环境部门" in line for line in mine[1:])
    own = visitor(app, "ecology").get("/decisions/1/findings.csv").text
    assert "negative.low_tax" not in own


def test_every_table_of_the_overview(app: Any) -> None:
    book = book_of(visitor(app, "chair").get("/overview.xlsx"))
    assert book.sheetnames == [
        "各月的结论",
        "各行业大类的结论",
        "涉及各部门事项的项目",
        "未办结的会审事项",
        "最常见的理由",
        "各环节的灯",
        "转化率",
        "一事一议推翻过的规则",
        "从未有项目不符合的规则",
        "说明",
    ]
    assert [c.value for c in book["各月的结论"][1]][1] == "同意准入（个）"
    assert "C13 农副食品加工业" in [r[0].value for r in book["各行业大类的结论"].iter_rows()]


def test_the_audit_log_is_read_and_checked(app: Any) -> None:
    auditor = visitor(app, "auditor")
    auditor.get("/audit.csv?actor=clerk")
    page = auditor.get("/audit?action=audit.export")
    assert "赵审计" in page.text
    assert "文件种类：csv" in page.text
    assert "完整" in auditor.get("/audit/verify").text
    assert "没有符合条件的记录" in auditor.get("/audit?subject=nothing").text


# --- the writer itself ---------------------------------------------------------------------------

COLUMNS = (
    Column("文字"),
    Column("数", "number", "万元"),
    Column("日", "date"),
    Column("时", "time"),
)
NASTY = (
    "=1+1",
    "+1",
    "-1+2",
    "@x",
    "\t=1",
    "＝1",
    " =1",
    "#N/A",
    "控\x01制",
    "半\ud800个",
    "长" * 40_000,
)


async def _bytes(response: StreamingResponse) -> bytes:
    return b"".join([part async for part in response.body_iterator])  # type: ignore[misc]


def written(kind: str, rows: list[tuple[object, ...]]) -> bytes:
    return run_async(_bytes(listing_response(kind, "x", Listing("表", COLUMNS, rows))))


def test_nasty_texts_stay_texts() -> None:
    rows: list[tuple[object, ...]] = [(t, None, None, None) for t in NASTY]
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx", rows)))["表"]
    for text, row in zip(NASTY, sheet.iter_rows(min_row=2), strict=True):
        assert row[0].data_type == "s", text
        assert row[0].quotePrefix == (text.strip()[0] in "=+-@＝"), text
        assert len(row[0].value) <= 32_767
    lines = list(csv.reader(io.StringIO(written("csv", rows).decode("utf-8-sig"))))[1:]
    for text, line in zip(NASTY, lines, strict=True):
        assert line[0].startswith("'") == (text.strip()[0] in "=+-@＝"), text


def test_numbers_dates_and_times() -> None:
    at = dt.datetime(2026, 11, 24, 16, 30, 5, tzinfo=dt.UTC)
    rows: list[tuple[object, ...]] = [
        ("甲", Decimal("-3.85"), dt.date(2026, 11, 24), at),
        ("乙", "否", None, None),
        ("丙", "12345678901234567.5", None, None),
        ("丁", "-5", None, None),
        ("戊", 0, None, None),
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx", rows)))["表"]
    assert sheet["B1"].value == "数（万元）"
    assert [c.value for c in sheet["B"]][1:] == [-3.85, "否", "12345678901234567.5", -5, 0]
    assert sheet["C2"].value == dt.datetime(2026, 11, 24)
    assert sheet["C2"].number_format == "yyyy-mm-dd"
    # Beijing time: half past midnight of the next day.
    assert sheet["D2"].value == dt.datetime(2026, 11, 25, 0, 30, 5)
    text = written("csv", rows).decode("utf-8-sig").splitlines()
    assert text[1] == "甲,-3.85,2026-11-24,2026-11-25 00:30:05"
    assert text[4] == "丁,-5,,"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_list_is_never_cut_short(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(listing, "MAX_ROWS", 3)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    rows: list[tuple[object, ...]] = [("甲", 1, None, None)] * 3
    assert written(kind, rows)
    with pytest.raises(ProblemError, match="分几次导出"):
        written(kind, [*rows, ("乙", 1, None, None)])
    assert list(tmp_path.iterdir()) == []
