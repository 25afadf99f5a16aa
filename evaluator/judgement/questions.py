"""该问的: the missing fields whose answer can still change the verdict at this stage, in order.

``needed`` are those that the verdict waits for; the others could only worsen it, since what reads
them is not yet due. After a reject nothing is asked: no answer undoes one. However the fields that
are not listed are answered, the verdict stays what it is (tests/judgement/test_questions.py).

Order: needed first; then what alone can reject, what can change a grade, by how much, and how many rules wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

from evaluator.dossier.fields import Field
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.prospects import Prospect, prospect
from evaluator.judgement.scores import scores
from evaluator.rulebook.ast import Effect, Ruleset
from evaluator.rulebook.reads import fields_read, reads
from evaluator.rulebook.verdict import Status, Verdict

# What an answer can do, in the order in which it is asked for.
CAN = {"reject": "单凭这一项就可能被否决", "grade": "能改变等次", "verdict": "能影响结论"}
RANKS = {word: rank for rank, word in enumerate(CAN)}
NONE_AFTER_REJECT = "已有否决事项，补充材料改变不了结论"


@dataclass(frozen=True, slots=True)
class Question:
    """A field to ask for: ``can`` is the most that an answer can do, ``rules`` wait for it, and
    ``departments`` supply it (codes)."""

    field: Field
    name: str
    needed: bool
    can: str
    rules: tuple[str, ...]
    departments: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "field": self.name,
            "needed": self.needed,
            "can": self.can,
            "rules": list(self.rules),
            "departments": list(self.departments),
        }


@dataclass(slots=True)
class _Asked:
    needed: bool = False
    can: str = "verdict"
    points: Fraction | int = 0
    rules: list[str] = field(default_factory=list)


def questions(evaluation: Evaluation) -> tuple[Question, ...]:
    """What to ask, in order; empty where no answer changes anything."""
    if evaluation.verdict is Verdict.REJECT or evaluation.disputed:
        return ()
    asked: dict[str, _Asked] = {}
    for rule_id, found, needed in _waiting(evaluation):
        effect = evaluation.ruleset.rules[rule_id].effect
        for name in found.fields:
            entry = asked.get(name)
            if entry is None:
                entry = asked[name] = _Asked()
            entry.needed |= needed
            entry.rules.append(rule_id)
            if effect is Effect.REJECT and name in found.alone:
                entry.can = "reject"
    for name, points in _grading(evaluation).items():
        if name in asked:
            asked[name].points = points
            if asked[name].can == "verdict":
                asked[name].can = "grade"
    order = evaluation.memo.recall("order of questions", partial(_order, evaluation.ruleset))

    def rank(item: tuple[str, _Asked]) -> tuple[bool, int, Fraction | int, int, int]:
        name, entry = item
        points = -entry.points if entry.points else 0
        return not entry.needed, RANKS[entry.can], points, -len(entry.rules), order.get(name, 0)

    return tuple(_question(evaluation, n, e) for n, e in sorted(asked.items(), key=rank))


def _order(ruleset: Ruleset) -> dict[str, int]:
    """Of equal questions, the registry's order."""
    order = {name: n for n, name in enumerate(ruleset.registry.references)}
    return order | {name: order.get(name, n) for n, name in enumerate(ruleset.registry.fields)}


def asking(evaluation: Evaluation) -> Iterator[str]:
    """The questions as lines to read: by who supplies them, needed apart from may matter."""
    if evaluation.verdict is Verdict.REJECT:
        yield f"{NONE_AFTER_REJECT}。"
        return
    registry = evaluation.ruleset.registry
    asked = questions(evaluation)
    needed = [q for q in asked if q.needed]
    if needed:
        known = answered(evaluation)
        yield f"先问这 {len(needed)} 项（要紧的 {known + len(needed)} 项里已有 {known} 项）："
        by: dict[str, list[str]] = {}
        for q in needed:
            word = f"{registry.label(q.name)}{'（单凭这一项就可能被否决）' if q.can == 'reject' else ''}"
            by.setdefault("、".join(map(registry.department, q.departments)), []).append(word)
        yield from (f"  {supplier}：{'、'.join(words)}" for supplier, words in by.items())
    rest = len(asked) - len(needed)
    if rest:
        yield f"另有 {rest} 项还没到环节，先答也可能影响结论。"


