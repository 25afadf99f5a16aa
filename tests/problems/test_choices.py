"""What is told where only certain words, numbers or units can stand: what was meant, what may stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.cases.book import read_cases
from evaluator.cli.app import app
from evaluator.dossier.fields import base_registry
from evaluator.problems.choices import allowed, guess, which
from evaluator.problems.errors import Problems
from evaluator.rulebook.invariants import FILE, parse_invariants
from evaluator.rulebook.load import load_layers
from evaluator.rulebook.verdict import EFFECT_LABELS, LIST_LABELS
from evaluator.values.units import unit_hint
from tests.reading.yaml.test_slips import CRITERIA, RULES, problems_of
from tests.rulebook.corpus import MINIMAL, texts

LABELS = "rules/labels.yaml"
FILE_OF_INVARIANTS = "rules/invariants.yaml"
METRICS = "rules/metrics.yaml"
EFFECTS = "可用：reject（不予准入）、refer（提交会审）、advise（只作建议）"
LAND = "可用：new_industrial_land（新增工业用地）、stock_land（盘活存量用地）"
# File, what stands there, what is written instead, code, what to write, what may stand.
CLOSED = (
    (RULES, "effect: refer", "effect: 提交会审", "E203", "应写 refer；", EFFECTS),
    (RULES, "effect: refer", "effect: reffer", "E203", "应写 refer；", EFFECTS),
    (RULES, "effect: refer", "effect: 会审", "E203", "应写 refer；", EFFECTS),
    (RULES, "effect: refer", "effect: 劝退", "E203", "可用：reject", EFFECTS),
    (RULES, "list: positive", "list: 正面标准", "E203", "应写 positive；", "negative（负面清单）"),
    (
        RULES,
        "dimension: output",
        "dimension: 产出效益",
        "E203",
        "应写 output；",
        "policy（产业政策）",
    ),
    (RULES, "[tax, natural", "[税务部门, natural", "E315", "应写 tax；", "ecology（生态环境部门）"),
    (RULES, "[tax, natural", "[税务, natural", "E315", "应写 tax；", "ecology（生态环境部门）"),
    (RULES, "[tax, natural", "[tax，natural", "E315", "逗号和冒号要用半角", "tax（税务部门）"),
    (
        RULES,
        "[new_industrial_land, ",
        "[新增工业用地, ",
        "E311",
        "应写 new_industrial_land；",
        LAND,
    ),
    (
        RULES,
        "[new_industrial_land, ",
        "[new_industrial, ",
        "E311",
        "应写 new_industrial_land；",
        LAND,
    ),
    (RULES, "[new_industrial_land, ", "[厂房, ", "E311", "应写 leased_plant；", LAND),
    (
        RULES,
        "  effect: refer",
        "  处置: refer",
        "E204",
        "应写 effect；",
        "id（编号）、title（标题）",
    ),
    (RULES, "  effect: refer", "  efect: refer", "E204", "应写 effect；", "until（截止日期）"),
    (
        RULES,
        "land_tax, at_least",
        "land_tax, 不低于",
        "E207",
        "应写 at_least；",
        "at_most（不高于）",
    ),
    (RULES, "{each:", "{逐项:", "E206", "应写 each；", "metric（指标）"),
    (
        RULES,
        "tax_floor}}",
        "亩均税收下限}}",
        "E304",
        "是否想写“tax_floor”",
        "unit_energy（单位产品能耗上限）",
    ),
    (RULES, "source: law", "source: 测试办法", "E305", "是否想写“law”", "law（测试办法）"),
    (
        RULES,
        "metric: land_tax",
        "metric: 亩均税收",
        "E303",
        "是否想写“land_tax”",
        "land_tax（亩均税收）",
    ),
    (
        CRITERIA,
        "kind: floor",
        "kind: 下限",
        "E203",
        "应写 floor；",
        "ceiling（上限）、list（清单）",
    ),
    (CRITERIA, "in_force: 2020-01-01", "level: 市级", "E203", "应写 city；", "national（国家）"),
    (
        CRITERIA,
        "[industry_code]",
        "[行业代码]",
        "E301",
        "应写 industry_code；",
        "product（单位产品能耗）",
    ),
    (
        CRITERIA,
        "unit: 万元/亩/年",
        "unit: 万元每亩每年",
        "E401",
        "应写 万元/亩/年；",
        "基本单位：1、%",
    ),
    (
        CRITERIA,
        "unit: 千克标准煤/吨",
        "unit: 千克标煤/吨",
        "E401",
        "应写 千克标准煤/吨；",
        "基本单位",
    ),
    (
        CRITERIA,
        "- {value: 20}",
        "- {数值: 20}",
        "E204",
        "应写 value；",
        "industry_code（行业代码）",
    ),
    (METRICS, "divide:", "除:", "E205", "应写 divide；", "add（加）、subtract（减）"),
    (
        LABELS,
        "dimensions: [output]",
        "dimensions: [产出]",
        "E314",
        "应写 output；",
        "policy（产业政策）",
    ),
)


@pytest.mark.parametrize(("file", "old", "new", "code", "write", "listed"), CLOSED)
def test_closed_list(file: str, old: str, new: str, code: str, write: str, listed: str) -> None:
    found = problems_of(file, old, new)
    assert found[0].code == code, [p.render() for p in found]
    assert {p.code for p in found if p.severity == "error"} == {code}
    hint = found[0].hint or ""
    assert hint.startswith(write) or write in hint
    assert listed in hint
    assert len(hint) < 400  # What is longer is cut.


# What is written for the number 15, how it is told, what to write.
NUMBERS = (
    ('"15"', "E202", "“15”加了引号", "去掉引号，写 15"),
    ("'15'", "E202", "“15”加了引号", "去掉引号，写 15"),
    ('"1,800"', "E202", "加了引号", "写 1800"),
    ("“15”", "E202", "引号用了全角：“15”", "数不加引号，写 15"),
    ("“１５”", "E202", "引号用了全角", "写 15"),
    ("1,800", "E104", "“1,800”", "写 1800"),
    ("１８", "E104", "“１８”", "数字用半角，写 18"),
    ("15。5", "E202", "“15。5”不是数", "小数点用半角，写 15.5"),
    ("15 万元/亩/年", "E202", "不是数", "只写数：15，单位按 unit 的“万元/亩/年”"),
    ("15 万元/公顷/年", "E202", "不是数", "只写数：1，"),
    ("15%", "E202", "“15%”不是数", "单位“%”与 unit 的“万元/亩/年”不是同一种量"),
    ("约15", "E202", "“约15”不是数", "不写范围和约数"),
    ("15-20", "E202", "“15-20”不是数", "不写范围和约数"),
    ("[15]", "E202", "写的是列表", "rows"),
    ("｛15｝", "E202", "括号用了全角", "改为半角 { }"),
)


@pytest.mark.parametrize(("text", "code", "what", "write"), NUMBERS)
def test_number_of_a_criterion(text: str, code: str, what: str, write: str) -> None:
    (found,) = problems_of(CRITERIA, "value: 15", f"value: {text}")
    assert found.code == code
    assert found.place.label() == "criteria.yaml:21:16"
    assert what in found.message
    assert write in (found.hint or "")


@pytest.mark.parametrize(
    ("unit", "text", "write"),
    [
        ('"%"', "18%", "只写数：18，单位按 unit 的“%”"),
        ('"%"', '"18％"', "只写数：18"),
        ('"1"', "18%", "只写数：0.18"),
        ("万元", "1.2亿", "只写数：12000，"),
        (None, "18%", '只写数：18，单位另写 unit: "%"'),
        (None, "18 万元", "单位另写 unit: 万元"),
    ],
)
def test_number_with_its_unit(unit: str | None, text: str, write: str) -> None:
    written = f"    unit: {unit}\n" if unit else ""
    one = f"  x:\n    title: 甲\n    kind: value\n{written}    values:\n      - "
    one += f"{{from: 2020-01-01, source: law, verified: true, value: {text}}}\n  tax_floor:"
    found = problems_of(CRITERIA, "  tax_floor:", one)[0]
    assert found.code == "E202"
    assert write in (found.hint or "")


@pytest.mark.parametrize(
    ("right", "what", "write"),
    [
        ("at_least: 约30", "“约30”不是数", "12.5 万元/亩/年"),
        ("at_least: “30”", "引号用了全角", "写 30"),
        ("at_least: 30 万元/人", "不能换算", "可用单位：元/亩/年"),
        ("between: [30，60]", "写两个数", "半角逗号"),
    ],
)
def test_number_of_a_condition(right: str, what: str, write: str) -> None:
    found = problems_of(RULES, "at_least: {criterion: tax_floor}", right)[0]
    assert what in found.message
    assert write in (found.hint or "")


@pytest.mark.parametrize(
    ("old", "new", "what", "write"),
    [
        ("verified: true", "verified: 是", "写的是“是”", "是写 true"),
        (
            "from: 2020-01-01\n        until",
            "from: 2020年\n        until",
            "写的是“2020年”",
            "2024-01-01",
        ),
        ("by: [industry_code]", "by: industry_code", "写的是“industry_code”", "[industry_code]"),
        ("codes: [C25, C2614]", "codes: ［C25］", "写的是“［C25］”", "半角 [ ]"),
    ],
)
def test_what_was_found_is_told(old: str, new: str, what: str, write: str) -> None:
    found = problems_of(CRITERIA, old, new)[0]
    assert found.code == "E202"
    assert what in found.message
    assert write in (found.hint or "")


def test_a_required_key_under_another_name_is_one_mistake() -> None:
    (found,) = problems_of(RULES, "  effect: refer", "  处置: refer")
    assert found.code == "E204"


@pytest.mark.parametrize(
    ("key", "listed"),
    [
        ("expect", "satisfied（符合）、violated（不符合）"),
        ("verdict", "pass（准入）、refer（提交会审）"),
    ],
)
def test_words_of_cases(key: str, listed: str) -> None:
    files = texts(MINIMAL)
    name = "rules/more.cases.yaml"
    files[name] = (
        f"- {{name: 甲, {key}: 通过, rule: positive.land_tax, dossier: {{land_area: 1}}}}\n"
    )
    if key == "verdict":
        files[name] = "- {name: 甲, verdict: 准入通过, dossier: {land_area: 1}}\n"
    problems = Problems()
    read_cases(load_layers((("base", files),)), problems)
    hints = [p.hint or "" for p in problems if p.code == "E203"]
    assert any(listed in hint for hint in hints)


def test_words_of_invariants() -> None:
    text = "- {id: a, title: 甲, when: {field: two_high, equals: true}, never: 准入}\n"
    problems = Problems()
    parse_invariants(FILE, text, load_layers((("base", texts(MINIMAL)),)), problems)
    (hint,) = (p.hint or "" for p in problems)
    assert hint == "应写 pass；可用：pass（准入）、refer（提交会审）、reject（不予准入）"


def test_the_check_reads_invariants(tmp_path: Path) -> None:
    files = texts(MINIMAL) | {
        FILE_OF_INVARIANTS: "- {id: a, title: 甲, when: {field: two_hig, equals: true}, never: pass}\n"
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    shown = CliRunner().invoke(app, ["rules", "check", str(tmp_path)])
    assert shown.exit_code == 1
    assert f"{FILE_OF_INVARIANTS}:1:35: E301 没有字段“two_hig”" in shown.output
    assert "是否想写“two_high”？" in shown.output
    assert "1 处错误" in shown.output


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("refer", "refer"),
        ("Refer", "refer"),
        ("refr", "refer"),
        ("“refer”", "refer"),
        ("不予准入", "reject"),
        ("不准入", "reject"),
        ("建议", "advise"),
        ("准入", None),
        ("准许", None),
        ("", None),
        ("天", None),
        ("x" * 100, None),
    ],
)
def test_guess(word: str, meant: str | None) -> None:
    assert guess(word, EFFECT_LABELS) == meant


def test_long_lists_are_cut_short() -> None:
    assert which("甲", {}) == "还没有可用的，先写出来再用"
    assert allowed({f"a{n}": "甲乙丙" for n in range(50)}).endswith("等 50 个")
    assert which("甲，乙", LIST_LABELS).startswith("逗号和冒号要用半角")


def test_departments_fit() -> None:
    assert len(which("税务", base_registry().departments)) < 400


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("万元每亩", "万元/亩"),
        ("吨标煤", "吨标准煤"),
        ("万元/每亩", "万元/亩"),
        ("人民币", None),
        ("个", None),
    ],
)
def test_unit_hint(text: str, meant: str | None) -> None:
    hint = unit_hint(text)
    assert hint.startswith(f"应写 {meant}；" if meant else "用“/”连接")
    assert len(hint) < 400
