"""One file of dossiers judged for a client: JSON lines in the order of the rows, made as they are asked
for.

The file is read and checked whole before the first line, then judged a stretch of rows at a time, so
that memory is bounded whatever the answer's size. No stretch is given out before its rows are counted.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from evaluator.engine.breaks import widened
from evaluator.engine.columnar import Layout, Plan, compile_ruleset
from evaluator.portfolio.duck import connect, sql_of
from evaluator.portfolio.errors import PortfolioError, TooManyRows
from evaluator.portfolio.findings import finding_values, findings_json
from evaluator.portfolio.intake.lines import read_lines
from evaluator.portfolio.intake.load import Loaded, load
from evaluator.portfolio.intake.opening import open_source
from evaluator.portfolio.intake.sources import Source
from evaluator.portfolio.sql import text
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.due import find_stage
from evaluator.rulebook.verdict import Verdict

log = logging.getLogger("evaluator")
NAME = "请求体"
ROWS = 20_000  # Judged at a time; a tenth of it where findings are asked for.
FEW = 20_000  # Rows that a file of any size may have.
BLOCK = 1_000  # Lines given out at a time.
STATEMENTS = 16  # Kept, for files of the same columns; each is a megabyte at most.
_statements: OrderedDict[Hashable, str] = OrderedDict()
_lock = threading.Lock()


class Unreadable(PortfolioError):
    """The file is not of the form that it is said to be."""


class TooLarge(PortfolioError):
    """More rows, memory or temporary space than the caller allows."""


class Stopped(Exception):
    """``Batch.stop`` was called."""


@dataclass(frozen=True)
class Options:
    """``as_of`` is a column or one day, ``stage`` that of all rows, the last where there is none;
    ``memory`` and ``disk`` are DuckDB's words ("1GB")."""

    as_of: str | dt.date | None = None
    stage: str | None = None
    findings: bool = False
    rows: int = 1_000_000
    memory: str = "1GB"
    disk: str = "4GB"
    threads: int | None = None


@dataclass
class Totals:
    """What has been given out; in the end judged and rejected add up to rows."""

    rows: int = 0
    judged: int = 0
    rejected: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    unused: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """As JSON data, with every verdict."""
        return {
            "rows": self.rows,
            "judged": self.judged,
            "rejected": self.rejected,
            "verdicts": {v.value: self.verdicts[v.value] for v in Verdict},
            "unused": list(self.unused),
        }


