"""A name that is gone was in the former ruleset, and what is written like it is named."""

from __future__ import annotations

from evaluator.cases.book import read_cases
from evaluator.problems.errors import Problems
from evaluator.revision.renamed import with_former
from evaluator.rulebook.load import try_layers
from tests.support import CRITERIA, LABELS, METRICS, RULES, ruleset_of

CASE = "- {rule: positive.tax, name: 到, expect: satisfied, dossier: {annual_tax: 2000, land_area: 100}}\n"


def test_a_renamed_rule_in_a_case() -> None:
    old = ruleset_of()
    for rules, said in (
        (
            RULES.replace("id: positive.tax", "id: positive.land_tax"),
            "写法相同的新规则是“positive.land_tax”",
        ),
        (RULES[RULES.index("- id: negative.industry") :], "确实删去的，这里也要删"),
    ):
        new = ruleset_of(rules)
        problems = Problems()
        read_cases(new, problems, files={"a.cases.yaml": CASE})
        (told,) = with_former(problems, old, new)
        assert told.code == "C102"
        assert told.hint is not None
        assert told.hint.startswith("已发布的规则集里有规则“positive.tax”（亩均税收）")
        assert said in told.hint


def test_a_renamed_metric_in_a_rule() -> None:
    files = {
        "criteria.yaml": CRITERIA,
        "rules/metrics.yaml": METRICS.replace("id: land_tax,", "id: tax_per_mu,"),
        "rules/labels.yaml": LABELS,
        "rules/rules.yaml": RULES,
    }
    partial, problems = try_layers((("base", files),))
    assert partial is not None
    told = [p for p in with_former(problems, ruleset_of(), partial) if p.code == "E303"]
    assert [p.hint for p in told if p.hint and "tax_per_mu" in p.hint] == [p.hint for p in told]
    assert told


def test_what_was_never_there_keeps_its_hint() -> None:
    problems = Problems()
    read_cases(
        ruleset_of(),
        problems,
        files={"a.cases.yaml": CASE.replace("positive.tax", "positive.taxx")},
    )
    assert list(with_former(problems, ruleset_of(), ruleset_of())) == list(problems)
