"""Batches of dossiers over HTTP: how many at once, where their bytes lie, and when they end.

A batch is one request: its body goes to a file of its own, is judged in a thread, and its answer is
sent while it is made. Whatever ends it (the last line, an error, the client gone, its time run out,
the server stopping), the thread is waited for and the files are removed.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

from prometheus_client import Counter
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.judging.slots import Busy, Slots
from api.settings import Settings
from api.transport.problems import ProblemError, field_error
from api.transport.telemetry import registry
from evaluator.problems.errors import AdmissionError
from evaluator.rulebook.ast import Ruleset

if TYPE_CHECKING:
    # DuckDB and Ibis take a second to import: only a batch pays for it.
    from evaluator.portfolio.batch import Batch


log = logging.getLogger("api")
PATH = "/api/v1/evaluations:batch"
NDJSON = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
PREFIX = "admission-batch-"
LOCK = "lock"
PIECE = 1 << 20  # Bytes written to the file at a time.
RETRY_SECONDS = 10
RETRY = {"Retry-After": str(RETRY_SECONDS)}
POLL_SECONDS = 0.2
# Batches that may be arriving, waiting or under way, for each that may be judged; how long one waits.
ARRIVING_EACH, WAIT_SECONDS = 4, 3.0
# Temporary space beside the body: bodies of the largest size, and megabytes.
DISK_FACTOR, LEAST_DISK = 10, 100
MAGIC = {b"PAR1": "Parquet", b"\x1f\x8b": "gzip 压缩", b"PK\x03\x04": "zip 压缩或 Excel"}
Form = Literal["ndjson", "parquet"]
HINT = f"可用：{NDJSON}（每行一份 JSON）、{PARQUET}"
GONE = "连接在答完之前断开"
rows_answered = Counter(
    "admission_batch_rows_total",
    "Rows of batches by what became of them",
    ["outcome"],
    registry=registry,
)
P = ParamSpec("P")
T = TypeVar("T")


class Batches:
    """The batches of one process: ``batch_concurrency`` are judged at once, and more may be arriving.

    Whoever sends slowly holds no place of those that are judged; half of all places are the most that
    one source gets.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.root = settings.batch_directory or Path(tempfile.gettempdir())
        self.root.mkdir(parents=True, exist_ok=True)
        self.runs: set[Run] = set()
        self.most = ARRIVING_EACH * settings.batch_concurrency
        self.slots = Slots(settings.batch_concurrency, self.most, WAIT_SECONDS)
        self._sweep()

    def open(self, source: str) -> Run:
        """Begin a batch. Raises ProblemError 503 where enough are under way."""
        mine = sum(run.source == source for run in self.runs)
        if len(self.runs) >= self.most or mine >= self.most // 2:
            raise self.busy()
        run = Run(self, self.root, source)
        self.runs.add(run)
        return run

    def busy(self) -> ProblemError:
        """What a client is told for whom there is no place."""
        return ProblemError(
            503,
            f"正在进行的批量评估已有 {len(self.runs)} 个，请 {RETRY_SECONDS} 秒后再试",
            headers=RETRY,
        )

    async def close(self) -> None:
        """End what is under way, with its files, when the server stops."""
        for run in tuple(self.runs):
            await run.close()

    def _sweep(self) -> None:
        """Remove what a process that was killed left behind: nobody holds its lock any more."""
        for directory in self.root.glob(f"{PREFIX}*"):
            try:
                with (directory / LOCK).open("rb") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(directory, ignore_errors=True)
            except OSError:
                continue


