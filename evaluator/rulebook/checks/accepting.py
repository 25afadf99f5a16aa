"""Warnings that the maintainer lets stand: told apart from the rest, and never silently too many."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator

from evaluator.problems.errors import Problem
from evaluator.rulebook.ast import Acceptance, Ruleset
from evaluator.rulebook.checks.base import problem

# Warnings of the prover (``evaluator.prove``), by its question: no lint finds them, or misses them.
PROVEN = {"covered": "W960"}


def settle(
    problems: Iterable[Problem], ruleset: Ruleset, today: dt.date, *, whole: bool = True
) -> Iterator[Problem]:
    """``problems`` with the accepted warnings marked as such, and what accepts nothing (W926).

    An error is never accepted, whatever stands in ``accepted``. ``whole=False`` leaves out what
    means nothing where parts could not be read.
    """
    known = {(a.code, a.name): a for a in ruleset.accepted}
    used: set[tuple[str, str]] = set()
    for told in problems:
        key = (told.code, told.subject or "")
        entry = known.get(key) if told.severity == "warning" else None
        if entry is None:
            yield told
            continue
        used.add(key)
        if entry.until is not None and entry.until < today:
            note = (f"接受到 {entry.until} 为止，已过期", entry.place)
            yield dataclasses.replace(told, notes=(*told.notes, note))
        else:
            yield dataclasses.replace(told, severity="accepted", accepted=entry.reason)
    if whole:
        unused = (a for key, a in known.items() if key not in used)
        yield from (_idle(a) for a in unused if a.code not in PROVEN.values())


def _idle(entry: Acceptance) -> Problem:
    message = f"“{entry.name}”没有 {entry.code} 这样的提醒，这一条接受没有用处"
    return problem("W926", message, entry.place, "删掉它，或改正代码、名字", subject=entry.name)
