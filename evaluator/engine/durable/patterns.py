"""Conditions as patterns over prepared codes: which combinations of codes make a rule's status.

A leaf is prepared as one small integer (see prepare.py); an ``Atom`` names its slot and the codes
at which it is true and at which it is false; UNKNOWN is the third. ``branches`` lists the ways in
which a formula can have one of the wanted truths. The ways exclude each other, so that at most one
matches a dossier, and every one of them is a conjunction of positive tests: nothing is ever
concluded from a code that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FALSE, TRUE, UNKNOWN = 0, 1, 9
TRUTHS = frozenset({FALSE, TRUE, UNKNOWN})
# The sign of left minus right.
SIGNS = frozenset({-1, 0, 1, UNKNOWN})
# How strongly a truth pulls in "all": false decides, then unknown.
_RANK = {FALSE: 0, UNKNOWN: 1, TRUE: 2}


class TooLarge(Exception):
    """A formula has more branches than one pattern may hold."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One prepared code: at ``true`` it holds, at ``false`` it does not; ``codes`` is its domain."""

    slot: int
    true: frozenset[int]
    false: frozenset[int]
    codes: frozenset[int]

    def negated(self) -> Atom:
        """The opposite; unknown stays unknown."""
        return Atom(self.slot, self.false, self.true, self.codes)

    def at(self, truths: frozenset[int]) -> frozenset[int]:
        """The codes at which the truth is one of ``truths``."""
        wanted: frozenset[int] = frozenset()
        if TRUE in truths:
            wanted |= self.true
        if FALSE in truths:
            wanted |= self.false
        return wanted | ({UNKNOWN} & self.codes if UNKNOWN in truths else frozenset())


@dataclass(frozen=True, slots=True)
class Junction:
    """All or any of ``items``; negations have been pushed down to the atoms."""

    every: bool
    items: tuple[Formula, ...]


Formula = Atom | Junction
# Codes allowed for each slot; slots not named are free.
Branch = dict[int, frozenset[int]]


def _joined(a: Branch, b: Branch) -> Branch | None:
    out = dict(a)
    for slot, codes in b.items():
        codes = codes & out.get(slot, codes)
        if not codes:
            return None
        out[slot] = codes
    return out


def both(first: Sequence[Branch], second: Sequence[Branch]) -> list[Branch]:
    """The branches in which one of each list holds; impossible ones left out."""
    return [j for a in first for b in second if (j := _joined(a, b)) is not None]


def branches(formula: Formula, wanted: frozenset[int], limit: int) -> list[Branch]:
    """The exclusive ways for ``formula`` to have a truth in ``wanted``.

    Raises TooLarge where there are more than ``limit``.
    """
    ways: list[Branch] = []
    for branch in _branches(formula, wanted, limit):
        ways.append(branch)
        if len(ways) > limit:
            raise TooLarge
    return ways


def _branches(formula: Formula, wanted: frozenset[int], limit: int) -> Iterator[Branch]:
    if wanted == TRUTHS:
        yield {}
    elif isinstance(formula, Atom):
        if codes := formula.at(wanted):
            yield {formula.slot: codes}
    else:
        yield from _junction(formula.items, formula.every, wanted, limit)


def _junction(
    items: tuple[Formula, ...], every: bool, wanted: frozenset[int], limit: int
) -> Iterator[Branch]:
    """Split by the truth of the first item; truths that leave the same wish for the rest share."""
    first, rest = items[0], items[1:]
    if not rest:
        yield from _branches(first, wanted, limit)
        return
    strongest = min if every else max
    groups: dict[frozenset[int], set[int]] = {}
    for truth in sorted(TRUTHS):
        left = frozenset(r for r in TRUTHS if strongest(truth, r, key=_RANK.__getitem__) in wanted)
        groups.setdefault(left, set()).add(truth)
    for left, truths in groups.items():
        if not left:
            continue
        heads = branches(first, frozenset(truths), limit)
        if not heads:
            continue
        if left == TRUTHS:
            yield from heads
            continue
        tails = branches(Junction(every, rest), left, limit)
        yield from both(heads, tails)


def comparisons(codes: frozenset[int], domain: frozenset[int]) -> list[tuple[str, int]]:
    """Operators and constants whose conjunction holds exactly for ``codes`` within ``domain``."""
    inside, outside = sorted(codes), sorted(domain - codes)
    if len(inside) == 1:
        return [("$eq", inside[0])]
    if not outside:
        return []
    if inside[0] > outside[-1]:
        return [("$gte", inside[0])]
    if inside[-1] < outside[0]:
        return [("$lte", inside[-1])]
    return [("$neq", code) for code in outside]
