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
from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

from evaluator.counterfactual import counterfactual
from evaluator.evaluate import Evaluation
from evaluator.explain import explain
from evaluator.result import canonical_bytes, sentence
from evaluator.rulebook.ast import (
    Rule,
    Ruleset,
    expr_fields,
)
from evaluator.rulebook.reads import dimensions_of, fields_of
from evaluator.verdict import Status

__all__ = ["Fragments"]

EMPTY = b'"findings":[]'
# What the key of a text takes beside it, about.
KEY_BYTES = 500


class _Text(NamedTuple):
    """One finding as JSON; ``status`` is that of the engines, not what the key would make of it."""

    status: Status
    text: bytes


class Fragments:
    """Findings of one ruleset as JSON text, bounded in bytes; safe to share between threads.

    Two generations: what was not asked for while ``max_bytes / 2`` of others were written is
    forgotten.
    """

    def __init__(self, ruleset: Ruleset, max_bytes: int) -> None:
        self._ruleset = ruleset
        self._reads = {rule.id: _reads(rule, ruleset) for rule in ruleset.rules.values()}
        self._generation, self._size = max_bytes // 2, 0
        self._young: dict[Hashable, _Text] = {}
        self._old: dict[Hashable, _Text] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def canonical(self, evaluation: Evaluation, *, with_counterfactual: bool) -> bytes:
        """The bytes of the canonical result of ``evaluation``."""
        profile = evaluation.profile
        data: dict[str, Any] = {
            "dossier": {"project_id": profile.id, "project_name": profile.name},
            "verdict": evaluation.verdict.value,
            "sentence": sentence(evaluation),
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
        known = evaluation.tokens.get
        dates = (evaluation.as_of, evaluation.profile.submitted_on)
        young, reads = self._young, self._reads
        for rule_id, status in evaluation.statuses.items():
            key = (rule_id, dates, *map(known, reads[rule_id]))
            entry = young.get(key)
            if entry is None or entry.status is not status:
                entry = self._kept(key, status) or _Text(
                    status, canonical_bytes(explain(evaluation, rule_id).to_dict())
                )
                self._keep(key, entry)
            yield entry.text

    def _kept(self, key: Hashable, status: Status) -> _Text | None:
        entry = self._old.get(key)
        return entry if entry is not None and entry.status is status else None

    def _keep(self, key: Hashable, entry: _Text) -> None:
        with self._lock:
            self._young[key] = entry
            self._size += len(entry.text) + KEY_BYTES
            if self._size > self._generation:
                self._old, self._young, self._size = self._young, {}, 0


def _reads(rule: Rule, ruleset: Ruleset) -> tuple[str, ...]:
    """The fields that a rule's finding depends on: those it reads, and those its words name."""
    names = set(fields_of(rule, ruleset))
    for word in (*_words(rule.message), *_words(rule.remedy)):
        metric = ruleset.metrics.get(word)
        if metric is not None:
            names.update(expr_fields(metric.formula, ruleset.metrics))
            names.update(dimensions_of(metric.formula, ruleset))
        elif word in ruleset.registry.references:
            names.add(word)
    return tuple(sorted(names | {n.partition(".")[0] for n in names}))


def _words(template: str | None) -> Iterator[str]:
    for _, name, _, _ in string.Formatter().parse(template or ""):
        if name:
            yield name
