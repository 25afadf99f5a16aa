"""The criteria for reading: search, and one criterion with its history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.access.security import store_of
from api.filters import find_part
from api.judging.current import CurrentJudge
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.words import plain_unit
from api.store.projects.listed import normalised
from api.store.proposals.history import published_changes
from api.transport.views import block_text
from api.workdays.china import today as china_today
from evaluator.amend.examples import layer_of
from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import KIND_LABELS, Criterion, Period, Provenance
from evaluator.rulebook.reads import held_against
from evaluator.values.numbers import exact_text

router = APIRouter(prefix="/criteria", include_in_schema=False, route_class=PageRoute)
CRITERIA = (
    Column("标准", width=34),
    Column("名称", width=36),
    Column("种类"),
    Column("起", "date"),
    Column("至", "date"),
    Column("档", width=36),
    Column("值", "number"),
    Column("单位"),
    Column("依据", width=50),
    Column("核对"),
    Column("说明", width=50),
)


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of a criterion's table."""

    keys: str
    value: str
    unit: str | None
    basis: str
    verified: bool
    note: str
    changed: str


def about(ruleset: ast.Ruleset) -> list[tuple[str, str]]:
    """Which ruleset a list is of."""
    return [("规则集", ruleset.title), ("规则集标识", ruleset.identity)]


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
    return [
        c for c in ruleset.criteria.values() if all(w in normalised(*names[c.id]) for w in words)
    ]


def _measured(rule: ast.Rule, ruleset: ast.Ruleset) -> Iterator[str]:
    """The names of the metrics and fields that a rule requires something of."""
    for id_ in walk.named("metric", rule.require):
        yield ruleset.metrics[id_].title
        yield ruleset.metrics[id_].note or ""
    for name in walk.named("field", rule.require, metrics=ruleset.metrics):
        yield ruleset.registry.label(name)


@router.get("")
def criteria(
    request: Request, judge: CurrentJudge, q: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Criteria by words."""
    words = normalised(q).split()
    today = china_today()
    rows = []
    for criterion in found_criteria(judge.ruleset, words):
        kind = KIND_LABELS[criterion.kind.value]
        rows.append((criterion, kind, criterion.period(today, today)))
    return page(
        request,
        "criteria.html",
        rows=rows,
        q=q,
        ruleset=judge.ruleset,
        exact=exact_text,
        total=len(judge.ruleset.criteria),
        today=today,
    )


@router.get(".{kind}")
def criteria_file(
    judge: CurrentJudge, kind: Kind, q: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Every value of every period for a spreadsheet."""
    words, ruleset = normalised(q).split(), judge.ruleset
    rows = (row for c in found_criteria(ruleset, words) for row in _values(c, ruleset))
    listing = Listing("准入标准", CRITERIA, rows, about(ruleset))
    return listing_response(kind, "criteria", listing)


def _values(criterion: Criterion, ruleset: ast.Ruleset) -> Iterator[tuple[object, ...]]:
    for at, period in enumerate(criterion.periods):
        head = (
            criterion.id,
            criterion.title,
            KIND_LABELS[criterion.kind.value],
            period.start,
            period.end,
        )
        for r in _period(criterion, at, ruleset):
            checked = "已核对" if r.verified else "示例值"
            yield (*head, r.keys, r.value, plain_unit(r.unit), r.basis, checked, r.note)
        if not period.rows:
            source = period.provenance
            value = f"无标准：{period.gap}" if period.gap else "、".join(sorted(period.codes))
            checked = "" if source is None else "已核对" if source.verified else "示例值"
            yield (
                *head,
                "名录" if period.codes else "",
                value,
                "",
                _cite(source),
                checked,
                _notes(source) if source else "",
            )


@router.get("/{criterion_id}")
def criterion(request: Request, judge: CurrentJudge, criterion_id: str) -> Response:
    """One criterion, its newest period first."""
    ruleset = judge.ruleset
    shown = find_part("准入标准", criterion_id, ruleset.criteria)
    users = [r for r in ruleset.rules.values() if criterion_id in criteria_named(r)]
    periods = [(p, _period(shown, at, ruleset)) for at, p in enumerate(shown.periods)][::-1]
    with store_of(request).db.read() as session:
        past = published_changes(session, criterion_id)
    return page(
        request,
        "criterion.html",
        criterion=shown,
        kind=KIND_LABELS[shown.kind.value],
        periods=periods,
        users=users,
        ruleset=ruleset,
        source=block_text(shown.place),
        file=layer_of(ruleset, shown.place.source.name),
        today=china_today(),
        cite=_cite,
        past=past,
    )


def _period(criterion: Criterion, at: int, ruleset: ast.Ruleset) -> tuple[RowView, ...]:
    """The rows of a period, each with what it was in the period before."""
    period: Period = criterion.periods[at]
    before = {r.title(): r for r in criterion.periods[at - 1].rows} if at else {}
    out = []
    for row in period.rows:
        unit = row.unit.name if row.unit else None
        changed = ""
        old = before.get(row.title())
        if at and old is None:
            changed = "新增"
        elif old is not None and old.value != row.value:
            changed = f"原为 {exact_text(old.value)}"
        keys = "；".join(ruleset.registry.row_words(d, ws) for d, ws in row.keys.items())
        out.append(
            RowView(
                keys=keys or "默认",
                value=exact_text(row.value),
                unit=unit,
                basis=_cite(row.provenance),
                verified=row.provenance.verified,
                note=_notes(row.provenance),
                changed=changed,
            )
        )
    return tuple(out)


def _notes(provenance: Provenance) -> str:
    """The note of a value, and what was misread before."""
    corrected = f"更正：{provenance.correction}" if provenance.correction else None
    return "；".join(text for text in (provenance.note, corrected) if text)


def _cite(provenance: Provenance | None) -> str:
    return provenance.source.citation(provenance.clause) if provenance else ""