class _Guarded:
    """A connection that refuses every further statement once it is told to stop."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self.db = db
        self.stopped = False

    def execute(self, *args: Any) -> duckdb.DuckDBPyConnection:
        if self.stopped:
            raise Stopped
        return self.db.execute(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)


class Batch:
    """The dossiers of ``path`` (JSON Lines, or Parquet) judged by one ruleset.

    ``prepare`` and then ``blocks`` are for one thread at a time; ``stop`` is for any. ``directory``
    takes what does not fit into memory.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        path: Path,
        form: Literal["ndjson", "parquet"],
        directory: Path,
        options: Options,
    ) -> None:
        self.ruleset = ruleset
        self.path = path
        self.form = form
        self.options = options
        self.totals = Totals()
        self._starts: list[int] = []
        self._guard = _Guarded(connect(options.threads, options.memory))
        self._db = cast(duckdb.DuckDBPyConnection, self._guard)
        for name, value in (
            ("temp_directory", text(str(directory))),
            ("max_temp_directory_size", text(options.disk)),
            ("autoinstall_known_extensions", "false"),
            ("autoload_known_extensions", "false"),
        ):
            self._db.execute(f"SET {name} = {value}")

    def stop(self) -> None:
        """Make the work under way, and any further, end with Stopped."""
        self._guard.stopped = True
        self._guard.db.interrupt()

    def close(self) -> None:
        """Let go of memory and temporary files; no work may be under way."""
        self._guard.db.close()

    # --- reading -------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Read and check all rows, and compile the ruleset for them.

        Raises Unreadable, TooLarge, PortfolioError, TooWide or Stopped.
        """
        with _said(), self._data():
            loaded = load(self._db, self._source(), self.ruleset.registry, self.options.as_of)
            self._materialise(loaded)
        with _said():
            self._db.execute(f"PREPARE answer AS {self._statement(loaded.layout)}")

    def _source(self) -> Source:
        if self.form == "ndjson":
            read_lines(self._db, self.path, "raw_0", limit=self.options.rows)
            return Source(NAME, "SELECT * FROM raw_0", {}, lines="raw_0", wrapped=False)
        try:
            footer = f"parquet_file_metadata({text(str(self.path))})"
            row = self._db.execute(f"SELECT num_rows::BIGINT FROM {footer}").fetchone()
            opened = open_source(self._db, self.path)
        except (
            duckdb.InvalidInputException,
            duckdb.IOException,
            duckdb.SerializationException,
        ) as error:
            raise Unreadable(f"请求体不是可读的 Parquet：{self._words(error)}") from None
        except PortfolioError as error:
            raise Unreadable(str(error).replace(str(self.path), NAME)) from None
        if row and row[0] > self.options.rows:
            raise TooManyRows(f"材料有 {row[0]} 份，最多 {self.options.rows} 份")
        size = self.path.stat().st_size
        if row and row[0] > max(size, FEW):
            # Every dossier has an id of its own: no honest file needs less than a byte for each.
            raise Unreadable(f"请求体只有 {size} 字节，却说有 {row[0]} 份材料")
        return Source(NAME, opened.select, opened.columns)

    @contextmanager
    def _data(self) -> Iterator[None]:
        """What DuckDB cannot do with the data is the data's fault."""
        try:
            yield
        except (duckdb.OutOfMemoryException, duckdb.InterruptException):
            raise
        except duckdb.Error as error:
            log.warning("batch: %s", error)
            raise Unreadable(f"请求体里的数据读不了：{self._words(error)}") from None

    def _words(self, error: Exception) -> str:
        return str(error).splitlines()[0].replace(str(self.path), NAME)[:300]

    def _materialise(self, loaded: Loaded) -> None:
        """Tables of what is to be judged and of what is rejected; counted against each other."""
        self._db.execute(f"CREATE TEMP TABLE judged AS {loaded.main}")
        self._db.execute(f"CREATE TEMP TABLE rejected AS {loaded.rejects}")
        if loaded.items:
            self._db.execute(f"CREATE TEMP TABLE judged_items AS {loaded.items}")
        self._db.execute(
            "CREATE TEMP TABLE numbers AS SELECT row_id, row_number() OVER (ORDER BY row_id) AS n "
            "FROM (SELECT row_id FROM judged UNION ALL SELECT row_id FROM rejected)"
        )
        row = self._db.execute("SELECT count(*), count(DISTINCT row_id) FROM numbers").fetchone()
        if row is None or row[0] != loaded.total or row[1] != loaded.total:
            raise RuntimeError(f"{loaded.total} rows were read, {row} are to be answered")
        starts = f"SELECT row_id FROM numbers WHERE (n - 1) % {self._rows} = 0 ORDER BY row_id"
        self._starts = [r[0] for r in self._db.execute(starts).fetchall()]
        self.totals.rows, self.totals.unused = loaded.total, loaded.unused

    @property
    def _rows(self) -> int:
        return ROWS // 10 if self.options.findings else ROWS

    # --- judging -------------------------------------------------------------------------------

    def _statement(self, layout: Layout) -> str:
        """The statement that answers the rows from $1 to $2; seconds to make, so kept."""
        stage = find_stage(self.ruleset, self.options.stage)
        at = stage.id if stage is not None else None
        if layout.as_of is not None:
            # Files of other days, but of the same rules, then share a statement.
            layout = replace(layout, as_of=widened(layout.as_of, self.ruleset))
        key = (
            self.ruleset.identity,
            at,
            self.options.findings,
            layout.present,
            layout.items,
            frozenset(layout.numbers.items()),
            layout.item_number,
            layout.as_of,
            layout.submitted,
        )
        with _lock:
            known = _statements.get(key)
            if known is not None:
                _statements.move_to_end(key)
                return known
        plan = compile_ruleset(self.ruleset, layout, ("project_id", "as_of"), at)
        made = _answers(plan, layout.items, self.options.findings)
        with _lock:
            _statements[key] = made
            while len(_statements) > STATEMENTS:
                _statements.popitem(last=False)
        return made

    def blocks(self) -> Iterator[bytes]:
        """The answers, whole lines at a time; ``totals`` is right after the last.

        Raises TooLarge or Stopped, and RuntimeError where a row has got lost.
        """
        with _said():
            ends = [s - 1 for s in self._starts[1:]] + [2**62]
            for n, (start, end) in enumerate(zip(self._starts, ends, strict=False)):
                before = self.totals.judged + self.totals.rejected
                table = self._db.execute(f"EXECUTE answer({start}, {end})").to_arrow_table()
                expected = min(self._rows, self.totals.rows - n * self._rows)
                if table.num_rows != expected or table["line"].null_count:
                    raise RuntimeError(f"{expected} rows from {start}, {table.num_rows} answers")
                for pair in pc.value_counts(table["verdict"]).to_pylist():
                    if pair["values"] is None:
                        self.totals.rejected += pair["counts"]
                    else:
                        self.totals.judged += pair["counts"]
                        self.totals.verdicts[pair["values"]] += pair["counts"]
                assert self.totals.judged + self.totals.rejected == before + expected
                yield from _parts(table)


