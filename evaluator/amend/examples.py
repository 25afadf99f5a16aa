"""Cases for a standard that a form changed: exactly on the new value and one step beside it.

The cases of the former period stay: it still judges what was received in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evaluator.amend.splice import CannotSplice, Patch, Spliced, patched
from evaluator.cases.book import Cases
from evaluator.cases.mutation import users
from evaluator.cases.proposed import Proposed, yaml_of
from evaluator.cases.run import run_cases
from evaluator.cases.suggest import suggest_values
from evaluator.judgement.evaluate import Evaluator
from evaluator.problems.source import Place
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.files import shown_name

SUFFIX = ".cases.yaml"


@dataclass(frozen=True, slots=True)
class Examples:
    """Cases to add at the end of one file of a layer."""

    layer: str
    path: str
    text: str
    names: tuple[str, ...]


def boundary_cases(
    ruleset: Ruleset, cases: Cases, criterion: str, start: dt.date | None
) -> Iterator[Examples]:
    """Cases for the values of a criterion that no case stands at yet: in force from ``start`` on, or
    ever."""
    found: dict[tuple[str, str], list[Proposed]] = {}
    for suggestion in suggest_values(ruleset, cases, criterion):
        case = suggestion.case
        if isinstance(case, Proposed) and (start is None or (case.as_of or dt.date.min) >= start):
            rule = ruleset.rules[case.rule]
            found.setdefault(_beside(ruleset, rule, criterion), []).append(case)
    for (layer, path), new in found.items():
        text = yaml_of(new, ruleset.registry)
        since = f"{start.isoformat()} 起的" if start else "更正以后的"
        title = ruleset.criteria[criterion].title
        comment = f"# {since}“{title}”：恰在界限上和差一步\n"
        yield Examples(layer, path, comment + text, tuple(f"{c.rule}：{c.name}" for c in new))


def outdated_cases(ruleset: Ruleset, cases: Cases, criterion: str) -> Iterator[Place]:
    """Where the cases stand that a corrected value makes wrong: rules that use it say otherwise now."""
    using = {rule.id for rule in users(ruleset).get(criterion, ())}
    own = Cases(tuple(c for c in cases.rules if c.rule in using), ())
    for result in run_cases(own, Evaluator(ruleset, "reference")):
        if not result.passed:
            yield result.case.place


def without_lines(text: str, places: Iterable[Place]) -> str:
    """A case file without the cases at these places, each of which has to stand on a line of its own."""
    spliced = Spliced(text)
    patches = []
    for place in places:
        line = spliced.line(place.line or 1)
        bare = line.strip().removeprefix("- ")
        if not (bare.startswith(("{", "[")) and bare.endswith(("}", "]"))):
            raise CannotSplice(f"案例在第 {place.line} 行，写在几行里，请在案例文件里改")
        start = spliced.starts[(place.line or 1) - 1]
        patches.append(Patch(start, start + len(line), ""))
    return patched(text, patches)


def layer_of(ruleset: Ruleset, shown: str) -> tuple[str, str]:
    """The layer and the path of a file as problems name it."""
    for layer, files in ruleset.layers:
        for path in files:
            if shown_name(layer, path) == shown:
                return layer, path
    raise KeyError(shown)


def _beside(ruleset: Ruleset, rule: Rule, criterion: str) -> tuple[str, str]:
    """The case file of a rule, in the layer whose criterion is changed."""
    layer, path = layer_of(ruleset, rule.place.source.name)
    changed, _ = layer_of(ruleset, ruleset.criteria[criterion].place.source.name)
    if layer == changed:
        return layer, path.removesuffix(".yaml") + SUFFIX
    return changed, "rules/standards" + SUFFIX
