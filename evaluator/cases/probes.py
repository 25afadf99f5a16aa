"""Dossiers that tell a rule from a slip of it, found close to the cases that are there already.

A case that somebody wrote says what a project of the kind looks like, with round numbers. One or
two of its fields are moved: to where a comparison turns, to another word of a list, to another row
of a table. So what is found reads like the cases beside it. A definite finding is looked for first;
where there is none the solver is asked (``suggest``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.values import Item, Value
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.rulebook import ast, walk, worth
from evaluator.rulebook.criteria import INDUSTRY, Criterion, Hit, Row, lookup
from evaluator.rulebook.reads import fields_of
from evaluator.rulebook.verdict import Status

MAX_DECIMALS = 6
RANK = {Status.SATISFIED: 0, Status.VIOLATED: 0, Status.NOT_APPLICABLE: 1, Status.UNKNOWN: 2}


@dataclass(frozen=True, slots=True)
class Probe:
    """A dossier, what the rule says of it, and the fields that were moved to get there."""

    profile: Profile
    status: Status
    moved: tuple[str, ...]


@dataclass(frozen=True)
class Finder:
    """Looks for dossiers on which ``rule`` and ``slip`` differ; ``changed`` judges the slip.

    ``bases`` are the dossiers to start from, best first. ``known`` are industry codes that the
    rulebook's cases and lists name in full.
    """

    ruleset: ast.Ruleset
    rule: ast.Rule
    slip: ast.Rule
    engine: ReferenceEngine
    changed: ReferenceEngine
    day: dt.date
    bases: Sequence[Profile]
    known: Sequence[str]

    def tell(self, profile: Profile) -> Status | None:
        """The rule's status where the slip's is another one."""
        ((_, own),) = self.engine.judge([self.rule], profile, self.day)
        ((_, other),) = self.changed.judge([self.slip], profile, self.day)
        return own if own is not other else None

    def nearest(self, rank: int = 1) -> Probe | None:
        """A probe whose status is at most of that rank, with the fewest fields moved."""
        for count in (1, 2):
            for names in self._combinations(count):
                for base in self.bases:
                    for profile in self._moved(base, names):
                        status = self.tell(profile)
                        if status is not None and RANK[status] <= rank:
                            return Probe(profile, status, names)
        return None

    def at_row(self, criterion: Criterion, row: Row) -> Probe | None:
        """A probe on which the table's ``row`` decides, exactly where it turns."""
        for base in self.bases:
            placed = self._placed(base, criterion, row)
            if placed is None:
                continue
            for leaf in walk.leaves(self.rule.require):
                if isinstance(leaf, ast.Each) and leaf.criterion == criterion.id:
                    found = self._first(self._items(leaf, placed, row), (leaf.field,))
                    if found:
                        return found
            for leaf in self._compared(criterion.id):
                for name in dict.fromkeys(self._inputs(leaf)):
                    field = self.ruleset.registry.references[name]
                    moved = (placed.with_value(name, v) for v in self._turns(field, placed))
                    found = self._first(moved, (*self._keys(row), name))
                    if found:
                        return found
        return None

    # --- moving --------------------------------------------------------------------------------

    def _first(self, profiles: Iterable[Profile], names: tuple[str, ...]) -> Probe | None:
        for profile in profiles:
            status = self.tell(profile)
            if status is not None and RANK[status] == 0:
                return Probe(profile, status, names)
        return None

    def _combinations(self, count: int) -> Iterator[tuple[str, ...]]:
        fields = fields_of(self.rule, self.ruleset) | fields_of(self.slip, self.ruleset)
        yield from combinations(sorted(fields), count)

    def _moved(self, base: Profile, names: tuple[str, ...]) -> Iterator[Profile]:
        name, rest = names[0], names[1:]
        for value in self._values(name, base):
            moved = base.with_value(name, value)
            if not rest:
                yield moved
            else:
                yield from self._moved(moved, rest)

    def _values(self, name: str, profile: Profile) -> Iterator[Value]:
        field = self.ruleset.registry.references[name]
        if field.type in (FieldType.BOOL, FieldType.ENUM):
            yield from worth.choices(field)
        elif field.numeric:
            yield from self._turns(field, profile)
        elif field.type is FieldType.STR:
            yield from self._words(field)

    def _words(self, field: Field) -> Iterator[Value]:
        industry = field.name == INDUSTRY
        for rule in (self.rule, self.slip):
            for word, prefix in worth.words(rule, field, self.ruleset, self.day):
                under = worth.industries_under(word, self.known)
                yield next(under) if prefix and industry else word
        if industry:
            yield worth.ORDINARY_INDUSTRY

    def _turns(self, field: Field, profile: Profile) -> Iterable[Fraction]:
        """Where a comparison of the rule or of the slip turns, in figures that can be written."""
        numbers = (
            turn
            for rule, engine in ((self.rule, self.engine), (self.slip, self.changed))
            for turn in worth.turns(rule, field, self.ruleset, engine.values(profile, self.day))
        )
        return dict.fromkeys(number for number in numbers if _writable(field, number))

    def _items(self, leaf: ast.Each, profile: Profile, row: Row) -> Iterator[Profile]:
        """One item exactly at the row's value, before and after the slip."""
        words = next(iter(row.keys.values()), ())
        for engine in (self.engine, self.changed):
            for period in engine.ruleset.criteria[leaf.criterion].periods:
                for found in period.rows:
                    if found.place == row.place and words and found.unit is not None:
                        item = Item(words[0], found.value, found.unit)
                        yield Profile({**profile.values, leaf.field: (item,)})

    # --- rows ----------------------------------------------------------------------------------

    def _compared(self, criterion: str) -> Iterator[ast.Compare]:
        for leaf in walk.leaves(*self.rule.halves):
            if isinstance(leaf, ast.Compare) and criterion in walk.named(
                "criterion", leaf, metrics=self.ruleset.metrics
            ):
                yield leaf

    def _inputs(self, leaf: ast.Compare) -> Iterator[str]:
        for name in walk.named("field", leaf, metrics=self.ruleset.metrics):
            if self.ruleset.registry.references[name].numeric:
                yield name

    def _keys(self, row: Row) -> tuple[str, ...]:
        return tuple(d for d in row.keys if d in self.ruleset.registry.fields)

    def _placed(self, base: Profile, criterion: Criterion, row: Row) -> Profile | None:
        """The base moved to a project for which the lookup takes ``row``."""
        pinned = self._pinned(criterion.id)
        for profile in self._spread(base, criterion, row, criterion.by):
            values = profile.values
            hit = lookup(criterion, values, self.day, profile.submitted_on, pinned)
            if isinstance(hit, Hit) and hit.row.place == row.place:
                return profile
        record = any(d not in self.ruleset.registry.fields for d in row.keys)
        return base if record and not pinned else None

    def _pinned(self, criterion: str) -> dict[str, str]:
        for leaf in walk.leaves(*self.rule.halves):
            right = leaf.right if isinstance(leaf, ast.Compare) else None
            if isinstance(right, ast.CriterionRef) and right.id == criterion:
                return dict(right.keys)
        return {}

    def _spread(
        self, base: Profile, criterion: Criterion, row: Row, by: tuple[str, ...]
    ) -> Iterator[Profile]:
        if not by:
            yield base
            return
        field = self.ruleset.registry.fields.get(by[0])
        words = row.keys.get(by[0])
        if field is None:
            yield from self._spread(base, criterion, row, by[1:])
            return
        for value in self._spots(field, words, base):
            yield from self._spread(base.with_value(by[0], value), criterion, row, by[1:])

    def _spots(self, field: Field, words: tuple[str, ...] | None, base: Profile) -> Iterator[Value]:
        if words is None:
            yield from (v for v in [base.values.get(field.name)] if v is not None)
            if field.name == INDUSTRY:
                yield worth.ORDINARY_INDUSTRY
                yield from self.known
            yield from field.values
        elif field.name == INDUSTRY:
            for word in words:
                yield from worth.industries_under(word, self.known)
        elif field.numeric:
            yield from map(Fraction, words)
        else:
            yield from words


def _writable(field: Field, value: Fraction) -> bool:
    decimals = 0 if field.type is FieldType.INT else MAX_DECIMALS
    return field.admits(value) and (value * 10**decimals).denominator == 1
