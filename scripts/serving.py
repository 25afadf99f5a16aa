"""A real server on loopback with a database of its own, for screenshots and browser tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.settings import Settings

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--lang=zh-CN",
]
# The shell without a window first: it draws the same pages in less time.
PLACES = (
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
)


def chromium_path() -> str | None:
    """The browser that the system has; None where there is none."""
    return next((p for p in PLACES if Path(p).exists()), None)


@contextmanager
def running(directory: Path, **over: Any) -> Iterator[tuple[str, FastAPI]]:
    """The address of a server, and its application; its database is kept in ``directory``.

    ``over`` are settings; without a port among them it takes a free one.
    """
    given: dict[str, Any] = {
        "database_url": f"sqlite:///{directory / 'pages.db'}",
        "rate_limit": 0,
        "log_level": "ERROR",
        "rulebook": None,
        "port": 0,
        **over,
    }
    settings = Settings(**given)
    app = create_app(settings)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=settings.port, log_level="error", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 30
    while not server.started:
        if time.monotonic() > end:
            raise RuntimeError("the server did not start")
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", app
    finally:
        server.should_exit = True
        thread.join(10)
