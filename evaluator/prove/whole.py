"""Questions about the rulebook as a whole: which industries can pass, does better mean better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import z3

from evaluator.dossier.dossier import Profile
from evaluator.prove.compile import Compiled
from evaluator.prove.report import Answer, State
from evaluator.prove.single import settled
from evaluator.prove.solve import Question, Side, Space
from evaluator.rulebook.ast import Effect, Member
from evaluator.rulebook.criteria import INDUSTRY
from evaluator.rulebook.verdict import Status, Verdict
from evaluator.rulebook.walk import leaves

BLOCKING = (Status.VIOLATED, Status.UNKNOWN)


def industry_answers(space: Space, side: Side) -> Iterator[Answer]:
    """For every class of industries: a project that passes, or what keeps all of them out."""
    if INDUSTRY not in side.fields:
        yield from _any_pass(space, side)
        return
    fields = side.fields
    solver = space.solver(fields)
    solver.add(side.verdicts["pass"], space.domain.known(INDUSTRY))
    passing: list[Profile] = []
    blocked: dict[tuple[str, ...], list[str]] = {}
    count = 0
    alone = _blocked_alone(space, side)
    for choice in space.domain.choices(INDUSTRY):
        code = str(choice.value)
        if code in alone:
            blocked.setdefault(tuple(alone[code]), []).append(code)
            continue

        def holds(profile: Profile, code: str = code) -> bool:
            return profile.values.get(INDUSTRY) == code and side.verdict(profile) is Verdict.PASS

        # Most classes differ in thresholds only: a project that passes in one often passes in another.
        if any(holds(p.with_value(INDUSTRY, code)) for p in passing[-8:]):
            count += 1
            continue
        question = Question(z3.BoolVal(True), fields, holds, side.exact)
        reply = space.ask(question, solver, choice.chosen)
        open_ = settled(reply, "industry", (code,), f"行业 {code} 能否准入")
        if open_:
            yield open_
        elif reply.witness is not None:
            passing.append(reply.witness)
            count += 1
        else:
            blocked.setdefault(_blockers(space, side, choice.chosen), []).append(code)
    for rules, codes in blocked.items():
        yield _blocked(space, side, rules, codes)
    yield Answer(
        "industry", (), State.OK, f"{count} 类行业都有可以准入的项目", witnesses=tuple(passing[:1])
    )


def _any_pass(space: Space, side: Side) -> Iterator[Answer]:
    def holds(profile: Profile) -> bool:
        return side.verdict(profile) is Verdict.PASS

    reply = space.ask(Question(side.verdicts["pass"], side.fields, holds, side.exact))
    open_ = settled(reply, "industry", (), "是否有项目能准入")
    if open_:
        yield open_
    elif reply.witness is None:
        yield Answer("industry", (), State.ALARM, "任何项目都不能准入", True)
    else:
        yield Answer("industry", (), State.OK, "有项目可以准入", witnesses=(reply.witness,))


def _blocked_alone(space: Space, side: Side) -> dict[str, list[str]]:
    """Classes of industries that some rule keeps out by itself, with those rules."""
    out: dict[str, list[str]] = {}
    for c in side.rules.values():
        if INDUSTRY not in c.fields or c.rule.effect is Effect.ADVISE:
            continue
        solver = space.solver(c.fields)
        solver.add(space.domain.known(INDUSTRY), c.passes)
        for choice in space.domain.choices(INDUSTRY):
            space.questions += 1
            if solver.check(choice.chosen) == z3.unsat:
                out.setdefault(str(choice.value), []).append(c.rule.id)
    return out


def _blockers(space: Space, side: Side, chosen: Any) -> tuple[str, ...]:
    """A smallest set of rules that together keep a class out."""
    rules = [c for c in side.rules.values() if c.rule.effect is not Effect.ADVISE]
    solver = space.solver(side.fields)
    solver.add(chosen, space.domain.known(INDUSTRY))
    names = {z3.Bool(f"free of {c.rule.id}"): c for c in rules}
    for name, c in names.items():
        solver.add(z3.Implies(name, c.passes))
    reply, solver = space.check(solver, *names)
    if reply != z3.unsat:
        return ()
    core = list(solver.unsat_core())
    for name in list(core):  # Drop what is not needed, one by one.
        fewer = [n for n in core if not n.eq(name)]
        if solver.check(*fewer) == z3.unsat:
            core = fewer
    return tuple(sorted(str(n).removeprefix("free of ") for n in core))


def _blocked(space: Space, side: Side, rules: tuple[str, ...], codes: Sequence[str]) -> Answer:
    compiled = [side.rules[r] for r in rules]
    chosen = next(c.chosen for c in space.domain.choices(INDUSTRY) if c.value == codes[0])
    fields = frozenset(f for c in compiled for f in c.fields) | {INDUSTRY}

    def holds(profile: Profile) -> bool:
        return profile.values.get(INDUSTRY) == codes[0] and any(
            side.status(c.rule, profile) in BLOCKING for c in compiled
        )

    formula = z3.And(chosen, space.domain.known(INDUSTRY), *[space.domain.known(f) for f in fields])
    reply = space.ask(Question(formula, fields, holds, side.exact))
    named = "、".join(f"{c.rule.id}（{c.rule.title}）" for c in compiled) or "各规则合起来"
    shown = "、".join(codes[:12]) + (f" 等 {len(codes)} 类" if len(codes) > 12 else "")
    if any(_names_industry(c) for c in compiled):
        # The rulebook says so itself: a list of codes or prefixes of industries.
        return Answer("industry", rules, State.NOTE, f"行业 {shown}：按 {named} 一律不能准入", True)
    return Answer(
        "industry",
        rules,
        State.ALARM,
        f"行业 {shown}：任何项目都不能准入，因为 {named}",
        True,
        (reply.witness,) if reply.witness else (),
        "检查标准表中这些行业是否缺行，或几条规则合起来没有余地",
    )


def _names_industry(compiled: Compiled) -> bool:
    """Whether a rule lists industries by code itself, rather than through a table."""
    return any(
        isinstance(leaf, Member) and leaf.field == INDUSTRY
        for leaf in leaves(*compiled.rule.halves)
    )
