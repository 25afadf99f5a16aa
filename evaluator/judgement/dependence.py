"""What a text about a dossier is a function of, as a key: where keys are equal, so are the texts.

The explanation of one rule depends on the dates and on the fields that the rule reads; another
dossier with the same in these has the same explanation, so it need not be worked out again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping
from fractions import Fraction

from evaluator.dossier.dossier import Profile
from evaluator.dossier.values import Item, Value
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.criteria import Miss, period_or_miss
from evaluator.rulebook.reads import criteria_of

Tokens = Mapping[str, Hashable]


def dated(ruleset: Ruleset, as_of: dt.date, submitted_on: dt.date) -> frozenset[str]:
    """The rules that read a criterion without a value on these dates: their words name the day."""
    none = {
        name
        for name, criterion in ruleset.criteria.items()
        if isinstance(period_or_miss(criterion, as_of, submitted_on), Miss)
    }
    rules = ruleset.rules.values() if none else ()
    return frozenset(rule.id for rule in rules if none.intersection(criteria_of(rule, ruleset)))


def tokens(profile: Profile) -> Tokens:
    """A stand-in for every value, quick to hash: hashing a Fraction is slow, its parts say the same."""
    return {name: _token(value) for name, value in profile.values.items()}


def _token(value: Value) -> Hashable:
    if isinstance(value, Fraction):
        return value.numerator, value.denominator
    if isinstance(value, tuple):
        return tuple([_item(part) for part in value])
    return value


def _item(part: Item | str) -> Hashable:
    if isinstance(part, str):
        return part
    return part.key, part.number.numerator, part.number.denominator, part.unit.name
