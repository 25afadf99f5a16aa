"""Which fields the words about a finding depend on, beside the rule, its status and the days.

Of a rule that does not apply, only what chooses the table rows that it cites, and what its words
name; of one that is settled also what its requirement reads; of one that is open, all that it reads.
"""

from __future__ import annotations

import string
from collections.abc import Iterator

from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import PREFIX
from evaluator.rulebook.reads import fields_of, fields_read
from evaluator.rulebook.verdict import Status

OPEN = (Status.UNKNOWN, Status.NOT_DUE)


def spoken_of(rule: ast.Rule, ruleset: ast.Ruleset) -> dict[Status, tuple[str, ...]]:
    """The fields on which the finding of a rule depends once its status is known, by name.

    Equal values of these, within one stretch of days, have equal findings.
    """
    always = {*_named(rule.remedy, ruleset), *_choosing(rule, ruleset)}
    settled = {*fields_read(ruleset, rule.require), *_named(rule.message, ruleset)}
    whole = set(fields_of(rule, ruleset))
    itemised = any(isinstance(leaf, ast.Each) for leaf in walk.leaves(*rule.halves))
    out = {}
    for status in Status:
        names = set(always)
        if rule.list == PREFIX or itemised or status in OPEN:
            names |= whole
        if status is not Status.NOT_APPLICABLE:
            names |= settled
        out[status] = tuple(sorted(names | {name.partition(".")[0] for name in names}))
    return out


def _choosing(rule: ast.Rule, ruleset: ast.Ruleset) -> Iterator[str]:
    """The fields that choose the rows of the tables that a rule reads."""
    for name in walk.named("criterion", *rule.halves, metrics=ruleset.metrics):
        yield from (d for d in ruleset.criteria[name].by if d in ruleset.registry.fields)


def _named(template: str | None, ruleset: ast.Ruleset) -> Iterator[str]:
    """The fields that a text names, itself or by a metric."""
    for _, word, _, _ in string.Formatter().parse(template or ""):
        metric = ruleset.metrics.get(word or "")
        if metric is not None:
            yield from fields_read(ruleset, metric.formula)
        elif word in ruleset.registry.references:
            assert word is not None
            yield word