def answered(evaluation: Evaluation) -> int:
    """How many fields are stated that a rule reads which is due and applies."""
    stated = frozenset(evaluation.profile.values)
    return answered_of(evaluation.ruleset, evaluation.statuses, stated)


def answered_of(ruleset: Ruleset, statuses: Mapping[str, str], stated: frozenset[str]) -> int:
    """The same out of a stored result; what rules the ruleset does not have counts for nothing."""
    read = reads(ruleset)
    outside = (Status.NOT_APPLICABLE, Status.NOT_DUE)
    names = {
        name.partition(".")[0]
        for rule_id, status in statuses.items()
        if status not in outside
        for name in read.get(rule_id, ())
    }
    return len(names & stated)


def _grading(evaluation: Evaluation) -> dict[str, Fraction]:
    """The fields that can still change the grade of some card, with the points that hang on each."""
    points: dict[str, Fraction] = {}
    for graded in scores(evaluation):
        if graded.grade is not None:
            continue
        points |= {name: points.get(name, Fraction(0)) for name in graded.missing}
        for part in graded.score.items:
            for name in set(fields_read(evaluation.ruleset, *part.item.roots())):
                if name in points:
                    points[name] += part.high - part.low
    return points


def _question(evaluation: Evaluation, name: str, entry: _Asked) -> Question:
    registry, rules = evaluation.ruleset.registry, evaluation.ruleset.rules
    declared = registry.references.get(name) or registry.fields[name]
    # Who supplies it; where nobody is named, who answers for the rules that wait.
    by = [declared.supplied_by] if declared.supplied_by else []
    departments = by or list(dict.fromkeys(d for i in entry.rules for d in rules[i].departments))
    return Question(
        declared, name, entry.needed, entry.can, tuple(sorted(entry.rules)), tuple(departments)
    )


def _waiting(evaluation: Evaluation) -> Iterator[tuple[str, Prospect, bool]]:
    """The rules whose answers can change the verdict, what they could come to, whether they are due."""
    rules = evaluation.ruleset.rules
    due: dict[str, Prospect] = {}
    later: dict[str, Prospect] = {}
    final = False  # Whether some rule refers whatever is answered.
    for rule_id, status in evaluation.statuses.items():
        if rules[rule_id].effect is Effect.ADVISE:
            continue
        if status is Status.UNKNOWN or status is Status.VIOLATED:
            found = prospect(evaluation, rule_id)
            final |= not found.settle
            due[rule_id] = found
        elif status is Status.NOT_DUE:
            found = prospect(evaluation, rule_id)
            if found.breach:
                later[rule_id] = found
    for needed, group in ((True, due), (False, later)):
        for rule_id, found in group.items():
            if not final or (found.breach and rules[rule_id].effect is Effect.REJECT):
                yield rule_id, found, needed
    if not final and not _spoken(evaluation):
        yield from _unspoken(evaluation)


def _spoken(evaluation: Evaluation) -> bool:
    """Whether some rule is sure to apply and to count, whatever is answered."""
    rules, later = evaluation.ruleset.rules, evaluation.later
    for rule_id, status in evaluation.statuses.items():
        advises = rules[rule_id].effect is Effect.ADVISE
        if status is Status.NOT_APPLICABLE or (status is Status.NOT_DUE and not advises):
            continue
        if status is not Status.SATISFIED and rule_id in later and not advises:
            continue
        if rules[rule_id].applies_when is None:
            return True
        if (
            evaluation.assessment.traces[rule_id].applies
            and not prospect(evaluation, rule_id).where
        ):
            return True
    return False


def _unspoken(evaluation: Evaluation) -> Iterator[tuple[str, Prospect, bool]]:
    """Where the answers could show that no rule applies, or the first that does: all that tells."""
    waits = evaluation.verdict is Verdict.REFER
    for rule_id in evaluation.statuses:
        found = prospect(evaluation, rule_id)
        names = found.fields if waits else found.where
        if names:
            yield rule_id, found._replace(fields=names), waits
