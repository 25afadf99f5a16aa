"""Impact over a portfolio file: few rows one by one, many by the columnar engine; read the same."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path

from evaluator.portfolio.duck import connect, opened, refused_rows
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.rows import dossiers
from evaluator.revision.outcome import Impact
from evaluator.revision.tally import Judges, Row, Tally, profile_of


def count_file(
    tally: Tally,
    path: Path,
    engine: str | None,
    few: int,
    as_of: dt.date | str | None = None,
    table: str | None = None,
) -> Impact:
    """Count a portfolio file; without ``engine`` fewer than ``few`` rows go to the reference.

    Raises PortfolioError or DossierError. The columnar engine raises TooWide where the dossiers need
    more digits than it has, and PortfolioError where the two rulesets do not declare the same
    fields: then the file has no one reading for it.
    """
    same = tally.old.registry.fields == tally.new.registry.fields
    with closing(connect()) as db:
        loaded = opened(db, tally.new, path, 0, table, as_of)
        tally.notes += [*loaded.said, *refused_rows(db, loaded, str(path))]
        if engine == "reference" or (engine is None and (loaded.total < few or not same)):
            judges = Judges(tally)
            for row in dossiers(db, loaded):
                after = row.profile
                before = after if same else profile_of(tally.old, after.to_dict(tally.new.registry))
                judges.count(Row(str(row.number), "", row.as_of), before, after)
            refused = loaded.total - tally.total
            tally.unread += refused
            tally.total += refused
            return tally.impact("reference", "逐份评估")
        if not same:
            raise PortfolioError("两个规则集的字段定义不同，不能用组合引擎比较；请改用逐份评估")
        from evaluator.revision.columnar import NOTE, count_loaded  # Takes long to import.

        return count_loaded(tally, db, loaded, NOTE)
