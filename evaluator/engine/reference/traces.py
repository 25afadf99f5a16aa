"""What the reference engine leaves behind: values that may be unknown, and traces of rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeVar, final

from evaluator.dossier.values import Item
from evaluator.rulebook.ast import CriterionRef, Leaf, Rule
from evaluator.rulebook.criteria import Hit, Period
from evaluator.rulebook.verdict import Status
from evaluator.values.kleene import Truth


@final
@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known: the fields that are missing, or reasons of another kind."""

    missing: tuple[str, ...]
    reasons: tuple[str, ...] = ()

    def joined(self, other: Amount) -> Unknown:
        """Both causes together."""
        if not isinstance(other, Unknown) or other is self:
            return self
        if not self.missing and not self.reasons:
            return other
        return Unknown(
            tuple(dict.fromkeys(self.missing + other.missing)),
            tuple(dict.fromkeys(self.reasons + other.reasons)),
        )


Amount = Fraction | Unknown
NOTHING = Unknown(())
T = TypeVar("T")


class ItemTrace(NamedTuple):
    """One item of a record against its row; values in the unit of the row."""

    item: Item
    truth: Truth
    value: Fraction | None
    hit: Hit | None
    reason: str | None
    missing: tuple[str, ...] = ()


class InnerRow(NamedTuple):
    """A row whose value stands within an expression; ``required`` on the right of the comparison."""

    ref: CriterionRef
    hit: Hit
    required: bool


class LeafTrace(NamedTuple):
    """One leaf: ``left`` and ``right`` for a comparison, ``hit`` the row of its criterion."""

    leaf: Leaf
    truth: Truth
    left: Amount | None = None
    right: Amount | None = None
    hit: Hit | None = None
    period: Period | None = None
    unknown: Unknown = NOTHING
    items: tuple[ItemTrace, ...] = ()
    inner: tuple[InnerRow, ...] = ()


class RuleTrace(NamedTuple):
    """One rule: the truth of both halves and every leaf, in reading order."""

    rule: Rule
    applies: Truth
    required: Truth
    status: Status
    applies_leaves: tuple[LeafTrace, ...]
    require_leaves: tuple[LeafTrace, ...]


class LazyMapping(Mapping[str, T]):
    """A mapping whose values are computed when first asked for."""

    def __init__(self, keys: Collection[str], compute: Callable[[str], T]) -> None:
        self._keys = keys
        self._compute = compute
        self._known: dict[str, T] = {}

    def __getitem__(self, key: str) -> T:
        if key not in self._known:
            if key not in self._keys:
                raise KeyError(key)
            self._known[key] = self._compute(key)
        return self._known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


@dataclass(frozen=True, slots=True)
class Assessment:
    """All rules in force on one dossier. Traces and metrics are worked out when asked for."""

    statuses: Mapping[str, Status]
    traces: Mapping[str, RuleTrace]
    metrics: Mapping[str, Amount]
