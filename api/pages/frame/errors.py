"""Refusals as pages: the same problem that the API gives as JSON, for people."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from api.errors import Changed
from api.pages.frame.render import page
from api.pages.frame.session import safe_back
from api.transport.middleware import BodyRefused

log = logging.getLogger("api")
MACHINE = ("/api/", "/healthz", "/readyz", "/metrics", "/static/")
LOGIN = "/api/v1/session/oidc"
NEXT = {
    401: "请登录后再打开这个页面。",
    403: "如需查看或办理，请用有相应角色的账号登录，或联系管理员开通。",
    404: "请检查地址，或从首页重新进入。",
    409: "请返回上一页刷新，看到最新内容后再办理。",
    413: "请删去表中多余的内容或图片，另存后重新上传。",
    422: "请返回上一页，按上面的说明改正后重新提交。",
    428: "请返回上一页刷新，看到最新内容后再办理。",
    429: "请稍等片刻再试。",
    405: "请从首页重新进入，不要直接打开办理的地址。",
    500: "请先返回上一页再试一次；还是不行，请记下请求编号，告知系统管理员。",
    503: "请过几秒钟再试。没有显示“已受理”“已保存”的，都没有办成，请重新办理。",
}
Handler = Callable[[Request, Any], Awaitable[Response]]


@contextmanager
def writing(text: str) -> Iterator[None]:
    """Whoever is refused because the record has changed gets back what they wrote."""
    try:
        yield
    except Changed as changed:
        told = (*changed.changes, f"您刚才写的内容：{text}") if text else changed.changes
        raise Changed(str(changed), told) from None


def _for_people(request: Request) -> bool:
    path = request.url.path
    # To and from the identity provider it is a person's browser that goes.
    if path.startswith(LOGIN) and "text/html" in request.headers.get("accept", ""):
        return True
    return not path.startswith(MACHINE)


def problem_page(request: Request, status: int, problem: dict[str, Any]) -> Response:
    """A problem as a page; an anonymous reader of what needs a login is shown the way there."""
    number = str(problem.get("instance", "")).removeprefix("urn:request:")
    here = f"{request.url.path}?{request.url.query}".removesuffix("?")
    again = here if request.method == "GET" and safe_back(here) == here else None

    def shown() -> Response:
        return page(
            request,
            "error.html",
            status,
            title=problem["title"],
            detail=problem["detail"],
            errors=problem.get("errors", ()),
            code=status,
            next=NEXT.get(status),
            number=number,
            again=again,
        )

    try:
        return shown()
    except Exception:
        # The page itself asks the database who is logged in; without one, it is a stranger's.
        log.warning("a problem's page does not know who is looking", exc_info=True)
        request.state.page_actor = None
        return shown()


def _shown(request: Request, status: int, body: bytes) -> Response:
    return problem_page(request, status, json.loads(body))


def _wrapped(handler: Handler) -> Handler:
    async def handle(request: Request, error: Any) -> Response:
        response = await handler(request, error)
        if not _for_people(request):
            return response
        body = bytes(response.body)
        # Who is looking is asked of the database, and that may take as long as it likes.
        shown = await run_in_threadpool(_shown, request, response.status_code, body)
        for name in ("retry-after",):
            if name in response.headers:
                shown.headers[name] = response.headers[name]
        return shown

    return handle


def install(app: FastAPI) -> None:
    """Show every problem as a page, except to programs."""
    for kind, handler in list(app.exception_handlers.items()):
        app.exception_handlers[kind] = _wrapped(handler)  # type: ignore[arg-type]


class PageRoute(APIRoute):
    """A route whose unforeseen errors are logged and shown as a page."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except BodyRefused:
                raise
            except Exception as error:
                handlers = request.app.exception_handlers
                if any(isinstance(kind, type) and isinstance(error, kind) for kind in handlers):
                    raise
                log.exception("page failed: %s %s", request.method, request.url.path)
                number = request.scope.get("admission.request_id", "")
                problem = {
                    "title": "系统内部错误",
                    "detail": "这个页面没有做成，已记入日志。",
                    "instance": f"urn:request:{number}",
                }
                return await run_in_threadpool(problem_page, request, 500, problem)

        return handle
