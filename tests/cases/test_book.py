"""The reader of cases held to its promises."""

from __future__ import annotations

from fractions import Fraction

import pytest

from evaluator.cases.book import read_cases
from evaluator.problems.errors import Problems
from tests.cases.shipped import ROOT, RULESET, example, read, rendered

TABLE = "rule: positive.zone_fit, name: 甲"
BAD = [
    ("rule: positive.land_tax", "C101"),
    ("- 一句话", "C101"),
    ("- {rule: positive.land_tex, name: 甲, expect: satisfied, dossier: {}}", "C102"),
    ("- {rule: negative.energy_review_due_coal, name: 甲, expect: unknown, dossier: {}}", "C103"),
    ("- {rule: positive.zone_fit, name: 甲, expect: unknown, dossier: {}, missing: [zon]}", "C105"),
    (
        "- {rule: positive.zone_fit, name: 甲, expect: satisfied, missing: [zone], dossier: {}}",
        "C106",
    ),
    ("- {name: 甲, verdict: pass}", "C107"),
    ("- {name: 甲, verdict: pass, file: examples/none.yaml}", "C108"),
    ("- {name: 甲, verdict: pass, dossier: {zone: 东}, change: {zone: 西}}", "C107"),
    (
        "- {name: 甲, verdict: pass, file: examples/d01-complete-good.yaml, change: {zonee: 西}}",
        "D101",
    ),
    (
        "- {name: 甲, verdict: pass, file: examples/d01-complete-good.yaml, change: {emissions.XX: 1}}",
        "D101",
    ),
    (f"- {{{TABLE}, columns: [name, zonee, expect], rows: [[乙, 东, unknown]]}}", "C111"),
    (f"- {{{TABLE}, columns: [name, zone, zone], rows: [[乙, 东, 西]]}}", "E302"),
    (
        f"- {{{TABLE}, dossier: {{zone: 东}}, columns: [name, zone, expect], rows: [[乙, 西, unknown]]}}",
        "C111",
    ),
    (f"- {{{TABLE}, expect: unknown, columns: [name, expect], rows: [[乙, unknown]]}}", "C111"),
    (
        "- {name: 甲, verdict: pass, file: examples/d01-complete-good.yaml, columns: [zone], rows: [[东]]}",
        "C111",
    ),
    (f"- {{{TABLE}, columns: [name, expect], rows: [[乙, unknown, 丙]]}}", "C112"),
    (f"- {{{TABLE}, columns: [name, expect], rows: [乙]}}", "C112"),
    (f"- {{{TABLE}, columns: [name, expect], rows: []}}", "E201"),
    (f"- {{{TABLE}, rows: [[乙, unknown]]}}", "E201"),
    (f"- {{{TABLE}, columns: [name, expect], rows: [[乙, green]]}}", "E203"),
    (f"- {{{TABLE}, columns: [name, land_area, expect], rows: [[乙, 大, unknown]]}}", "D103"),
    ("- {rule: positive.zone_fit, name: 甲, expect: satisfied, dossier: {zonee: 东}}", "D101"),
    (
        "- {rule: positive.zone_fit, name: 甲, expect: satisfied, dossier: {zone_positioning_fit: 好}}",
        "D106",
    ),
    (
        "- {rule: positive.zone_fit, name: 甲, expects: satisfied, expect: unknown, dossier: {}}",
        "E204",
    ),
    ("- {rule: positive.zone_fit, name: 甲, expect: green, dossier: {}}", "E203"),
    ("- {rule: positive.zone_fit, expect: unknown, dossier: {}}", "E201"),
]


@pytest.mark.parametrize(("text", "code"), BAD, ids=[f"{c}-{i}" for i, (_, c) in enumerate(BAD)])
def test_a_bad_case_is_reported_with_its_place(text: str, code: str) -> None:
    problems = Problems()
    cases = read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": text})
    assert not cases.rules
    assert not cases.dossiers
    assert code in [p.code for p in problems], rendered(problems)
    assert all(p.place.source.name == "rules/x.cases.yaml" and p.place.line for p in problems)


def test_a_second_case_of_the_same_name_is_reported() -> None:
    case = "- {rule: positive.zone_fit, name: 甲, expect: unknown, dossier: {}}\n"
    problems = Problems()
    read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": case * 2})
    assert [(p.code, p.place.line) for p in problems] == [("C104", 2)]


def test_a_changed_file_is_the_file_with_the_change() -> None:
    (case,) = read(
        "- {name: 甲, verdict: pass, file: examples/d01-complete-good.yaml,"
        " change: {orders_in_hand: 0, land_class: null, emissions.COD: 3, emissions.SO2: null}}"
    ).dossiers
    whole = example("d01-complete-good.yaml")
    changed = whole.with_value("orders_in_hand", Fraction(0)).with_value("land_class", None)
    changed = changed.with_value("emissions.COD", Fraction(3)).with_value("emissions.SO2", None)
    assert case.profile.to_dict(RULESET.registry) == changed.to_dict(RULESET.registry)
    assert case.file is None
