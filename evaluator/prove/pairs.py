"""Questions about two rules: does one cover the other, can both be met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import z3

from evaluator.dossier.dossier import Profile
from evaluator.prove.compile import Compiled
from evaluator.prove.pool import Pool
from evaluator.prove.report import Answer, State
from evaluator.prove.single import settled
from evaluator.prove.solve import Outcome, Question, Reply, Side, Space
from evaluator.rulebook import ast, walk
from evaluator.rulebook.invariants import Invariant
from evaluator.rulebook.verdict import Status, Verdict

WEIGHT = {ast.Effect.ADVISE: 0, ast.Effect.REFER: 1, ast.Effect.REJECT: 2}
V, S = Status.VIOLATED, Status.SATISFIED


def cover_answers(space: Space, side: Side, pool: Pool) -> Iterator[Answer]:
    """Rules that another rule of the same or a stronger effect always breaks with."""
    covered: set[str] = set()
    for a in side.rules.values():
        if a.rule.effect is ast.Effect.ADVISE:
            continue  # Advice never counts for the verdict; it is there for its own words.
        broken = [statuses for _, statuses in pool.seen if statuses[a.rule.id] is V]
        if not broken:
            continue  # Never violated, or not settled: reported by itself.
        for b in side.rules.values():
            if a is b or WEIGHT[b.rule.effect] < WEIGHT[a.rule.effect] or b.rule.id in covered:
                continue
            if not a.fields & b.fields or any(statuses[b.rule.id] is not V for statuses in broken):
                continue
            answer = _covers(space, side, pool, a, b)
            if answer is None:
                broken = [statuses for _, statuses in pool.seen if statuses[a.rule.id] is V]
                continue
            if answer.proven:
                covered.add(a.rule.id)
            yield answer
            break
        else:
            yield Answer(
                "covered",
                (a.rule.id,),
                State.OK,
                f"规则 {a.rule.id}（{a.rule.title}）：没有别的规则总是与它同时不符合",
            )


def _covers(space: Space, side: Side, pool: Pool, a: Compiled, b: Compiled) -> Answer | None:
    question = Question(
        z3.And(a.violated, z3.Not(b.violated)),
        a.fields | b.fields,
        lambda p: side.status(a.rule, p) is V and side.status(b.rule, p) is not V,
        a.exact and b.exact,
    )
    reply = space.ask(question)
    pair = (a.rule.id, b.rule.id)
    open_ = settled(reply, "covered", pair, f"规则 {a.rule.id} 是否被 {b.rule.id} 覆盖")
    if open_:
        return open_
    if reply.outcome is Outcome.NONE:
        if not _tested(a, side) <= _tested(b, side):
            # It tests something that the other does not: it tells the applicant a further reason.
            return Answer(
                "covered",
                pair,
                State.NOTE,
                f"规则 {a.rule.id}（{a.rule.title}）不影响结论，只多给一条理由：凡不符合它的项目，"
                f"都已不符合 {b.rule.id}（{b.rule.title}）",
                True,
            )
        return Answer(
            "covered",
            pair,
            State.ALARM,
            f"规则 {a.rule.id}（{a.rule.title}）多余：凡不符合它的项目，都已不符合 {b.rule.id}（{b.rule.title}）",
            True,
            hint="删去其一，或改动适用范围；有意留着的，在 criteria.yaml 的 accepted 里接受 W960 并写明理由",
        )
    assert reply.witness is not None
    pool.add(reply.witness)
    return None


def _tested(c: Compiled, side: Side) -> set[str]:
    """What a rule's requirement is about: fields, through metrics, not those behind tables."""
    return set(walk.named("field", c.rule.require, metrics=side.ruleset.metrics))


