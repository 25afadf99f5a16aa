"""Cases that are proposed for the slips that none notices."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from evaluator.cases.book import Cases, read_cases
from evaluator.cases.mutation import mutate
from evaluator.cases.proposed import Proposed, Whole
from evaluator.cases.suggest import render, suggest_cases
from evaluator.cli.app import app
from evaluator.problems.errors import Problems
from evaluator.rulebook.verdict import Status
from tests.cases.small import FULL, RULES, SEED, cases_of
from tests.support import CRITERIA, LABELS, METRICS, ruleset_of


def test_suggested_cases_kill_what_was_left() -> None:
    """For every slip that no case notices a case is found, or a proof that it is no slip."""
    ruleset = ruleset_of(RULES)
    few = cases_of(ruleset, "\n".join(FULL.splitlines()[2:3] + FULL.splitlines()[-1:]))
    before = mutate(ruleset, few)
    found = list(suggest_cases(ruleset, few))
    assert all(s.case for s in found)
    more = cases_of(ruleset, render(found, ruleset.registry))
    after = mutate(ruleset, Cases((*few.rules, *more.rules), few.dossiers))
    assert before.ratio() < 0.8
    assert after.ratio() == 1, after.render()


def test_a_suggestion_stands_on_the_threshold_and_one_step_beside_it() -> None:
    """In round numbers of the cases that are there, named by what it stands on, never by a guess."""
    ruleset = ruleset_of(RULES)
    found = [s for s in suggest_cases(ruleset, cases_of(ruleset, SEED)) if s.case]
    text = render([s for s in found if "20 万元/亩/年" in s.what], ruleset.registry)
    assert text == (
        "- rule: positive.tax\n"
        "  name: 亩均税收下限：恰在界限和差一步\n"
        "  dossier: {industry_code: C3562, land_use_mode: stock_land, land_area: 10}\n"
        "  columns: [name, annual_tax, expect]\n"
        "  rows:\n"
        "    - [恰为 20 万元/亩/年, 200, satisfied]\n"
        "    - [19.99 低于 20 万元/亩/年, 199.9, violated]\n"
    )
    definite = {Status.SATISFIED.value, Status.VIOLATED.value, Status.NOT_APPLICABLE.value}
    assert {s.case.expect for s in found if isinstance(s.case, Proposed)} <= definite


def test_an_effect_is_tried_on_a_good_project_with_one_thing_wrong(tmp_path: Path) -> None:
    ruleset = ruleset_of(RULES)
    (tmp_path / "good.yaml").write_text(
        "dossier: {project_id: P1, project_name: 好项目, submitted_on: 2024-06-03,"
        " land_use_mode: stock_land, annual_tax: 300, land_area: 10}\n",
        "utf-8",
    )
    good = "- {name: 好项目, file: good.yaml, verdict: pass}\n"
    problems = Problems()
    cases = read_cases(ruleset, problems, tmp_path, {"a.cases.yaml": SEED + good})
    found = [s.case for s in suggest_cases(ruleset, cases) if isinstance(s.case, Whole)]
    assert [(w.name, dict(w.change), w.verdict) for w in found] == [
        ("亩均税收", {"annual_tax": "150"}, "reject")
    ]
    text = render(suggest_cases(ruleset, cases), ruleset.registry)
    more = read_cases(ruleset, problems, tmp_path, {"a.cases.yaml": SEED + good + text})
    assert not problems
    assert mutate(ruleset, more).ratio("effect") == 1
    # With no good project to start from nothing is proposed, and nothing said to be proven.
    left = [s for s in suggest_cases(ruleset, cases_of(ruleset, SEED)) if "处置" in s.what]
    assert [(s.case, s.proven) for s in left] == [(None, False)]


def test_a_slip_that_changes_nothing_is_proven_so() -> None:
    rules = """
- id: positive.whole
  title: 土地等别
  list: positive
  require: {all: [{field: land_class, at_least: 1}, {field: land_class, at_most: 9}]}
  effect: refer
  departments: [tax]
  basis: [{criterion: tax_floor}]
"""
    ruleset = ruleset_of(rules)
    found = list(suggest_cases(ruleset, cases_of(ruleset, "[]")))
    same = [s for s in found if s.case is None and "处置" not in s.what]
    assert [s.what for s in same] == ["“土地等别不低于 1”的界限改为 0"]
    assert all(s.proven for s in same)


def test_the_command_writes_what_the_floor_then_asks_for(tmp_path: Path) -> None:
    """coverage, mutate and suggest on a rulebook directory, as a maintainer goes about it."""
    files = {"criteria.yaml": CRITERIA, "rules/metrics.yaml": METRICS, "rules/labels.yaml": LABELS}
    for name, text in {**files, "rules/a.yaml": RULES, "rules/a.cases.yaml": SEED}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    runner = CliRunner()

    def run(*words: str) -> int:
        return runner.invoke(app, ["rules", words[0], str(tmp_path), *words[1:]]).exit_code

    assert (run("mutate", "--floor", "0.9"), run("coverage", "--floor", "0.9")) == (1, 1)
    assert (run("mutate", "--floor", "0.2"), run("coverage", "--floor", "0.2")) == (0, 0)
    more = str(tmp_path / "rules" / "b.cases.yaml")
    suggested = runner.invoke(app, ["rules", "suggest", str(tmp_path), "-o", more])
    assert suggested.exit_code == 0
    assert "处规则和标准，约需" in suggested.stderr
    assert (run("mutate", "--floor", "0.9"), run("mutate", "--floor", "1")) == (0, 1)
    # Where nothing is lacking, no file is left: an empty one would be a mistake of its own.
    (tmp_path / "none").mkdir()
    for name, text in {**files, "rules/a.yaml": "[]\n"}.items():
        (tmp_path / "none" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "none" / name).write_text(text, "utf-8")
    left = tmp_path / "left.cases.yaml"
    none = runner.invoke(app, ["rules", "suggest", str(tmp_path / "none"), "-o", str(left)])
    assert none.exit_code == 0, none.output
    assert f"没有要补的案例，没有写 {left}" in none.output
    assert not left.exists()
    # What is not known is no slip: cases of missing data are for a person to write.
    # Where a case fails, nothing is suggested: what it would notice is not known.
    wrong = SEED.replace("expect: satisfied", "expect: violated", 1)
    (tmp_path / "rules" / "a.cases.yaml").write_text(wrong, "utf-8")
    refused = runner.invoke(app, ["rules", "suggest", str(tmp_path)])
    assert refused.exit_code == 1
    assert "C110" in refused.output
    assert "1 个案例不通过，先改好再拟新的。" in refused.output
