"""Warnings that a maintainer lets stand: counted, never silent, and never anything but warnings."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from typer.testing import CliRunner

from api.store.proposals.checks import run_stages
from api.store.proposals.text import Text
from evaluator.cli.app import app
from evaluator.dossier.files import read_dossiers
from evaluator.judgement.evaluate import Evaluator
from evaluator.problems.errors import Problem, Problems
from evaluator.revision.diff import diff
from evaluator.rulebook.checks import check_directory, check_layers
from evaluator.rulebook.files import Layers, read_directory
from evaluator.rulebook.load import load_directory, load_layers
from tests.rulebook.corpus import MINIMAL, texts

ROOT = Path(__file__).parents[3]
FILES = texts(MINIMAL)
HEAD = "  title: 测试城市\n"
DAY = dt.date(2026, 1, 1)


def layers(accepted: str, *edits: tuple[str, str]) -> Layers:
    """The minimal rulebook with an unused criterion (W901) and an ``accepted`` list."""
    text = FILES["criteria.yaml"].replace(HEAD, HEAD + accepted)
    text += "  spare:\n    title: 备用\n    kind: floor\n    unit: 万元\n"
    text += "    values: [{from: 2020-01-01, source: law, verified: true, value: 1}]\n"
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return (("base", {**FILES, "criteria.yaml": text}),)


def told(accepted: str, *edits: tuple[str, str], day: dt.date = DAY) -> list[Problem]:
    return check_layers(layers(accepted, *edits), day)[1]


def entry(code: str = "W901", name: str = "spare", more: str = "") -> str:
    return f"accepted:\n  - {{code: {code}, names: [{name}], reason: 明年启用{more}}}\n"


def brief(problems: Problems) -> list[tuple[str, str]]:
    return [(p.code, p.severity) for p in problems]


def test_an_accepted_warning_is_kept_apart_with_its_reason() -> None:
    assert brief(told("")) == [("W901", "warning")]
    (found,) = told(entry())
    assert (found.code, found.severity, found.accepted) == ("W901", "accepted", "明年启用")
    assert "（已接受）" in found.render()
    assert "理由：明年启用" in found.render()
    assert found.to_dict()["accepted"] == "明年启用"
    assert found.to_dict()["subject"] == "spare"


def test_it_counts_up_to_and_including_its_last_day() -> None:
    dated = entry(more=", until: 2026-01-01")
    assert brief(told(dated)) == [("W901", "accepted")]
    (late,) = told(dated, day=DAY + dt.timedelta(days=1))
    assert late.severity == "warning"
    assert "已过期" in late.render()


def test_another_name_or_another_code_accepts_nothing() -> None:
    for text in (entry(name="tax_floor"), entry(code="W902")):
        assert brief(told(text)) == [("W926", "warning"), ("W901", "warning")]
    (idle, _) = told(entry(name="tax_floor"))
    assert idle.place.line == 6


def test_an_error_is_never_accepted() -> None:
    """Not by its code, and not by the code of a warning that it hides behind."""
    missing = ("    unit: 万元\n", "")
    for text in (entry(code="E905"), entry(code="E201"), entry()):
        ruleset, problems = check_layers(layers(text, missing), DAY)
        assert ruleset is None
        assert "E201" in [p.code for p in problems if p.severity == "error"]
    assert "E925" in [p.code for p in told(entry(code="E905"))]


def test_what_is_not_read_accepts_nothing() -> None:
    for text, code in (
        ("accepted: [W901]\n", "E202"),
        ("accepted: {code: W901}\n", "E202"),
        ("accepted:\n  - {code: W901, names: [spare]}\n", "E201"),
        ("accepted:\n  - {code: W901, names: [spare], reason: ''}\n", "E202"),
        ("accepted:\n  - {code: W901, reason: 甲}\n", "E201"),
        ("accepted:\n  - {names: [spare], reason: 甲}\n", "E201"),
        ("accepted:\n  - {code: W901, name: spare, reason: 甲}\n", "E204"),
        ("accepted:\n  - {code: W901, names: [spare], reason: 甲, until: 明年}\n", "E202"),
    ):
        ruleset, problems = check_layers(layers(text), DAY)
        assert ruleset is None, text
        assert code in [p.code for p in problems], text
        assert not [p for p in problems if p.severity == "accepted"]


def test_it_is_no_part_of_the_identity() -> None:
    plain, accepting = load_layers(layers("")), load_layers(layers(entry()))
    assert plain.identity == accepting.identity
    assert accepting.accepted[0].name == "spare"
    assert load_layers(accepting.layers).accepted == accepting.accepted


def test_it_changes_no_verdict() -> None:
    """The shipped rulebook without its list judges every example the same, finding by finding."""
    ((name, files),) = read_directory(ROOT)
    text = files["criteria.yaml"]
    start, end = text.index("accepted:\n"), text.index("\nsources:\n")
    bare = load_layers(((name, {**files, "criteria.yaml": text[:start] + text[end:]}),))
    shipped = load_directory(ROOT)
    assert shipped.accepted
    assert not bare.accepted
    one, other = Evaluator(shipped, "reference"), Evaluator(bare, "reference")
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        for profile in read_dossiers(path, shipped.registry):
            a, b = one.evaluate(profile), other.evaluate(profile)
            assert (a.verdict, dict(a.statuses)) == (b.verdict, dict(b.statuses))


def test_whoever_builds_on_a_rulebook_looks_again() -> None:
    """A profile inherits the rules and the values, not what somebody else let stand."""
    top = ("county", {"criteria.yaml": "language: 1\nprofile: {id: c, title: 县, extends: ..}\n"})
    assert brief(check_layers((*layers(entry()), top), DAY)[1]) == [("W901", "warning")]
    again = ("county", {"criteria.yaml": top[1]["criteria.yaml"] + entry()})
    assert brief(check_layers((*layers(""), again), DAY)[1]) == [("W901", "accepted")]


def test_the_difference_tells_what_is_newly_let_stand() -> None:
    old, new = load_layers(layers("")), load_layers(layers(entry(more=", until: 2026-06-30")))
    text = diff(old, new).render()
    assert "新增接受的提醒 W901 spare" in text
    assert "理由：明年启用（到 2026-06-30 为止）" in text
    assert "删除接受的提醒" in diff(new, old).render()


def test_the_shipped_rulebooks_have_no_problem_left() -> None:
    for directory in (ROOT, *sorted((ROOT / "profiles").iterdir())):
        _, problems = check_directory(directory)
        assert [p.render() for p in problems if p.severity != "accepted"] == []


def test_the_command_counts_them_and_lists_them_when_asked() -> None:
    runner = CliRunner()
    short, long = (runner.invoke(app, ["rules", "check", *w]) for w in ([], ["--verbose"]))
    assert short.exit_code == long.exit_code == 0
    assert "0 处错误，0 处提醒，已接受" in short.output
    assert "W921" not in short.output
    assert "W921（已接受）" in long.output
    assert "理由：" in long.output
    data = json.loads(runner.invoke(app, ["rules", "check", "--json"]).output)
    assert {p["severity"] for p in data} == {"accepted"}


def test_a_proposal_tells_them_apart() -> None:
    """The part of a proposal's checks that the service stores and its page shows."""
    text = Text(layers(entry()), {})
    name, check = next(run_stages(text, text, DAY, list))
    assert name == "check"
    assert (check["errors"], check["warnings"], check["accepted"]) == (0, 0, 1)
    assert check["problems"] == []
    assert check["accepted_problems"][0]["accepted"] == "明年启用"
