"""A city's own fields.yaml: every mistake is told at its line and column, with what may stand there."""

from __future__ import annotations

import pytest

from evaluator.problems.errors import Problem
from evaluator.rulebook.checks import check_layers
from tests.rulebook.corpus import MINIMAL, texts

GOOD = """groups:
  local: 本市增加
fields:
  - name: local_employees
    label: 本地户籍就业人数
    type: int
    group: local
    unit: 人
    min: 0
    supplied_by: enterprise
"""
# What stands there, what is written instead, code, line:column, what is said, what to write.
MISTAKES = (
    ("groups:", "group:", "E204", "1:1", "没有“group”这一项", "应写 groups；"),
    ("    min: 0", "    minimum: 0", "E204", "9:5", "没有“minimum”这一项", "应写 min；"),
    ("    min: 0", "    最小值: 0", "E204", "9:5", "没有“最小值”这一项", "应写 min；"),
    ("supplied_by", "owner", "E204", "10:5", "没有“owner”这一项", "supplied_by（由谁提供）"),
    ("label: 本", "label：本", "E101", "5:10", "冒号用了全角", "半角冒号"),
    ("  - name: local_employees\n    label", "  - label", "E201", "4:5", "缺少“name”", "name: …"),
    ("    label: 本地户籍就业人数\n", "", "E201", "4:5", "缺少“label”", "label: …"),
    ("local_employees", "本地就业", "E312", "4:11", "“本地就业”不合写法", "小写字母开头"),
    ("local_employees", "Local", "E312", "4:11", "“Local”不合写法", "小写字母开头"),
    ("type: int", "type: 整数", "E203", "6:11", "不能是“整数”", "应写 int；可用：str（文字）"),
    ("type: int", "type: integer", "E203", "6:11", "不能是“integer”", "应写 int；"),
    ("type: int", "type: number", "E203", "6:11", "不能是“number”", "可用：str（文字）"),
    ("group: local", "group: 本市增加", "E203", "7:12", "不能是“本市增加”", "应写 local；"),
    ("unit: 人", "unit: 台", "E401", "8:11", "不认识的单位“台”", "基本单位：1、%"),
    ("unit: 人", "unit: [人]", "E931", "8:11", "应是一个单位", "unit: 万元"),
    ("min: 0", "min: 零", "E202", "9:10", "写的是“零”", "只写数字"),
    ("min: 0", 'min: "0"', "E202", "9:10", "写的是“0”", "不加引号"),
    ("min: 0", "max: 0\n    min: 3", "E317", "10:10", "min 大于 max", "小的写 min"),
    ("by: enterprise", "by: 税务局", "E203", "10:18", "不能是“税务局”", "tax（税务部门）"),
    ("by: enterprise", "by: 税务", "E203", "10:18", "不能是“税务”", "应写 tax；"),
    ("local_employees", "land_area", "E302", "4:11", "“land_area”已经有了", "另取一个名字"),
    ("type: int", "type: enum", "E201", "6:11", "缺少“values”", "values: {yes: 有"),
    ("min: 0", "required: 是", "E202", "9:15", "写的是“是”", "是写 true"),
    ("min: 0", "format: email", "E203", "9:13", "不能是“email”", "industry_code（行业代码）"),
    ("min: 0", "values: {a: 甲}", "E931", "9:13", "写“values”不起作用", "enum（选项）"),
    ("min: 0", "keys: {a: 甲}", "E931", "9:11", "写“keys”不起作用", "record"),
    ("min: 0", "format: industry_code", "E931", "9:13", "写“format”不起作用", "str（文字）"),
    (
        "    unit: 人\n    min: 0\n",
        "    values: {甲: 甲}\n",
        "E931",
        "8:14",
        "代码“甲”",
        "英文字母",
    ),
    (
        "    unit: 人\n    min: 0\n",
        "    unit: 人\n",
        "E931",
        "8:11",
        "写“unit”不起作用",
        "int（整数）",
    ),
    ("本地户籍就业人数", "用地面积", "E931", "5:12", "与“land_area”相同", "另取一个中文名"),
    ("local_employees", "value", "E931", "4:11", "固定写法同名", "另取名字"),
    ("type: int", "type: record", "E931", "6:11", "缺少“key”", "key: product"),
)


def problems_of(text: str) -> list[Problem]:
    """What the check says of the minimal rulebook with that field file."""
    return check_layers((("base", {**texts(MINIMAL), "fields.yaml": text}),))[1]


def test_a_good_field_file() -> None:
    assert problems_of(GOOD) == []


@pytest.mark.parametrize(("old", "new", "code", "where", "what", "write"), MISTAKES)
def test_mistake(old: str, new: str, code: str, where: str, what: str, write: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    if "代码" in what:
        text = text.replace("type: int", "type: enum")
    if new == "    unit: 人\n":
        text = text.replace("type: int", "type: str")
    found = problems_of(text)[0]
    assert found.render()
    assert (found.code, found.place.label()) == (code, f"fields.yaml:{where}")
    assert what in found.message
    assert write in (found.hint or "")


@pytest.mark.parametrize(
    ("text", "where", "write"),
    [
        ("", "fields.yaml:1", "写上内容"),
        ("- {name: a}\n", "fields.yaml:1:1", "以“fields:”开头"),
        ("groups: {a: 甲}\n", "fields.yaml:1:1", "fields"),
        (GOOD + "  - robot\n", "fields.yaml:11:5", "- name:"),
        (
            GOOD + "  - {name: local_employees, label: 乙, type: bool, group: local}\n",
            "fields.yaml:11:12",
            "只保留一处",
        ),
    ],
)
def test_mistake_of_the_whole(text: str, where: str, write: str) -> None:
    (found,) = problems_of(text)
    assert found.place.label() == where
    assert write in (found.hint or "")
