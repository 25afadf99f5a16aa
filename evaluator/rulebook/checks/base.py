"""What every lint has in common, and what several of them ask about a ruleset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import ClassVar, Protocol

from evaluator.problems.errors import Problem, Problems
from evaluator.problems.source import Place
from evaluator.reading.yaml.scan import YMap, read_kept
from evaluator.rulebook import ast
from evaluator.rulebook.files import shown_name

Key = tuple[object, ...]


class Check(Protocol):
    """One lint: a code of docs/errors.md, and every breach of it in a ruleset.

    ``whole`` says that it compares the ruleset with itself, so that it means nothing where parts
    could not be read. E-codes are errors, W-codes warnings.
    """

    code: ClassVar[str]
    whole: ClassVar[bool]

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        """Every breach, in no particular order."""
        ...


def problem(
    code: str,
    message: str,
    place: Place,
    hint: str | None = None,
    notes: tuple[tuple[str, Place], ...] = (),
    *,
    subject: str,
) -> Problem:
    """A problem whose severity follows from its code.

    ``subject`` is the id of the rule, criterion, metric, source, label or dimension it is about:
    what ``accepted`` in criteria.yaml names it by.
    """
    severity = "error" if code.startswith("E") else "warning"
    return Problem(code, message, place, hint, notes, severity, subject)


def key_places(ruleset: ast.Ruleset, file: str, table: str) -> dict[str, Place]:
    """Where the keys of a top-level table stand, in all files of that name; the last one counts."""
    out: dict[str, Place] = {}
    for layer, files in ruleset.layers:
        for name, text in files.items():
            if name.rsplit("/", 1)[-1] == file:
                node = read_kept(shown_name(layer, name), text, Problems())
                entries = node.get(table) if isinstance(node, YMap) else None
                if isinstance(entries, YMap):
                    out |= {key.text: key.place for key, _ in entries.entries}
    return out


def overlap(
    a_start: dt.date | None, a_end: dt.date | None, b_start: dt.date | None, b_end: dt.date | None
) -> bool:
    """Whether two spans, both ends included and None open, share a day."""
    return not (
        (a_end is not None and b_start is not None and a_end < b_start)
        or (b_end is not None and a_start is not None and b_end < a_start)
    )


def expr_key(expr: ast.Expr) -> Key:
    """Equal for expressions that say the same, wherever they stand."""
    match expr:
        case ast.FieldRef(name=name):
            return ("field", name)
        case ast.MetricRef(id=id_):
            return ("metric", id_)
        case ast.Number(value=value):
            return ("number", value)
        case ast.CriterionRef(id=id_, keys=keys):
            return ("criterion", id_, keys)
        case ast.Scale(expr=inner, factor=factor):
            return ("scale", factor, expr_key(inner))
        case ast.Arith(op=op, args=args):
            return (op, *map(expr_key, args))
        case ast.Extreme(most=most, args=args):
            return ("most" if most else "least", *map(expr_key, args))
        case ast.Choose(cases=cases, otherwise=otherwise):
            chosen = tuple((condition_key(c), expr_key(e)) for c, e in cases)
            return ("choose", chosen, expr_key(otherwise))
        case ast.ScoreRef(card=card):
            return ("score", card)
        case ast.Sum(field=name):
            return ("sum", name)
        case ast.Days(start=start, end=end):
            return ("days", start, end)


def condition_key(condition: ast.Condition | None) -> Key:
    """Equal for conditions that say the same, whatever the order of their parts."""
    match condition:
        case None:
            return ()
        case ast.AllOf(items=items) | ast.AnyOf(items=items):
            name = type(condition).__name__
            parts: set[Key] = set()
            for key in map(condition_key, items):
                parts |= set(key[1]) if key[0] == name else {key}  # type: ignore[call-overload]
            return next(iter(parts)) if len(parts) == 1 else (name, frozenset(parts))
        case ast.NotOf(item=item):
            key = condition_key(item)
            return key[1] if key[0] == "Not" else ("Not", key)  # type: ignore[return-value]
        case ast.Compare(left=left, op=op, right=right, rounded=rounded):
            return ("Compare", expr_key(left), op, expr_key(right), rounded)
        case ast.Member(field=name, options=options, criterion=criterion, prefix=prefix):
            return ("Member", name, frozenset(options), criterion, prefix)
        case ast.Each(field=name, op=op, criterion=criterion):
            return ("Each", name, op, criterion)
        case _:
            return ("Known", condition.field)
