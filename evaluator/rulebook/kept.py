"""What was made of a rulebook's texts, kept by their content, so that a command need not read them anew.

What is kept is a pickle, which runs whatever was put into it. So nothing is believed that this module
did not write, as this user: the directory and every file in it belong to the user and to nobody else,
no link is followed, and each file begins with a code over its name and content by a key that is made
once and never leaves the directory. Whatever is not so is left alone, and made again.

The key of a file is the content of the texts and of the program that read them. The directory is
``ADMISSION_CACHE``, by default ``admission`` in the user's directory of caches; ``off`` keeps nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import pickle
import secrets
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from evaluator.dossier.fields import base_text
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.files import Layers, read_directory

T = TypeVar("T")
SETTING = "ADMISSION_CACHE"
SECRET = "key"
SUFFIX = ".kept"
MOST_BYTES = 100_000_000
MOST_FILES = 40
OTHERS = 0o077
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class _Unusable(Exception):
    """The directory, or a file in it, is not this user's alone, or is not there."""


def load_kept(directory: Path) -> Ruleset:
    """``load_directory``, at once where the same texts were read before. Raises RulebookError."""
    layers = read_directory(directory)

    def load() -> Ruleset:
        from evaluator.rulebook.load import load_layers  # The grammar takes long to import.

        return load_layers(layers)

    return kept("ruleset", layers, load)


def kept(kind: str, layers: Layers, make: Callable[[], T]) -> T:
    """What ``make`` makes of these texts, or what it made of them before.

    ``kind`` names what that is. What ``make`` raises is not kept.
    """
    name = f"{_key(kind, layers)}{SUFFIX}"
    with suppress(OSError, _Unusable), _opened() as home:
        found = _read(home, name)
        if found is not None:
            with suppress(Exception):  # A pickle of classes that are no more raises anything.
                value: T = pickle.loads(found)
                return value
    made = make()
    with suppress(OSError, _Unusable), _opened() as home:
        _write(home, name, _pickled(made))
        _tidy(home)
    return made


def _key(kind: str, layers: Layers) -> str:
    digest = hashlib.sha256(f"{kind}\n{_program()}\n".encode())
    for text in (base_text(), *(t for layer, files in layers for t in (layer, *_flat(files)))):
        digest.update(f"{len(text)}\n{text}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _flat(files: Any) -> Iterator[str]:
    yield str(len(files))
    for name, text in files.items():
        yield name
        yield text


@lru_cache(maxsize=1)
def _program() -> str:
    """What tells this program, file by file, from another that would read the texts otherwise."""
    root = Path(__file__).parents[1]
    parts = [sys.version]
    for below in ("values", "problems", "reading", "dossier", "rulebook", "data"):
        for path in sorted((root / below).rglob("*")):
            if path.suffix in (".py", ".yaml", ".csv"):
                told = path.stat()
                parts.append(f"{path} {told.st_size} {told.st_mtime_ns}")
    return "\n".join(parts)


# --- the directory -------------------------------------------------------------------------------


def _home() -> Path | None:
    chosen = os.environ.get(SETTING)
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen)
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(caches) / "admission"


@contextmanager
def _opened() -> Iterator[int]:
    """A descriptor of the directory, made where it is not. Raises _Unusable, OSError."""
    home = _home()
    if home is None or not home.is_absolute():
        raise _Unusable
    home.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):
        home.mkdir(mode=0o700)
    handle = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _check_mine(os.fstat(handle))
        yield handle
    finally:
        os.close(handle)


def _check_mine(told: os.stat_result) -> None:
    if told.st_uid != os.geteuid() or told.st_mode & OTHERS:
        raise _Unusable


def _bytes(home: int, name: str) -> bytes | None:
    """A file's bytes; None where there is none. Raises _Unusable where it is not this user's alone."""
    try:
        handle = os.open(name, _READ, dir_fd=home)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        told = os.fstat(handle)
        _check_mine(told)
        if not stat.S_ISREG(told.st_mode) or told.st_nlink != 1 or told.st_size > MOST_BYTES:
            raise _Unusable
        return file.read(MOST_BYTES)


def _read(home: int, name: str) -> bytes | None:
    """What was kept by this name, if it is what was written."""
    secret, raw = _bytes(home, SECRET), _bytes(home, name)
    if secret is None or raw is None:
        return None
    code, content = raw[:32], raw[32:]
    if not hmac.compare_digest(code, _code(secret, name, content)):
        return None
    with suppress(OSError):
        os.utime(name, dir_fd=home, follow_symlinks=False)  # What is used is not tidied away.
    return content


def _write(home: int, name: str, content: bytes) -> None:
    """Keep a content, whole: written aside, then renamed."""
    secret = _bytes(home, SECRET)
    if secret is None:
        secret = secrets.token_bytes(32)
        _put(home, SECRET, secret)
        secret = _bytes(home, SECRET)  # Another process may have been first.
    if secret is None or len(secret) != 32:
        raise _Unusable
    _put(home, name, _code(secret, name, content) + content)


def _put(home: int, name: str, content: bytes) -> None:
    aside = f".{secrets.token_hex(8)}"
    with os.fdopen(os.open(aside, _WRITE, 0o600, dir_fd=home), "wb") as file:
        file.write(content)
    try:
        if name == SECRET:
            # A key that is there stays: what was written by it goes on being believed.
            with suppress(FileExistsError):
                os.link(aside, name, src_dir_fd=home, dst_dir_fd=home, follow_symlinks=False)
        else:
            os.rename(aside, name, src_dir_fd=home, dst_dir_fd=home)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(aside, dir_fd=home)


def _code(secret: bytes, name: str, content: bytes) -> bytes:
    return hmac.digest(secret, name.encode() + b"\0" + content, "sha256")


def _tidy(home: int) -> None:
    """Remove the files that were not used for longest, and what a process that died left aside."""
    used = {}
    for name in os.listdir(home):
        told = os.stat(name, dir_fd=home, follow_symlinks=False)
        if name.endswith(SUFFIX):
            used[name] = told.st_mtime
        elif name.startswith(".") and time.time() - told.st_mtime > 3600:
            os.unlink(name, dir_fd=home)
    for name in sorted(used, key=lambda n: used[n])[: max(0, len(used) - MOST_FILES)]:
        os.unlink(name, dir_fd=home)


# --- pickles -------------------------------------------------------------------------------------


class _Pickler(pickle.Pickler):
    """Pickles read-only mappings too, as copies."""

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is MappingProxyType:
            return _read_only, (dict(obj),)
        return NotImplemented


def _read_only(data: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(data)


def _pickled(value: object) -> bytes:
    out = io.BytesIO()
    _Pickler(out, pickle.HIGHEST_PROTOCOL).dump(value)
    return out.getvalue()
