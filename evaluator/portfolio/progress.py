"""How far a long run is: its step in words, and the share of it that is done where that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Protocol

import duckdb
from rich.console import Console
from rich.progress import (
    BarColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Display,
)

# Between 0 and 1, or None while it cannot be told. Asked from another thread than the one at work.
Share = Callable[[], float | None]
ASK_SECONDS = 0.2


class Progress(Protocol):
    """Told of each step when it begins."""

    def __call__(self, what: str, share: Share | None = None) -> None: ...


def silent(what: str, share: Share | None = None) -> None:
    """Nobody looks."""


def duckdb_share(db: duckdb.DuckDBPyConnection) -> Share:
    """Of the statement that runs on a connection of ``duck.connect``."""

    def share() -> float | None:
        try:
            percent = db.query_progress()
        except duckdb.Error:  # Closed meanwhile.
            return None
        return percent / 100 if percent >= 0 else None

    return share


def spark_share(spark: Any) -> Share:
    """Tasks done of the tasks of the stages that run, as Spark tells them."""
    from py4j.protocol import Py4JError

    tracker = spark.sparkContext.statusTracker()

    def share() -> float | None:
        try:
            known = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        except (Py4JError, OSError):  # Stopped meanwhile.
            return None
        stages = [stage for stage in known if stage is not None]
        total = sum(stage.numTasks for stage in stages)
        return sum(stage.numCompletedTasks for stage in stages) / total if total else None

    return share


@contextmanager
def bar(console: Console) -> Iterator[Progress]:
    """A progress bar on ``console``: words, bar, share, time gone and time left."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("剩余"),
        TimeRemainingColumn(),
    )
    asked: list[Share | None] = [None]
    ended = Event()
    with Display(*columns, console=console, transient=True) as display:
        task = display.add_task("准备", total=None)

        def step(what: str, share: Share | None = None) -> None:
            asked[0] = share
            display.reset(task, description=what, total=None)

        def watch() -> None:
            while not ended.wait(ASK_SECONDS):
                share = asked[0]
                done = share() if share is not None else None
                if done is not None and share is asked[0]:
                    display.update(task, total=1.0, completed=done)

        watcher = Thread(target=watch, name="progress", daemon=True)
        watcher.start()
        try:
            yield step
        finally:
            ended.set()
            watcher.join()
