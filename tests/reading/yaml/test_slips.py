"""Slips of the hand in YAML: told at the line and column where they were made, with what to write."""

from __future__ import annotations

import re

import pytest

from evaluator.problems.errors import Problem, Problems
from evaluator.reading.yaml.scan import read_yaml
from evaluator.reading.yaml.slips import open_quote
from evaluator.rulebook.checks import check_layers
from tests.rulebook.corpus import MINIMAL, texts

RULES = "rules/rules.yaml"
CRITERIA = "criteria.yaml"
# File, what stands there, what is written instead, line:column, what is said, what to write.
SLIPS = (
    # A quote that is not closed, whatever quotes the file holds further down.
    (RULES, "title: 亩均税收", 'title: "亩均税收', "2:10", "引号没有配对", '末尾补上 "'),
    (RULES, "title: 亩均税收", "title: '亩均税收", "2:10", "引号没有配对", "末尾补上 '"),
    (RULES, "title: 亩均税收", 'title: "亩均税收\n  note: "甲"', "2:10", "引号没有配对", '补上 "'),
    (RULES, "title: 亩均税收", 'title: "亩均税收”', "2:15", "后引号用了全角", '改为半角 "'),
    (RULES, "title: 亩均税收", 'title: "亩均"税收', "2:14", "引号后面又有文字", "一对引号"),
    (CRITERIA, "{value: 20}", '{value: 20, note: "甲}', "28:31", "引号没有配对", "补上"),
    # A key without a colon, or without a space behind it.
    (
        RULES,
        "title: 亩均税收",
        "title 亩均税收",
        "2:3",
        "“title”后面缺少冒号",
        "写作“title: 亩均税收”",
    ),
    (RULES, "  effect: refer", "  effect", "7:3", "“effect”后面缺少冒号", "写作“effect:”"),
    (RULES, "require: {metric", "require {metric", "6:3", "“require”后面缺少冒号", "半角"),
    (RULES, "{metric: land", "{metric land", "6:13", "“metric”后面缺少冒号", "“metric: land_tax”"),
    (CRITERIA, "    values:\n", "    values\n", "16:5", "“values”后面缺少冒号", "写作“values:”"),
    (RULES, "  remedy: 改进工艺", "  remedy 改进工艺", "34:3", "“remedy”后面缺少冒号", "写作"),
    (RULES, "title: 亩均税收", "title:亩均税收", "2:8", "冒号后面缺少空格", "加一个空格"),
    (RULES, "- id: positive", "- id:positive", "1:5", "冒号后面缺少空格", "加一个空格"),
    (RULES, "{metric: land_tax", "{metric:land_tax", "6:19", "冒号后面缺少空格", "加一个空格"),
    # Full-width colons, commas, brackets, dashes.
    (RULES, "title: 亩均税收", "title：亩均税收", "2:8", "冒号用了全角", "半角冒号"),
    (RULES, "- id: positive", "- id：positive", "1:5", "冒号用了全角", "半角冒号"),
    (RULES, "{metric: land_tax", "{metric：land_tax", "6:19", "冒号用了全角", "半角冒号"),
    (RULES, "at_least: {", "at_least：{", "6:39", "冒号用了全角", "半角"),
    (RULES, "land_tax, at_least", "land_tax，at_least", "6:29", "逗号“，”用了全角", "半角“,”"),
    (RULES, "resources]", "resources］", "8:39", "括号“］”用了全角", "半角“]”"),
    (RULES, "require: {metric", "require: ｛metric", "6:12", "括号“｛”用了全角", "半角“{”"),
    (CRITERIA, "- {value: 20}", "- ｛value: 20｝", "28:13", "括号“｛”用了全角", "半角“{”"),
    (CRITERIA, "- {value: 20}", "- {value: 20｝", "28:23", "括号“｝”用了全角", "半角“}”"),
    (RULES, "- id: positive", "－ id: positive", "1:1", "短横不是半角", "半角“-”"),
    (RULES, "- id: positive", "-id: positive", "1:1", "“-”后面缺少空格", "加一个空格"),
    (CRITERIA, "- {value: 20}", "{value: 20}", "28:11", "开头缺少“- ”", "以“- ”开头"),
    # Brackets and commas.
    (
        RULES,
        "land_tax, at_least",
        "land_tax at_least",
        "6:30",
        "“at_least”前面缺少逗号",
        "半角逗号",
    ),
    (RULES, "floor}}\n", "floor}\n", "6:12", "括号“{”没有配对", "补上“}”"),
    (RULES, "floor}}\n", "floor}}}\n", "6:64", "多了一个“}”", "删掉"),
    # Indentation.
    (RULES, "  effect: refer", "\teffect: refer", "7:1", "制表符", "空格"),
    (RULES, "  effect: refer", "  \teffect: refer", "7:3", "制表符", "空格"),
    (RULES, "  effect: refer", " effect: refer", "7:2", "前面有 1 个空格", "写 2 个空格"),
    (RULES, "  effect: refer", "effect: refer", "7:1", "前面有 0 个空格", "写 2 个空格"),
    (RULES, "  effect: refer", "    effect: refer", "7:5", "前面有 4 个空格", "写 2 个空格"),
    (RULES, "  dimension: output", "    dimension: output", "4:5", "缩进多了", "写 2 个空格"),
    (CRITERIA, "        value: 15", "      value: 15", "21:7", "前面有 6 个空格", "写 8 个空格"),
    (CRITERIA, " - {value: 20}", "  - {value: 20}", "28:12", "前面有 11 个空格", "写 10 个空格"),
    (
        CRITERIA,
        "          - {value: 20}",
        "         - {value: 20}",
        "28:10",
        "有 9 个空格",
        "写 10 个",
    ),
    # The first line of a block that differs from those below it; libyaml names the second.
    (CRITERIA, "\n  id: test", "\n   id: test", "3:4", "缩进与下面各行不一致", "写 2 个空格"),
    (CRITERIA, "\n  id: test", "\n id: test", "3:2", "前面有 1 个空格", "写 2 个空格"),
    (CRITERIA, "language: 1", " language: 1", "1:2", "缩进与下面各行不一致", "顶格写"),
    (
        CRITERIA,
        "      - from: 2020-01-01\n        until",
        "     - from: 2020-01-01\n        until",
        "17:6",
        "有 5 个空格",
        "写 6 个空格",
    ),
    (
        CRITERIA,
        "          - {industry",
        "           - {industry",
        "27:12",
        "有 11 个空格",
        "写 10 个空格",
    ),
    (
        CRITERIA,
        "          - {industry",
        "         - {industry",
        "27:10",
        "有 9 个空格",
        "写 10 个空格",
    ),
    (CRITERIA, "          - {industry", "            {industry", "27:13", "开头缺少“- ”", "对齐"),
    (RULES, "- id: positive", " - id: positive", "1:2", "前面有 1 个空格", "写 0 个空格"),
    (RULES, "- id: positive", "  id: positive", "1:3", "开头缺少“- ”", "顶格写"),
    (RULES, "\n- id: negative.b", "\n - id: negative.b", "13:2", "前面有 1 个空格", "写 0 个空格"),
    (
        CRITERIA,
        "  bad_industries:",
        "    bad_industries:",
        "29:5",
        "“bad_industries”下面没有内容",
        "少写 2 个",
    ),
)


