"""The canonical result put together from findings already written.

A finding is a function of the rule, its status, the stretch of days, and the fields that its words
speak of (``spoken``). The service keeps the JSON text of findings under exactly these: what speaks of
no figure is written once for each ruleset and stretch of days, and joined to the others as ready
bytes. The status of every rule still comes from the engines, every time, and is part of the key. What comes out
is the same bytes as ``canonical_bytes(result(evaluation))``; tests hold it to that.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Hashable, Iterator
from typing import Any

from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.explain import Finding, explain, told
from evaluator.judgement.result import Part, canonical_bytes, frame, selected
from evaluator.judgement.spoken import OPEN, spoken_of
from evaluator.judgement.wording import Citation
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import Status

EMPTY = b'"findings":[]'
# What the key of a text takes beside it, about.
KEY_BYTES = 500


FIXED = frozenset({"departments", "dimension", "effect", "list", "rule", "title"})
STATUS_TEXTS = {status: status.value for status in Status}
MAX_BASIS = 10_000
_quoted = json.encoder.encode_basestring


class Fragments:
    """Findings of one ruleset as JSON text, bounded in bytes; safe to share between threads.

    Two generations: what was not asked for while ``max_bytes / 2`` of others were written is
    forgotten.
    """

    def __init__(self, ruleset: Ruleset, max_bytes: int) -> None:
        spoken = {rule.id: spoken_of(rule, ruleset) for rule in ruleset.rules.values()}
        self._reads = {
            status: {rule_id: by[status] for rule_id, by in spoken.items()} for status in Status
        }
        self._generation, self._size = max_bytes // 2, 0
        self._young: dict[Hashable, bytes] = {}
        self._old: dict[Hashable, bytes] = {}
        self._fixed: dict[str, dict[str, str]] = {}
        self._basis: dict[int, tuple[tuple[Citation, ...], str]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def canonical(self, evaluation: Evaluation, *, with_counterfactual: bool) -> bytes:
        """The bytes of the canonical result of ``evaluation``."""
        return self._joined(frame(evaluation, with_counterfactual=with_counterfactual), evaluation)

    def selected(self, evaluation: Evaluation, parts: Collection[Part]) -> bytes:
        """The bytes of the parts of the canonical result that were asked for."""
        return self._joined(selected(evaluation, parts), evaluation)

    def _joined(self, data: dict[str, Any], evaluation: Evaluation) -> bytes:
        if "findings" not in data:
            return canonical_bytes(data)
        # The first key in order that reads like EMPTY; within a text its quotes would be escaped.
        listed = b'"findings":[' + b",".join(self._texts(evaluation)) + b"]"
        return canonical_bytes(data).replace(EMPTY, listed, 1)

    def _texts(self, evaluation: Evaluation) -> Iterator[bytes]:
        known, stretch, dated = evaluation.tokens.get, evaluation.stretch, evaluation.dated
        day = evaluation.as_of
        young, reads = self._young, self._reads
        statuses = evaluation.statuses
        for rule_id in told(evaluation):
            status = statuses[rule_id]
            # Only what is open has reasons, and these may name the day.
            named = day if rule_id in dated and status in OPEN else None
            key = (rule_id, status, stretch, named, *map(known, reads[status][rule_id]))
            text = young.get(key)
            if text is None:
                text = self._old.get(key) or self._written(explain(evaluation, rule_id))
                self._keep(key, text)
            yield text

    def _written(self, finding: Finding) -> bytes:
        """``canonical_bytes(found.to_dict())``; what is the same in every finding is kept."""
        rule, measure = finding.rule, finding.measure
        fixed = self._fixed.get(rule.id)
        if fixed is None:
            data = {k: v for k, v in finding.to_dict().items() if k in FIXED}
            fixed = self._fixed[rule.id] = {k: _text(v) for k, v in data.items()}
        # By identity: explanations share the citations of a rule.
        cited = self._basis.get(id(finding.basis))
        if cited is None or cited[0] is not finding.basis:
            if len(self._basis) > MAX_BASIS:
                self._basis.clear()
            cited = finding.basis, _text([c.to_dict() for c in finding.basis])
            self._basis[id(finding.basis)] = cited
        gap = "null"
        if measure.gap:
            gap = f'{{"absolute":{_quoted(measure.gap)},"relative":{_maybe(measure.gap_relative)}}}'
        return (
            f'{{"basis":{cited[1]},"departments":{fixed["departments"]},'
            f'"dimension":{fixed["dimension"]},"effect":{fixed["effect"]},'
            f'"example":{"true" if finding.example else "false"},"gap":{gap},'
            f'"list":{fixed["list"]},"message":{_quoted(finding.message)},'
            f'"missing":{_listed(finding.missing)},"reasons":{_listed(finding.reasons)},'
            f'"remedy":{_maybe(finding.remedy)},"required":{_maybe(measure.required)},'
            f'"row":{_maybe(measure.row)},"rule":{fixed["rule"]},'
            f'"status":"{STATUS_TEXTS[finding.status]}","title":{fixed["title"]},'
            f'"unit":{_maybe(measure.unit)},"value":{_maybe(measure.value)}}}'
        ).encode()

    def _keep(self, key: Hashable, text: bytes) -> None:
        with self._lock:
            self._young[key] = text
            self._size += len(text) + KEY_BYTES
            if self._size > self._generation:
                self._old, self._young, self._size = self._young, {}, 0


def _text(value: Any) -> str:
    return canonical_bytes(value).decode()


def _maybe(text: str | None) -> str:
    return "null" if text is None else _quoted(text)


def _listed(texts: tuple[str, ...]) -> str:
    return f"[{','.join(map(_quoted, texts))}]" if texts else "[]"
