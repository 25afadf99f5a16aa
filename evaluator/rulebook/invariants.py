"""Invariants: what the rulebook must never do, written by maintainers in rules/invariants.yaml.

    - id: two_high_without_replacement
      title: 两高项目没有产能置换，从不自动准入
      when: {all: [{field: two_high, equals: true}, {not: {known: capacity_replacement_ratio}}]}
      never: pass

``when`` is an ordinary condition; ``never`` names one verdict or a list of them, ``always`` the
only verdict allowed. An invariant counts where ``when`` is true, not where it is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.problems.choices import strings, which
from evaluator.problems.errors import Problems, RulebookError
from evaluator.problems.source import Place
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar, read_yaml
from evaluator.rulebook import ast
from evaluator.rulebook.grammar.conditions import parse_condition
from evaluator.rulebook.grammar.names import Names
from evaluator.rulebook.verdict import VERDICT_LABELS, Verdict

FILE = "invariants.yaml"


@dataclass(frozen=True, slots=True)
class Invariant:
    """Where ``when`` is true the verdict is none of ``never``."""

    id: str
    title: str
    when: ast.Condition
    never: frozenset[Verdict]
    note: str | None
    place: Place


def invariants_of(ruleset: ast.Ruleset) -> tuple[Invariant, ...]:
    """The invariants kept with a ruleset, of all its layers; a later one replaces its namesake.

    Raises RulebookError with every problem found.
    """
    problems = Problems()
    found: dict[str, Invariant] = {}
    for layer, files in ruleset.layers:
        for name, text in files.items():
            if name.rsplit("/", 1)[-1] == FILE:
                shown = name if layer == "base" else f"{layer}/{name}"
                found |= {i.id: i for i in parse_invariants(shown, text, ruleset, problems)}
    if problems.wrong():
        raise RulebookError(problems)
    return tuple(found.values())


def parse_invariants(
    name: str, text: str, ruleset: ast.Ruleset, problems: Problems
) -> tuple[Invariant, ...]:
    """Read an invariant file; problems are appended."""
    names = Names(
        ruleset.registry,
        problems,
        dict(ruleset.sources),
        dict(ruleset.criteria),
        dict(ruleset.metrics),
    )
    root = read_yaml(name, text, problems)
    if root is not None and not isinstance(root, YList):
        names.report("E202", "不变式文件应是列表，每条以“- id:”开头", root.place)
    out: dict[str, Invariant] = {}
    for item in root.items if isinstance(root, YList) else ():
        found = _parse(item, names)
        if found and found.id in out:
            names.report("E302", f"不变式“{found.id}”重复", found.place)
        elif found:
            out[found.id] = found
    return tuple(out.values())


def _parse(node: Node, names: Names) -> Invariant | None:
    if not isinstance(node, YMap):
        names.report("E202", "不变式应是键值表，以“- id:”开头", node.place)
        return None
    r = Reader(node, names.problems, "不变式")
    id_, title = r.text("id", required=True), r.text("title", required=True)
    when_node = r.take("when", required=True)
    never, always = r.take("never"), r.take("always")
    note = r.text("note")
    r.finish()
    when = parse_condition(when_node, names) if when_node else None
    if (never is None) == (always is None):
        r.report("E208", "never、always 两者写一种", node.place)
        return None
    verdicts = _verdicts(never or always, names)
    if not id_ or not title or when is None or not verdicts:
        return None
    banned = verdicts if never else frozenset(Verdict) - verdicts
    return Invariant(id_, title, when, banned, note, node.place)


def _verdicts(node: Node | None, names: Names) -> frozenset[Verdict]:
    out: set[Verdict] = set()
    for item in node.items if isinstance(node, YList) else (node,):
        word = item.text if isinstance(item, YScalar) else ""
        if word in list(Verdict):
            out.add(Verdict(word))
        elif item is not None:
            names.report(
                "E203", f"结论不能是“{word}”", item.place, which(word, strings(VERDICT_LABELS))
            )
    return frozenset(out)