def contradiction_answers(
    space: Space, side: Side, pool: Pool, invariants: tuple[Invariant, ...] = ()
) -> Iterator[Answer]:
    """Pairs that can apply together, each of which can then be met, but never both.

    A rule that forbids what another rule is about is no contradiction. Neither is a pair whose
    common scope an invariant keeps from passing: that is meant.
    """
    rules = [c for c in side.rules.values() if c.rule.effect is not ast.Effect.ADVISE]
    rules = [c for c in rules if any(statuses[c.rule.id] is S for _, statuses in pool.seen)]
    together: set[frozenset[str]] = set().union(*(_pairs(statuses) for _, statuses in pool.seen))
    meant = [i for i in invariants if Verdict.PASS in i.never]
    for i, a in enumerate(rules):
        for b in rules[i + 1 :]:
            if frozenset((a.rule.id, b.rule.id)) in together or not a.fields & b.fields:
                continue
            count = len(pool.seen)
            yield from _Contradiction(space, side, pool, a, b).answers(meant)
            for _, statuses in pool.seen[count:]:
                together |= _pairs(statuses)
    yield Answer(
        "contradiction", (), State.OK, f"{len(rules)} 条规则两两之间，除另列者外没有矛盾", True
    )


def _pairs(statuses: Mapping[str, Status]) -> set[frozenset[str]]:
    met = [rule for rule, status in statuses.items() if status is S]
    return {frozenset((x, y)) for i, x in enumerate(met) for y in met[i + 1 :]}


def _met(c: Compiled) -> Any:
    return z3.And(c.applies.true, c.required.true)


class _Contradiction:
    def __init__(self, space: Space, side: Side, pool: Pool, a: Compiled, b: Compiled) -> None:
        self.space, self.side, self.pool = space, side, pool
        self.a, self.b = a, b
        self.pair = (a.rule.id, b.rule.id)
        self.title = f"规则 {a.rule.id}（{a.rule.title}）与 {b.rule.id}（{b.rule.title}）"

    def ask(self, formula: Any, first: frozenset[Status], second: frozenset[Status]) -> Reply:
        def holds(p: Profile) -> bool:
            a, b = self.side.trace(self.a.rule, p), self.side.trace(self.b.rule, p)
            both_apply = a.applies is True and b.applies is True
            return both_apply and a.status in first and b.status in second

        fields, exact = self.a.fields | self.b.fields, self.a.exact and self.b.exact
        reply = self.space.ask(Question(formula, fields, holds, exact))
        if reply.outcome is Outcome.WITNESS and reply.witness is not None:
            self.pool.add(reply.witness)
            return replace(reply, witness=self.space.simpler(reply.witness, holds))
        return reply

    def answers(self, meant: Sequence[Invariant]) -> Iterator[Answer]:
        a, b = self.a, self.b
        met, either = frozenset({S}), frozenset({S, V})
        both = self.ask(z3.And(_met(a), _met(b)), met, met)
        first = second = both
        if both.outcome is Outcome.NONE:
            first = self.ask(z3.And(_met(a), b.violated), met, either)
            second = self.ask(z3.And(a.violated, _met(b)), either, met)
        for reply in (both, first, second):
            open_ = settled(reply, "contradiction", self.pair, f"{self.title}是否矛盾")
            if open_:
                yield open_
                return
        if both.witness or not first.witness or not second.witness:
            return
        for invariant in meant:
            when, fields = self.side.compiler.condition(invariant.when)
            solver = self.space.solver(a.fields | b.fields | fields)
            solver.add(a.applies.true, b.applies.true, z3.Not(when.true))
            if solver.check() == z3.unsat:
                yield Answer(
                    "contradiction",
                    self.pair,
                    State.NOTE,
                    f"{self.title}不能同时符合；这正是不变式 {invariant.id}（{invariant.title}）要的",
                    True,
                    (first.witness, second.witness),
                )
                return
        yield Answer(
            "contradiction",
            self.pair,
            State.ALARM,
            f"{self.title}矛盾：可以同时适用，各自也可以符合，但没有项目能同时符合两条",
            True,
            (first.witness, second.witness),
            "改动其中一条的适用范围或阈值；若是有意，写一条不变式说明",
        )
