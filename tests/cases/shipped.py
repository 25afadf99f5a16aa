"""The shipped rulebook with its cases, read once."""

from __future__ import annotations

from pathlib import Path

from evaluator.cases.book import Cases, read_cases
from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.judgement.evaluate import Evaluator
from evaluator.problems.errors import Problem, Problems
from evaluator.problems.source import Place, SourceText
from evaluator.reading.yaml.reader import plain
from evaluator.reading.yaml.scan import YMap, read_yaml
from evaluator.rulebook import ast
from evaluator.rulebook.load import load_directory

ROOT = Path(__file__).parents[2]
RULESET: ast.Ruleset = load_directory(ROOT)
EVALUATOR = Evaluator(RULESET, "reference")
PROBLEMS = Problems()
CASES = read_cases(RULESET, PROBLEMS, ROOT)


def rendered(problems: list[Problem]) -> str:
    return "\n".join(p.render() for p in problems)


def example(name: str) -> Profile:
    path = ROOT / "examples" / name
    problems = Problems()
    node = read_yaml(name, path.read_text("utf-8"), problems)
    assert isinstance(node, YMap)
    dossier = node.get("dossier")
    assert dossier is not None
    profile = parse_dossier(
        plain(dossier), RULESET.registry, lambda _: Place(SourceText(name, "")), problems
    )
    assert profile is not None, rendered(problems)
    return profile


def read(text: str) -> Cases:
    problems = Problems()
    cases = read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": text})
    assert not problems, rendered(problems)
    return cases
