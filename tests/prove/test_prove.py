"""The prover: its formulas say what the reference engine says, and its answers hold."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from evaluator.cli.app import rules_app
from evaluator.dossier.dossier import make_profile
from evaluator.engine.breaks import boundaries
from evaluator.judgement.evaluate import combine
from evaluator.problems.errors import RulebookError
from evaluator.prove import State, compare, prove
from evaluator.prove.solve import Space
from evaluator.rulebook.load import load_directory, load_layers
from evaluator.rulebook.verdict import Status
from tests.draws import draws
from tests.prove.fixing import fixed
from tests.prove.planted import FAULT_FILES, TODAY, base_layers, planted, read
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import CRITERIA, ROOT, ruleset_of


@draws(40, 60)
@given(st.data())
def test_formulas_agree_with_the_reference(data: st.DataObject) -> None:
    """On any dossier of any ruleset, each compiled status is the status of the reference engine."""
    ruleset = data.draw(rulesets())
    profile = data.draw(dossiers(ruleset))
    as_of = max(data.draw(as_of_dates(ruleset)), profile.submitted_on)
    space = Space((ruleset,), as_of)
    (side,) = space.sides
    names = {f.partition(".")[0] for f in side.fields} | {"submitted_on"}
    solver = space.solver(names)
    solver.add(*fixed(space.domain, profile, names))
    assert solver.check() == z3.sat
    model = solver.model()
    expected = side.statuses(profile)
    for rule_id, rule in side.rules.items():
        if not rule.exact:
            continue
        terms = {
            Status.SATISFIED: rule.satisfied,
            Status.VIOLATED: rule.violated,
            Status.UNKNOWN: rule.unknown,
            Status.NOT_APPLICABLE: rule.not_applicable,
        }
        found = [s for s, t in terms.items() if z3.is_true(model.eval(t, model_completion=True))]
        assert found == [expected[rule_id]], rule_id
    if side.exact:
        verdicts = [v for v, t in side.verdicts.items() if z3.is_true(model.eval(t, True))]
        assert verdicts == [combine(ruleset, expected).value]


def test_a_grace_that_still_runs_is_the_former_value_and_before_that_none() -> None:
    """On a day within a transition clause's grace every dossier was accepted before its day."""
    clause = "{from: 2025-03-01, transition: {accepted_before: 2025-05-30}, source: law, verified: true, value: 30}"
    former = "{from: 2024-01-01, until: 2025-02-28, source: law, verified: true, value: 20}"
    text = CRITERIA.replace(
        "[{from: 2020-01-01, source: law, clause: 第三条, verified: true, value: 20}]",
        f"[{former}, {clause}]",
    )
    assert text != CRITERIA
    ruleset = ruleset_of(criteria=text)
    for day in (dt.date(2025, 3, 2), dt.date(2025, 7, 1)):
        space = Space((ruleset,), day)
        (side,) = space.sides
        rule = side.rules["positive.tax"]
        for submitted in (dt.date(2020, 1, 1), dt.date(2024, 6, 3), dt.date(2025, 3, 2), day):
            dossier = {"annual_tax": 25, "land_area": 1, "submitted_on": submitted}
            profile = make_profile(ruleset.registry, project_id="P", project_name="甲", **dossier)
            names = {*rule.fields, "submitted_on"}
            solver = space.solver(names)
            solver.add(*fixed(space.domain, profile, names))
            for status, term in (
                (Status.SATISFIED, rule.satisfied),
                (Status.VIOLATED, rule.violated),
                (Status.UNKNOWN, rule.unknown),
            ):
                said = solver.check(term) == z3.sat
                assert said == (side.status(rule.rule, profile) is status), (day, submitted)


# --- planted faults ----------------------------------------------------------------------------


def test_the_corpus_is_large_enough() -> None:
    assert len(FAULT_FILES) >= 30


def test_no_false_alarm_on_the_sound_rulebook() -> None:
    ruleset = load_layers((("base", base_layers()),))
    for day in boundaries(ruleset, dt.date(2023, 1, 1)):
        report = prove(ruleset, day)
        assert report.clean, report.render()


@pytest.mark.parametrize("path", FAULT_FILES, ids=[p.stem for p in FAULT_FILES])
def test_planted_fault_is_found(path: Path) -> None:
    """Each fault is found, about the right rule, with a proof or a confirmed witness."""
    fault = read(path)
    expect = fault["expect"]
    if "load" in expect:
        with pytest.raises(RulebookError) as caught:
            load_layers(planted(fault))
        assert expect["load"] in {p.code for p in caught.value.problems}
        return
    ruleset = load_layers(planted(fault))
    if "move" in expect:
        before, _, after = expect["move"].partition(">")
        changes, report = compare(load_layers((("base", base_layers()),)), ruleset, TODAY)
        change = next(c for c in changes if (c.before, c.after) == (before, after))
        assert change.answer.witnesses, report.render()
        assert expect["subject"] in change.rules
        return
    report = prove(ruleset, TODAY)
    alarms = [a for a in report.of(State.ALARM) if a.check == expect["check"]]
    assert any(expect["subject"] in a.subjects for a in alarms), report.render()
    assert all(a.proven or a.witnesses or a.check == "scale" for a in alarms), report.render()
    assert not report.of(State.FAULT, State.UNDECIDED), report.render()


