"""Running the service: uvicorn with the options that the service counts on."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors.multiprocess import Multiprocess

from api.app import create_app
from api.settings import Settings
from api.transport.connections import Guarded
from api.transport.telemetry import MULTIPROCESS

log = logging.getLogger("api")
# After the grace: the databases and processes are closed, then the kernel ends what is left.
LAST_SECONDS = 5
# A worker reads the rulebook before it serves.
READY_SECONDS = 60
# A request makes thousands of short-lived objects and hardly ever a cycle.
COLLECT_AFTER = (20_000, 20, 50)


def application(settings: Settings | None = None) -> FastAPI:
    """The application of a process that does nothing else."""
    settings = settings or Settings()
    app = create_app(settings)
    Guarded.limit(settings.head_seconds, settings.connections, settings.trust_forwarded)
    _ends(app, settings.grace_seconds + LAST_SECONDS)
    # What is there now stays: the collector need not look through the rulebook again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    return app


def _ends(app: FastAPI, seconds: float) -> None:
    """Once told to stop the process ends within ``seconds``, whatever its threads are at."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(given: FastAPI) -> AsyncIterator[Any]:
        before = signal.getsignal(signal.SIGTERM)

        def stop(number: int, frame: FrameType | None) -> None:
            # An alarm that nobody handles ends the process; no Python has to run for it.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            if callable(before):
                before(number, frame)

        signal.signal(signal.SIGTERM, stop)
        threading.Thread(target=given.state.workers.warm, daemon=True).start()
        async with inner(given) as state:
            yield state

    app.router.lifespan_context = lifespan


def run(
    settings: Settings,
    door: socket.socket,
    workers: int = 1,
    announce: Callable[[], None] = lambda: None,
) -> None:
    """Serve at ``door`` until SIGTERM; requests under way are finished, for up to ``grace_seconds``.

    ``announce`` is called once it listens. With several workers every one reads its settings from
    the environment, so those given here are put there; what they count together lies in a directory
    that goes when they have gone; SIGHUP replaces one after the other, each when its successor serves.
    """
    options = {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": settings.grace_seconds,
        "http": Guarded,
        "timeout_worker_healthcheck": READY_SECONDS,
        "proxy_headers": False,
    }
    if workers == 1:
        signal.signal(signal.SIGHUP, _alone)
        _Server(uvicorn.Config(application(settings), **options), announce).run([door])  # type: ignore[arg-type]
        return
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if name in settings.model_fields_set and isinstance(value, (str, int, float)):
            os.environ[f"ADMISSION_{name.upper()}"] = str(value)
    with tempfile.TemporaryDirectory(prefix="admission-") as directory:
        _share(Path(directory), settings)
        config = uvicorn.Config(
            "api.commands.server:application",
            factory=True,
            workers=workers,
            **options,  # type: ignore[arg-type]
        )
        supervisor = _Workers(config, [door])
        threading.Thread(target=supervisor.tell, args=(announce,), daemon=True).start()
        supervisor.run()


def _alone(_number: int, _frame: object) -> None:
    log.warning("SIGHUP: one process alone cannot be replaced; use --workers 2")


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


class _Workers(Multiprocess):
    """Says when the first of them listens."""

    def tell(self, announce: Callable[[], None]) -> None:
        """Wait for the first worker that serves. For a thread of its own."""
        while not self.should_exit.wait(0.1):
            # Only who is pinged by nobody else may be asked: so by a connection, not by its pipe.
            try:
                with socket.create_connection(self.sockets[0].getsockname()[:2], 5) as asked:
                    asked.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                    if asked.recv(64).startswith(b"HTTP/1.1 200"):
                        announce()
                        return
            except OSError:
                continue


def _share(directory: Path, settings: Settings) -> None:
    """Name the shared places in the environment that workers start from, unless it names its own."""
    metrics = directory / "metrics"
    metrics.mkdir()
    os.environ.setdefault(MULTIPROCESS, str(metrics))
    if settings.shared_directory is None:
        os.environ["ADMISSION_SHARED_DIRECTORY"] = str(directory)
