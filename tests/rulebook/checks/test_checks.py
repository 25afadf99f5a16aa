"""Lints: what the corpus does not show. Each breach has its golden text in corpus/rulebooks/bad."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.problems.errors import Problem
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import CHECKS, check_directory, check_layers, run_checks
from evaluator.rulebook.checks.base import condition_key
from evaluator.rulebook.criteria import Hit, Row, lookup
from evaluator.rulebook.load import load_directory, load_layers
from tests.rulebook.corpus import MINIMAL, texts

ROOT = Path(__file__).parents[3]
FILES = texts(MINIMAL)
C, M, R = "criteria.yaml", "rules/metrics.yaml", "rules/rules.yaml"


def edited(*edits: tuple[str, str, str]) -> list[Problem]:
    """The problems of the minimal rulebook after replacing texts in its files."""
    files = dict(FILES)
    for file, old, new in edits:
        assert old in files[file]
        files[file] = files[file].replace(old, new)
    return check_layers((("base", files),))[1]


def test_shipped_rulebook_has_no_errors() -> None:
    ruleset, problems = check_directory(ROOT)
    assert [p.render() for p in problems if p.severity == "error"] == []
    assert ruleset is not None


@pytest.mark.parametrize("profile", sorted((ROOT / "profiles").iterdir()), ids=lambda p: p.name)
def test_shipped_profiles_have_no_errors(profile: Path) -> None:
    """A profile of criteria alone has no rules to try out or to use what it holds."""
    _, problems = check_directory(profile)
    assert [p.render() for p in problems if p.severity == "error"] == []


def test_severity_follows_the_code() -> None:
    ruleset = load_directory(ROOT)
    for problem in run_checks(ruleset):
        assert problem.severity == ("error" if problem.code.startswith("E") else "warning")
    for check in CHECKS:
        assert {p.code for p in check.run(ruleset)} <= {check.code}


RULE = "applies_when: {field: two_high, equals: true}\n  require: {each: product_energy, at_most: {criterion: unit_energy}}"


@pytest.mark.parametrize(
    "edits",
    [
        # A rule that cites successive versions of an instrument is covered by them together.
        [
            (
                C,
                "criteria:\n",
                "  new: {title: 新办法, in_force: 2024-01-01}\n  old: {title: 旧办法, until: 2023-12-31}\ncriteria:\n",
            ),
            (
                R,
                "basis: [{criterion: unit_energy}, {source: law, clause: 第五条}]",
                "basis: [{source: new}, {source: old}, {source: law}]",
            ),
        ],
        # A table that lists every value of a choice needs no default, and none is unreachable.
        [
            (C, "by: [industry_code]", "by: [catalogue_class]"),
            (
                C,
                "{industry_code: [C38, C39], value: 30}",
                "{catalogue_class: [encouraged, permitted], value: 30}",
            ),
            (
                C,
                "          - {value: 20}",
                "          - {catalogue_class: [restricted, eliminated], value: 20}",
            ),
        ],
        # Lists by prefix at several levels, none within another.
        [(C, "codes: [C25, C2614]", "codes: [C25, C2614, C2611, C30, D]")],
        # Rules of different times may say the same.
        [(R, "  effect: refer\n", "  effect: refer\n  until: 2023-12-31\n")],
        # Decimals that the metric shows.
        [(C, "          - {value: 20}", "          - {value: 20.25}")],
        # A general row below a specific one that lists nothing of the second dimension.
        [
            (C, "by: [industry_code]", "by: [industry_code, land_class]"),
            (
                C,
                "{industry_code: [C38, C39], value: 30}",
                "{industry_code: C38, value: 30}\n          - {industry_code: C38, land_class: 1, value: 31}",
            ),
        ],
    ],
)
def test_nothing_to_say(edits: list[tuple[str, str, str]]) -> None:
    # That a rule of a test is long past is true, and not what is asked here.
    assert [p.render() for p in edited(*edits) if p.code != "W950"] == []


def test_load_errors_and_lints_together() -> None:
    """Mistakes of reading in one file do not hide lints of another, and cause none."""
    problems = edited(
        (R, "effect: refer", "effect: refuse"), (C, "codes: [C25, C2614]", "codes: [C25, C2511]")
    )
    assert [(p.code, p.severity) for p in problems] == [("E203", "error"), ("W911", "warning")]


def test_commented_case_is_no_case() -> None:
    problems = edited(
        (
            "rules/rules.cases.yaml",
            "- rule: negative.unit_energy\n  name: 非两高\n  expect: not_applicable\n  dossier: {two_high: false}\n",
            "# - rule: negative.unit_energy\n",
        ),
    )
    assert [p.code for p in problems] == ["E904"]


def test_gap_in_a_criterion_a_metric_reads() -> None:
    problems = edited(
        (
            M,
            "formula: {divide: [annual_tax, land_area]}",
            "formula: {divide: [{multiply: [annual_tax, {criterion: factor}]}, land_area]}",
        ),
        (
            C,
            "  bad_industries:\n",
            '  factor:\n    title: 系数\n    kind: value\n    unit: "1"\n    values:\n'
            "      - {from: 2020-01-01, until: 2023-12-31, source: law, verified: true, value: 1}\n"
            "      - {from: 2024-01-01, gap: 取消}\n  bad_industries:\n",
        ),
    )
    assert [p.code for p in problems] == ["W907"]
    assert "factor" in problems[0].message


@pytest.mark.parametrize(
    ("refer", "reject", "told"),
    [
        ("at_least: 20", "at_least: 10", False),
        ("at_least: 20", "at_least: 20", False),
        ("at_least: 20", "at_least: 20.1", True),
        ("at_least: 20", "at_least: 301 万元/公顷/年", True),
        ("at_least: 20", "at_least: 299 万元/公顷/年", False),
        ("at_most: 20", "at_most: 30", False),
        ("at_most: 20", "at_most: 19", True),
        ("at_least: 20", "at_most: 10", False),
        ("at_least: {criterion: tax_floor}", "at_least: 15", False),
        ("at_least: {criterion: tax_floor}", "at_least: 16", True),
    ],
)
def test_threshold_order(refer: str, reject: str, told: bool) -> None:
    files = dict(FILES)
    first = files[R].split("\n\n")[0].replace("at_least: {criterion: tax_floor}", refer)
    second = first.replace("positive.land_tax", "positive.reject").replace(
        "effect: refer", "effect: reject"
    )
    second = second.replace(refer, reject, 1)
    files[R] = "\n\n".join([first, second, *files[R].split("\n\n")[1:]])
    found = [p.code for p in check_layers((("base", files),))[1]]
    assert ("W917" in found) == told


def keys(*conditions: str) -> set[object]:
    """The keys of the requirements of rules that differ in nothing else."""
    rule = FILES[R].split("\n\n")[2].replace("negative.unit_energy", "negative.r{i}")
    text = "\n\n".join(
        rule.replace("{i}", str(i)).replace(
            "{each: product_energy, at_most: {criterion: unit_energy}}", c
        )
        for i, c in enumerate(conditions)
    )
    ruleset = load_layers((("base", {**FILES, R: text}),))
    return {condition_key(r.require) for r in ruleset.rules.values()}


A, B, D = (
    "{field: employees, at_least: 10}",
    "{field: two_high, equals: false}",
    "{field: zone, equals: 东}",
)


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        ((f"{{all: [{A}, {B}]}}", f"{{all: [{B}, {A}]}}"), 1),
        ((f"{{all: [{A}, {{all: [{B}, {D}]}}]}}", f"{{all: [{D}, {B}, {A}, {A}]}}"), 1),
        ((f"{{any: [{A}]}}", A, f"{{not: {{not: {A}}}}}"), 1),
        ((f"{{all: [{A}, {B}]}}", f"{{any: [{A}, {B}]}}"), 2),
        (("{field: zone, in: [东, 西]}", "{field: zone, in: [西, 东]}"), 1),
        (
            (
                "{field: zone, in: [东]}",
                "{field: zone, equals: 东}",
                "{field: zone, starts_with: 东}",
            ),
            2,
        ),
        (("{field: land_area, at_least: 15}", "{field: land_area, at_least: 1 公顷}"), 1),
        (("{field: land_area, at_least: 15}", "{field: land_area, more_than: 15}"), 2),
    ],
)
def test_conditions_that_say_the_same(conditions: tuple[str, ...], count: int) -> None:
    assert len(keys(*conditions)) == count


# --- tables: the lint against the lookup itself ----------------------------------------------------

WORDS = {
    "industry_code": ["C", "C38", "C3825", "C39"],
    "catalogue_class": ["encouraged", "permitted", "restricted", "eliminated"],
    "land_class": [str(n) for n in range(1, 16)],
}
VALUES = {
    "industry_code": ["C3825", "C3811", "C3985", "C2511", "D4411", "C38", "C39"],
    "catalogue_class": WORDS["catalogue_class"],
    "land_class": WORDS["land_class"],
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[dict[str, list[str]]]]:
    by = draw(st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=3, unique=True))
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    d: st.lists(st.sampled_from(WORDS[d]), min_size=1, unique=True) for d in by
                },
            ),
            min_size=1,
            max_size=5,
        )
    )
    return by, rows


@settings(max_examples=150, deadline=None)
@given(tables())
def test_unreachable_rows_are_those_that_no_lookup_takes(
    table: tuple[list[str], list[dict[str, list[str]]]],
) -> None:
    by, rows = table
    lines = [
        "          - {"
        + "".join(f"{d}: [{', '.join(words)}], " for d, words in row.items())
        + f"value: {number}}}"
        for number, row in enumerate(rows, 1)
    ]
    old = "          - {industry_code: [C38, C39], value: 30}\n          - {value: 20}"
    text = (
        FILES[C]
        .replace("by: [industry_code]", f"by: [{', '.join(by)}]")
        .replace(old, "\n".join(lines))
    )
    ruleset, problems = check_layers((("base", {**FILES, C: text}),))
    if ruleset is None:
        assert {p.code for p in problems if p.severity == "error"} == {"E209"}
        return
    told = {p.place.line for p in problems if p.code == "E908"}
    assert told == {row.place.line for row in unreached(ruleset, by)}


def unreached(ruleset: Ruleset, by: list[str]) -> list[Row]:
    """Rows of the second period that no combination of values takes, by brute force."""
    day = dt.date(2024, 6, 1)
    criterion = ruleset.criteria["tax_floor"]
    points: list[dict[str, object]] = [{}]
    for dimension in by:
        points = [
            {**p, dimension: v} for p in points for v in [*VALUES[dimension], *WORDS[dimension]]
        ]
    taken = set()
    for point in points:
        hit = lookup(criterion, point, day, day)
        if isinstance(hit, Hit):
            taken.add(hit.row.number)
    return [row for row in criterion.periods[1].rows if row.number not in taken]


@pytest.mark.parametrize(
    ("counted_to", "told"),
    [("2025-11-30", False), ("2025-06-30", True), (None, False)],
)
def test_a_figure_older_than_a_year_is_told(counted_to: str | None, told: bool) -> None:
    """Only where the source is a statistic, and only of the value in force on the day."""
    more = f"\n    counted_to: {counted_to}" if counted_to else ""
    number = "    number: 测〔2024〕1号"
    text = FILES[C].replace(number, number + more)
    assert (text != FILES[C]) == bool(counted_to)
    ruleset, _ = check_layers((("base", {**FILES, C: text}),))
    assert ruleset is not None
    found = [p for p in run_checks(ruleset, dt.date(2026, 12, 1)) if p.code == "W953"]
    assert bool(found) == told
    assert all("2025-06-30" in p.message for p in found)
