"""A value never changes while what it rests on is said to be the same (E940, W942)."""

from __future__ import annotations

import pytest

from evaluator.problems.errors import Problem
from evaluator.rulebook.checks import check_layers
from evaluator.rulebook.checks.honest import far_values, value_falsehoods
from tests.support import CRITERIA, ruleset_of

TAX = "{from: 2020-01-01, source: law, clause: 第三条, verified: true, value: 20}"
DEFAULT = "          - {value: 3000}"
CODES = "codes: [C25, C2614]"


def change(*edits: tuple[str, str]) -> list[Problem]:
    """What is false in the small rulebook's criteria after these replacements."""
    text = CRITERIA
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return list(value_falsehoods(ruleset_of(), ruleset_of(criteria=text)))


FALSE = {
    "in place": (TAX, TAX.replace("20}", "18}")),
    "a new period": (
        f"[{TAX}]",
        f"[{TAX.replace('2020-01-01,', '2020-01-01, until: 2026-12-31,')}, "
        f"{TAX.replace('2020-01-01', '2027-01-01').replace('20}', '18}')}]",
    ),
    "a row of a table": ("industry_code: C398, value: 6000", "industry_code: C398, value: 600"),
    "a new row": (DEFAULT, f"          - {{industry_code: C35, value: 2500}}\n{DEFAULT}"),
    "a row taken away": ("          - {industry_code: C398, value: 6000}\n", ""),
    "another unit": ("unit: 万元/亩/年", "unit: 亿元/亩/年"),
    "a code more": (CODES, "codes: [C25, C2614, C30]"),
    "a code fewer": (CODES, "codes: [C25]"),
    "a note is no reason": (TAX, TAX.replace("value: 20", "note: 据会议纪要, value: 18")),
}
TRUE = {
    "nothing": (TAX, TAX),
    "written otherwise": (TAX, TAX.replace("20}", "20.0}")),
    "another clause": (TAX, TAX.replace("第三条", "第四条").replace("20}", "18}")),
    "no longer checked": (TAX, TAX.replace("true", "false").replace("20}", "18}")),
    "misread before": (
        TAX,
        TAX.replace("value: 20", "correction: 原文为 18，误录为 20, value: 18"),
    ),
    "split in two": (
        f"[{TAX}]",
        f"[{TAX.replace('2020-01-01,', '2020-01-01, until: 2026-12-31,')}, "
        f"{TAX.replace('2020-01-01', '2027-01-01')}]",
    ),
}


@pytest.mark.parametrize("edit", FALSE.values(), ids=FALSE.keys())
def test_a_value_does_not_change_under_the_same_words(edit: tuple[str, str]) -> None:
    (found,) = change(edit)
    assert (found.code, found.severity) == ("E940", "error")
    assert found.place.line is not None
    assert "依据没有改" in found.message
    assert "correction" in (found.hint or "")


@pytest.mark.parametrize("edit", TRUE.values(), ids=TRUE.keys())
def test_what_is_honest_is_let_be(edit: tuple[str, str]) -> None:
    assert change(edit) == []


def test_a_correction_owns_up_once() -> None:
    first = CRITERIA.replace("value: 20}", "correction: 原文为 18, value: 18}")
    second = first.replace("value: 18}", "value: 16}")
    (found,) = value_falsehoods(ruleset_of(criteria=first), ruleset_of(criteria=second))
    assert "原来为 18 万元/亩/年，现在为 16 万元/亩/年" in found.message


PROFILE = """language: 1
profile: {{id: park, title: 园区, extends: ..}}
criteria:
  tax_floor:
    title: 亩均税收下限
    kind: floor
    unit: 万元/亩/年
    values: [{{from: 2020-01-01, source: {source}, verified: true, value: 18}}]
sources:
  park_rule: {{title: 园区办法}}
"""


@pytest.mark.parametrize(
    ("source", "codes"), [("law, clause: 第三条", ["E940"]), ("park_rule", [])]
)
def test_a_profile_does_not_lend_its_value_the_words_below(source: str, codes: list[str]) -> None:
    layers = (*ruleset_of().layers, ("park", {"criteria.yaml": PROFILE.format(source=source)}))
    ruleset, problems = check_layers(layers)
    found = [p for p in problems if p.code == "E940"]
    assert [p.code for p in found] == codes
    assert ruleset is not None
    assert all("下层规则集为 20" in p.message for p in found)


@pytest.mark.parametrize(
    ("value", "found"), [("200", 1), ("199", 0), ("2", 1), ("2.01", 0), ("20000", 1)]
)
def test_ten_times_what_was_published(value: str, found: int) -> None:
    new = ruleset_of(criteria=CRITERIA.replace("value: 20}", f"value: {value}}}"))
    told = list(far_values(ruleset_of(), new))
    assert [p.code for p in told] == ["W942"] * found


def test_a_unit_of_another_size_is_seen() -> None:
    new = ruleset_of(criteria=CRITERIA.replace("unit: 万元/亩/年", "unit: 亿元/亩/年"))
    (told,) = far_values(ruleset_of(), new)
    assert "20 亿元/亩/年 与已发布的 20 万元/亩/年 相差十倍以上" in told.message
