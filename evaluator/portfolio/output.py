"""Files that a run writes: whole or not at all, and CSV as a spreadsheet opens it.

A CSV begins with the mark that tells Excel that it is UTF-8, and no text of it is taken for a
formula; the pages write theirs the same way.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.sql import quote, text

MARK = "\ufeff"
# What a spreadsheet may take for a formula, in both widths.
DANGEROUS = r"(?s)^\s*[=+\-@＝＋－＠].*|^[\t\r\n].*"


def check(path: Path) -> None:
    """Raise PortfolioError unless results can be written to a file of that name."""
    if path.suffix.lower() not in (".parquet", ".csv"):
        raise PortfolioError(f"结果只能写成 .parquet 或 .csv，写的是 {path.name}")
    if path.is_dir():
        raise PortfolioError(f"“{path}”是一个目录，要写文件名")
    if not path.parent.is_dir():
        raise PortfolioError(f"没有目录“{path.parent}”，先建好")
    if not os.access(path.parent, os.W_OK):
        raise PortfolioError(f"没有权限写“{path.parent}”")


def copy(db: duckdb.DuckDBPyConnection, select: str, path: Path) -> int:
    """Write a SELECT to .parquet or .csv; the number of rows. A file that fails does not stay."""
    check(path)
    is_csv = path.suffix.lower() == ".csv"
    if is_csv:
        select = _for_spreadsheets(db, select)
    form = "FORMAT csv, HEADER" if is_csv else "FORMAT parquet"
    half = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        row = db.execute(f"COPY ({select}) TO {text(str(half))} ({form})").fetchone()
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return int(row[0]) if row else 0


def _for_spreadsheets(db: duckdb.DuckDBPyConnection, select: str) -> str:
    columns = []
    for n, (name, kind) in enumerate(r[:2] for r in db.execute(f"DESCRIBE {select}").fetchall()):
        column = quote(name)
        if kind == "VARCHAR" or kind.startswith("ENUM"):
            column = f"CASE WHEN regexp_full_match({column}, {text(DANGEROUS)}) THEN '''' || {column} ELSE {column} END"
        columns.append(f"{column} AS {quote(MARK + name if n == 0 else name)}")
    return f"SELECT {', '.join(columns)} FROM ({select})"


def written(path: Path) -> str:
    """SQL of a file of results as a table."""
    if path.suffix.lower() == ".parquet":
        return f"read_parquet({text(str(path))})"
    return (
        f"read_csv({text(str(path))}, all_varchar=true, header=true, delim=',', quote='\"', "
        "escape='\"', strict_mode=true)"
    )


@contextmanager
def staged(*targets: Path) -> Iterator[list[Path]]:
    """Names to write to; what stands there at the end, if there is no error, takes its place."""
    for target in targets:
        check(target)
    with tempfile.TemporaryDirectory(prefix=".portfolio-", dir=targets[0].parent) as directory:
        stage = [Path(directory, f"{n}{t.suffix.lower()}") for n, t in enumerate(targets)]
        yield stage
        for made, target in zip(stage, targets, strict=True):
            if made.exists():
                shutil.move(made, target)