class Run:
    """One batch; everything but ``Batch`` itself happens in the event loop."""

    def __init__(self, owner: Batches, root: Path, source: str) -> None:
        self._owner = owner
        self.source = source
        self._placed = False
        self.directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        self._lock: IO[bytes] = (self.directory / LOCK).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.body = self.directory / "body"
        self.size = 0
        self.started = time.monotonic()
        self.deadline = asyncio.get_running_loop().time() + owner.settings.batch_seconds
        self.ended: Literal["gone", "late"] | None = None
        self._batch: Batch | None = None
        self._busy: asyncio.Future[Any] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._first: bytes | None = None
        self._rest: Iterator[bytes] = iter(())
        self._closing: asyncio.Future[None] | None = None

    # --- the body ------------------------------------------------------------------------------

    async def receive(self, stream: AsyncIterator[bytes], form: Form) -> None:
        """Write the body to the file. Raises ProblemError 400 for one that is empty or of another form."""
        self.body = self.directory / f"body.{form}"
        with self.body.open("wb") as file:
            held = bytearray()
            try:
                async with asyncio.timeout_at(self.deadline):
                    async for piece in stream:
                        held += piece
                        self.size += len(piece)
                        if len(held) >= PIECE:
                            await self._thread(file.write, bytes(held))
                            held.clear()
                await self._thread(file.write, bytes(held))
            except TimeoutError:
                raise self._late() from None
            except OSError as error:
                log.error("batch: %s", error)
                raise ProblemError(
                    503, "放临时文件的地方写不下了，请稍后再试", headers=RETRY
                ) from None
        if not self.size:
            raise ProblemError(400, "请求体无法读取", [field_error("A101", "请求体是空的")])
        with self.body.open("rb") as file:
            head = file.read(4)
        kind = next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)
        wanted = "Parquet" if form == "parquet" else None
        if kind != wanted:
            said = f"内容是 {kind}" if kind else "内容不是 Parquet"
            allowed = f"Content-Type 写的是 {PARQUET if form == 'parquet' else NDJSON}"
            raise ProblemError(
                400, "请求体无法读取", [field_error("A112", f"{said}，{allowed}", "", HINT)]
            )

    # --- the work ------------------------------------------------------------------------------

    async def judge(
        self, ruleset: Ruleset, form: Form, options: dict[str, Any], receive: Receive
    ) -> None:
        """Read the body and judge its first rows. Raises ProblemError."""
        self._watcher = asyncio.create_task(self._watch(receive))
        try:
            await self._owner.slots.enter(self.source)
        except Busy:
            raise self._owner.busy() from None
        self._placed = True
        try:
            await self._thread(self._begin, ruleset, form, options)
        except Exception as error:
            raise self._refusal(error) from error

    def _begin(self, ruleset: Ruleset, form: Form, options: dict[str, Any]) -> None:
        from evaluator.portfolio.batch import Batch, Options

        settings = self._owner.settings
        chosen = Options(
            rows=settings.batch_rows,
            memory=settings.batch_memory,
            disk=f"{settings.batch_limit * DISK_FACTOR // 10**6 + LEAST_DISK}MB",
            **options,
        )
        self._batch = Batch(ruleset, self.body, form, self.directory, chosen)
        if self.ended:
            self._batch.stop()
        self._batch.prepare()
        if form == "ndjson" and not self._batch.totals.rows:
            raise ProblemError(400, "请求体无法读取", [field_error("A101", "请求体里没有材料")])
        self._rest = self._batch.blocks()
        self._first = next(self._rest, None)

    async def blocks(self, head: dict[str, Any]) -> AsyncGenerator[bytes]:
        """The whole answer, whole lines at a time: ``head``, a line a row, the summary or an error."""
        assert self._batch is not None
        yield line({**head, "rows": self._batch.totals.rows})
        block = self._first
        try:
            while block is not None:
                yield block
                block = await self._thread(next, self._rest, None)
        except Exception as error:
            if self.ended == "gone":
                log.info("batch: the client has gone")
                return
            refused = self._refusal(error)
            log.error("batch: ended after the answer had begun: %r", error)
            yield line({"type": "error", "status": refused.status, "detail": refused.detail})
            return
        totals = self._batch.totals
        rows_answered.labels("judged").inc(totals.judged)
        rows_answered.labels("rejected").inc(totals.rejected)
        seconds = time.monotonic() - self.started
        log.info(
            "batch: %d bytes, %d rows, %d judged, %d rejected, %.1f s",
            self.size,
            totals.rows,
            totals.judged,
            totals.rejected,
            seconds,
        )
        yield line({"type": "summary", **totals.as_data()})

    def _refusal(self, error: Exception) -> ProblemError:
        """What an error means for the client. Raises the error where it is none of the client's."""
        from evaluator.portfolio.batch import Stopped, TooLarge, Unreadable

        if isinstance(error, ProblemError):
            return error
        if isinstance(error, Stopped):
            return self._late() if self.ended == "late" else ProblemError(400, GONE)
        if isinstance(error, TooLarge):
            return ProblemError(413, str(error))
        if isinstance(error, Unreadable):
            return ProblemError(400, "请求体无法读取", [field_error("A111", str(error))])
        if isinstance(error, AdmissionError):
            return ProblemError(422, "材料不能批量评估", [field_error("A113", str(error))])
        if self._first is not None:
            log.exception("batch: unhandled error")
            return ProblemError(500, "系统内部错误，已记入日志，请凭请求编号联系管理员")
        raise error

    def _late(self) -> ProblemError:
        limit = self._owner.settings.batch_seconds
        return ProblemError(
            503,
            f"批量评估超过 {limit} 秒没有完成，请分几次提交",
            headers=RETRY,
        )

    async def _thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in a thread that is known of: ``close`` waits for it even where this is cancelled."""
        self._busy = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
        result: T = await asyncio.shield(self._busy)
        return result

    async def _watch(self, receive: Receive) -> None:
        """Stop the work when the client has gone or the time has run out."""
        try:
            async with asyncio.timeout_at(self.deadline):
                while (await receive())["type"] != "http.disconnect":
                    pass
            self.ended = "gone"
        except TimeoutError:
            self.ended = "late"
        await self._halt()

    async def _halt(self) -> None:
        while self._busy is not None and not self._busy.done():
            if self._batch is not None:
                self._batch.stop()
            await asyncio.wait({self._busy}, timeout=POLL_SECONDS)
        if self._batch is not None:
            self._batch.stop()

    # --- the end -------------------------------------------------------------------------------

    async def close(self) -> None:
        """End the work, wait for it, and remove the files; done even where the caller is cancelled."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            if self._watcher is not None:
                self._watcher.cancel()
                await asyncio.wait({self._watcher})
            self.ended = self.ended or "gone"
            await self._halt()
            if self._busy is not None and not self._busy.cancelled():
                self._busy.exception()  # Seen, if nobody waited for it.
            if self._batch is not None:
                self._batch.close()
        finally:
            await asyncio.to_thread(shutil.rmtree, self.directory, ignore_errors=True)
            self._lock.close()
            if self._placed:
                self._owner.slots.leave(self.source)
            self._owner.runs.discard(self)


def line(data: dict[str, Any]) -> bytes:
    """One line of an answer."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class Lines(Response):
    """An answer that is sent while it is made; the run is closed with it, however it ends."""

    media_type = NDJSON

    def __init__(self, run: Run, head: dict[str, Any], headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self.run, self.head = run, head

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        run = self.run
        try:
            # A client that does not read must not hold its place for ever.
            async with asyncio.timeout_at(run.deadline + RETRY_SECONDS):
                start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                await send(start)
                async with aclosing(run.blocks(self.head)) as blocks:
                    async for block in blocks:
                        await send({"type": "http.response.body", "body": block, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            # Without its end the client sees that the answer is not whole.
            log.warning("batch: the client does not read")
        finally:
            await run.close()
