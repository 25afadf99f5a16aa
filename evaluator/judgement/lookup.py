"""Rules and standards looked up and put into words, without a dossier: for pages and for machines."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evaluator.judgement.inwords import condition_words
from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import Criterion, Period, Provenance
from evaluator.rulebook.reads import held_against
from evaluator.values.numbers import exact_text

BREACH_LABELS = {
    ast.Effect.REJECT: "不予准入",
    ast.Effect.REFER: "提交会审",
    ast.Effect.ADVISE: "提出建议，不影响结论",
}
LACK_LABELS = {
    ast.Effect.REJECT: "提交会审",
    ast.Effect.REFER: "提交会审",
    ast.Effect.ADVISE: "不影响结论",
}


@dataclass(frozen=True, slots=True)
class RuleWords:
    """A rule in words; ``basis`` is each text with the criterion whose source it is, if it is one's."""

    rule: ast.Rule
    applies: str
    requires: str
    breached: str
    lacking: str
    departments: tuple[str, ...]
    dimension: str
    basis: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class RowWords:
    """One row of a criterion's table; ``changed`` is how it differs from the period before."""

    keys: str
    value: str
    unit: str | None
    basis: str
    verified: bool
    note: str
    changed: str


def normalised(*parts: str | None) -> str:
    """Text for searching: width and case do not matter."""
    return "\n".join(unicodedata.normalize("NFKC", p).casefold() for p in parts if p)


def rule_words(rule: ast.Rule, ruleset: ast.Ruleset) -> RuleWords:
    """A rule of a ruleset in words."""
    return RuleWords(
        rule=rule,
        applies=condition_words(rule.applies_when, ruleset),
        requires=condition_words(rule.require, ruleset),
        breached=BREACH_LABELS[rule.effect],
        lacking=LACK_LABELS[rule.effect],
        departments=tuple(ruleset.registry.department(d) for d in rule.departments),
        dimension=ruleset.dimensions.get(rule.dimension or "", ""),
        basis=tuple(
            (
                b.source.citation(b.clause)
                if b.source
                else ruleset.criteria[b.criterion or ""].title,
                b.criterion,
            )
            for b in rule.basis
        ),
    )


def found_rules(ruleset: ast.Ruleset, words: Iterable[str]) -> list[RuleWords]:
    """The rules that have every one of ``words`` (normalised) in their id, title or texts."""
    found = []
    wanted = tuple(words)
    for rule in ruleset.rules.values():
        told = rule_words(rule, ruleset)
        text = normalised(
            rule.id,
            rule.title,
            told.applies,
            told.requires,
            rule.message,
            rule.remedy,
            *told.departments,
        )
        if all(word in text for word in wanted):
            found.append(told)
    return found


def criteria_named(rule: ast.Rule) -> tuple[str, ...]:
    """The criteria that a rule compares with, or names as its basis."""
    named: dict[str, None] = {}
    for leaf in walk.leaves(*rule.halves):
        if name := held_against(leaf):
            named[name] = None
    named.update(dict.fromkeys(b.criterion for b in rule.basis if b.criterion))
    return tuple(named)


def found_criteria(ruleset: ast.Ruleset, words: Iterable[str]) -> list[Criterion]:
    """The criteria that people mean by ``words``: also by the names of the metrics, rules and
    fields that they are held against."""
    names: dict[str, list[str]] = {c.id: [c.id, c.title] for c in ruleset.criteria.values()}
    for rule in ruleset.rules.values():
        for id_ in (*criteria_named(rule), *walk.named("criterion", *rule.halves)):
            if id_ in names:
                names[id_] += [rule.title, *_measured(rule, ruleset)]
    for metric in ruleset.metrics.values():
        for id_ in walk.named("criterion", metric.formula):
            names[id_].append(metric.title)
    wanted = tuple(words)
    return [
        c for c in ruleset.criteria.values() if all(w in normalised(*names[c.id]) for w in wanted)
    ]


def _measured(rule: ast.Rule, ruleset: ast.Ruleset) -> Iterator[str]:
    """The names of the metrics and fields that a rule requires something of."""
    for id_ in walk.named("metric", rule.require):
        yield ruleset.metrics[id_].title
        yield ruleset.metrics[id_].note or ""
    for name in walk.named("field", rule.require, metrics=ruleset.metrics):
        yield ruleset.registry.label(name)


def period_words(criterion: Criterion, at: int, ruleset: ast.Ruleset) -> tuple[RowWords, ...]:
    """The rows of the period number ``at``, each with what it was in the period before."""
    period: Period = criterion.periods[at]
    before = {r.title(): r for r in criterion.periods[at - 1].rows} if at else {}
    out = []
    for row in period.rows:
        changed = ""
        old = before.get(row.title())
        if at and old is None:
            changed = "新增"
        elif old is not None and old.value != row.value:
            changed = f"原为 {exact_text(old.value)}"
        keys = "；".join(ruleset.registry.row_words(d, ws) for d, ws in row.keys.items())
        out.append(
            RowWords(
                keys=keys or "默认",
                value=exact_text(row.value),
                unit=row.unit.name if row.unit else None,
                basis=citation(row.provenance),
                verified=row.provenance.verified,
                note=notes(row.provenance),
                changed=changed,
            )
        )
    return tuple(out)


def notes(provenance: Provenance) -> str:
    """The note of a value, and what was misread before."""
    corrected = f"更正：{provenance.correction}" if provenance.correction else None
    return "；".join(text for text in (provenance.note, corrected) if text)


def citation(provenance: Provenance | None) -> str:
    """A legal basis as it is cited; empty where there is none."""
    return provenance.source.citation(provenance.clause) if provenance else ""
