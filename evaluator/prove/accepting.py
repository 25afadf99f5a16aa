"""Alarms that the maintainer lets stand (``accepted`` in criteria.yaml), told as notes with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from evaluator.prove.report import Answer, State
from evaluator.prove.solve import Side
from evaluator.rulebook.checks.accepting import PROVEN


def accepting(answers: Iterable[Answer], side: Side, checks: tuple[str, ...]) -> Iterator[Answer]:
    """``answers`` with accepted alarms as notes, and what was accepted and does not occur.

    An entry about a rule that is not in force on the day says nothing of that day.
    """
    day = side.domain.as_of
    known = {(a.code, a.name): a for a in side.ruleset.accepted}
    used: set[tuple[str, str]] = set()
    for answer in answers:
        key = (PROVEN.get(answer.check, ""), answer.subjects[0] if answer.subjects else "")
        entry = known.get(key) if answer.state is State.ALARM else None
        if entry is None:
            yield answer
            continue
        used.add(key)
        if entry.until is not None and entry.until < day:
            yield replace(answer, hint=f"接受到 {entry.until} 为止，已过期；{answer.hint or ''}")
        else:
            message = f"{answer.message}；已接受：{entry.reason}"
            yield replace(answer, state=State.NOTE, message=message, hint=None)
    asked = {code: check for check, code in PROVEN.items() if check in checks}
    for (code, name), entry in known.items():
        if code in asked and (code, name) not in used and name in side.rules:
            yield Answer(
                asked[code],
                (name,),
                State.ALARM,
                f"{entry.place.label()}：“{name}”没有 {code} 这样的提醒，这一条接受没有用处",
                hint="删掉它，或改正名字",
            )
