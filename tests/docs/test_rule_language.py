"""Every YAML example of docs/rule-language.md is read as what it says it is."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from evaluator.cases.book import read_cases
from evaluator.problems.errors import Problem, Problems
from evaluator.reading.yaml.scan import read_yaml
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import check_layers
from evaluator.rulebook.files import Layers, read_directory
from evaluator.rulebook.grammar.conditions import parse_condition
from evaluator.rulebook.grammar.exprs import parse_expr
from evaluator.rulebook.grammar.names import Names
from evaluator.rulebook.load import load_directory, try_layers

ROOT = Path(__file__).parents[2]
DOC = "docs/rule-language.md"
FENCE = re.compile(r"(?ms)^```yaml ([^\n]*)\n(.*?)^```$")
HEAD = "language: 1\nprofile: {id: doc, title: 文档, extends: base}\n"
FILES = {
    "rules": "rules/doc/example.yaml",
    "metrics": "rules/doc/metrics.yaml",
    "labels": "rules/doc/labels.yaml",
    "stages": "rules/doc/stages.yaml",
    "routes": "rules/doc/routes.yaml",
    "scorecards": "rules/scorecards/example.yaml",
}


def snippets() -> list[tuple[str, str]]:
    """Kind and text of every example."""
    return [(m[1], m[2]) for m in FENCE.finditer((ROOT / DOC).read_text("utf-8"))]


@cache
def shipped() -> Ruleset:
    return load_directory(ROOT)


def layers(kind: str, text: str) -> Layers:
    """The shipped rulebook with the example as a profile of its own."""
    own = {"criteria.yaml": HEAD}
    if kind in FILES:
        own[FILES[kind]] = text
    else:
        own["criteria.yaml"] = text if kind == "profile" else HEAD + text
    return (*read_directory(ROOT), ("doc", own))


@cache
def with_fields() -> Layers:
    """The shipped rulebook with the page's fields of a city's own beside it."""
    (text,) = (t for kind, t in snippets() if kind == "fields")
    return (*read_directory(ROOT), ("city", {"criteria.yaml": HEAD, "fields.yaml": text}))


def problems_of(kind: str, text: str) -> list[Problem]:
    problems = Problems()
    if kind in ("condition", "formula"):
        rs = shipped()
        names = Names(
            rs.registry,
            problems,
            dict(rs.sources),
            dict(rs.criteria),
            dict(rs.metrics),
            condition=parse_condition,
        )
        node = read_yaml(DOC, text, problems)
        if node is not None:
            found = (parse_condition if kind == "condition" else parse_expr)(node, names)
            assert (found is None) == bool(problems)
    elif kind.startswith("fields"):
        (*below, (name, own)) = with_fields()
        if kind == "fields-rules":
            own = {**own, FILES["rules"]: text}
        found = check_layers((*below, (name, own)))[1]
        problems = [p for p in found if p.severity == "error" and p.code != "E904"]
    elif kind == "cases":
        read_cases(shipped(), problems, ROOT, {DOC: text})
    else:
        problems = try_layers(layers(kind, text))[1]
    return problems


def test_there_are_examples_of_every_kind() -> None:
    kinds = {kind.partition(" ")[0] for kind, _ in snippets()}
    assert kinds == {
        "rules",
        "metrics",
        "labels",
        "stages",
        "routes",
        "scorecards",
        "criteria",
        "cases",
        "profile",
        "condition",
        "formula",
        "wrong",
        "wrong-condition",
        "wrong-formula",
        "wrong-scorecards",
        "fields",
        "fields-rules",
    }
    text = (ROOT / DOC).read_text("utf-8")
    assert text.count("```yaml\n") == 0, "say what kind of YAML it is"


@pytest.mark.parametrize(("kind", "text"), snippets())
def test_example(kind: str, text: str) -> None:
    what, _, code = kind.partition(" ")
    if not what.startswith("wrong"):
        assert [p.render() for p in problems_of(what, text)] == []
        return
    found = problems_of(what.removeprefix("wrong-") if "-" in what else "rules", text)
    assert code in [p.code for p in found]
