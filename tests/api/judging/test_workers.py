"""Reading in processes of their own: limits that are kept, and errors that come back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from api.errors import Invalid
from api.judging.reading import only_profile
from api.judging.workers import MAX_ANSWER, Workers
from api.transport.problems import ProblemError
from evaluator.problems.errors import DossierError
from tests.api.judging.raising import fail, fail_unsendable
from tests.api.support import settings, shipped
from tests.support import run_async


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    made = Workers(settings(worker_processes=2, worker_seconds=1))
    yield made
    made.close()


def do(workers: Workers, work: Callable[..., Any], *args: Any) -> Any:
    return run_async(workers.run("a", work, *args))


def refusal(workers: Workers, work: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(ProblemError) as caught:
        do(workers, work, *args)
    assert caught.value.status == 422
    return str(caught.value.errors[0]["detail"] if caught.value.errors else caught.value.detail)


def test_work_is_done_in_another_process(workers: Workers) -> None:
    assert do(workers, os.getpid) != os.getpid()
    assert do(workers, dict, MappingProxyType({"a": 1})) == {"a": 1}


def test_what_takes_too_long_is_killed_and_the_next_is_done(workers: Workers) -> None:
    assert "1 秒没有读完" in refusal(workers, time.sleep, 3600)
    # Work that never comes back to Python cannot put its end off either.
    assert "1 秒没有读完" in refusal(workers, pow, 3, 10**9)
    assert do(workers, abs, -1) == 1


def test_what_takes_too_much_memory_ends_and_the_next_is_done(workers: Workers) -> None:
    assert "内存超过 1000 MB" in refusal(workers, bytearray, 2_000_000_000)
    assert do(workers, abs, -1) == 1


def test_a_process_that_dies_takes_nothing_along(workers: Workers) -> None:
    assert refusal(workers, os._exit, 3) == "读取时出错，已停止"
    assert refusal(workers, os.abort) == "读取时出错，已停止"
    assert do(workers, abs, -1) == 1


def test_an_answer_that_is_too_large_is_refused(workers: Workers) -> None:
    assert "超过 20 MB" in refusal(workers, bytes, MAX_ANSWER + 1)


def test_errors_come_back_as_they_were(workers: Workers) -> None:
    with pytest.raises(DossierError) as caught:
        do(workers, only_profile, "表.xlsx", b"", shipped().registry)
    assert caught.value.problems[0].message == "文件是空的"
    with pytest.raises(Invalid) as invalid:
        do(workers, fail, Invalid("files", "不行", "改"))
    assert (invalid.value.field, invalid.value.detail, invalid.value.hint) == (
        "files",
        "不行",
        "改",
    )
    with pytest.raises(RuntimeError, match="Unsendable"):
        do(workers, fail_unsendable)
    assert do(workers, abs, -1) == 1


SERVER = """
import asyncio, os, sys, time
from api.judging.workers import Workers
from api.settings import Settings

if __name__ == "__main__":
    workers = Workers(Settings(worker_processes=1))
    print(asyncio.run(workers.run("a", os.getpid)), flush=True)
    time.sleep(3600)
"""


def test_no_process_outlives_a_server_that_was_killed(tmp_path: Path) -> None:
    program = tmp_path / "server.py"
    program.write_text(SERVER)
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        os.kill(worker, 0)
        server.send_signal(signal.SIGKILL)
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the reading process goes on")
