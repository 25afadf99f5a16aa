"""Files of dossiers in every form, and what a run makes of them."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from evaluator.dossier.dossier import Profile, make_profile
from evaluator.portfolio.progress import silent
from evaluator.portfolio.run import Options, Summary, evaluate_files
from evaluator.rulebook.ast import Ruleset
from tests.portfolio.tables import corpus


def run(ruleset: Ruleset, paths: list[Path], out: Path, **options: Any) -> Summary:
    """A run of the columnar engine, unless ``few`` says otherwise."""
    return evaluate_files(ruleset, paths, out, Options(**{"few": 0, **options}), silent)


def rows_of(path: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    return duckdb.sql(f"SELECT {columns} FROM '{path}'").fetchall()


def numbered(ruleset: Ruleset) -> list[Profile]:
    """The corpus with an id of its own for each dossier, judged at its own date of acceptance."""
    out = []
    for n, (found, day) in enumerate(corpus(ruleset)):
        values = {**found.to_dict(ruleset.registry), "project_id": f"P{n}", "submitted_on": day}
        out.append(make_profile(ruleset.registry, **values))
    return out


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(
        "\n".join(json.dumps(r, ensure_ascii=False, default=str) for r in rows), "utf-8"
    )


HEAD = [
    "项目编号",
    "项目名称",
    "受理日期",
    "行业代码",
    "达产年税收",
    "用地面积（公顷）",
    "两高项目",
    "备注",
]
GOOD = ["A1", "甲", "2024-06-03", "C3985", "0.2 亿元", "6.66666", "否", "x"]
BAD = [
    (["A2", "乙", "2024-06-03", "C9985", "100", "1", "否", ""], "行业代码"),
    (["A3", "丙", "2024-13-03", "C3985", "100", "1", "否", ""], "受理日期"),
    (["A4", "丁", "2024年6月3日", "C3985", "abc", "1", "否", ""], "达产年税收"),
    (["A5", "戊", "2024-06-03", "C3985", "-1", "1", "否", ""], "达产年税收"),
    (["", "己", "2024-06-03", "C3985", "1", "1", "否", ""], "项目编号"),
    (["A7", "庚", "2024-06-03", "C3985", "1.00000001", "1", "否", ""], "超出批量评估的范围"),
    (["A8", "辛", "2024-06-03", "C3985", "1", "1", "也许", ""], "两高项目"),
    (["A9", "壬", "2024-06-03", "C3985", "12345678901234", "1", "否", ""], "超出批量评估的范围"),
]


def as_csv(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(rows)
    return path


def as_xlsx(path: Path, rows: list[list[str]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def as_sqlite(path: Path, rows: list[list[str]]) -> Path:
    db = sqlite3.connect(path)
    db.execute(f"CREATE TABLE d ({', '.join(f'[{h}] TEXT' for h in rows[0])})")
    db.executemany(f"INSERT INTO d VALUES ({','.join('?' * len(HEAD))})", rows[1:])
    db.commit()
    db.close()
    return path


def as_parquet(path: Path, rows: list[list[str]]) -> Path:
    source = as_csv(path.with_suffix(".csv"), rows)
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{source}', all_varchar=true)) TO '{path}'")
    return path
