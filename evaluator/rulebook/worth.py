"""Values worth trying in a field, under one rule: where a comparison turns, the words it names.

The one source for whoever looks for a dossier of which a rule says something else: remedies
(``judgement/remedy``), proposed cases (``cases``). Which of them, how near and how round is for
each of these to choose.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from fractions import Fraction

from evaluator.dossier.fields import Field, FieldType
from evaluator.rulebook import ast, walk
from evaluator.rulebook.roots import ValueOf, roots
from evaluator.values.industries import industries

# 电子专用材料制造: an industry that no list names.
ORDINARY_INDUSTRY = "C3985"
WHOLE = 5  # An industry code to the class: a letter and four digits.
# A division of each section that rulebooks name whole, which no list names.
FIRST = {"B": "B10", "C": "C41", "D": "D44"}


def choices(field: Field) -> tuple[str | bool, ...]:
    """Every value of a field that has only a few: of yes or no, and of an enumeration."""
    return (True, False) if field.type is FieldType.BOOL else tuple(field.values)


def turns(
    rule: ast.Rule, field: Field, ruleset: ast.Ruleset, value_of: ValueOf
) -> Iterator[Fraction]:
    """The numbers, in the field's unit, at which a comparison of the rule turns.

    ``value_of`` gives everything else of the dossier, None where it is missing.
    """
    for leaf in walk.leaves(*rule.halves):
        if isinstance(leaf, ast.Compare):
            yield from roots(leaf, field.name, ruleset.metrics, value_of)


def words(
    rule: ast.Rule, field: Field, ruleset: ast.Ruleset, day: dt.date | None = None
) -> Iterator[tuple[str, bool]]:
    """The words that a rule names for a field, and whether as the beginning of others.

    With a day also what the lists hold that are in force on it.
    """
    for leaf in walk.leaves(*rule.halves):
        if not isinstance(leaf, ast.Member) or leaf.field != field.name:
            continue
        options: Iterable[object] = leaf.options
        if leaf.criterion is not None and day is not None:
            periods = ruleset.criteria[leaf.criterion].periods
            options = (code for p in periods if p.covers(day) for code in p.codes)
        yield from ((str(option), leaf.prefix) for option in options)


def industries_under(code: str, known: Iterable[str]) -> Iterator[str]:
    """Industry codes of a whole class below a shorter code: those of ``known`` first."""
    yield from (k for k in known if k.startswith(code) and len(k) == WHOLE)
    stem = FIRST.get(code, code)
    yield next((c for c in industries() if len(c) == WHOLE and c.startswith(stem)), code)