def _answers(plan: Plan, items: bool, findings: bool) -> str:
    """A SELECT of the answers to the rows from $1 to $2, in their order."""
    within = "WHERE row_id BETWEEN $1 AND $2"
    tables = {"portfolio": f"SELECT * FROM judged {within}"}
    if items:
        tables["portfolio_items"] = f"SELECT * FROM judged_items {within}"
    tables["results"] = sql_of(plan.results(lookup=True))
    parts = [
        """'{"type":"judged","row":'""",
        "r.row_id",
        """',"project_id":'""",
        "to_json(r.project_id)::VARCHAR",
        """',"as_of":"'""",
        "r.as_of",
        """'","verdict":"'""",
        "r.verdict",
        """'"'""",
    ]
    for name in ("violated", "unknown", "applicable", *(("not_due",) if plan.later else ())):
        listed = f"""'["' || replace(r."{name}", ' ', '","') || '"]'"""
        parts += [
            f"""',"{name}":'""",
            f"""CASE WHEN r."{name}" = '' THEN '[]' ELSE {listed} END""",
        ]
    joins = ""
    if findings:
        tables["statuses"] = sql_of(plan.statuses())
        tables["compared"] = sql_of(finding_values(plan))
        parts += ["""',"findings":'""", findings_json(plan, "s", "c")]
        joins = "JOIN statuses s USING (row_id) JOIN compared c USING (row_id)"
    judged = f"concat({', '.join(parts)}, '}}\n')"
    rejected = (
        """concat('{"type":"rejected","row":', row_id, ',"project_id":', """
        """coalesce(to_json(project_id)::VARCHAR, 'null'), ',"reason":', to_json(reason)::VARCHAR, '}\n')"""
    )
    given = ", ".join(f"{name} AS ({select})" for name, select in tables.items())
    return (
        f"WITH {given} SELECT line, verdict FROM ("
        f"SELECT r.row_id, {judged} AS line, r.verdict FROM results r {joins} UNION ALL "
        f"SELECT row_id, {rejected}, NULL FROM rejected {within}) ORDER BY row_id"
    )


def _parts(table: Any) -> Iterator[bytes]:
    """The column of lines as it lies in memory, some lines at a time."""
    for chunk in table["line"].cast(pa.large_string()).chunks:
        _, offsets, data = chunk.buffers()
        starts = memoryview(offsets).cast("q")[chunk.offset :]
        for at in range(0, len(chunk), BLOCK):
            end = min(at + BLOCK, len(chunk))
            yield bytes(memoryview(data)[starts[at] : starts[end]])


@contextmanager
def _said() -> Iterator[None]:
    """DuckDB's limits in our words."""
    try:
        yield
    except duckdb.InterruptException:
        raise Stopped from None
    except TooManyRows as error:
        raise TooLarge(str(error)) from None
    except duckdb.OutOfMemoryException as error:
        log.warning("batch: %s", str(error).splitlines()[0])
        raise TooLarge("材料展开后超出批量评估可用的内存或临时空间，请分几次提交") from None
