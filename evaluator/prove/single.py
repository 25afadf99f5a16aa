"""Questions about one rule or one table row: can it apply, be broken, be met, be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import z3

from evaluator.prove.compile import Compiled
from evaluator.prove.lookups import rows_taken
from evaluator.prove.pool import Pool
from evaluator.prove.report import Answer, State
from evaluator.prove.solve import Outcome, Question, Reply, Side, Space
from evaluator.rulebook.ast import Each
from evaluator.rulebook.criteria import Miss, period_or_miss
from evaluator.rulebook.reads import criteria_of, criterion_refs
from evaluator.rulebook.verdict import Status

WORDS = {
    "never_applies": ("任何项目都不适用", "检查 applies_when 中互相排斥的条件"),
    "never_violated": (
        "任何项目都不会不符合，这条规则不起作用",
        "检查 require 是否恒为真，或阈值超出字段范围",
    ),
    "never_satisfied": ("任何项目都不会符合", "检查 require 中互相排斥的条件，或阈值超出字段范围"),
}


def settled(reply: Reply, check: str, subjects: tuple[str, ...], what: str) -> Answer | None:
    """The answer where the prover did not settle the question, or failed; else None."""
    if reply.outcome is Outcome.UNDECIDED:
        return Answer(check, subjects, State.UNDECIDED, f"{what}：未能判定（{reply.why}）")
    if reply.outcome is Outcome.FAULT:
        witnesses = (reply.witness,) if reply.witness else ()
        return Answer(check, subjects, State.FAULT, f"{what}：{reply.why}", witnesses=witnesses)
    return None


def rule_answers(space: Space, side: Side, pool: Pool) -> Iterator[Answer]:
    """For every rule in force: can it apply, can it be broken, can it be met."""
    for compiled in side.rules.values():
        yield from _one_rule(space, side, pool, compiled)


def _one_rule(space: Space, side: Side, pool: Pool, compiled: Compiled) -> Iterator[Answer]:
    rule = compiled.rule
    title = f"规则 {rule.id}（{rule.title}）"

    def ask(formula: Any, wanted: Callable[[Status], bool]) -> Reply:
        question = Question(
            formula,
            compiled.fields,
            lambda profile: wanted(side.status(rule, profile)),
            compiled.exact,
        )
        reply = space.ask(question)
        if reply.witness is not None and reply.outcome is Outcome.WITNESS:
            pool.add(reply.witness)
        return reply

    violated = ask(compiled.violated, lambda s: s is Status.VIOLATED)
    met = ask(
        z3.And(compiled.applies.true, compiled.required.true), lambda s: s is Status.SATISFIED
    )
    replies = {"never_violated": violated, "never_satisfied": met}
    if violated.outcome is met.outcome is Outcome.NONE:
        applies = ask(
            compiled.applies.true,
            lambda s: s in (Status.UNKNOWN, Status.VIOLATED, Status.SATISFIED),
        )
        if applies.outcome is Outcome.NONE:
            replies = {"never_applies": applies}
    for check, reply in replies.items():
        words, hint = WORDS[check]
        open_ = settled(reply, check, (rule.id,), title)
        if open_:
            yield open_
        elif reply.outcome is Outcome.NONE:
            hint = _without_standard(side, compiled) or hint
            yield Answer(check, (rule.id,), State.ALARM, f"{title}：{words}", True, hint=hint)
        else:
            assert reply.witness is not None
            yield Answer(
                check,
                (rule.id,),
                State.OK,
                f"{title}：有项目能使它{'不符合' if check == 'never_violated' else '符合'}",
                witnesses=(reply.witness,),
            )


def _without_standard(side: Side, compiled: Compiled) -> str | None:
    """The criteria of a rule that have no value on the day: why it is never more than unknown."""
    day = side.domain.as_of
    absent = [
        f"“{c.id}”（{c.title}）"
        for c in criteria_of(compiled.rule, side.ruleset).values()
        if isinstance(period_or_miss(c, day, day), Miss)
    ]
    return f"{'、'.join(absent)}在 {day.isoformat()} 没有标准值，补上那时的标准" if absent else None


def row_answers(space: Space, side: Side) -> Iterator[Answer]:
    """Table rows that no dossier reaches, of the criteria that rules in force use."""
    for id_, items in sorted(_used(side).items()):
        criterion = side.ruleset.criteria[id_]
        period = criterion.period(space.as_of, space.as_of)
        if period is None or len(period.rows) < 2:
            continue
        reached: set[int] = set()
        for item in items:
            fields: set[str] = set()
            for taken in rows_taken(criterion, space.domain, dict(item), fields):
                if taken.row.number in reached:
                    continue
                solver = space.solver(fields)
                solver.add(taken.guard)
                space.questions += 1
                if solver.check() != z3.unsat:
                    reached.add(taken.row.number)
        for row in period.rows:
            if row.number in reached:
                continue
            listed = [d for d in row.keys if d not in side.ruleset.registry.fields]
            if listed:  # Entries of a list are looked up one by one, by rules that name them.
                yield Answer(
                    "row_unreachable",
                    (id_,),
                    State.NOTE,
                    f"{row.place.label()}：标准“{criterion.title}”的第 {row.number} 行"
                    f"（{row.title()}）没有规则用到",
                    True,
                )
                continue
            yield Answer(
                "row_unreachable",
                (id_,),
                State.ALARM,
                f"{row.place.label()}：标准“{criterion.title}”的第 {row.number} 行（{row.title()}）"
                "任何项目都取不到",
                True,
                hint="更具体的行已取走全部项目，或键值超出字段范围",
            )
        if reached >= {r.number for r in period.rows}:
            yield Answer(
                "row_unreachable", (id_,), State.OK, f"标准“{criterion.title}”的每一行都取得到"
            )


def _used(side: Side) -> dict[str, set[tuple[tuple[str, str], ...]]]:
    """Criteria that rules in force look up, with the dimensions fixed at each use."""
    out: dict[str, set[tuple[tuple[str, str], ...]]] = {}
    for compiled in side.rules.values():
        for leaf, _ in compiled.leaves:
            if isinstance(leaf, Each):
                key = side.ruleset.registry.fields[leaf.field].key or "key"
                entries = side.domain.entries(leaf.field)
                out.setdefault(leaf.criterion, set()).update(((key, e.name),) for e in entries)
            else:
                for ref in criterion_refs(leaf, side.ruleset):
                    out.setdefault(ref.id, set()).add(ref.keys)
    return out
