"""Typed copies of stored dossiers on disk, and what a ruleset says of them: a cache for impact.

A dossier is known by the SHA-256 of its text, so that a copy can be of no other dossier: it holds
after a restore, for two databases, and for whoever wrote it. Files are only ever added, each whole
(written aside, then renamed) and under the SHA-256 of its content: one that was harmed is removed,
and what is missing is made again. The directory's name tells the program and the fields by which
texts were read::

    <directory>/<program and fields>/dossiers/*.parquet     digest, good, the columns of the layout
                                              *.items       items of open records, by digest
                                     <ruleset>/*.parquet    digest, day, verdict, masks
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from math import lcm
from pathlib import Path

import duckdb

from evaluator.dossier.fields import Registry
from evaluator.engine.columnar import Layout, Number, TooWide
from evaluator.engine.columnar.exact import MAX_DIGITS
from evaluator.engine.columnar.layout import column_of, digits_of, scalar_fields
from evaluator.portfolio.sql import quote, text

log = logging.getLogger("evaluator")
DOSSIERS = "dossiers"
MOST_FILES = 40  # More are put together into one.
UNUSED_DAYS = 30
OURS = re.compile("[0-9a-f]{32}")


class Unusable(Exception):
    """A file of the cache cannot be read, though it is whole, or went while it was read."""


@dataclass(frozen=True)
class _Segment:
    """One file of dossiers; ``layout`` tells how its numbers are held."""

    number: int
    path: Path
    items: Path | None
    layout: Layout


@lru_cache(maxsize=1)
def _program() -> str:
    """A digest of all that reads and judges: another program makes copies of its own."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.yaml")]):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    digest.update("".join(version(n) for n in ("duckdb", "ibis-framework")).encode())
    return digest.hexdigest()


def digest_of(dossier: str) -> str:
    """What a dossier's text is known by."""
    return hashlib.sha256(dossier.encode()).hexdigest()


