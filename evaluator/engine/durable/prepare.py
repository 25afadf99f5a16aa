"""Preparing facts: a dossier as one small integer for each distinct leaf of a ruleset.

A comparison becomes the sign of left minus right (-1, 0, 1), the other leaves become 0 or 1; what
is unknown is 9. The ruleset is compiled once to Python source that does exact integer arithmetic
(arithmetic.py), with every shared part computed once. What depends on dates — which period of a
criterion counts — is settled once for each stretch of days on which nothing changes.

INVARIANT: an engine behind this sees codes only. No decimal, text or missing value reaches it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import FieldType
from evaluator.engine.breaks import Stretches
from evaluator.engine.durable.arithmetic import Arithmetic
from evaluator.engine.durable.lookups import (
    RUNTIME,
    constant,
    each_test,
    member_options,
    table_lookup,
)
from evaluator.engine.durable.patterns import FALSE, SIGNS, TRUE, UNKNOWN, Atom, Formula, Junction
from evaluator.engine.durable.scores import comparison, score_ends
from evaluator.engine.reference.scoring import Scored
from evaluator.rulebook import ast

Codes = tuple[int, ...]
# How many stretches of days are remembered.
MAX_STRETCHES = 256
_LESS, _EQUAL, _MORE = -1, 0, 1
_HOLDS = {op: frozenset(s for s in (_LESS, _EQUAL, _MORE) if op.holds(s)) for op in ast.Op}


@dataclass(slots=True, eq=False)
class Stretch:
    """Days on which the same rules and periods count: the compiled function with their values.

    ``as_of`` is one such day. ``plan`` is room for what an engine derives from it.
    """

    as_of: dt.date
    codes: Callable[[Mapping[str, Any]], Codes]
    plan: object = None


class Preparation:
    """Collects the leaves of a ruleset, then prepares dossiers.

    ``formula`` turns conditions into formulas over slots; after ``finish`` dossiers can be
    prepared and no leaf can be added.
    """

    def __init__(self, ruleset: ast.Ruleset) -> None:
        self.ruleset = ruleset
        self._lines: list[str] = []
        self._arithmetic = Arithmetic(
            ruleset.metrics, self._lines.append, self._table, self._code_of
        )
        self._slots: dict[tuple[object, ...], int] = {}
        self._ends: dict[str, str] = {}
        self._scored: Scored | None = None
        self._domains: list[frozenset[int]] = []
        # Globals of the generated function that depend on the period in force, by name.
        self._dated: dict[str, Callable[[dt.date, dt.date], Any]] = {}
        self._tables: dict[tuple[object, ...], tuple[str, str]] = {}
        self._fixed: dict[str, Any] = dict(RUNTIME)
        self._code: CodeType | None = None
        self._spans = Stretches(ruleset)
        self._stretches: dict[tuple[int, int], Stretch] = {}

    # --- collecting ----------------------------------------------------------------------------

    def formula(self, condition: ast.Condition, positive: bool = True) -> Formula:
        """The condition over slots, negations pushed down to the leaves."""
        match condition:
            case ast.AllOf(items=items) | ast.AnyOf(items=items):
                every = isinstance(condition, ast.AllOf) is positive
                made = tuple(self.formula(i, positive) for i in items)
                return made[0] if len(made) == 1 else Junction(every, made)
            case ast.NotOf(item=item):
                return self.formula(item, not positive)
            case _:
                atom = self._leaf(condition)
                return atom if positive else atom.negated()

    def truth(self, formula: Formula) -> Atom:
        """A slot of its own for the truth of a formula that is too large for one pattern."""
        if isinstance(formula, Atom):
            return formula
        parts = [self.truth(i) for i in formula.items]
        names = [self._truth_of(p) for p in parts]
        strong, weak = (FALSE, TRUE) if formula.every else (TRUE, FALSE)
        tests = f"({', '.join(names)})"
        key = ("truth", formula.every, tuple((p.slot, p.true) for p in parts))
        source = (
            f"{strong} if {strong} in {tests} else {UNKNOWN} if {UNKNOWN} in {tests} else {weak}"
        )
        return self._flag(key, lambda: source)

    def _truth_of(self, atom: Atom) -> str:
        if atom.true == {TRUE} and atom.false == {FALSE}:
            return f"c{atom.slot}"
        table = {
            **dict.fromkeys(atom.true, TRUE),
            **dict.fromkeys(atom.false, FALSE),
            UNKNOWN: UNKNOWN,
        }
        return f"{table!r}[c{atom.slot}]"

    def finish(self) -> None:
        """Compile what was collected."""
        result = ", ".join(f"c{n}" for n in range(len(self._domains)))
        body = ["g = values.get", *self._lines, f"return ({result},)" if result else "return ()"]
        source = "def codes(values):\n" + "".join(f"    {line}\n" for line in body)
        self._code = compile(source, f"<prepared {self.ruleset.identity[:12]}>", "exec")

    @property
    def size(self) -> int:
        """The number of slots."""
        return len(self._domains)

    def domain(self, slot: int) -> frozenset[int]:
        """The codes a slot can have."""
        return self._domains[slot]

    # --- leaves --------------------------------------------------------------------------------

    def _leaf(self, leaf: ast.Leaf) -> Atom:
        key: tuple[object, ...]
        match leaf:
            case ast.Compare():
                return self._compare(leaf)
            case ast.Member():
                key = ("member", leaf.field, leaf.options, leaf.criterion, leaf.prefix)
                return self._flag(key, lambda: self._member(leaf))
            case ast.Known(field=field):
                key = ("known", field)
                source = f"+({self._arithmetic.raw(field)} is not None)"
                return self._flag(key, lambda: source, frozenset({FALSE, TRUE}))
            case ast.Each():
                key = ("each", leaf.field, leaf.op, leaf.criterion)
                return self._flag(key, lambda: self._each(leaf))

    def _code_of(self, condition: ast.Condition) -> str:
        """The local that holds the truth of a condition within a formula: 0, 1 or unknown."""
        return self._truth_of(self.truth(self.formula(condition)))

    def _slot(self, key: tuple[object, ...], domain: frozenset[int]) -> tuple[int, bool]:
        new = key not in self._slots
        if new:
            self._slots[key] = len(self._domains)
            self._domains.append(domain)
        return self._slots[key], new

    def _flag(
        self,
        key: tuple[object, ...],
        source: Callable[[], str],
        domain: frozenset[int] = frozenset({FALSE, TRUE, UNKNOWN}),
    ) -> Atom:
        slot, new = self._slot(key, domain)
        if new:
            line = source()
            self._lines.append(f"c{slot} = {line}")
        return Atom(slot, frozenset({TRUE}), frozenset({FALSE}), domain)

    def _compare(self, leaf: ast.Compare) -> Atom:
        if isinstance(leaf.left, ast.ScoreRef):
            return self._score(leaf, leaf.left.card)
        numbers = self._arithmetic.number(leaf.left), self._arithmetic.number(leaf.right)
        slot, new = self._slot(("compare", *numbers, leaf.rounded), SIGNS)
        holds = _HOLDS[leaf.op]
        if new:
            left, right = self._arithmetic.write(leaf.left), self._arithmetic.write(leaf.right)
            n, d = left.n, left.d
            if leaf.rounded is not None:
                self._lines.append(f"rn, rd = rounded({n}, {d}, {leaf.rounded})")
                n, d = "rn", "rd"
            self._lines.append(f"m = {n} * {right.d} - {right.n} * {d}")
            known = " and ".join(x for x in (d, right.d) if not x.isdecimal()) or "True"
            self._lines.append(f"c{slot} = (m > 0) - (m < 0) if {known} else {UNKNOWN}")
        return Atom(slot, holds, SIGNS - holds - {UNKNOWN}, SIGNS)

    def _score(self, leaf: ast.Compare, card: str) -> Atom:
        """A comparison of a card's score, which is worked out once as the interval it can lie in."""

        def source() -> str:
            ends = self._ends.get(card)
            if ends is None:
                ends = self._ends[card] = f"p{len(self._ends)}"
                name = f"P{len(self._dated)}"
                self._scored = self._scored or Scored(self.ruleset)
                self._dated[name] = score_ends(self._scored, card)
                self._lines.append(f"{ends} = {name}(values)")
            right = self._arithmetic.write(leaf.right)
            self._lines.extend(comparison(leaf.op, ends, right))
            return "s"

        key = ("score", card, leaf.op, self._arithmetic.number(leaf.right))
        return self._flag(key, source)

    def _member(self, leaf: ast.Member) -> str:
        raw = self._arithmetic.raw(leaf.field)
        name = f"S{len(self._dated)}"
        self._dated[name] = member_options(self.ruleset, leaf)
        field = self.ruleset.registry.references[leaf.field]
        several = field.type in (FieldType.CODES, FieldType.RECORD)
        if leaf.prefix:
            test = f"starts({raw}, {name})" if several else f"+{raw}.startswith({name})"
        else:
            test = f"+(not {name}.isdisjoint({raw}))" if several else f"+({raw} in {name})"
        return f"{UNKNOWN} if {raw} is None or {name} is None else {test}"

    def _each(self, leaf: ast.Each) -> str:
        name = f"E{len(self._dated)}"
        self._dated[name] = each_test(self.ruleset, leaf)
        return f"{name}({self._arithmetic.raw(leaf.field)}, values)"

    def _table(self, ref: ast.CriterionRef) -> tuple[str, str]:
        """Emit the lookup of a criterion's value."""
        criterion = self.ruleset.criteria[ref.id]
        fixed = dict(ref.keys)
        dimensions = [d for d in criterion.by if d not in fixed]
        name = f"T{len(self._dated)}"
        if not dimensions:
            self._dated[f"{name}n"] = constant(self.ruleset, ref, 0)
            self._dated[f"{name}d"] = constant(self.ruleset, ref, 1)
            return f"{name}n", f"{name}d"
        self._dated[name] = table_lookup(self.ruleset, ref)
        self._lines.append(f"k = {', '.join(self._key(d) for d in dimensions)}")
        self._lines.append(f"{name}n, {name}d = {name}[k] or {name}.find(k, values)")
        return f"{name}n", f"{name}d"

    def _key(self, dimension: str) -> str:
        """A dimension of a table as a key: a number as two integers, which hash faster."""
        field = self.ruleset.registry.references.get(dimension)
        if field is None or not field.numeric:
            return self._arithmetic.raw(dimension)
        number = self._arithmetic.field(dimension)
        return f"{number.n}, {number.d}"

    # --- preparing -----------------------------------------------------------------------------

    def stretch(self, as_of: dt.date, submitted_on: dt.date) -> Stretch:
        """What counts for a dossier accepted on ``submitted_on``, as of a date."""
        key = self._spans.of(as_of, submitted_on)
        stretch = self._stretches.get(key)
        if stretch is None:
            if len(self._stretches) >= MAX_STRETCHES:
                self._stretches.clear()
            stretch = self._stretches[key] = self._make(as_of, submitted_on)
        return stretch

    def codes(self, profile: Profile, as_of: dt.date) -> Codes:
        """The code of every slot for one dossier."""
        return self.stretch(as_of, profile.submitted_on).codes(profile.values)

    def _make(self, as_of: dt.date, submitted_on: dt.date) -> Stretch:
        assert self._code is not None, "finish() first"
        names = dict(self._fixed)
        names |= {n: make(as_of, submitted_on) for n, make in self._dated.items()}
        exec(self._code, names)
        return Stretch(as_of, names["codes"])
