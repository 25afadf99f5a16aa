"""Where tables can differ: every combination of the words they name, and one that none names.

A table is constant between the words and dates that it mentions, so whatever holds at all of these
points on all start dates holds everywhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice, product

from evaluator.rulebook.criteria import Criterion

MAX_POINTS = 20_000
OTHER = "其他"


def start_days(criteria: Iterable[Criterion]) -> list[dt.date]:
    """The days on which any of the criteria changes."""
    return sorted({p.start for c in criteria for p in c.periods})


def table_points(criteria: Iterable[Criterion]) -> Iterator[dict[str, object]]:
    """Dossier values by dimension; at most MAX_POINTS of them."""
    words: dict[str, set[str]] = {}
    for criterion in criteria:
        for period in criterion.periods:
            for row in period.rows:
                for dimension, keys in row.keys.items():
                    words.setdefault(dimension, {OTHER}).update(keys)
        for dimension in criterion.by:
            words.setdefault(dimension, {OTHER})
    names = sorted(words)
    combinations = product(*(sorted(words[n]) for n in names))
    for combination in islice(combinations, MAX_POINTS):
        yield dict(zip(names, combination, strict=True))
