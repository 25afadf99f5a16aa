"""What waits in the tests ends, and says what it waited for."""

from __future__ import annotations

import threading

import pytest

from tests.support import join_all, wait_until


def test_waiting_in_vain_fails_with_words() -> None:
    wait_until(lambda: True, "nothing", 0)
    with pytest.raises(AssertionError, match=r"waited 0\.1 s in vain: the server has started"):
        wait_until(lambda: False, "the server has started", 0.1)


def test_a_thread_that_does_not_end_is_named() -> None:
    go = threading.Event()
    quick, slow = (
        threading.Thread(target=int),
        threading.Thread(target=go.wait, name="the slow one"),
    )
    for thread in (quick, slow):
        thread.start()
    with pytest.raises(AssertionError, match=r"still running after 0\.1 s: the slow one"):
        join_all([quick, slow], 0.1)
    go.set()
    join_all([quick, slow])