class Copies:
    """The copies for one set of fields. ``directory`` None keeps them until ``close`` only."""

    def __init__(self, directory: Path | None, registry: Registry) -> None:
        self.registry = registry
        self._own = directory is None
        self._root = Path(tempfile.mkdtemp()) if directory is None else directory
        fields = "\n".join(map(repr, registry.fields.values()))
        key = hashlib.sha256(f"{_program()}\n{fields}".encode()).hexdigest()[:32]
        self._home = self._root / key
        self._segments: list[_Segment] = []

    def close(self) -> None:
        """Give temporary files back."""
        if self._own:
            shutil.rmtree(self._root, ignore_errors=True)

    def forget(self) -> None:
        """Remove all copies of these fields: one of them was unusable."""
        shutil.rmtree(self._home, ignore_errors=True)

    @contextmanager
    def alone(self, wait: bool = True) -> Iterator[bool]:
        """Be the only one that adds copies, on this machine; others wait and then find them.

        Without ``wait`` it is False where another one is at it.
        """
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._home / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True

    def tidy(self) -> None:
        """Remove what no one has used for a month."""
        for path in (*self._root.iterdir(), *self._home.iterdir()):
            # Only what is named as ours is: the directory may hold other things.
            ours = path.is_dir() and OURS.fullmatch(path.name)
            if ours and time.time() - path.stat().st_mtime > UNUSED_DAYS * 86_400:
                shutil.rmtree(path, ignore_errors=True)

    # --- dossiers ------------------------------------------------------------------------------

    def open(self, db: duckdb.DuckDBPyConnection) -> None:
        """Make the table ``held``: digest, segment, good, of every dossier there is a copy of."""
        self._segments = []
        if self._home.exists():
            os.utime(self._home)
        for path in _whole(self._home / DOSSIERS):
            segment = self._segment(db, path, len(self._segments))
            if segment is None:
                path.unlink(missing_ok=True)
            else:
                self._segments.append(segment)
        db.execute(
            "CREATE OR REPLACE TEMP TABLE held (digest VARCHAR, segment INTEGER, good BOOLEAN)"
        )
        if self._segments:
            parts = [
                f"SELECT digest, {s.number} AS segment, good FROM read_parquet({text(str(s.path))})"
                for s in self._segments
            ]
            with _reading():
                db.execute(
                    "INSERT INTO held SELECT digest, min(segment), arg_min(good, segment) "
                    f"FROM ({' UNION ALL '.join(parts)}) GROUP BY digest"
                )

    def _segment(self, db: duckdb.DuckDBPyConnection, path: Path, number: int) -> _Segment | None:
        with _reading():
            row = db.execute(
                "SELECT decode(value) FROM parquet_kv_metadata("
                f"{text(str(path))}) WHERE decode(key) = 'layout'"
            ).fetchone()
        assert row is not None
        held = json.loads(row[0])
        items = path.parent / held["items"] if held["items"] else None
        if items is not None and not _is_whole(items):
            return None
        numbers = {n: Number(*v) for n, v in held["numbers"].items()}
        layout = Layout(
            self.registry,
            frozenset(held["present"]),
            numbers,
            items is not None,
            Number(*held["item_number"]),
        )
        return _Segment(number, path, items, layout)

    def write_dossiers(
        self, db: duckdb.DuckDBPyConnection, layout: Layout, main: str, items: str
    ) -> set[Path]:
        """Keep copies: ``main`` selects digest, good and the columns of the layout, ``items`` (or "")
        digest and the columns of the item table. To be found by the next ``open``; the files."""
        home = self._home / DOSSIERS
        listed = self._write(db, items, home, ".items") if items else None
        number = layout.item_number
        about = {
            "present": sorted(layout.present),
            "items": listed.name if listed else "",
            "numbers": {
                n: [x.digits, x.scale, x.times, x.positive] for n, x in layout.numbers.items()
            },
            "item_number": [number.digits, number.scale, number.times],
        }
        more = f", KV_METADATA {{layout: {text(json.dumps(about))}}}"
        path = self._write(db, main, home, ".parquet", more)
        return {path, listed} if listed else {path}

    def portfolio(
        self, db: duckdb.DuckDBPyConnection, wanted: str, needed: frozenset[str]
    ) -> Layout:
        """Make the tables of the portfolio layout for the good dossiers of the table ``wanted``
        (n, digest, day), with the columns of the ``needed`` fields only.

        ``row_id`` is n, ``as_of`` the day. Raises TooWide where no decimal holds all numbers.
        """
        layout = self._layout(needed)
        parts = [self._part(s, layout) for s in self._segments]
        names = ", ".join(f"t.{quote(column_of(n))}" for n in sorted(layout.present))
        with _reading():
            db.execute(
                f"CREATE OR REPLACE TEMP TABLE portfolio AS SELECT w.n AS row_id, w.day AS as_of, {names} "
                f"FROM {wanted} w JOIN held h USING (digest) JOIN ({' UNION ALL '.join(parts)}) t "
                "ON t.digest = h.digest AND t.segment = h.segment"
            )
            listed = [
                f"SELECT digest, {s.number} AS segment, field, key, kind, CAST(number * "
                f"{layout.item_number.times // s.layout.item_number.times} AS {_decimal(layout.item_number)}) "
                f"AS number FROM read_parquet({text(str(s.items))})"
                for s in self._segments
                if s.items
            ]
            if listed:
                db.execute(
                    "CREATE OR REPLACE TEMP TABLE portfolio_items AS SELECT w.n AS row_id, t.field, t.key, "
                    f"t.kind, t.number FROM {wanted} w JOIN held h USING (digest) JOIN "
                    f"({' UNION ALL '.join(listed)}) t ON t.digest = h.digest AND t.segment = h.segment"
                )
        row = db.execute("SELECT min(as_of), max(as_of) FROM portfolio").fetchone()
        days = None if row is None or row[0] is None else (row[0], row[1])
        return Layout(
            self.registry, layout.present, layout.numbers, layout.items, layout.item_number, days
        )

    def _layout(self, needed: frozenset[str]) -> Layout:
        """One way to hold the numbers of all segments."""
        layouts = [s.layout for s in self._segments]
        present = frozenset().union(*(x.present for x in layouts)) & {
            n for n in scalar_fields(self.registry) if n.partition(".")[0] in needed
        }
        numbers = {
            n: _together([x.number(n) for x in layouts if n in x.present])
            for n in present
            if self.registry.references[n].numeric
        }
        items = any(x.items for x in layouts)
        held = _together([x.item_number for x in layouts if x.items]) if items else Number(1, 0)
        return Layout(self.registry, present, numbers, items, held)

    def _part(self, segment: _Segment, layout: Layout) -> str:
        own = segment.layout
        columns = []
        for name in sorted(layout.present):
            column = quote(column_of(name))
            value = column if name in own.present else "NULL"
            if name in layout.numbers:
                held = layout.number(name)
                if name in own.present and held.times != own.number(name).times:
                    value = f"CAST({column} AS {_decimal(held)}) * {held.times // own.number(name).times}"
                value = f"CAST({value} AS {_decimal(held)})"
            columns.append(f"{value} AS {column}")
        source = f"read_parquet({text(str(segment.path))}) WHERE good"
        return f"SELECT digest, {segment.number} AS segment, {', '.join(columns)} FROM {source}"

    def compact(self, db: duckdb.DuckDBPyConnection) -> None:
        """Put many small files together into one; only inside ``alone``."""
        if len(self._segments) <= MOST_FILES:
            return
        old = list(self._segments)
        layout = self._layout(frozenset(self.registry.fields))
        names = [quote(column_of(n)) for n in sorted(layout.present)]
        db.execute(
            "CREATE OR REPLACE TEMP TABLE together AS SELECT digest, segment, good FROM held"
        )
        main = (
            f"SELECT h.digest, h.good, {', '.join(f't.{n}' for n in names)} FROM together h LEFT JOIN "
            f"({' UNION ALL '.join(self._part(s, layout) for s in old)}) t "
            "ON t.digest = h.digest AND t.segment = h.segment"
        )
        parts = [
            f"SELECT i.digest, i.field, i.key, i.kind, CAST(i.number * "
            f"{layout.item_number.times // s.layout.item_number.times} AS {_decimal(layout.item_number)}) "
            f"AS number FROM read_parquet({text(str(s.items))}) i JOIN together h "
            f"ON i.digest = h.digest AND h.segment = {s.number}"
            for s in old
            if s.items
        ]
        new = self.write_dossiers(db, layout, main, " UNION ALL ".join(parts))
        for path in (self._home / DOSSIERS).iterdir():
            # Nobody else adds any now; items left over by a harmed file go, too.
            if path not in new:
                path.unlink(missing_ok=True)
        self.open(db)

    # --- verdicts ------------------------------------------------------------------------------

    def verdicts(
        self, db: duckdb.DuckDBPyConnection, identity: str, columns: tuple[str, ...]
    ) -> None:
        """Make the table ``base``: digest, day, verdict and ``columns``, of all that is kept for a
        ruleset."""
        spec = ", ".join(f"{c} SMALLINT" for c in columns)
        db.execute(
            f"CREATE OR REPLACE TEMP TABLE base (digest VARCHAR, day DATE, verdict VARCHAR, {spec})"
        )
        home = self._home / identity[:32]
        files = _whole(home)
        if files:
            os.utime(home)
            listed = ", ".join(text(str(p)) for p in files)
            names = ", ".join(("digest", "day", "verdict", *columns))
            with _reading():
                db.execute(
                    f"INSERT INTO base SELECT DISTINCT ON (digest, day) {names} FROM read_parquet([{listed}])"
                )

    def add_verdicts(self, db: duckdb.DuckDBPyConnection, identity: str, select: str) -> None:
        """Keep verdicts: ``select`` gives the columns of ``base``; they are in ``base`` then."""
        home = self._home / identity[:32]
        db.execute(f"CREATE OR REPLACE TEMP TABLE added AS {select}")
        db.execute("INSERT INTO base SELECT * FROM added")
        old = set(home.glob("*.parquet"))
        together = len(old) >= MOST_FILES
        added = self._write(
            db, f"SELECT * FROM {'base' if together else 'added'}", home, ".parquet"
        )
        for path in old - {added} if together else ():
            path.unlink(missing_ok=True)

    def _write(
        self, db: duckdb.DuckDBPyConnection, select: str, home: Path, suffix: str, more: str = ""
    ) -> Path:
        """A file under its digest, whole or not at all."""
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = home / f"{uuid.uuid4().hex}.part"
        try:
            with _reading():
                db.execute(f"COPY ({select}) TO {text(str(part))} (FORMAT parquet{more})")
            path = home / f"{_digest(part)}{suffix}"
            with part.open("rb") as handle:
                os.fsync(handle.fileno())
            part.replace(path)
            return path
        finally:
            part.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _is_whole(path: Path) -> bool:
    try:
        return _digest(path) == path.stem
    except FileNotFoundError:
        return False


def _whole(home: Path) -> list[Path]:
    """The files whose content is what it was; others are removed."""
    files = sorted(home.glob("*.parquet"))
    good = [p for p in files if _is_whole(p)]
    for path in set(files) - set(good):
        log.warning("impact copies: %s was harmed", path.name)
        path.unlink(missing_ok=True)
    return good


@contextmanager
def _reading() -> Iterator[None]:
    """What goes wrong with a file of the cache."""
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise
    except duckdb.Error as error:
        raise Unusable(str(error).splitlines()[0]) from error


def _decimal(held: Number) -> str:
    return f"DECIMAL({held.digits}, {held.scale})"


def _together(held: list[Number]) -> Number:
    """One way to hold what is held in several. Raises TooWide."""
    times = lcm(*(x.times for x in held))
    scale = max(x.scale for x in held)
    grown = [x.digits - x.scale + digits_of(times // x.times) * (times != x.times) for x in held]
    digits = max(*grown, 0) + scale
    if digits > MAX_DIGITS:
        raise TooWide(f"数值要用 {digits} 位数，超过数据库的 {MAX_DIGITS} 位")
    return Number(max(digits, 1), scale, times, all(x.positive for x in held))
