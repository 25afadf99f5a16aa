"""What a text about a dossier is a function of, as a key: where keys are equal, so are the texts.

The explanation of one rule depends on the dates and on the fields that the rule reads; another
dossier with the same in these has the same explanation, so it need not be worked out again.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from fractions import Fraction

from evaluator.dossier.dossier import Profile
from evaluator.dossier.values import Item, Value

Tokens = Mapping[str, Hashable]


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
