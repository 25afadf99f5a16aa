"""Running the service: uvicorn with the options that the service counts on."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.settings import Settings
from api.transport.telemetry import MULTIPROCESS

GRACE_SECONDS = 30
# A request makes thousands of short-lived objects and hardly ever a cycle.
COLLECT_AFTER = (20_000, 20, 50)


def application(settings: Settings | None = None) -> FastAPI:
    """The application of a process that does nothing else."""
    app = create_app(settings)
    # What is there now stays: the collector need not look through the rulebook again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    return app


def run(settings: Settings, workers: int = 1) -> None:
    """Serve until a signal; requests under way are finished, for up to GRACE_SECONDS.

    With several workers every one reads its settings from the environment, so those given here are
    put there; what they count together lies in a directory that goes when they have gone.
    """
    options = {
        "host": settings.host,
        "port": settings.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        "proxy_headers": False,
    }
    if workers > 1:
        for name in Settings.model_fields:
            value = getattr(settings, name)
            if name in settings.model_fields_set and isinstance(value, (str, int, float)):
                os.environ[f"ADMISSION_{name.upper()}"] = str(value)
        with tempfile.TemporaryDirectory(prefix="admission-") as directory:
            _share(Path(directory), settings)
            uvicorn.run("api.commands.server:application", factory=True, workers=workers, **options)  # type: ignore[arg-type]
        return
    uvicorn.run(application(settings), **options)  # type: ignore[arg-type]


def _share(directory: Path, settings: Settings) -> None:
    """Name the shared places in the environment that workers start from, unless it names its own."""
    metrics = directory / "metrics"
    metrics.mkdir()
    os.environ.setdefault(MULTIPROCESS, str(metrics))
    if settings.shared_directory is None:
        os.environ["ADMISSION_SHARED_DIRECTORY"] = str(directory)
