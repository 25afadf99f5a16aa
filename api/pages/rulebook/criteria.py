"""The criteria for reading: search, and one criterion with its history."""

from __future__ import annotations

from collections.abc import Iterator
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
from api.store.proposals.history import published_changes
from api.transport.views import block_text
from api.workdays.china import today as china_today
from evaluator.amend.examples import layer_of
from evaluator.judgement.lookup import (
    citation,
    criteria_named,
    found_criteria,
    normalised,
    notes,
    period_words,
)
from evaluator.rulebook import ast
from evaluator.rulebook.criteria import KIND_LABELS, Criterion
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


def about(ruleset: ast.Ruleset) -> list[tuple[str, str]]:
    """Which ruleset a list is of."""
    return [("规则集", ruleset.title), ("规则集标识", ruleset.identity)]


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
        for r in period_words(criterion, at, ruleset):
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
                citation(source),
                checked,
                notes(source) if source else "",
            )


@router.get("/{criterion_id}")
def criterion(request: Request, judge: CurrentJudge, criterion_id: str) -> Response:
    """One criterion, its newest period first."""
    ruleset = judge.ruleset
    shown = find_part("准入标准", criterion_id, ruleset.criteria)
    users = [r for r in ruleset.rules.values() if criterion_id in criteria_named(r)]
    periods = [(p, period_words(shown, at, ruleset)) for at, p in enumerate(shown.periods)][::-1]
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
        cite=citation,
        past=past,
    )
