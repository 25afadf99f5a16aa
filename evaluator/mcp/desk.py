"""What is answered: dossiers judged and explained, rules and standards told, rulebooks compared.

Plain data, in the words and with the citations of the pages. Nothing is written anywhere, and no
file is opened by a name that a client gives: ``others`` are the rulebooks that may be compared.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from evaluator.dossier.fields import TYPE_LABELS, Field
from evaluator.dossier.files import read_dossiers
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.lookup import (
    citation,
    criteria_named,
    found_criteria,
    found_rules,
    normalised,
    notes,
    period_words,
    rule_words,
)
from evaluator.judgement.questions import CAN, answered, questions
from evaluator.judgement.result import result
from evaluator.judgement.trace import trace_of
from evaluator.problems.choices import suggest
from evaluator.problems.errors import InputError, Problems
from evaluator.problems.source import SourceText
from evaluator.reading.jsontext import read_json, too_many
from evaluator.revision.diff import CHANGES, KINDS, diff
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.criteria import KIND_LABELS
from evaluator.rulebook.due import NoStage
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import EFFECT_LABELS, LIST_LABELS, STATUS_LABELS, Status
from evaluator.values.numbers import exact_text

CURRENT = "current"
NAME = "材料.json"
MAX_NODES = 50_000
MAX_LISTED = 40
MAX_NAME = 200
TELLING = (Status.VIOLATED, Status.UNKNOWN)


class Refusal(Exception):
    """What was asked for cannot be answered; the Chinese sentences say why."""


class Desk:
    """Answers by one rulebook. Safe to share between threads."""

    def __init__(self, ruleset: Ruleset, others: Mapping[str, Path]) -> None:
        self.ruleset = ruleset
        self.others = others
        self._loaded: dict[str, Ruleset] = {CURRENT: ruleset}
        self._lock = threading.Lock()

    @cached_property
    def _evaluator(self) -> Evaluator:
        return Evaluator(self.ruleset)

    # --- dossiers --------------------------------------------------------------------------------

    def evaluate(
        self, dossier: str, as_of: str | None, stage: str | None, every: bool
    ) -> dict[str, Any]:
        """The canonical result; without ``every`` only the findings that are breached or open, and
        how many others there are by status. Raises Refusal."""
        evaluation = self._evaluation(dossier, as_of, stage)
        data = result(evaluation)
        if not every:
            told = {status.value for status in TELLING}
            left = Counter(f["status"] for f in data["findings"] if f["status"] not in told)
            data["findings"] = [f for f in data["findings"] if f["status"] in told]
            data["left_out"] = {STATUS_LABELS[Status(s)]: n for s, n in sorted(left.items())}
        return data

    def explain(
        self, dossier: str, rule: str, as_of: str | None, stage: str | None
    ) -> dict[str, Any]:
        """The whole trace of one rule. Raises Refusal."""
        self._known(rule, self.ruleset.rules, "规则")
        evaluation = self._evaluation(dossier, as_of, stage)
        if rule not in evaluation.statuses:
            day = evaluation.as_of.isoformat()
            raise Refusal(f"规则“{rule}”在 {day} 尚未施行或已经失效")
        return trace_of(evaluation, rule)

    def questions(self, dossier: str, as_of: str | None, stage: str | None) -> dict[str, Any]:
        """What to ask, in order, each by name and by whom. Raises Refusal."""
        evaluation = self._evaluation(dossier, as_of, stage)
        registry = self.ruleset.registry
        return {
            "verdict": evaluation.verdict.value,
            "answered": answered(evaluation),
            "questions": [
                {
                    **question.to_dict(),
                    "label": registry.label(question.name),
                    "unit": question.field.unit.name if question.field.unit else None,
                    "why": CAN[question.can],
                    "supplied_by": [registry.department(d) for d in question.departments],
                }
                for question in questions(evaluation)
            ],
        }

    def _evaluation(self, dossier: str, as_of: str | None, stage: str | None) -> Evaluation:
        problems = Problems()
        text = read_json(SourceText(NAME, dossier), problems)
        if text is None:
            raise Refusal("\n".join(p.render() for p in problems))
        if too_many(text.data, MAX_NODES):
            raise Refusal(f"内容过多：键和值合计不得超过 {MAX_NODES} 个")
        try:
            raw = dossier.encode("utf-8")
        except UnicodeEncodeError:
            raise Refusal("文字中含有残缺的字符") from None
        day = _day(as_of)
        try:
            read = read_dossiers((NAME, raw), self.ruleset.registry)
        except InputError as error:
            raise Refusal(str(error)) from None
        if len(read) != 1:
            raise Refusal(f"一次评估一份材料，写了 {len(read)} 份")
        with self._lock:
            try:
                return self._evaluator.evaluate(read[0], day, stage)
            except NoStage as error:
                raise Refusal(str(error)) from None

    # --- the rulebook ----------------------------------------------------------------------------

    def rule(self, name: str) -> dict[str, Any]:
        """One rule in words by its id; or those that the words fit. Raises Refusal where none does."""
        found = [rule_words(self.ruleset.rules[name], self.ruleset)] if self._has_rule(name) else []
        found = found or found_rules(self.ruleset, _words(name))
        if not found:
            raise Refusal(f"没有规则“{name[:MAX_NAME]}”。{suggest(name, self.ruleset.rules) or ''}")
        if len(found) > 1:
            return _list("rules", found, lambda told: _short(told.rule.id, told.rule.title))
        told = found[0]
        rule = told.rule
        return {
            "id": rule.id,
            "title": rule.title,
            "list": LIST_LABELS[rule.list],
            "effect": EFFECT_LABELS[rule.effect.value],
            "applies": told.applies,
            "requires": told.requires,
            "breached": told.breached,
            "lacking": told.lacking,
            "dimension": told.dimension or None,
            "departments": list(told.departments),
            "remedy": rule.remedy,
            "from": _iso(rule.start),
            "until": _iso(rule.end),
            "basis": [{"text": text, "standard": criterion} for text, criterion in told.basis],
            "standards": list(criteria_named(rule)),
            "note": rule.note,
            "source": {"file": rule.place.source.name, "line": rule.place.line},
        }

    def _has_rule(self, name: str) -> bool:
        return name in self.ruleset.rules

    def standard(self, name: str) -> dict[str, Any]:
        """One standard with its periods, the newest first, by its id; or those that the words fit.

        Raises Refusal where none does.
        """
        known = self.ruleset.criteria
        found = [known[name]] if name in known else found_criteria(self.ruleset, _words(name))
        if not found:
            raise Refusal(f"没有准入标准“{name[:MAX_NAME]}”。{suggest(name, known) or ''}")
        if len(found) > 1:
            return _list("standards", found, lambda one: _short(one.id, one.title))
        one = found[0]
        periods = []
        for at, period in reversed(tuple(enumerate(one.periods))):
            source = period.provenance
            periods.append(
                {
                    "from": _iso(period.start),
                    "until": _iso(period.end),
                    "accepted_before": _iso(period.accepted_before),
                    "no_standard": period.gap,
                    "basis": citation(source) or None,
                    "verified": source.verified if source else None,
                    "note": (notes(source) or None) if source else None,
                    "codes": sorted(period.codes),
                    "rows": [
                        {
                            "for": row.keys,
                            "value": row.value,
                            "unit": row.unit,
                            "basis": row.basis,
                            "verified": row.verified,
                            "note": row.note or None,
                            "changed": row.changed or None,
                        }
                        for row in period_words(one, at, self.ruleset)
                    ],
                }
            )
        users = [r for r in self.ruleset.rules.values() if one.id in criteria_named(r)]
        return {
            "id": one.id,
            "title": one.title,
            "kind": KIND_LABELS[one.kind.value],
            "by": [self.ruleset.registry.label(d) for d in one.by],
            "periods": periods,
            "rules": [_short(r.id, r.title) for r in users],
            "source": {"file": one.place.source.name, "line": one.place.line},
        }

    def fields(self, words: str) -> dict[str, Any]:
        """The fields of a dossier whose name, label or note has all of the words. Raises Refusal."""
        wanted = _words(words)
        found = [
            f
            for f in self.ruleset.registry.fields.values()
            if f.required
            or all(w in normalised(f.name, f.label, f.note, *f.values.values()) for w in wanted)
        ]
        return _list("fields", found, lambda f: _field(f, self.ruleset))

    def diff(self, old: str, new: str) -> dict[str, Any]:
        """What differs between two rulebooks, by name, in words. Raises Refusal."""
        difference = diff(self._rulebook(old), self._rulebook(new))
        return {
            "entries": [
                {**e.to_dict(), "kind": KINDS[e.kind], "change": CHANGES[e.change]}
                for e in difference.entries
            ]
        }

    def _rulebook(self, name: str) -> Ruleset:
        self._known(name, {CURRENT: "", **dict.fromkeys(self.others, "")}, "规则集")
        with self._lock:
            if name not in self._loaded:
                try:
                    self._loaded[name] = load_directory(self.others[name])
                except InputError as error:
                    raise Refusal(str(error)) from None
            return self._loaded[name]

    def _known(self, name: str, known: Mapping[str, Any], what: str) -> None:
        if name not in known:
            listed = f"可用：{'、'.join(known)}" if len(known) <= MAX_LISTED else ""
            hint = suggest(name, known) or ""
            raise Refusal(f"没有{what}“{name[:MAX_NAME]}”。{hint}{listed}")


def _words(text: str) -> list[str]:
    words = normalised(text[:MAX_NAME]).split()
    if not words:
        raise Refusal("写上要找的标识，或名称里的词")
    return words


def _list(key: str, found: Iterable[Any], told: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    listed = [told(one) for one in found]
    return {key: listed[:MAX_LISTED], "left_out": max(0, len(listed) - MAX_LISTED)}


def _short(id_: str, title: str) -> dict[str, Any]:
    return {"id": id_, "title": title}


def _field(field: Field, ruleset: Ruleset) -> dict[str, Any]:
    by = field.supplied_by
    told = {
        "name": field.name,
        "label": field.label,
        "type": TYPE_LABELS[field.type.value],
        "required": field.required,
        "unit": field.unit.name if field.unit else None,
        "minimum": exact_text(field.minimum) if field.minimum is not None else None,
        "maximum": exact_text(field.maximum) if field.maximum is not None else None,
        "values": dict(field.values) or None,
        "keys": dict(field.keys) or None,
        "supplied_by": ruleset.registry.department(by) if by else None,
        "note": field.note,
    }
    return {k: v for k, v in told.items() if v is not None}


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Refusal(f"as_of 应是日期（如 2026-01-01），写的是“{text[:40]}”") from None


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
