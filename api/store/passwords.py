"""Passwords: which are refused, and hashing them, which few may do at once.

Argon2 takes tens of megabytes and milliseconds by design. ``AT_ONCE`` at a time, outside of any database
session, is what a login storm can cost.
"""

from __future__ import annotations

import re
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from pwdlib import PasswordHash

from api.errors import Invalid
from api.transport.problems import ProblemError

MIN_PASSWORD, MAX_PASSWORD = 12, 200
AT_ONCE = 4
WAIT_SECONDS = 10.0
_slots = threading.BoundedSemaphore(AT_ONCE)
# What is written around a common word to make it long.
_AROUND = re.compile(r"[\W\d_]+")
_REPEATED = re.compile(r"(.{1,12}?)\1+.{0,5}")
NEAR = 4


@dataclass(frozen=True, slots=True)
class Password:
    """A password and its hash. ``first``: made up here, to be replaced by its owner."""

    text: str
    hash: str
    first: bool = False


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise ProblemError(503, "正在登录的人太多，请稍后再试", headers={"Retry-After": "5"})
    try:
        yield
    finally:
        _slots.release()


def made(text: str | None = None) -> Password:
    """A password with its hash; made up where none is given. Raises ProblemError 503."""
    password = secrets.token_urlsafe(12) if text is None else text
    with _slot():
        return Password(password, _hasher().hash(password), first=text is None)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    # Checked where there is no such account, so that a refusal takes as long either way.
    return _hasher().hash(secrets.token_urlsafe(16))


def fits(password: str, kept: str | None) -> bool:
    """Whether a password is the one kept; as slow where none is. Raises ProblemError 503."""
    with _slot():
        found = _hasher().verify(password[:MAX_PASSWORD], kept or _nobodys())
    return found and kept is not None


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"]) | {"admission", "administrator"}


def check(text: str, *about: str, field: str = "password") -> None:
    """Raise Invalid for a password that is too short or long, common, or made of what is known.

    ``about``: the account's name and what it is called.
    """
    if not MIN_PASSWORD <= len(text) <= MAX_PASSWORD:
        raise Invalid(field, f"密码应有 {MIN_PASSWORD} 至 {MAX_PASSWORD} 个字符")
    plain = unicodedata.normalize("NFKC", text).casefold()
    core = _AROUND.sub("", plain)
    if plain in _common() or core in _common() or not core:
        raise Invalid(field, "这个密码太常见，或只有数字和符号，请换一个", "可以用几个不相干的词")
    if _REPEATED.fullmatch(plain) or len(set(plain)) <= NEAR:
        raise Invalid(field, "这个密码是重复的几个字符，请换一个", "可以用几个不相干的词")
    for word in about:
        known = unicodedata.normalize("NFKC", word).casefold()
        if known and known in plain and len(plain) - len(known) <= NEAR:
            raise Invalid(field, "密码里除了账号名没有别的，请换一个", "可以用几个不相干的词")
