"""What the language server answers: names to complete, what they mean, where they are defined."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types as lsp

from tests.lsp.editor import Editor, drive

COMPLETED: list[tuple[str, str, str, str]] = [
    ("rules/rules.yaml", "- id: positive.x\n  require: {metric: la", "land_tax", "亩均税收"),
    (
        "rules/rules.yaml",
        "- id: positive.x\n  require: {metric: land_tax, at_least: {criterion: ",
        "tax_floor",
        "亩均税收下限",
    ),
    (
        "rules/rules.yaml",
        "- id: positive.x\n  require:\n    field: land_use_mode\n    equals: ",
        "stock_land",
        "盘活存量用地",
    ),
    ("rules/rules.yaml", "- id: positive.x\n  departments:\n    - t", "tax", "税务部门"),
    ("rules/rules.yaml", "- id: positive.x\n  effect: ", "refer", "提交会审"),
    ("rules/rules.yaml", "- id: positive.x\n  ", "departments", "负责部门，第一个牵头"),
    ("rules/rules.yaml", "- id: positive.x\n  applies_when: {", "known", ""),
    ("rules/metrics.yaml", "- {id: x, formula: {divide: [annual_tax, ", "land_area", "用地面积"),
    ("rules/rules.cases.yaml", "- {rule: ", "positive.tax", "亩均税收"),
    (
        "rules/rules.cases.yaml",
        "- {rule: positive.tax, name: 甲, dossier: {annual_tax: 3, ",
        "land_area",
        "用地面积",
    ),
    ("rules/rules.cases.yaml", "- {rule: positive.tax, expect: ", "violated", "不符合"),
    (
        "criteria.yaml",
        "criteria:\n  tax_floor:\n    values:\n      - {from: 2020-01-01, source: ",
        "law",
        "测试办法",
    ),
    ("criteria.yaml", "criteria:\n  tax_floor:\n    kind: ", "floor", "下限"),
]


def test_completion_where_the_text_does_not_read_yet(small: Path) -> None:
    async def steps(editor: Editor) -> None:
        for name in (
            "criteria.yaml",
            "rules/rules.yaml",
            "rules/metrics.yaml",
            "rules/rules.cases.yaml",
        ):
            editor.open(name)
        await editor.problems("rules/rules.yaml", lambda _: True)
        for name, text, label, title in COMPLETED:
            editor.type(name, text)
            found = await editor.completions(name, text, text)
            assert label in found, (text, list(found)[:9])
            assert (found[label].detail or "") == title, text
            edit = found[label].text_edit
            assert isinstance(edit, lsp.TextEdit)
            line = text.rpartition("\n")[2]
            taken = line[edit.range.start.character : edit.range.end.character]
            assert label.startswith(taken)
            assert edit.new_text.rstrip(": ") == label
        text = "- id: positive.x\n  effect: "
        editor.type("rules/rules.yaml", text)
        assert set(await editor.completions("rules/rules.yaml", text, text)) == {
            "reject",
            "refer",
            "advise",
        }

    drive(small, steps)


def test_what_a_name_means_and_where_it_is_defined(small: Path) -> None:
    async def steps(editor: Editor) -> None:
        name = "rules/rules.yaml"
        text = editor.open(name)
        cases = editor.open("rules/rules.cases.yaml")
        await editor.problems(name, lambda _: True)
        criterion = await editor.hover(name, text, "at_least: {criterion: tax_fl")
        assert criterion is not None
        for said in (
            "亩均税收下限",
            "2020-01-01 起",
            "20 万元/亩/年",
            "《测试办法》（测〔2024〕1号）第三条",
        ):
            assert said in criterion
        metric = await editor.hover(name, text, "require: {metric: land_t")
        assert metric is not None
        assert "达产年税收 ÷ 用地面积" in metric
        field = await editor.hover("rules/rules.cases.yaml", cases, "dossier: {annual_")
        assert field is not None
        assert "达产年税收" in field
        assert "万元/年" in field
        rule = await editor.hover("rules/rules.cases.yaml", cases, "rule: positive.t")
        assert rule is not None
        assert "亩均税收不低于“亩均税收下限”" in rule
        assert await editor.hover(name, text, "  requi") == "要求什么；不满足即不符合"
        assert await editor.hover(name, text, "title: 亩") is None
        for file, whole, mark, target, start in (
            (name, text, "at_least: {criterion: tax_fl", "criteria.yaml", "tax_floor:"),
            (name, text, "require: {metric: land_t", "rules/metrics.yaml", "{id: land_tax"),
            ("rules/rules.cases.yaml", cases, "rule: positive.t", name, "id: positive.tax"),
        ):
            found = await editor.definition(file, whole, mark)
            assert found is not None
            assert found[0] == (small / target).resolve()
            assert found[1].startswith(start)
        found = await editor.definition("rules/rules.cases.yaml", cases, "dossier: {annual_")
        assert found is not None
        assert found[1].startswith("annual_tax, label: 达产年税收")

    drive(small, steps)
