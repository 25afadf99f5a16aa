"""The audit log for auditors: who did or read what and when, and whether the chain is whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.body import parse_day
from api.choices import find_choice
from api.pages.errors import PageRoute
from api.pages.listing import Column, Kind, Listing, listing_response
from api.pages.render import page
from api.pages.session import entitled
from api.pages.words import OPINIONS, OUTCOMES, STATES, TASK_STATES, VERDICTS
from api.routes.stateless import CurrentJudge
from api.security import store_of
from api.store import accounts, audit, auditlist
from api.store.auditlist import AuditFilter
from api.store.proposals import STATES as PROPOSAL_STATES
from api.telemetry import request_id

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
    "account.password_fail": "改密码时原密码不对",
    "account.roles": "改角色", "audit.export": "导出审计日志", "commitment.promise": "登记承诺",
    "commitment.report": "填报实绩", "database.downgrade": "退回数据库结构", "decision.read": "查看结论", "draft.create": "新建草稿",
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
    "account": "账号", "attachment": "附件", "audit": "审计日志", "commitment": "承诺", "database": "数据库", "decision": "结论", "draft": "草稿",
    "key": "密钥", "project": "项目", "proposal": "提案", "publication": "发布", "ruleset": "规则集",
    "task": "会审事项",
}  # fmt: skip
# What the records' keys mean; a key that is not here is shown as it is.
KEYS = {
    "active": "启用", "after": "从这一条之后", "approved_by": "批准人", "attachment": "附件",
    "attachments": "附件", "authority": "批准依据", "base": "起草自第几次发布",
    "broken_invariants": "不成立的不变式", "comment": "意见", "decision": "结论编号",
    "department": "部门", "digest": "摘要", "display_name": "姓名", "document_number": "批准文号",
    "dossier_digest": "材料摘要", "due_on": "期限", "effective_on": "生效日期", "errors": "错误",
    "estimated": "期限为估算", "external": "统一身份认证", "failed_cases": "不通过的案例",
    "file": "文件种类", "files": "文件", "identity": "规则集", "invariant": "不变式", "kind": "事项",
    "machine": "系统结论", "moved": "结论改变", "name": "名称", "note": "说明", "number": "编号",
    "on": "日期", "opinion": "意见", "outcome": "结论", "override": "一事一议", "part": "看了什么",
    "promised": "承诺", "read_only": "只读", "reason": "理由", "revision": "稿", "revoked": "已撤销",
    "roles": "角色", "rollback": "回退到第几次发布", "ruleset": "规则集", "run": "第几次检查",
    "size": "字节", "state": "状态", "supervision": "督办编号", "text": "文本摘要", "title": "标题",
    "value": "实绩", "verdict": "结论", "version": "版", "workdays": "工作日",
}  # fmt: skip
CODED = {"verdict", "machine", "state", "opinion", "outcome", "part"}
VALUES = {
    **VERDICTS, **STATES, **TASK_STATES, **PROPOSAL_STATES, **OPINIONS, **OUTCOMES,
    "finding": "单项结论", "decision": "结论", "opinion": "意见书", "findings": "单项结论清单",
    "replay": "重新判定",
}  # fmt: skip
_HASH = re.compile("[0-9a-f]{64}")


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
        begun = self.action.removesuffix("*")
        if self.action == begun or not any(a.startswith(begun) for a in ACTIONS):
            find_choice("action", self.action, ACTIONS)
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
    request: Request, judge: CurrentJudge, wanted: Annotated[Wanted, Depends()],
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:  # fmt: skip
    """The log, newest first."""
    entitled(request, "audit")
    with store_of(request).db.read() as session:
        found = auditlist.find(session, wanted.filter, before, PAGE + 1)
        people = accounts.display_names(session)
    return page(
        request, "audit.html", entries=found[:PAGE], people=people, wanted=wanted, actions=ACTIONS,
        subject_words=subject_words, words=_words, before=before, name=judge.ruleset.registry.department,
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


def _words(value: Any, department: Callable[[str], str]) -> str:
    """A record as pairs on one line, in words where there are words."""
    if isinstance(value, dict):
        named = {
            k: department(v) if k == "department" and isinstance(v, str) else v
            for k, v in value.items()
        }
        return "，".join(f"{KEYS.get(k, k)}：{_short(v, k)}" for k, v in named.items())
    return "" if value is None else _short(value)


def _short(value: Any, key: str = "") -> str:
    if value is None:
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_short(v) for v in value) or "无"
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if _HASH.fullmatch(value):
        return f"{value[:12]}…"
    text = VALUES.get(value, value) if key in CODED else value
    return text if len(text) <= 120 else f"{text[:119]}…"
