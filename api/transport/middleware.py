"""The outer edge of the service, in one pass: request id, size limit, headers, access log."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.transport.problems import MEDIA_TYPE, problem_bytes
from api.transport.ratelimit import RateLimit
from api.transport.telemetry import observe, request_id
from api.transport.uploads import size_words

access = logging.getLogger("api.access")
log = logging.getLogger("api")
# Probes and scrapes must get through when a client on the same address has run wild.
UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
# How many times its limit a body may have to be read to its end, just to be refused.
DRAINED = 4
DRAIN_SECONDS = 30
# Answers to whoever is not known, may not, comes under another name or too often: an operator's system
# looks for these lines by their ``event``.
DENIED = frozenset({401, 403, 421, 429})
_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]

# For answers that bring none of their own: a browser that opens one runs and keeps nothing.
_OTHERWISE = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}
HSTS = (b"strict-transport-security", b"max-age=31536000")

PLAIN = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>没有完成</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="stylesheet" href="/static/style.css"><main class="wide">'
    "<h1>没有完成</h1><p>{0}。</p><p>{2}</p>"
    '<p class="actions"><a class="button second" href="/">回首页</a></p>'
    '<p class="soft">请求编号：<code>{1}</code>（找管理员时请告知）</p></main></html>'
)
NEXT = {
    408: "请检查网络，返回上一页再试；填好的内容不会丢。",
    413: "请返回上一页，删去多余的内容或图片，另存后重新上传。",
    422: "请检查地址，或从首页重新进入。",
    429: "请稍等片刻，返回上一页再试；填好的内容不会丢。",
    500: "请先返回上一页再试一次；还是不行，请记下请求编号，告知系统管理员。",
}


class BodyRefused(Exception):
    """The body is not read to its end; the outer edge answers."""


class _TooLarge(BodyRefused):
    pass


class _TooSlow(BodyRefused):
    pass


@dataclass(frozen=True, slots=True)
class Pace:
    """How slow a client may be: seconds for a body, and one more for each ``rate`` bytes of it;
    seconds in which it has to take a piece of the answer."""

    body: float = 20
    rate: int = 1_000
    answer: float = 60


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """How large a request body may be, in bytes, for paths that match whole; ``what`` for people."""

    path: re.Pattern[str]
    bytes: int
    what: str = "请求体"

    @property
    def refusal(self) -> str:
        """What a client reads whose body is larger."""
        return f"{self.what}超过上限 {size_words(self.bytes)}"


class Edge:
    """ASGI middleware around the whole application; nothing raised within gets past it.

    The first of ``limits`` whose path fits counts, else ``max_body``.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_body: int,
        limit: RateLimit,
        trust_forwarded: bool = False,
        limits: Sequence[BodyLimit] = (),
        pace: Pace = Pace(),
        https: bool = False,
        hosts: Sequence[str] = (),
    ) -> None:
        self.app = app
        self.hosts = frozenset(name.lower().encode("latin-1", "replace") for name in hosts)
        self.headers = (*_HEADERS, HSTS) if https else _HEADERS
        self.limits = (*limits, BodyLimit(re.compile(".*", re.DOTALL), max_body))
        self.limit = limit
        self.trust_forwarded = trust_forwarded
        self.pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        rid = given.decode() if _ID.fullmatch(given) else uuid.uuid4().hex
        scope["admission.request_id"] = rid
        scope["admission.source"] = self._source(scope, headers)
        token = request_id.set(rid)
        body = next(b for b in self.limits if b.path.fullmatch(scope["path"]))
        exchange = _Exchange(receive, send, rid, body, self.pace)
        exchange.headers = self.headers
        exchange.otherwise = _OTHERWISE if scope["path"].startswith("/api/") else {}
        exchange.for_people = not scope["path"].startswith("/api/") and b"text/html" in headers.get(
            b"accept", b""
        )
        start = time.perf_counter()
        try:
            await self._run(scope, headers, exchange)
        finally:
            seconds = time.perf_counter() - start
            route = getattr(scope.get("route"), "path", "(none)")
            actor = scope.get("state", {}).get("actor")
            who = {"source": scope["admission.source"]}
            if actor is not None:
                who["actor"] = actor.name
            observe(scope["method"], route, exchange.status, seconds)
            if exchange.status in DENIED:
                who["event"] = "denied"
            access.log(
                logging.WARNING if exchange.status in DENIED else logging.INFO,
                "%s %s %d",
                scope["method"],
                scope["path"],
                exchange.status,
                extra={"route": route, "ms": round(seconds * 1000, 2), **who},
            )
            request_id.reset(token)

    async def _run(self, scope: Scope, headers: dict[bytes, bytes], exchange: _Exchange) -> None:
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > exchange.limit.bytes:
            if int(length) <= DRAINED * exchange.limit.bytes:
                await exchange.drain()
            await exchange.refuse(413, exchange.limit.refusal)
            return
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            await exchange.refuse(422, "地址中含有空字符")
            return
        if scope["path"] not in UNLIMITED:
            if self.hosts and _host(headers) not in self.hosts:
                await exchange.refuse(400, "这里不是请求中写的那台主机")
                return
            wait = self.limit.wait(scope["admission.source"])
            if wait:
                await exchange.refuse(429, f"请求过于频繁，请 {wait} 秒后再试", wait)
                return
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except _TooLarge:
            await exchange.drain()
            await exchange.refuse(413, exchange.limit.refusal)
        except _TooSlow:
            await exchange.refuse(408, "请求体发得太慢，已停止接收")
        except Exception:
            log.exception("unhandled error: %s %s", scope["method"], scope["path"])
            await exchange.refuse(500, "系统内部错误，已记入日志，请凭请求编号联系管理员")

    def _source(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        if self.trust_forwarded:
            forwarded = headers.get(b"x-forwarded-for", b"").split(b",")[-1].strip()
            if forwarded:
                return forwarded.decode("latin-1")
        client = scope.get("client")
        return str(client[0]) if client else "-"


def _host(headers: Mapping[bytes, bytes]) -> bytes:
    """The name that the request is for, without its port, in lower case."""
    name = headers.get(b"host", b"").lower()
    return name.partition(b"]")[0] + b"]" if name.startswith(b"[") else name.partition(b":")[0]


class _Exchange:
    def __init__(
        self, receive: Receive, send: Send, rid: str, limit: BodyLimit, pace: Pace
    ) -> None:
        self._receive, self._send = receive, send
        self._pace = pace
        self._waited = 0.0
        self.rid, self.limit = rid, limit
        self.status = 0
        self.read = 0
        self.more = True
        self.started = False
        self.for_people = False
        self.headers: Sequence[tuple[bytes, bytes]] = _HEADERS
        self.otherwise: Mapping[bytes, bytes] = {}

    async def receive(self) -> Message:
        message = await self._next()
        if message["type"] == "http.request" and self.read > self.limit.bytes:
            raise _TooLarge
        return message

    async def _next(self) -> Message:
        if self.more:
            # Only time spent waiting for the client counts, none that the service takes itself.
            left = self._pace.body + self.read / self._pace.rate - self._waited
            start = time.monotonic()
            try:
                async with asyncio.timeout(left):
                    message = await self._receive()
            except TimeoutError:
                raise _TooSlow from None
            self._waited += time.monotonic() - start
        else:
            message = await self._receive()
        self.read += len(message.get("body", b""))
        self.more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Read on without keeping anything: browsers show no answer before they have sent all."""
        with suppress(_TooSlow):
            while self.more and self.read <= DRAINED * self.limit.bytes:
                await self._next()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if message["status"] >= 400 and self.more:
                # A proxy that is still sending takes a closed connection for a broken service (502).
                with suppress(TimeoutError):
                    async with asyncio.timeout(DRAIN_SECONDS):
                        await self.drain()
            self.started = True
            self.status = message["status"]
            given = [*message.get("headers", ())]
            names = {name.lower() for name, _ in given}
            message["headers"] = [
                *given,
                *(pair for pair in self.otherwise.items() if pair[0] not in names),
                *self.headers,
                (b"x-request-id", self.rid.encode()),
            ]
        async with asyncio.timeout(self._pace.answer):
            await self._send(message)

    async def refuse(self, status: int, detail: str, retry_after: int = 0) -> None:
        """Answer with a problem, where no answer has begun."""
        if self.started:
            return
        body = problem_bytes(status, detail, (), f"urn:request:{self.rid}")
        kind = MEDIA_TYPE
        if self.for_people:
            # The application is out of reach here, so the page is a bare one.
            body, kind = (
                PLAIN.format(detail, self.rid, NEXT.get(status, "请返回上一页。")).encode(),
                "text/html; charset=utf-8",
            )
        length = str(len(body)).encode()
        head = [(b"content-type", kind.encode()), (b"content-length", length)]
        if retry_after:
            head.append((b"retry-after", str(retry_after).encode()))
        await self.send({"type": "http.response.start", "status": status, "headers": head})
        await self.send({"type": "http.response.body", "body": body})
