"""Invariants of a rulebook proven over all dossiers, or a project that breaks one."""

from __future__ import annotations

from collections.abc import Iterator

import z3

from evaluator.dossier.dossier import Profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.prove.report import Answer, State
from evaluator.prove.single import settled
from evaluator.prove.solve import Outcome, Question, Side, Space
from evaluator.rulebook import ast
from evaluator.rulebook.invariants import Invariant
from evaluator.rulebook.verdict import VERDICT_LABELS, Status


def invariant_answers(
    space: Space, side: Side, invariants: tuple[Invariant, ...]
) -> Iterator[Answer]:
    """Each invariant: proven, or a project that breaks it."""
    for invariant in invariants:
        yield _one(space, side, invariant)


def _one(space: Space, side: Side, invariant: Invariant) -> Answer:
    pair, fields = side.compiler.condition(invariant.when)
    exact = side.exact and side.compiler.exact
    probe = ast.Rule(
        invariant.id,
        "",
        "",
        None,
        None,
        invariant.when,
        ast.Effect.ADVISE,
        (),
        (),
        None,
        None,
        None,
        None,
        None,
        invariant.place,
    )
    engine = ReferenceEngine(side.ruleset)

    def holds(profile: Profile) -> bool:
        (trace,) = engine.assess_rules([probe], profile, space.as_of)
        return trace.status is Status.SATISFIED and side.verdict(profile) in invariant.never

    title = f"不变式 {invariant.id}（{invariant.title}）"
    possible = space.ask(Question(pair.true, fields, lambda _: True, exact))
    if possible.outcome is Outcome.NONE:
        return Answer(
            "invariant",
            (invariant.id,),
            State.ALARM,
            f"{title}：when 任何项目都不满足，等于没有写",
            True,
        )
    bad = z3.Or([side.verdicts[v.value] for v in sorted(invariant.never)])
    reply = space.ask(Question(z3.And(pair.true, bad), fields | side.fields, holds, exact))
    open_ = settled(reply, "invariant", (invariant.id,), title)
    if open_:
        return open_
    if reply.outcome is Outcome.NONE:
        return Answer("invariant", (invariant.id,), State.OK, f"{title}：对一切项目成立", True)
    assert reply.witness is not None
    witness = space.simpler(reply.witness, holds)
    verdict = VERDICT_LABELS[side.verdict(witness)]
    return Answer(
        "invariant",
        (invariant.id,),
        State.ALARM,
        f"{title}：不成立，有项目的结论为“{verdict}”",
        False,
        (witness,),
    )
