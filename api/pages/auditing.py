"""The audit log for auditors: who did or read what and when, and whether the chain is whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.body import parse_day
from api.middleware import request_id
from api.pages.errors import PageRoute
from api.pages.listing import Column, Kind, Listing, listing_response
from api.pages.render import page
from api.pages.session import entitled
from api.security import store_of
from api.store import accounts, audit, auditlist
from api.store.auditlist import AuditFilter

__all__ = ["router"]

router = APIRouter(prefix="/audit", include_in_schema=False, route_class=PageRoute)
PAGE = 50
ENTRIES = (
    Column("编号", "number"), Column("时间", "time", width=19), Column("账号"), Column("姓名"),
    Column("做了什么", width=20), Column("动作代码", width=20), Column("对象", width=26),
    Column("之前", width=50), Column("之后", width=50), Column("请求编号", width=34),
    Column("前一条的哈希", width=66), Column("哈希", width=66),
)  # fmt: skip
ACTIONS = {
    "account.active": "停用或启用账号", "account.create": "建账号", "account.password": "改密码",
    "account.roles": "改角色", "audit.export": "导出审计日志", "commitment.promise": "登记承诺",
    "commitment.report": "填报实绩", "decision.read": "查看结论", "draft.create": "新建草稿",
    "draft.discard": "丢弃草稿", "draft.save": "保存草稿", "key.create": "建密钥",
    "key.revoke": "撤销密钥", "login.close": "退出", "login.fail": "登录失败",
    "login.open": "登录", "project.submit": "提交项目", "proposal.approve": "批准提案",
    "proposal.checked": "提案检查完成", "proposal.comment": "对提案写意见",
    "proposal.create": "起草提案", "proposal.edit": "修改提案", "proposal.publish": "发布提案",
    "proposal.rebase": "提案合并到最新发布", "proposal.recheck": "重新检查提案",
    "proposal.return": "退回提案", "proposal.submit": "提案送审", "proposal.unwaive": "取消豁免",
    "proposal.waive": "豁免不变式", "proposal.withdraw": "撤回提案", "review.conclude": "委员会作结论",
    "ruleset.install": "装入规则集", "ruleset.publish": "发布规则集", "ruleset.store": "存规则集",
    "supervision.close": "销号", "supervision.start": "督办", "task.attach": "上传附件",
    "task.due": "重算期限", "task.open": "送部门会审", "task.opinion": "部门填意见",
    "task.withdraw": "撤回会审事项",
}  # fmt: skip
SUBJECTS = {
    "account": "账号", "attachment": "附件", "audit": "审计日志", "decision": "结论", "draft": "草稿",
    "key": "密钥", "project": "项目", "proposal": "提案", "publication": "发布", "ruleset": "规则集",
    "task": "会审事项",
}  # fmt: skip


def subject_words(subject: str) -> str:
    """ "project:ZR2026-000001" as "项目 ZR2026-000001"; long hashes are cut."""
    kind, _, name = subject.partition(":")
    word = SUBJECTS.get(kind, kind)
    return f"{word} {name[:12] if len(name) == 64 else name}".rstrip()


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
        return AuditFilter(
            self.actor.strip() or None, self.subject.strip() or None, self.action or None,
            parse_day(self.start or None, "from"), parse_day(self.end or None, "to"),
        )  # fmt: skip

    @property
    def given(self) -> dict[str, str]:
        """What was filled in, by parameter."""
        named = {"actor": self.actor, "subject": self.subject, "action": self.action,
                 "from": self.start, "to": self.end}  # fmt: skip
        return {k: v for k, v in named.items() if v}


@router.get("")
def entries(
    request: Request, wanted: Annotated[Wanted, Depends()],
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:  # fmt: skip
    """The log, newest first."""
    entitled(request, "audit")
    with store_of(request).db.read() as session:
        found = auditlist.find(session, wanted.filter, before, PAGE + 1)
        people = accounts.display_names(session)
    return page(
        request, "audit.html", entries=found[:PAGE], people=people, wanted=wanted, actions=ACTIONS,
        subject_words=subject_words, words=_words, before=before,
        older=found[PAGE - 1].seq if len(found) > PAGE else None, asked=urlencode(wanted.given),
    )  # fmt: skip


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
            (e.seq, e.at, e.actor, people.get(e.actor), ACTIONS.get(e.action), e.action, e.subject,
             _json(e.before), _json(e.after), e.request_id, e.previous, e.hash)
            for e in auditlist.each(session, wanted.filter)
        )  # fmt: skip
        listing = Listing("审计日志", ENTRIES, rows, list(wanted.given.items()))
        return listing_response(kind, "audit", listing)


@router.get("/verify")
def verified(request: Request) -> Response:
    """Whether any entry was altered, removed or moved."""
    entitled(request, "audit")
    with store_of(request).db.read() as session:
        count, broken = audit.verify(session)
        head = audit.head(session)
    return page(request, "audit_verify.html", count=count, broken=broken, head=head)


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _words(value: Any) -> str:
    """A record as "key: value" pairs on one line."""
    if isinstance(value, dict):
        return "，".join(f"{k}：{_short(v)}" for k, v in value.items())
    return "" if value is None else _short(value)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:119]}…"
