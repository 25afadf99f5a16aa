"""Which passwords are refused, and that hashing many costs no more than hashing a few."""

from __future__ import annotations

import threading

import pytest

from api.errors import Invalid
from api.store import passwords
from api.transport.problems import ProblemError
from tests.support import join_all


@pytest.mark.parametrize(
    "text",
    [
        "short",
        "x" * 201,
        "password1234",
        "Password!2026",
        "qwertyuiop123",
        "1234567890123",
        "2026-12-01!!",
        "abcabcabcabc",
        "passwordpassword",
        "aaaaaaaaaaaaaaa",
        "zhangwei2026",
        "Zhangwei!!!!",
    ],
)
def test_what_everybody_tries_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        passwords.check(text, "zhangwei", "张伟")


@pytest.mark.parametrize(
    "text",
    ["long enough to type", "correct horse battery", "春眠不觉晓处处闻啼鸟夜来", "x7-Qpl_9vRt2z"],
)
def test_a_sentence_is_taken(text: str) -> None:
    passwords.check(text, "zhangwei", "张伟")
    kept = passwords.made(text)
    assert passwords.fits(text, kept.hash)
    assert not passwords.fits(text + "x", kept.hash)
    assert not passwords.fits(text, None)
    assert not kept.first
    assert passwords.made().first


def test_no_more_than_a_few_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now, most, lock = 0, 0, threading.Lock()
    begun = threading.Barrier(passwords.AT_ONCE)

    class Slow:
        def verify(self, *_: str) -> bool:
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            begun.wait(30)
            with lock:
                now -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Slow)
    threads = [
        threading.Thread(target=passwords.fits, args=("x", "y"))
        for _ in range(passwords.AT_ONCE * 5)
    ]
    for thread in threads:
        thread.start()
    join_all(threads)
    assert most == passwords.AT_ONCE


def test_who_cannot_wait_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.01)
    held = [passwords._slots.acquire(timeout=1) for _ in range(passwords.AT_ONCE)]
    try:
        with pytest.raises(ProblemError) as refused:
            passwords.fits("x", None)
        assert refused.value.status == 503
    finally:
        for _ in held:
            passwords._slots.release()