def problems_of(file: str, old: str, new: str) -> list[Problem]:
    """What the check says of the minimal rulebook with one change."""
    files = texts(MINIMAL)
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    return check_layers((("base", files),))[1]


# Each slip in every line where it can be made.
KEY = r"^(\s*(?:- )?[a-z_]+):"
WORD = KEY + r" (?=[^\s\[{\"'|>&*])"
EVERYWHERE = {
    "an open quote": (WORD, r'\1: "'),
    "an open single quote": (WORD, r"\1: '"),
    "no colon": (KEY, r"\1"),
    "no space": (KEY + r" (?=\S)", r"\1:"),
    "a full-width colon": (KEY + " ?", r"\1："),
    "a tab": (r"^ +(?=\S)", "\t"),
    "a full-width bracket": (r"(: |- )\[", r"\1［"),
    "a full-width brace": (r"(: |- )\{", r"\1｛"),
    "a full-width end": (r"\}$", "｝"),
    "no end": (r"[\]}]$", ""),
    "two ends": (r"([\]}])$", r"\1\1"),
    "a dash without space": (r"^( *)- ", r"\1-"),
    "no space within": (r"\{([a-z_]+): ", r"{\1:"),
    "a full-width colon within": (r"\{([a-z_]+): ", r"{\1："),
    "no colon within": (r"\{([a-z_]+): ", r"{\1 "),
}


