"""Who is looking, and whether a form that came in is one that this service gave out.

The CSRF token is made from the session's own secret, so it needs no store; another site can
neither read it nor guess it. A form from another site's page is refused even without a session.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from api.access.security import SAFE, allowed, find_actor, foreign, session_token
from api.store.work import Actor
from api.transport.forms import posted_form
from api.transport.problems import ProblemError

BIG = "big"


def actor_of(request: Request) -> Actor | None:
    """The logged-in actor, looked up once for each request."""
    if not hasattr(request.state, "page_actor"):
        request.state.page_actor = find_actor(request)
    actor: Actor | None = request.state.page_actor
    return actor


def csrf_token(request: Request) -> str:
    """The token that this session's forms carry; empty without a session."""
    token = session_token(request)
    return hashlib.sha256(f"csrf:{token}".encode()).hexdigest() if token else ""


async def form_of(request: Request) -> AsyncIterator[FormData]:
    """The posted form, its files closed afterwards. Raises ProblemError 403 where it is not ours."""
    if foreign(request):
        raise ProblemError(403, "请求来自其他网站的页面，不予受理")
    form = await posted_form(request)
    try:
        token = str(form.get("csrf", ""))
        if any("\x00" in v for v in form.values() if isinstance(v, str)):
            raise ProblemError(422, "填写的内容中含有空字符，请删去后重新提交")
        if not hmac.compare_digest(token.encode(), csrf_token(request).encode()):
            if token and await run_in_threadpool(actor_of, request) is None:
                raise ProblemError(
                    401,
                    "登录已过期，这次没有提交。请重新登录；自动保存过的申报材料在“项目”页的草稿里。",
                )
            raise ProblemError(403, "页面已过期，请返回上一页刷新后重新提交")
        yield form
    finally:
        await form.close()


Form = Annotated[FormData, Depends(form_of)]


def wants_big(request: Request) -> bool:
    """Whether the reader has asked for large type."""
    return request.cookies.get(BIG) == "1"


def safe_back(address: str) -> str:
    """A local address to go back to; the first page for anything else."""
    inside = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if inside and "\n" not in address and "\r" not in address else "/"


def entitled(request: Request, action: str | None = None) -> Actor:
    """The actor, who must be allowed ``action``, if any. Raises ProblemError 401 or 403."""
    actor = actor_of(request)
    if actor is None:
        raise ProblemError(401, "这个页面要登录后才能打开。")
    if action is not None and not allowed(actor, action):
        raise ProblemError(403, "您的角色不能查看或办理这一项。")
    if actor.read_only and request.method not in SAFE:
        raise ProblemError(403, "这个密钥只能读取。")
    return actor