# --- the shipped rulebook ----------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize(
    "path",
    [ROOT, *(ROOT / "profiles" / name for name in ("fuzhou", "liaocheng", "xichang"))],
    ids=lambda p: p.name,
)
def test_the_shipped_rulebooks_are_clean(path: Path) -> None:
    """No alarm, nothing undecided, and every invariant proven."""
    report = prove(load_directory(path), dt.date(2026, 1, 1))
    assert report.clean, report.render()
    invariants = [a for a in report.answers if a.check == "invariant"]
    assert len(invariants) >= (12 if path == ROOT else 0)
    assert all(a.proven for a in invariants)


def test_an_alarm_is_let_stand_only_with_a_reason_and_while_it_occurs() -> None:
    """``accepted`` turns the alarm to a note; past its day, or about nothing, it is one again."""
    fault = next(f for f in FAULT_FILES if read(f)["expect"].get("check") == "covered")
    (name, files), *rest = planted(read(fault))
    subject = read(fault)["expect"]["subject"]

    def proven(*entries: str) -> Any:
        text = files["criteria.yaml"] + "accepted:\n" + "".join(f"  - {e}\n" for e in entries)
        layers = ((name, {**files, "criteria.yaml": text}), *rest)
        return prove(load_layers(layers), TODAY, ("covered",))

    entry = f"{{code: W960, names: [{subject}], reason: 留给本市}}"
    told = proven(entry)
    assert told.clean, told.render()
    assert "已接受：留给本市" in told.render()
    lapsed = proven(entry.replace("}", ", until: 2020-01-01}"))
    assert [a.subjects[0] for a in lapsed.of(State.ALARM)] == [subject]
    assert "已过期" in lapsed.render()
    other = next(r for r in load_layers(planted(read(fault))).rules if r != subject)
    idle = proven(entry, f"{{code: W960, names: [{other}], reason: 没有的事}}")
    assert [a.subjects[0] for a in idle.of(State.ALARM)] == [other]


# --- by command --------------------------------------------------------------------------------


def write(files: dict[str, str], directory: Path) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, "utf-8")
    return directory


def test_commands(tmp_path: Path) -> None:
    """Each command runs on a rulebook directory; the exit code says whether there is a fault."""
    run = CliRunner()
    fault = next(f for f in FAULT_FILES if "door_opened_from_reject" in f.name)
    sound = write(base_layers(), tmp_path / "sound")
    faulty = write(dict(planted(read(fault))[0][1]), tmp_path / "faulty")
    good = run.invoke(rules_app, ["prove", str(sound), "--as-of", "2024-06-03"])
    assert good.exit_code == 0, good.output
    dead = next(f for f in FAULT_FILES if "dead_scope_opposite" in f.name)
    bad = write(dict(planted(read(dead))[0][1]), tmp_path / "dead")
    found = run.invoke(rules_app, ["prove", str(bad), "--as-of", "2024-06-03", "--only", "rules"])
    assert found.exit_code == 1
    assert "negative.dead（死规则）：任何项目都不适用" in found.output
    told = run.invoke(
        rules_app, ["diff", str(sound), str(faulty), "--semantic", "--as-of", "2024-06-03"]
    )
    assert "或国家级重大项目为是" in told.output
    assert "有项目由“不予准入”变为“准入”" in told.output
    assert "没有项目由“准入”变为“不予准入”" in told.output
    as_json = run.invoke(rules_app, ["prove", str(sound), "--json", "--only", "invariant"])
    assert json.loads(as_json.output)[0]["clean"] is True
    for target in ("dmn", "jdm"):
        file = tmp_path / f"out.{target}"
        done = run.invoke(rules_app, ["export", target, str(file), "--rulebook", str(sound)])
        assert done.exit_code == 0, done.output
        assert file.stat().st_size > 1000
    page = tmp_path / "cases.html"
    assert run.invoke(rules_app, ["coverage", str(sound), "--html", str(page)]).exit_code == 0
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert run.invoke(rules_app, ["mutate", str(sound), "--floor", "0.5"]).exit_code == 1
    assert "expect:" in run.invoke(rules_app, ["suggest", str(sound)]).output
    assert run.invoke(rules_app, ["prove", str(tmp_path)]).exit_code == 2
