"""Reading a file in a process of its own, with limits of time and memory, for who has no service.

The process is killed when its time is up; what it asks of memory beyond its share it is refused.
"""

from __future__ import annotations

import multiprocessing
import resource
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from evaluator.documents.opened import refuse
from evaluator.dossier.fields import Registry
from evaluator.problems.errors import DossierError

T = TypeVar("T")
SECONDS = 120.0
MEMORY = 3_000_000_000
_HINT = "只留下写项目的部分，或分成几个文件"


def apart(
    work: Callable[[str, bytes, Registry], T],
    name: str,
    data: bytes,
    registry: Registry,
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> T:
    """What ``work`` gives for a file. Raises what it raises, and DossierError D132 at a limit."""
    # A copy of this process needs no start; with threads beside, it could stand still.
    alone = threading.active_count() == 1
    context = multiprocessing.get_context("fork") if alone else multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(there, memory, work, name, data, registry))
    process.start()
    there.close()
    try:
        if not here.poll(seconds):
            raise refuse(name, "D132", f"{seconds:g} 秒没有读完，已停止", _HINT)
        good, value = here.recv()
    except EOFError:
        size = memory // 1_000_000
        raise refuse(
            name, "D132", f"读的时候内存不够（限 {size} MB）或出错，已停止", _HINT
        ) from None
    finally:
        process.kill()
        process.join()
        here.close()
    if good:
        result: T = value
        return result
    raise value


def _work(
    there: Connection,
    memory: int,
    work: Callable[..., Any],
    name: str,
    data: bytes,
    registry: Registry,
) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        there.send((True, work(name, data, registry)))
    except DossierError as error:
        there.send((False, error))
