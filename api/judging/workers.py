"""Untrusted files and large texts, read in processes of their own, with limits that are kept.

    data = await workers.run(source, read_form, registry, name, raw)   # in an ``async def``
    data = workers.call(source, read_form, registry, name, raw)        # in a ``def`` route or page

``read_form`` is a function at the top of a module that the processes can import; what goes in and
comes out is pickled (mapping proxies included). What it raises on purpose (InputError, ProblemError,
StoreError) is raised here again. ``source`` is who asks: ``source_of(request)``; one source never
keeps the others from their turn.

The processes are kept. One that takes longer than ``worker_seconds`` is killed, one that needs more
than ``worker_memory`` ends itself; either way the caller gets a ProblemError 422, another process takes
its place, and nothing of the server itself was at stake. Pebble is the pool: of the kept libraries
(concurrent.futures, loky, billiard) it is the one that kills the single process whose time has run out.
"""

from __future__ import annotations

import asyncio
import contextlib
import copyreg
import logging
import multiprocessing
import os
import pickle
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as TimeUp
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar, cast

import anyio.from_thread
from pebble import ProcessExpired, ProcessPool
from starlette.requests import Request

from api.judging.slots import Busy, Slots
from api.settings import Settings
from api.transport.problems import ProblemError, field_error
from api.transport.telemetry import readers
from api.transport.uploads import size_words

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger("api")
# How a process ends that has used up its memory.
NO_MEMORY = 77
RETRY_SECONDS = 5
# Requests that may wait for each process, and for how long.
WAITING_EACH, WAITING_SECONDS = 8, 20.0
# After so many pieces of work a process makes way for a fresh one: no leak grows for ever.
RENEWED_AFTER = 500
MAX_ANSWER = 20_000_000  # Bytes.
# Read once, in the process that the others are forked from.
PRELOADED = ("api.judging.reading", "api.judging.trial", "evaluator.dossier.sheets")


def _proxy(data: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(data)


# Rulebooks and dossiers are made of read-only mappings, which pickle alone does not know.
copyreg.pickle(MappingProxyType, lambda mapping: (_proxy, (dict(mapping),)))


def source_of(request: Request) -> str:
    """Who asks, for sharing out: the address that the request came from."""
    return str(request.scope.get("admission.source", "-"))


class Workers:
    """The processes of one server process; they start when they are first needed."""

    def __init__(self, settings: Settings) -> None:
        self.seconds, self.memory = settings.worker_seconds, settings.worker_memory
        self.count = settings.worker_processes
        self.slots = Slots(self.count, self.count * WAITING_EACH, WAITING_SECONDS)
        self._pool: ProcessPool | None = None
        self._lock = threading.Lock()

    async def run(self, source: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``work`` returns, done in one of the processes. Raises ProblemError 422 or 503."""
        payload = await asyncio.to_thread(pickle.dumps, (work, args, kwargs))
        answer = await self._done(source, payload)
        return cast("T", await asyncio.to_thread(_opened, answer))

    def call(self, source: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same, for code that runs in a thread of the server's event loop."""
        payload = pickle.dumps((work, args, kwargs))
        return cast("T", _opened(anyio.from_thread.run(self._done, source, payload)))

    async def _done(self, source: str, payload: bytes) -> bytes:
        try:
            async with self.slots.take(source):
                pool = await asyncio.to_thread(self._ready)
                future = pool.schedule(_bounded, (payload,), timeout=self.seconds)
                # A request that is cancelled takes its work along: Pebble kills the process.
                return await asyncio.wrap_future(future)
        except Busy:
            readers.labels("busy").inc()
            raise ProblemError(
                503,
                f"正在读取的文件较多，请 {RETRY_SECONDS} 秒后再试",
                headers={"Retry-After": str(RETRY_SECONDS)},
            ) from None
        except TimeUp:
            readers.labels("time").inc()
            raise self._refusal(f"{self.seconds:g} 秒没有读完，已停止") from None
        except ProcessExpired as error:
            readers.labels("memory" if error.exitcode == NO_MEMORY else "ended").inc()
            if error.exitcode == NO_MEMORY:
                size = f"{self.memory // 1_000_000} MB"
                raise self._refusal(f"读取时要用的内存超过 {size}，已停止") from None
            log.error("a reading process ended by itself: %s", error.exitcode)
            raise self._refusal("读取时出错，已停止") from None

    @staticmethod
    def _refusal(detail: str) -> ProblemError:
        hint = "只留要用的内容，或分成几份"
        return ProblemError(422, "内容过于复杂", [field_error("A116", detail, "", hint)])

    def _ready(self) -> ProcessPool:
        with self._lock:
            if self._pool is None or not self._pool.active:
                self._pool = _start(self.count, self.memory)
            return self._pool

    def warm(self) -> None:
        """Start the processes now, before somebody waits for them."""
        self._ready()

    def close(self) -> None:
        """End the processes at once, and whatever they were at."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()


def for_documents(settings: Settings) -> Settings:
    """The settings of the processes that read Word, PDF and scans, which take longer and more."""
    return settings.model_copy(
        update={
            "worker_processes": settings.document_processes,
            "worker_seconds": settings.document_seconds,
            "worker_memory": settings.document_memory,
        }
    )


def _start(count: int, memory: int) -> ProcessPool:
    # The fork server never ran a thread, so that its children start clean and within milliseconds.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return ProcessPool(count, RENEWED_AFTER, _limit, (memory,), context)


def _limit(memory: int) -> None:
    """First thing in a new process."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # To be killed it must not first have to run Python, as Pebble's own handler does.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        os.nice(5)


def _bounded(payload: bytes) -> bytes:
    """Do the work of ``payload``; only bytes pass through the pool, so that nothing can break it."""
    try:
        work, args, kwargs = pickle.loads(payload)
        try:
            answer: tuple[bool, Any] = True, work(*args, **kwargs)
        except Exception as error:
            answer = False, _portable(error)
        packed = pickle.dumps(answer)
    except MemoryError:
        # What is left of the memory is in pieces: the next piece of work gets a fresh process.
        os._exit(NO_MEMORY)
    if len(packed) > MAX_ANSWER:
        return pickle.dumps((False, ProblemError(422, f"读出的内容超过 {size_words(MAX_ANSWER)}")))
    return packed


def _portable(error: Exception) -> Exception:
    """The error where it can be sent, else one that says what it was."""
    if isinstance(error, MemoryError):
        raise error
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _opened(answer: bytes) -> Any:
    good, value = pickle.loads(answer)
    if good:
        return value
    raise value
