"""The diff in words: what changed, old → new, from which day; what did not is not told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from evaluator.dossier.fields import base_registry, parse_registry
from evaluator.problems.errors import Problems
from evaluator.prove import compare
from evaluator.prove.report import State
from evaluator.revision.diff import diff
from evaluator.revision.fields import field_lines
from evaluator.rulebook.load import load_layers
from tests.support import ROOT

BASE = ROOT / "tests" / "corpus" / "faults" / "base"
Files = dict[str, str]


def texts(base: Path = BASE) -> Files:
    return {p.relative_to(base).as_posix(): p.read_text("utf-8") for p in base.rglob("*.yaml")}


def edited(file: str, *pairs: tuple[str, str]) -> Files:
    files = texts()
    for old, new in pairs:
        assert files[file].count(old) == 1, old
        files[file] = files[file].replace(old, new)
    return files


def words(files: Files) -> str:
    return diff(load_layers((("base", texts()),)), load_layers((("base", files),))).render()


TAX = "{from: 2024-01-01, source: law, value: 20}"
CHANGES: list[tuple[Files, list[str]]] = [
    (
        edited("criteria.yaml", (TAX, TAX.replace("20}", "18}"))),
        [
            "修改标准 tax_floor（亩均税收下限）",
            "自 2024-01-01 起：",
            "20 万元/亩/年 → 18 万元/亩/年（降低 10%，放宽）",
        ],
    ),
    (
        edited(
            "criteria.yaml",
            (
                TAX,
                TAX.replace("2024-01-01,", "2024-01-01, until: 2025-12-31,")
                + "\n      - {from: 2026-01-01, source: law, value: 25}",
            ),
        ),
        ["自 2026-01-01 起：", "20 万元/亩/年 → 25 万元/亩/年（提高 25%，加严）"],
    ),
    (edited("criteria.yaml", ("value: 70", "value: 65")), ["70% → 65%（降低 7.1%，加严）"]),
    (
        edited("criteria.yaml", ("codes: [C25, C2614]", "codes: [C25, C31]")),
        ["清单增加 C31", "清单删去 C2614"],
    ),
    (
        edited(
            "criteria.yaml",
            ("{industry_code: C35, value: 250}", "{industry_code: C36, value: 250}"),
        ),
        ["删去一行：C35 250 万元/亩", "增加一行：C36 250 万元/亩"],
    ),
    (
        edited(
            "criteria.yaml",
            ("{industry_code: C39, value: 300}", "{industry_code: C39, value: 4500}"),
        ),
        ["注意：C39：4500 万元/亩像是按“万元/公顷”写的"],
    ),
    (
        edited("criteria.yaml", ('    unit: "%"\n', '    unit: "%"\n    compare: {rounded: 0}\n')),
        ["比较方法：全数值比较 → 修约到 0 位小数比较"],
    ),
    (
        edited(
            "rules/rules.yaml",
            (
                "require: {field: dishonest_enterprise, equals: false}\n  effect: reject",
                "require: {field: dishonest_enterprise, equals: false}\n  effect: refer\n  from: 2026-01-01",
            ),
        ),
        ["不符合的处置：不予准入 → 提交会审（放宽）", "施行期间：一直 → 2026-01-01 至 今后"],
    ),
    (
        edited("rules/rules.yaml", ("eia_class, in: [report, form]", "eia_class, in: [report]")),
        ["要求：环评类别是报告书、报告表之一 → 环评类别为报告书"],
    ),
    (
        edited("rules/rules.yaml", ("departments: [tax]", "departments: [tax, industry]")),
        ["责任部门：税务部门 → 税务部门、产业主管部门（工信）"],
    ),
    (
        edited("rules/rules.yaml", ("clause: 第六条", "clause: 第七条")),
        ["第六条 → 《测试办法》（测〔2024〕1号）第七条"],
    ),
    (
        edited(
            "rules/metrics.yaml",
            (
                "divide: [annual_tax, land_area]",
                "divide: [annual_tax, {add: [land_area, land_area]}]",
            ),
        ),
        [
            "修改指标 land_tax（亩均税收）",
            "公式：达产年税收 ÷ 用地面积 → 达产年税收 ÷ （用地面积 + 用地面积）",
        ],
    ),
    (
        edited("rules/invariants.yaml", ("less_than: 100", "less_than: 90")),
        ["修改不变式 low_intensity_rejected"],
    ),
]


@pytest.mark.parametrize(("files", "expected"), CHANGES)
def test_each_change_is_told_in_words(files: Files, expected: list[str]) -> None:
    text = words(files)
    for sentence in expected:
        assert sentence in text, text


def test_added_and_removed_rules_are_told_in_full() -> None:
    files = texts()
    head, _, last = files["rules/rules.yaml"].rpartition("- id: ")
    assert last.startswith("integrity.dishonest")
    old, new = (
        load_layers((("base", files),)),
        load_layers((("base", {**files, "rules/rules.yaml": head}),)),
    )
    removed = diff(old, new).entries
    assert [(e.kind, e.id, e.change) for e in removed] == [
        ("rule", "integrity.dishonest", "removed")
    ]
    added = diff(new, old).entries[0]
    assert added.change == "added"
    assert "要求：列入失信被执行人或严重违法失信名单为否" in added.lines


SAME: list[Files] = [
    texts(),
    {**texts(), "rules/rules.yaml": "# 注释\n" + texts()["rules/rules.yaml"]},
    # The same value in two periods, and the same threshold in another unit.
    edited(
        "criteria.yaml",
        (
            TAX,
            TAX.replace("2024-01-01,", "2024-01-01, until: 2024-12-31,")
            + "\n      - {from: 2025-01-01, source: law, value: 20}",
        ),
    ),
]


@pytest.mark.parametrize("files", SAME)
def test_what_means_the_same_is_no_change(files: Files) -> None:
    assert words(files) == "两个规则集的内容相同。"


def test_another_unit_is_told_as_such_and_changes_no_verdict() -> None:
    files = edited(
        "criteria.yaml",
        (
            "kind: floor\n    unit: 万元/亩\n    values: [{from: 2023-01-01, source: law, value: 100}]",
            "kind: floor\n    unit: 万元/公顷\n    values: [{from: 2023-01-01, source: law, value: 1500}]",
        ),
    )
    assert "只改了单位：100 万元/亩 → 1500 万元/公顷" in words(files)
    old, new = load_layers((("base", texts()),)), load_layers((("base", files),))
    changes, _ = compare(old, new, dt.date(2024, 6, 3))
    assert all(c.answer.state is State.OK and c.answer.proven for c in changes)


def test_entries_are_json() -> None:
    old, new = load_layers((("base", texts()),)), load_layers((("base", CHANGES[0][0]),))
    (entry,) = diff(old, new).entries
    data: dict[str, Any] = entry.to_dict()
    assert data["id"] == "tax_floor"
    assert data["warnings"] == ()


def test_stages_and_what_is_due_at_them_are_told() -> None:
    words = "{pass: 过, refer: 等, reject: 退}"
    one = f"- {{id: lead, title: 线索, words: {words}}}\n- {{id: review, title: 会审, words: {words}}}\n"
    two = one.replace("title: 会审", "title: 上会, fields: [enterprise_name]")
    first = next(n for n, t in texts().items() if n.startswith("rules/") and "effect: reject" in t)
    due = texts()[first].replace("  effect: reject\n", "  effect: reject\n  due: lead\n", 1)
    old, new = (
        {**texts(), "rules/stages.yaml": one},
        {**texts(), "rules/stages.yaml": two, first: due},
    )
    said = diff(load_layers((("base", old),)), load_layers((("base", new),))).render()
    assert "从哪个环节起要齐：上会" not in said
    assert "从哪个环节起要齐：会审 → 线索" in said
    assert "修改环节 review（上会）" in said
    assert "另外先问：投资主体" in said


def test_a_field_is_told_in_the_words_of_the_form() -> None:
    """Nothing of how the program holds a unit, a bound or a type is shown."""
    before = (
        "fields:\n  - {name: local_jobs, label: 本地就业, type: int, group: output, unit: 人, min: 0, "
        "supplied_by: enterprise}\n"
    )
    after = (
        "fields:\n  - {name: local_jobs, label: 本地岗位, type: decimal, group: output, unit: 万人, "
        "min: 0.5, required: true, supplied_by: tax}\n"
    )
    a, b = (parse_registry("fields.yaml", t, Problems(), base_registry()) for t in (before, after))
    assert a is not None
    assert b is not None
    lines = list(field_lines(a.fields["local_jobs"], b.fields["local_jobs"], a, b))
    assert lines == [
        "中文名：本地就业 → 本地岗位",
        "类型：整数 → 数字",
        "必填：否 → 是",
        "单位：人 → 万人",
        "最小值：0 → 0.5",
        "由谁提供：申报企业 → 税务部门",
    ]
