"""What a changed rulebook does to dossiers: verdicts, findings, scores; who moves, and why.

``impact_rows`` takes dossiers in memory (stored snapshots), ``impact_file`` a file. Many are judged
by the columnar engine, few or awkward ones by the reference; both give the same answer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from evaluator.dossier.files import read_dossiers
from evaluator.portfolio.errors import PortfolioError
from evaluator.revision.begins import first_day
from evaluator.revision.outcome import Impact
from evaluator.revision.tally import (
    Judges,
    Listed,
    Row,
    Snapshots,
    Tally,
    judge_each,
    profile_of,
)
from evaluator.rulebook.ast import Ruleset

COLUMNAR_FROM = 2_000  # Below this, compiling the query takes longer than judging one by one.
WHOLE = (".yaml", ".yml", ".json")  # Read whole or not at all, as ``admission evaluate`` does.


def impact_rows(
    old: Ruleset, new: Ruleset, rows: Sequence[Row], engine: str | None = None
) -> Impact:
    """The outcome over dossiers in memory, each as of its own day. ``engine`` forces "columnar" or
    "reference"."""
    tally = Tally(old, new)
    chosen = engine or ("columnar" if len(rows) >= COLUMNAR_FROM else "reference")
    if chosen == "reference":
        judge_each(tally, rows)
        return tally.impact("reference", "逐份评估")
    from evaluator.revision.columnar import count_stored  # DuckDB and Ibis, for many dossiers only.

    return count_stored(tally, _Held(rows), None)


def impact_stored(old: Ruleset, new: Ruleset, stored: Snapshots, directory: Path | None) -> Impact:
    """The outcome over stored dossiers. ``directory`` keeps what is the same for every proposal
    (see ``copies``); None keeps nothing.

    Where the rulesets differ only from a day on that is later than all of them, they are judged as if
    received on that day (``since``): else a standard for next month would move nothing.
    """
    tally, listed = Tally(old, new), stored.listed()
    day = first_day(old, new)
    if day is not None and all(given is not None and given < day for _, _, given in listed):
        tally.since = day
        listed = [(number, digest, day) for number, digest, _ in listed]
        stored = _Later(stored, listed)
    if len(listed) < COLUMNAR_FROM:
        days = {number: day for number, _, day in listed}
        names = stored.names(list(days))
        judge_each(tally, (Row(names[n], text, days[n]) for n, text in stored.dossiers(list(days))))
        return tally.impact("reference", "逐份评估")
    from evaluator.revision.columnar import count_stored

    return count_stored(tally, stored, directory)


def keep_copies(ruleset: Ruleset, stored: Snapshots, directory: Path) -> None:
    """Make now what ``impact_stored`` from ``ruleset`` on will want; nothing where another process
    is at it."""
    from evaluator.revision.columnar import keep

    keep(ruleset, stored, directory)


class _Later:
    """Snapshots that are all judged as of another day."""

    def __init__(self, stored: Snapshots, listed: Sequence[Listed]) -> None:
        self._stored, self._listed = stored, listed

    def listed(self) -> Sequence[Listed]:
        return self._listed

    def dossiers(self, numbers: Sequence[int]) -> Iterable[tuple[int, str]]:
        return self._stored.dossiers(numbers)

    def names(self, numbers: Sequence[int]) -> Mapping[int, str]:
        return self._stored.names(numbers)


class _Held:
    """Rows in memory as snapshots."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def listed(self) -> Sequence[Listed]:
        return [
            (n, hashlib.sha256(row.dossier.encode()).hexdigest(), row.as_of)
            for n, row in enumerate(self._rows)
        ]

    def dossiers(self, numbers: Sequence[int]) -> Iterable[tuple[int, str]]:
        return ((n, self._rows[n].dossier) for n in numbers)

    def names(self, numbers: Sequence[int]) -> Mapping[int, str]:
        return {n: self._rows[n].ref for n in numbers}


def impact_file(
    old: Ruleset,
    new: Ruleset,
    path: Path,
    engine: str | None = None,
    as_of: dt.date | str | None = None,
    table: str | None = None,
) -> Impact:
    """The outcome over a file of dossiers; ``as_of`` is one date for all, or a column's name.

    Raises DossierError, or PortfolioError for a portfolio file that cannot be read at all.
    """
    tally = Tally(old, new)
    if path.suffix.lower() not in WHOLE:
        from evaluator.revision.files import count_file

        return count_file(tally, path, engine, COLUMNAR_FROM, as_of, table)
    if engine == "columnar":
        raise PortfolioError("组合引擎不读 .yaml 和 .json；请不写 --engine")
    judges = Judges(tally)
    same = old.registry.fields == new.registry.fields
    for n, after in enumerate(read_dossiers(path, new.registry, tally.notes), 1):
        before = after if same else profile_of(old, after.to_dict(new.registry))
        day = as_of if isinstance(as_of, dt.date) else None
        judges.count(Row(str(n), "", day), before, after)
    return tally.impact("reference", "逐份评估")
