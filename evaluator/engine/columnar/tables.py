"""Criterion tables as decision trees: which row a dossier takes, without looking at one.

``tree_of`` unfolds a table along its dimensions in the order of ``evaluator.rulebook.criteria.lookup``. What a
dossier's value may be is split into the words of the rows (longest industry prefix first) and the
rest; a leaf is a row, or None where the lookup misses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evaluator.rulebook.criteria import INDUSTRY, Criterion, Row


@dataclass(frozen=True, slots=True)
class Leaf:
    """The row taken, or None for a miss."""

    row: Row | None


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A choice by the value of ``dimension``; unknown where it is missing.

    ``cases`` are tried in order: prefixes for the industry code, else exact words.
    """

    dimension: str
    cases: tuple[tuple[str, Tree], ...]
    otherwise: Tree


Tree = Leaf | Split


def _by_word(rows: tuple[Row, ...], dimension: str) -> dict[str, tuple[Row, ...]]:
    words = dict.fromkeys(w for r in rows for w in r.keys.get(dimension, ()))
    return {w: tuple(r for r in rows if w in r.keys.get(dimension, ())) for w in words}


def tree_of(rows: tuple[Row, ...], dimensions: tuple[str, ...], fixed: Mapping[str, str]) -> Tree:
    """The tree of a table's rows; ``fixed`` gives dimensions whose value is known already."""
    for i, dimension in enumerate(dimensions):
        if not any(dimension in r.keys for r in rows):
            continue
        rest = dimensions[i + 1 :]
        by_word = _by_word(rows, dimension)
        default = tuple(r for r in rows if dimension not in r.keys)
        if dimension in fixed:
            rows = by_word.get(_match(by_word, dimension, fixed[dimension]), default)
            if not rows:
                return Leaf(None)
            continue
        # Longest first: C398 must be tried before C39.
        words = sorted(by_word, key=len, reverse=True) if dimension == INDUSTRY else list(by_word)
        cases = tuple((w, tree_of(by_word[w], rest, fixed)) for w in words)
        return Split(dimension, cases, tree_of(default, rest, fixed))
    return Leaf(rows[0] if rows else None)


def _match(by_word: Mapping[str, object], dimension: str, value: str) -> str:
    if dimension == INDUSTRY:
        return max((w for w in by_word if value.startswith(w)), key=len, default="")
    return value


def walk(tree: Tree) -> Iterator[Split]:
    """Every split, outermost first."""
    if isinstance(tree, Split):
        yield tree
        for _, child in tree.cases:
            yield from walk(child)
        yield from walk(tree.otherwise)


def needs(criterion: Criterion, fixed: Mapping[str, str]) -> frozenset[str]:
    """The dimensions that some period of a criterion asks a dossier for."""
    return frozenset(
        split.dimension
        for period in criterion.periods
        for split in walk(tree_of(period.rows, criterion.by, fixed))
    )
