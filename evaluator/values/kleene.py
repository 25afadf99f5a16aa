"""Strong Kleene three-valued logic: True, False and None for unknown.

The tables are SQL's, so one rule means the same in Python and in a database.
"""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | None


def negate(a: Truth) -> Truth:
    """Not: unknown stays unknown."""
    return None if a is None else not a


def all_of(truths: Iterable[Truth]) -> Truth:
    """And over any number: one False decides, else one unknown leaves it unknown."""
    result: Truth = True
    for t in truths:
        if t is False:
            return False
        if t is None:
            result = None
    return result


def any_of(truths: Iterable[Truth]) -> Truth:
    """Or over any number: one True decides, else one unknown leaves it unknown."""
    result: Truth = False
    for t in truths:
        if t is True:
            return True
        if t is None:
            result = None
    return result


def implies(a: Truth, b: Truth) -> Truth:
    """Material implication ``not a or b``."""
    return any_of((negate(a), b))
