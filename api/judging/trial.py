"""A changed rulebook looked at: its problems, what it means, whom it moves.

Every function is work for ``Workers``: a rulebook as somebody types it may be of any size and shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evaluator.problems.errors import Problem
from evaluator.revision.begins import first_day
from evaluator.revision.diff import Entry, diff
from evaluator.revision.impact import impact_rows
from evaluator.revision.outcome import Impact
from evaluator.revision.tally import Row
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import check_layers
from evaluator.rulebook.files import Layers
from evaluator.rulebook.load import load_layers

# Problems that are shown; the others are counted.
MAX_SHOWN = 200

Base = tuple[Ruleset | None, frozenset[tuple[str, str, str, str]]]
_bases: dict[str, Base] = {}


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a change; ``read`` is false where no ruleset came of it.

    ``problems`` are new ones, of which ``more`` are not listed; ``old`` were there before.
    """

    problems: tuple[Problem, ...]
    more: int
    old: int
    accepted: tuple[Problem, ...]
    read: bool
    titles: dict[str, str]
    diff: tuple[Entry, ...] = ()
    impact: Impact | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The problems of one file as JSON data; ``more`` of it are not listed, ``elsewhere`` are others."""

    problems: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
    elsewhere: int = 0


def problems_in(layers: Layers, path: str) -> Found:
    """What is wrong in one file of a rulebook."""
    problems = [p for p in check_layers(layers)[1] if p.severity != "accepted"]
    mine = [p for p in problems if p.place.source.name == path]
    shown = [p.to_dict() for p in mine[:MAX_SHOWN]]
    return Found(shown, len(mine) - len(shown), len(problems) - len(mine))


def tried(identity: str, before: Layers, after: Layers, rows: Sequence[Row]) -> Trial:
    """A change of the ruleset ``identity``, and what it does to ``rows``."""
    old, known = _base(identity, before)
    ruleset, problems = check_layers(after)
    accepted = [p for p in problems if p.severity == "accepted"]
    others = [p for p in problems if p.severity != "accepted"]
    fresh = [p for p in others if _key(p) not in known]
    named = ruleset or old
    told = Trial(
        tuple(fresh[:MAX_SHOWN]),
        max(0, len(fresh) - MAX_SHOWN),
        len(others) - len(fresh),
        tuple(accepted[:MAX_SHOWN]),
        ruleset is not None,
        {r.id: r.title for r in named.rules.values()} if named else {},
    )
    if ruleset is None or old is None:
        return told
    return replace(told, diff=diff(old, ruleset).entries, impact=impact_rows(old, ruleset, rows))


def between(one: Layers, other: Layers, rows: Sequence[Row]) -> dict[str, Any]:
    """What one draft says of stored decisions beside another, as ``Impact.to_dict``.

    Raises RulebookError for a draft that cannot be read. Where they differ only from a day on, all are
    judged as of that day.
    """
    old, new = load_layers(one), load_layers(other)
    day = first_day(old, new)
    if day is not None and all(row.as_of is not None and row.as_of < day for row in rows):
        rows = [replace(row, as_of=day) for row in rows]
        return {
            **impact_rows(old, new, rows).to_dict(MAX_SHOWN, MAX_SHOWN),
            "since": day.isoformat(),
        }
    return impact_rows(old, new, rows).to_dict(MAX_SHOWN, MAX_SHOWN)


def _base(identity: str, layers: Layers) -> Base:
    if identity not in _bases:
        ruleset, problems = check_layers(layers)
        _bases.clear()
        _bases[identity] = ruleset, frozenset(map(_key, problems))
    return _bases[identity]


def _key(problem: Problem) -> tuple[str, str, str, str]:
    return problem.severity, problem.code, problem.place.source.name, problem.message
