"""The canonical result put together from findings already written.

A finding is a function of the rule, the dates, and the fields that the rule reads or names in its
words. The service keeps the JSON text of findings under exactly these, so that a dossier that
differs from an earlier one in a few fields is explained anew only in the rules that read them. The
status of every rule still comes from the engines, every time, and is part of the key. What comes out
is the same bytes as ``canonical_bytes(result(evaluation))``; tests hold it to that.
"""

from __future__ import annotations

import string
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple, cast

from evaluator.counterfactual import counterfactual
from evaluator.evaluate import Evaluation
from evaluator.explain import Finding, explain
from evaluator.result import canonical_bytes, sentence
from evaluator.rulebook.ast import (
    Arith,
    Compare,
    CriterionRef,
    Expr,
    MetricRef,
    Rule,
    Ruleset,
    Scale,
    expr_fields,
    leaves,
)
from evaluator.rulebook.reads import fields_of
from evaluator.verdict import Status

__all__ = ["Fragments"]

EMPTY = b'"findings":[]'


class _Said(NamedTuple):
    """What the sentence needs of a finding."""

    rule: Rule
    status: Status


class Fragments:
    """Findings of one ruleset as JSON text; least recently used first out, bounded in bytes."""

    def __init__(self, ruleset: Ruleset, max_bytes: int) -> None:
        self._ruleset = ruleset
        self._reads = {rule.id: _reads(rule, ruleset) for rule in ruleset.rules.values()}
        self._max, self._size = max_bytes, 0
        self._held: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def canonical(self, evaluation: Evaluation, *, with_counterfactual: bool) -> bytes:
        """The bytes of the canonical result of ``evaluation``."""
        profile = evaluation.profile
        found = tuple(_Said(evaluation.ruleset.rules[i], s) for i, s in evaluation.statuses.items())
        data: dict[str, Any] = {
            "dossier": {"project_id": profile.id, "project_name": profile.name},
            "verdict": evaluation.verdict.value,
            "sentence": sentence(evaluation, cast("tuple[Finding, ...]", found)),
            "cause": evaluation.cause,
            "as_of": evaluation.as_of.isoformat(),
            "ruleset": {
                "identity": evaluation.ruleset.identity,
                "profile": evaluation.ruleset.profile_id,
                "title": evaluation.ruleset.title,
            },
            "labels": [label.title for label in evaluation.labels],
            "findings": [],
            "counterfactual": counterfactual(evaluation).to_dict() if with_counterfactual else None,
        }
        # Only a key can read like EMPTY: within a text its quotes would be escaped.
        listed = b'"findings":[' + b",".join(self._texts(evaluation)) + b"]"
        return canonical_bytes(data).replace(EMPTY, listed, 1)

    def _texts(self, evaluation: Evaluation) -> Iterator[bytes]:
        values = evaluation.profile.values
        dates = (evaluation.as_of, evaluation.profile.submitted_on)
        known: dict[str, Hashable] = {n: _token(v) for n, v in values.items()}
        for rule_id, status in evaluation.statuses.items():
            key = (rule_id, status, dates, tuple([known.get(n) for n in self._reads[rule_id]]))
            with self._lock:
                text = self._held.get(key)
                if text is not None:
                    self._held.move_to_end(key)
            if text is None:
                text = canonical_bytes(explain(evaluation, rule_id).to_dict())
                self._keep(key, text)
            yield text

    def _keep(self, key: Hashable, text: bytes) -> None:
        with self._lock:
            if key not in self._held:
                self._held[key] = text
                self._size += len(text)
            while self._size > self._max:
                self._size -= len(self._held.popitem(last=False)[1])


def _token(value: Hashable) -> Hashable:
    # Hashing a Fraction is slow; its parts say the same.
    if isinstance(value, Fraction):
        return value.numerator, value.denominator
    return value


def _reads(rule: Rule, ruleset: Ruleset) -> tuple[str, ...]:
    """The fields that a rule's finding depends on: those it reads, and those its words name."""
    names = set(fields_of(rule, ruleset))
    for condition in (rule.applies_when, rule.require):
        for leaf in leaves(condition):
            if isinstance(leaf, Compare):
                names.update(_looked_up(leaf.left, ruleset), _looked_up(leaf.right, ruleset))
    for word in (*_words(rule.message), *_words(rule.remedy)):
        metric = ruleset.metrics.get(word)
        if metric is not None:
            names.update(expr_fields(metric.formula, ruleset.metrics))
            names.update(_looked_up(metric.formula, ruleset))
        elif word in ruleset.registry.references:
            names.add(word)
    return tuple(sorted(names | {n.partition(".")[0] for n in names}))


def _looked_up(expr: Expr, ruleset: Ruleset) -> Iterator[str]:
    """The dimensions of every table that an expression asks, through metrics too."""
    if isinstance(expr, CriterionRef):
        yield from ruleset.criteria[expr.id].by
    elif isinstance(expr, MetricRef):
        yield from _looked_up(ruleset.metrics[expr.id].formula, ruleset)
    elif isinstance(expr, Scale):
        yield from _looked_up(expr.expr, ruleset)
    elif isinstance(expr, Arith):
        for part in expr.args:
            yield from _looked_up(part, ruleset)


def _words(template: str | None) -> Iterator[str]:
    for _, name, _, _ in string.Formatter().parse(template or ""):
        if name:
            yield name
