"""The audit log for auditors: who did or read what and when, and whether the chain is whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.access.security import store_of
from api.filters import find_choice
from api.judging.current import ReadingJudge
from api.pages.accounts.audit_words import record_words, subject_words
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import entitled
from api.store import accounts, audit, auditlist, verifying
from api.store.actions import ACTIONS
from api.store.auditlist import AuditFilter
from api.transport.parameters import Before, parse_day
from api.transport.telemetry import request_id

router = APIRouter(prefix="/audit", include_in_schema=False, route_class=PageRoute)
PAGE = 50
ENTRIES = (
    Column("编号", "number"),
    Column("时间", "time", width=19),
    Column("账号"),
    Column("姓名"),
    Column("做了什么", width=20),
    Column("动作代码", width=20),
    Column("对象", width=26),
    Column("之前", width=50),
    Column("之后", width=50),
    Column("请求编号", width=34),
    Column("前一条的哈希", width=66),
    Column("哈希", width=66),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, as it was typed."""

    actor: Annotated[str, Query(max_length=200)] = ""
    subject: Annotated[str, Query(max_length=200)] = ""
    action: Annotated[str, Query(max_length=60)] = ""
    start: Annotated[str, Query(alias="from", max_length=10)] = ""
    end: Annotated[str, Query(alias="to", max_length=10)] = ""

    @property
    def filter(self) -> AuditFilter:
        """The same for the store. Raises ProblemError 422."""
        begun = self.action.removesuffix("*")
        if self.action == begun or not any(a.startswith(begun) for a in ACTIONS):
            find_choice("action", self.action, ACTIONS)
        return AuditFilter(
            actor=self.actor.strip() or None,
            subject=self.subject.strip() or None,
            action=self.action or None,
            start=parse_day(self.start or None, "from"),
            end=parse_day(self.end or None, "to"),
        )

    @property
    def given(self) -> dict[str, str]:
        """What was filled in, by parameter."""
        named = {
            "actor": self.actor,
            "subject": self.subject,
            "action": self.action,
            "from": self.start,
            "to": self.end,
        }
        return {k: v for k, v in named.items() if v}


@router.get("")
def entries(
    request: Request,
    judge: ReadingJudge,
    wanted: Annotated[Wanted, Depends()],
    before: Before = None,
) -> Response:
    """The log, newest first."""
    entitled(request, "audit")
    with store_of(request).db.read() as session:
        listed = auditlist.find(session, wanted.filter, before, PAGE + 1)
        people = accounts.display_names(session)
    return page(
        request,
        "audit.html",
        entries=listed[:PAGE],
        people=people,
        wanted=wanted,
        actions=ACTIONS,
        subject_words=subject_words,
        words=record_words,
        before=before,
        ruleset=judge.ruleset,
        older=listed[PAGE - 1].seq if len(listed) > PAGE else None,
        asked=urlencode(wanted.given),
    )


@router.get(".{kind}")
def entries_file(request: Request, kind: Kind, wanted: Annotated[Wanted, Depends()]) -> Response:
    """The same entries for a spreadsheet; that they were taken along is itself logged first."""
    actor = entitled(request, "audit")
    store = store_of(request)
    with store.work(actor, request_id.get()) as work:
        work.log("audit.export", "audit", None, {"file": kind, **wanted.given})
    with store.db.read() as session:
        people = accounts.display_names(session)
        rows = (
            (
                e.seq,
                e.at,
                e.actor,
                people.get(e.actor),
                ACTIONS.get(e.action),
                e.action,
                e.subject,
                _json(e.before),
                _json(e.after),
                e.request_id,
                e.previous,
                e.hash,
            )
            for e in auditlist.each(session, wanted.filter)
        )
        listing = Listing("审计日志", ENTRIES, rows, list(wanted.given.items()))
        return listing_response(kind, "audit", listing)


@router.get("/verify")
def verified(request: Request) -> Response:
    """Whether any entry was altered, removed or moved."""
    entitled(request, "audit")
    with store_of(request).db.read() as session:
        checked = verifying.check(session)
        head = audit.head(session)
    return page(request, "audit_verify.html", checked=checked, head=head)


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
