"""What of the form matters now: what this stage asks for, what the answers so far make irrelevant.

Worked out from whatever can be read of a form that is still being filled in; nothing here refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.judging.judge import Judge
from api.pages.assess.dossier_form import Input, Section, fill
from api.workdays.china import today
from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import FieldType, Registry
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.questions import CAN, NONE_AFTER_REJECT, answered, questions
from evaluator.judgement.result import sentence
from evaluator.rulebook.due import not_due
from evaluator.rulebook.reads import reads
from evaluator.rulebook.verdict import Status, Verdict

# What stands in a form for a required field that is still empty, so that the rest can be judged.
BLANK = "（未填）"
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field that the verdict waits for: the input it is answered at, and what it can do."""

    anchor: str
    label: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Mattering:
    """What matters of a form. ``first`` are the fields that rules of this stage read, ``idle`` those
    that no rule reads which still applies; both by the registry's names."""

    sentence: str
    wanted: tuple[Wanted, ...]
    later: int
    known: int
    note: str
    first: frozenset[str]
    idle: frozenset[str]

    @property
    def shown(self) -> tuple[Wanted, ...]:
        """The first of them; a list of sixty is read by nobody."""
        return self.wanted[:SHOWN]


@dataclass(frozen=True, slots=True)
class Part:
    """A section as it is laid out: what is asked for, and what is folded away as irrelevant."""

    id: str
    title: str
    inputs: tuple[Input, ...]
    idle: tuple[Input, ...] = ()
    # Whether nothing in it is asked for at this stage.
    later: bool = False

    @property
    def wrong(self) -> bool:
        """Whether something in it has to be mended."""
        return any(i.mistakes for i in self.inputs)


def readable(typed: Mapping[str, str], registry: Registry) -> Profile:
    """The profile of what can be read of a form; what is wrong counts as not filled in."""
    given = dict(typed)
    for f in registry.fields.values():
        if f.required and f.name not in given:
            given[f.name] = today().isoformat() if f.type is FieldType.DATE else BLANK
    filled = fill(given, registry)
    if filled.profile is None:
        bad = {m.name.partition(".")[0] for m in filled.mistakes}
        kept = {n: text for n, text in given.items() if n.partition(".")[0] not in bad}
        for f in registry.fields.values():
            if f.required and f.name in bad:
                kept[f.name] = today().isoformat() if f.type is FieldType.DATE else BLANK
        filled = fill(kept, registry)
    assert filled.profile is not None
    return filled.profile


def mattering(judge: Judge, typed: Mapping[str, str], stage: str | None) -> Mattering:
    """What matters of a form at a stage; None is the last."""
    registry = judge.ruleset.registry
    evaluation = judge.evaluate(readable(typed, registry), stage=stage)
    asked = questions(evaluation)
    first, idle = _split(evaluation, typed)
    return Mattering(
        sentence=sentence(evaluation),
        wanted=tuple(
            Wanted(
                _anchor(q.name, registry),
                registry.label(q.name),
                "、".join(map(registry.department, q.departments)),
                CAN[q.can] if q.can == "reject" else "",
            )
            for q in asked
            if q.needed
        ),
        later=sum(not q.needed for q in asked),
        known=answered(evaluation),
        note=NONE_AFTER_REJECT if evaluation.verdict is Verdict.REJECT else "",
        first=first,
        idle=idle,
    )


def _split(
    evaluation: Evaluation, typed: Mapping[str, str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The fields that this stage's rules read, and those that only rules read which do not apply."""
    later = not_due(evaluation.ruleset, evaluation.stage)
    read, now, live = set[str](), set[str](), set[str]()
    for rule_id, names in reads(evaluation.ruleset).items():
        stems = {n.partition(".")[0] for n in names}
        read |= stems
        status = evaluation.statuses.get(rule_id)
        if status is None or status is Status.NOT_APPLICABLE:
            continue
        live |= stems
        if rule_id not in later:
            now |= stems
    stated = {n.partition(".")[0] for n in typed}
    return frozenset(now), frozenset(read - live - stated)


def _anchor(name: str, registry: Registry) -> str:
    """The input at which a field is answered."""
    field = registry.fields.get(name)
    if field is None or field.type is not FieldType.RECORD:
        return name
    return f"{name}.{next(iter(field.keys))}" if field.keys else f"{name}.0.key"


def arranged(sections: tuple[Section, ...], told: Mattering, stage_title: str) -> tuple[Part, ...]:
    """The form's sections: at a stage before the last what it asks for comes first, the rest after it.

    ``stage_title`` is empty at the last stage, which asks for everything.
    """
    parts: list[Part] = []
    if stage_title:
        wanted = [
            i
            for s in sections
            for i in s.inputs
            if i.field.required or (i.field.name in told.first and i.field.name not in told.idle)
        ]
        parts.append(Part("now", f"{stage_title}要的", tuple(wanted)))
    taken = {i.name for p in parts for i in p.inputs}
    for s in sections:
        rest = [i for i in s.inputs if i.name not in taken]
        live = tuple(i for i in rest if i.field.name not in told.idle)
        idle = tuple(i for i in rest if i.field.name in told.idle)
        if live or idle:
            parts.append(Part(s.id, s.title, live, idle, later=bool(stage_title)))
    return tuple(parts)
