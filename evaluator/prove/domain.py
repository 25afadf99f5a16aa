"""The space of all dossiers as solver variables: known or not, and a value within its range.

    field        variables
    number       K: Bool, V: Real or Int within the registry's range
    word, enum   K: Bool, one Bool for each representative, exactly one true
    flag         K: Bool, V: Bool
    date         K: Bool, V: Int, days since 0001-01-01
    codes        one Bool for each representative that the list may hold; known where any is
    record       for each key: present Bool, amount Real, and which unit where that is free

``profile`` turns a model back into raw dossier data, which the ordinary parser then reads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.prove.words import OTHER, classes, mentioned
from evaluator.rulebook.ast import Condition, Ruleset
from evaluator.values.numbers import exact_text
from evaluator.values.units import ONE, Unit

Bool = Any  # z3.BoolRef; z3 ships no types.
Term = Any  # z3.ArithRef
FIRST, LAST = dt.date(1900, 1, 1).toordinal(), dt.date(2200, 12, 31).toordinal()


@dataclass(frozen=True, slots=True)
class Choice:
    """One value a field of words can have, and the condition that it has it."""

    value: str | bool
    chosen: Bool


@dataclass(frozen=True, slots=True)
class Key:
    """One possible entry of a record: ``units`` lists what unit it may be in, with the condition."""

    name: str
    present: Bool
    amount: Term
    units: tuple[tuple[Unit, Bool], ...]


def rational(value: Fraction) -> Term:
    """An exact constant."""
    return z3.RealVal(f"{value.numerator}/{value.denominator}")


class Domain:
    """Variables for every field, made on first use; ``as_of`` bounds the acceptance date."""

    def __init__(
        self, rulesets: Sequence[Ruleset], as_of: dt.date, conditions: Iterable[Condition] = ()
    ) -> None:
        self.rulesets = tuple(rulesets)
        self.registry: Registry = max(
            (r.registry for r in rulesets), key=lambda registry: len(registry.fields)
        )
        self.as_of = as_of
        self.words, self.keys = mentioned(rulesets, conditions)
        self._known: dict[str, Bool] = {}
        self._terms: dict[str, Term] = {}
        self._choices: dict[str, tuple[Choice, ...]] = {}
        self._entries: dict[str, tuple[Key, ...]] = {}
        self._constraints: dict[str, list[Bool]] = {}

    def field(self, name: str) -> Field:
        """The declared field, or one key of a record."""
        return self.registry.references[name]

    # --- variables -----------------------------------------------------------------------------

    def known(self, name: str) -> Bool:
        """The condition that the field is filled in."""
        if name not in self._known:
            record, _, key = name.partition(".")
            if key:
                entry = next(e for e in self.entries(record) if e.name == key)
                self._known[name] = entry.present
            elif self.field(name).required:
                self._known[name] = z3.BoolVal(True)
            elif self.field(name).type is FieldType.RECORD:
                self._known[name] = z3.Or([e.present for e in self.entries(name)])
            elif self.field(name).type is FieldType.CODES:
                self._known[name] = z3.Or([c.chosen for c in self.choices(name)])
            else:
                self._known[name] = z3.Bool(f"known:{name}")
        return self._known[name]

    def term(self, name: str) -> Term:
        """The number of a numeric field, an entry, or a date as days; ``"x?"`` counts missing as 0."""
        if name not in self._terms:
            if name.endswith("?"):
                inner = name[:-1]
                term = z3.If(self.known(inner), self.term(inner), rational(Fraction(0)))
            elif name.partition(".")[2]:
                record, _, key = name.partition(".")
                term = next(e for e in self.entries(record) if e.name == key).amount
            elif self.field(name).type in (FieldType.INT, FieldType.DATE):
                term = z3.ToReal(z3.Int(f"value:{name}"))
            else:
                term = z3.Real(f"value:{name}")
            self._terms[name] = term
        return self._terms[name]

    def nonnegative(self, name: str) -> bool:
        """Whether the number can never be below zero."""
        field = self.field(name.removesuffix("?"))
        if field.type is FieldType.DATE:
            return True
        return field.minimum is not None and field.minimum >= 0

    def choices(self, name: str) -> tuple[Choice, ...]:
        """The values of a flag or a field of words or codes."""
        if name not in self._choices:
            field = self.field(name)
            if field.type is FieldType.BOOL:
                flag = z3.Bool(f"value:{name}")
                choices: tuple[Choice, ...] = (Choice(True, flag), Choice(False, z3.Not(flag)))
            else:
                words = classes(field, self.words.get(name, set()))
                choices = tuple(Choice(w, z3.Bool(f"value:{name}={w}")) for w in words)
            self._choices[name] = choices
        return self._choices[name]

    def entries(self, name: str) -> tuple[Key, ...]:
        """The entries a record may have: its closed keys, or those that tables name and one more."""
        if name not in self._entries:
            field = self.registry.fields[name]
            names = list(field.keys) or [*sorted(self.keys.get(name, set())), OTHER]
            self._entries[name] = tuple(
                Key(
                    key,
                    z3.Bool(f"known:{name}.{key}"),
                    z3.Real(f"value:{name}.{key}"),
                    self._units(field, key),
                )
                for key in names
            )
        return self._entries[name]

    def _units(self, field: Field, key: str) -> tuple[tuple[Unit, Bool], ...]:
        if field.unit is not None:
            return ((field.unit, z3.BoolVal(True)),)
        kinds: dict[object, Unit] = {}
        criteria = (c for r in self.rulesets for c in r.criteria.values() if field.key in c.by)
        for criterion in criteria:
            for row in (r for p in criterion.periods for r in p.rows):
                if row.unit is not None and key in row.keys.get(str(field.key), (key,)):
                    kinds.setdefault(row.unit.dimension, row.unit)
        kinds.setdefault(ONE.dimension, ONE)
        return tuple((u, z3.Bool(f"unit:{field.name}.{key}={u.name}")) for u in kinds.values())

    # --- what holds of every dossier -----------------------------------------------------------

    def constraints(self, name: str) -> list[Bool]:
        """What the registry says of one field."""
        if name not in self._constraints:
            self._constraints[name] = self._constraints_of(name)
        return self._constraints[name]

    def _constraints_of(self, name: str) -> list[Bool]:
        field = self.field(name)
        if field.type in (FieldType.INT, FieldType.DECIMAL):
            return self._range(field, self.term(name), name)
        if field.type is FieldType.DATE:
            latest = self.as_of.toordinal() if name == "submitted_on" else LAST
            return [self.term(name) >= FIRST, self.term(name) <= latest]
        if field.type is FieldType.RECORD:
            out: list[Bool] = []
            for entry in self.entries(name):
                out += self._range(field, entry.amount, f"{name}.{entry.name}")
                if len(entry.units) > 1:
                    out.append(z3.PbEq([(chosen, 1) for _, chosen in entry.units], 1))
            return out
        if field.type in (FieldType.STR, FieldType.ENUM):
            return [z3.PbEq([(c.chosen, 1) for c in self.choices(name)], 1)]
        return []

    def _range(self, field: Field, term: Term, name: str) -> list[Bool]:
        out: list[Bool] = []
        if "." in name and name in self.registry.references:
            field = self.registry.references[name]
        if field.minimum is not None:
            out.append(term >= rational(field.minimum))
        if field.maximum is not None:
            out.append(term <= rational(field.maximum))
        return out

    # --- back to a dossier ---------------------------------------------------------------------

    def raw(self, model: Any, names: Iterable[str]) -> dict[str, Any] | None:
        """Raw dossier data of a model, for the fields that matter; None for an irrational number."""
        out: dict[str, Any] = {
            "project_id": "witness",
            "project_name": "反例项目",
            "submitted_on": self.as_of.isoformat(),
        }
        for name in dict.fromkeys(n.partition(".")[0] for n in names):
            if not z3.is_true(model.eval(self.known(name), model_completion=True)):
                continue
            value = self._value(model, name)
            if value is None:
                return None
            out[name] = value
        return out

    def _value(self, model: Any, name: str) -> Any:
        field = self.field(name)
        if field.type in (FieldType.INT, FieldType.DECIMAL, FieldType.DATE):
            number = _number(model, self.term(name))
            if field.type is FieldType.DATE and number is not None:
                return dt.date.fromordinal(int(number)).isoformat()
            return number
        if field.type is FieldType.RECORD:
            entries = []
            for e in self.entries(name):
                if not _holds(model, e.present):
                    continue
                number = _number(model, e.amount)
                if number is None:
                    return None
                unit = next((u for u, chosen in e.units if _holds(model, chosen)), e.units[0][0])
                entries.append({"key": e.name, "value": exact_text(number), "unit": unit.name})
            return entries
        chosen = [c.value for c in self.choices(name) if _holds(model, c.chosen)]
        return chosen if field.type is FieldType.CODES else chosen[0]


def _holds(model: Any, condition: Bool) -> bool:
    return bool(z3.is_true(model.eval(condition, model_completion=True)))


def _number(model: Any, term: Term) -> Fraction | None:
    value = model.eval(term, model_completion=True)
    if z3.is_rational_value(value) or z3.is_int_value(value):
        return Fraction(value.as_fraction() if z3.is_rational_value(value) else value.as_long())
    return None
