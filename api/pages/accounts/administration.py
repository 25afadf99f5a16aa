"""Accounts for administrators: who there is, what each may do, and what waits for a second one.

What one administrator may not do alone is asked for here and confirmed by another one on the same page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from api.access.login import proved_by_form
from api.access.security import proved, store_of
from api.errors import Invalid, StoreError
from api.judging.current import reading_judge
from api.pages.accounts.audit_words import record_words
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.pages.frame.words import role_label
from api.store import accounts, administration, auditlist, factors, passwords, seconds
from api.store.actions import ACTIONS
from api.store.administration import Outcome
from api.store.auditlist import AuditFilter
from api.store.evidence import SEALED
from api.store.seconds import APPROVING
from api.store.work import Work
from api.transport.parameters import Id
from api.transport.seen import seen_in
from api.transport.telemetry import request_id

router = APIRouter(prefix="/accounts", include_in_schema=False, route_class=PageRoute)
Name = Annotated[str, Path(max_length=200)]
KINDS = {
    seconds.ROLES: "改角色",
    seconds.PASSWORD: "重设密码",
    seconds.ACTIVE: "恢复使用",
    seconds.FACTORS: "清除第二重验证",
}
# What of an account's own history an administrator sees on its page, newest first.
ENTRIES = 20


def _roles(request: Request) -> dict[str, str]:
    """Every role there is, and what it is called."""
    registry = reading_judge(request).ruleset.registry
    known = (*accounts.FIXED_ROLES, *(f"department:{d}" for d in registry.reviewers))
    return {role: role_label(role, registry.departments) for role in known}


def _list_page(
    request: Request,
    *,
    status: int = 200,
    told: str = "",
    secret: tuple[str, str] | None = None,
    wrong: tuple[str, str] | None = None,
    given: dict[str, list[str]] | None = None,
) -> Response:
    """``secret`` is whose password is shown this once, ``wrong`` the field and what is wrong with it."""
    actor = entitled(request, "accounts")
    with store_of(request).db.read() as session:
        everybody = accounts.list_accounts(session)
        waiting = [r for r in seconds.listed(session, _now()) if r.state == "open"]
    return page(
        request,
        "accounts.html",
        status,
        accounts=everybody,
        people={a.name: a.display_name for a in everybody},
        waiting=waiting,
        kinds=KINDS,
        roles=_roles(request),
        approving=APPROVING,
        proved=proved(request),
        days=seconds.DAYS,
        own=actor.name,
        told=told,
        secret=secret,
        wrong=wrong,
        given=given or {},
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@router.get("")
def show(request: Request) -> Response:
    """Everybody, what waits, and the form for a new account."""
    return _list_page(request)


@router.post("")
def create(request: Request, form: Form) -> Response:
    """A new account; its first password is on this page and never again."""
    actor = entitled(request, "accounts")
    given = {k: [str(v) for v in form.getlist(k)] for k in ("name", "display_name", "roles")}
    name, shown = ("".join(given[k])[:200] for k in ("name", "display_name"))
    proved_by_form(request, actor, str(form.get("password", "")))
    first = passwords.made()
    try:
        roles = accounts.check_roles(given["roles"][:100], _departments(request))
        with store_of(request).work(actor, request_id.get()) as work:
            made = administration.create(work, name, shown, roles, first)
    except Invalid as error:
        return _list_page(request, status=422, wrong=(error.field, error.detail), given=given)
    except StoreError as error:
        return _list_page(request, status=409, wrong=("name", str(error)), given=given)
    waits = "批准类角色要另一位管理员确认以后才有。" if made.waiting else ""
    told = f"已新建账号“{made.account.name}”。{waits}"
    secret = (f"账号“{made.account.name}”的首次密码", made.password or "")
    return _list_page(request, status=201, told=told, secret=secret)


def _departments(request: Request) -> tuple[str, ...]:
    return tuple(reading_judge(request).ruleset.registry.reviewers)


@router.post("/requests/{account_request_id}/confirmation")
def confirm(request: Request, form: Form, account_request_id: Id) -> Response:
    """Do what another administrator has asked for; half of a password is shown this once."""
    actor = entitled(request, "accounts")
    proved_by_form(request, actor, str(form.get("password", "")))
    with store_of(request).work(actor, request_id.get()) as work:
        view, half = seconds.confirm(work, account_request_id)
    secret = (f"账号“{view.name}”新密码的后一半", half) if half else None
    return _list_page(request, told=f"账号“{view.name}”的改动已办。", secret=secret)


@router.post("/requests/{account_request_id}/refusal")
def refuse(request: Request, form: Form, account_request_id: Id) -> Response:
    """Do not do it, or take it back."""
    del form
    with store_of(request).work(entitled(request, "accounts"), request_id.get()) as work:
        seconds.refuse(work, account_request_id)
    return _list_page(request, told="已撤去这项改动，账号没有变。")


def _account_page(
    request: Request,
    name: str,
    *,
    status: int = 200,
    told: str = "",
    secret: tuple[str, str] | None = None,
    wrong: str = "",
) -> Response:
    entitled(request, "accounts")
    ruleset = reading_judge(request).ruleset
    with store_of(request).db.read() as session:
        row = accounts.get_account(session, name)
        view, second = accounts.view_of(row), factors.listed(session, row.id)
        entries = auditlist.find(
            session, AuditFilter(subject=f"account:{view.name}"), limit=ENTRIES
        )
        people = accounts.display_names(session)
        waiting = [
            r
            for r in seconds.listed(session, _now())
            if r.state == "open" and r.account == view.name
        ]
    happened = [(e, record_words(_told(e.after), e.subject, ruleset)) for e in entries]
    return page(
        request,
        "account_of.html",
        status,
        account=view,
        second=second,
        happened=happened,
        actions=ACTIONS,
        people=people,
        waiting=waiting,
        kinds=KINDS,
        roles=_roles(request),
        approving=APPROVING,
        weighs=seconds.weighs(view.roles),
        proved=proved(request),
        told=told,
        secret=secret,
        wrong=wrong,
    )


def _told(after: Any) -> Any:
    """What an entry tells of the account, without what seals it."""
    return {k: v for k, v in after.items() if k != SEALED} if isinstance(after, dict) else after


@router.get("/{name}")
def one(request: Request, name: Name) -> Response:
    """One account: its roles and state, what has happened to it, and what can be done."""
    return _account_page(request, name)


@router.post("/{name}/roles")
def roles_of(request: Request, form: Form, name: Name) -> Response:
    """Other roles."""
    wanted = [str(r) for r in form.getlist("roles")][:100]
    seen = seen_in(form)

    def act(work: Work) -> Outcome:
        roles = accounts.check_roles(wanted, _departments(request))
        return administration.set_roles(work, name, roles, seen)

    return _acted(request, form, name, act, "角色已改")


@router.post("/{name}/active")
def active_of(request: Request, form: Form, name: Name) -> Response:
    """Block it, or let it in again."""
    active, seen = str(form.get("active", "")) == "1", seen_in(form)

    def act(work: Work) -> Outcome:
        return administration.set_active(work, name, active, seen)

    return _acted(request, form, name, act, "账号已恢复" if active else "账号已停用，登录都已退出")


@router.post("/{name}/password")
def password_of(request: Request, form: Form, name: Name) -> Response:
    """A new first password, shown this once; half of it where it takes two."""
    first, seen = passwords.made(), seen_in(form)

    def act(work: Work) -> Outcome:
        return administration.reset_password(work, name, first, seen)

    return _acted(request, form, name, act, "密码已重设，登录都已退出")


@router.post("/{name}/factors")
def factors_of(request: Request, form: Form, name: Name) -> Response:
    """Take its second factors away."""
    seen = seen_in(form)

    def act(work: Work) -> Outcome:
        return administration.clear_factors(work, name, seen)

    return _acted(request, form, name, act, "第二重验证已清除")


def _acted(
    request: Request, form: Form, name: str, act: Callable[[Work], Outcome], done: str
) -> Response:
    actor = entitled(request, "accounts")
    proved_by_form(request, actor, str(form.get("password", "")))
    try:
        with store_of(request).work(actor, request_id.get()) as work:
            outcome = act(work)
    except Invalid as error:
        return _account_page(request, name, status=422, wrong=error.detail)
    if outcome.waiting is not None:
        done = "已提出，账号还没有变：要另一位管理员在“账号”页确认"
    secret = None
    if outcome.password:
        what = "新密码的前一半，后一半在确认时给另一位管理员" if outcome.waiting else "新的首次密码"
        secret = (f"账号“{name}”{what}", outcome.password)
    return _account_page(request, name, told=f"{done}。", secret=secret)