@pytest.mark.parametrize("slip", EVERYWHERE)
def test_a_slip_in_every_line(slip: str) -> None:
    pattern, written = EVERYWHERE[slip]
    files = texts(MINIMAL)
    tried = 0
    for name, text in files.items():
        lines = [] if name.endswith(".cases.yaml") else text.split("\n")
        for index, line in enumerate(lines):
            changed = re.sub(pattern, written, line, count=1)
            if changed == line:
                continue
            tried += 1
            whole = "\n".join([*lines[:index], changed, *lines[index + 1 :]])
            found = check_layers((("base", {**files, name: whole}),))[1]
            assert found, f"{name}:{index + 1} {changed}"
            first = (found[0].place.source.name, found[0].place.line)
            assert first == (name, index + 1), f"{changed}\n{found[0].render()}"
            assert found[0].severity == "error"
    assert tried > 5


@pytest.mark.parametrize(("file", "old", "new", "where", "what", "write"), SLIPS)
def test_slip(file: str, old: str, new: str, where: str, what: str, write: str) -> None:
    (found,) = problems_of(file, old, new)
    assert found.code == "E101"
    assert found.place.label() == f"{file}:{where}"
    assert what in found.message
    assert write in (found.hint or "")


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "what", "write"),
    [
        (RULES, "亩均税收\n", "“亩均税收”\n", "2:10", "引号用了全角：“亩均税收”", '写 "亩均税收"'),
        (RULES, "亩均税收\n", '“亩均税收"\n', "2:10", "引号用了全角", '写 "亩均税收"'),
        (RULES, "亩均税收\n", '亩均税收"\n', "2:10", "只有后引号", "补上前引号"),
        (RULES, "亩均税收\n", "【亩均税收】\n", "2:10", "括号用了全角", "若是文字请加引号"),
        (RULES, "{value}", "｛value｝", "10:17", "“message”里的花括号“｛”用了全角", "如 {value}"),
        (
            RULES,
            "remedy: 无法补正",
            "remedy: |\n    一\n    ｛gap｝",
            "24:5",
            "“remedy”",
            "改为半角",
        ),
    ],
)
def test_full_width_marks_in_a_text(
    file: str, old: str, new: str, where: str, what: str, write: str
) -> None:
    (found,) = problems_of(file, old, new)
    assert (found.code, found.severity) == ("E929", "error")
    assert found.place.label() == f"{file}:{where}"
    assert what in found.message
    assert write in (found.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "“两高”项目",
        "“一”和“二”",
        '"“亩均税收”"',
        "［2024］1号",
        '称"两高"',
        "|\n    “甲”",
        '"一\n    二"',
        "'it''s'",
        'it\'s "so"',
    ],
)
def test_marks_that_belong_to_a_text(text: str) -> None:
    assert problems_of(RULES, "title: 亩均税收", f"title: {text}") == []


def test_a_quote_that_swallows_lines() -> None:
    """It loads without a syntax error, so what it swallowed is missing; the quote is told too."""
    found = problems_of(
        RULES, "title: 亩均税收\n  list: positive", 'title: "亩均税收\n  list: positive"'
    )
    assert {"E201", "E930"} <= {p.code for p in found}
    (quote,) = (p for p in found if p.code == "E930")
    assert quote.place.label() == f"{RULES}:2:10"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("a: {value: 1,800}", "1800"),
        ("a: {value: 1,800,000.5, b: 2}", "1800000.5"),
        ("a: {value: -1,800}", "-1800"),
        ("a: 1,800", "1800"),
        ("a: １８", "18"),
        ("a: １．５", "1.5"),
        ("a: 1_800", "1800"),
        ("a: 1，800", "1800"),
    ],
)
def test_a_number_with_more_than_digits(text: str, number: str) -> None:
    problems = Problems()
    read_yaml("t.yaml", text, problems)
    (found,) = problems
    assert found.code == "E104"
    assert f"写 {number}" in (found.hint or "")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ('a: "b', (1, 4)),
        ('a: "b"\nc: \'d', (2, 4)),
        ("a: b'c", None),
        ('a: |\n  "b\nc: 1', None),
        ('- "b\n  c"', None),
        ('- a: "b\n  c: "d"', (1, 6)),
        ("# it's\na: 1", None),
        ("a: it's # don't\nb: 1", None),
        ('[a, "b\n', (1, 5)),
        ('a: {b: "c, d}\n', (1, 8)),
        ('a: "x\\"y"\nb: 1', None),
        ("a: 'x''y'\nb: 1", None),
        ('a: "b\n\n  c"\nd: 1', None),
    ],
)
def test_open_quote(text: str, at: tuple[int, int] | None) -> None:
    lines = text.split("\n")
    assert open_quote(lines, len(lines)) == at
