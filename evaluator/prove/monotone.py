"""Does a better number ever make the verdict worse?

A floor (下限) says that more is better, a ceiling that less is. For a number so marked, every
comparison that reads it is looked at: where each can only help, that is a proof. Otherwise the
solver looks for two projects that differ only in the fields behind the number, on which every
other comparison comes out the same, and of which the better one gets the worse verdict.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3

from evaluator.dossier.dossier import Profile
from evaluator.judgement.wording import rule_names
from evaluator.prove.compile import Pair
from evaluator.prove.report import Answer, State
from evaluator.prove.single import settled
from evaluator.prove.solve import Outcome, Question, Reply, Side, Space
from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import Kind
from evaluator.rulebook.verdict import Verdict

RANK = {Verdict.REJECT: 0, Verdict.REFER: 1, Verdict.PASS: 2}


@dataclass(frozen=True, slots=True)
class _Subject:
    """A number with a better direction (+1 up, -1 down)."""

    expr: ast.MetricRef | ast.FieldRef
    better: int

    def title(self, ruleset: ast.Ruleset) -> str:
        if isinstance(self.expr, ast.MetricRef):
            return ruleset.metrics[self.expr.id].title
        return ruleset.registry.label(self.expr.name)

    @property
    def name(self) -> str:
        return self.expr.id if isinstance(self.expr, ast.MetricRef) else self.expr.name


def monotone_answers(space: Space, side: Side) -> Iterator[Answer]:
    """One answer for every number that some criterion bounds from one side only."""
    for subject in _subjects(side):
        title = f"“{subject.title(side.ruleset)}”"
        way = "提高" if subject.better > 0 else "降低"
        if _by_shape(side, subject):
            yield Answer(
                "non_monotonic", (subject.name,), State.OK, f"{title}{way}从不使结论变差", True
            )
            continue
        yield _search(space, side, subject, f"{title}{way}是否会使结论变差", title + way)


def _subjects(side: Side) -> list[_Subject]:
    directions: dict[str, set[int]] = {}
    first: dict[str, ast.MetricRef | ast.FieldRef] = {}
    for compiled in side.rules.values():
        for leaf in walk.leaves(compiled.rule.require):
            if not isinstance(leaf, ast.Compare) or not isinstance(leaf.right, ast.CriterionRef):
                continue
            kind = side.ruleset.criteria[leaf.right.id].kind
            expr = walk.unscaled(leaf.left)
            if kind in (Kind.FLOOR, Kind.CEILING) and isinstance(
                expr, (ast.MetricRef, ast.FieldRef)
            ):
                name = expr.id if isinstance(expr, ast.MetricRef) else expr.name
                first.setdefault(name, expr)
                directions.setdefault(name, set()).add(1 if kind is Kind.FLOOR else -1)
    return [_Subject(first[n], next(iter(d))) for n, d in directions.items() if len(d) == 1]


def _inputs(expr: ast.Expr) -> frozenset[str]:
    """The fields and metrics that an expression names; none where it is a constant."""
    return frozenset((*walk.named("field", expr), *walk.named("metric", expr)))


def _direct(leaf: ast.Leaf, name: str) -> bool:
    """Whether a comparison holds the number against a value of the rulebook.

    Against another quantity of the dossier it is a relation between the two, and held still.
    """
    if not isinstance(leaf, ast.Compare):
        return False
    left, right = _inputs(leaf.left), _inputs(leaf.right)
    return name in left | right and not (left and right)


def _by_shape(side: Side, subject: _Subject) -> bool:
    """Whether the shape of every rule shows it: each comparison can only turn the better way."""
    can_empty = all(c.rule.applies_when is not None for c in side.rules.values())
    for compiled in side.rules.values():
        rule = compiled.rule
        if rule.effect == "advise":
            continue
        if not _helps(rule.require, subject, 1):
            return False
        if rule.applies_when is not None:
            if not _helps(rule.applies_when, subject, -1):
                return False
            # A rule that stops applying could leave none that applies, which is no pass.
            read = any(_direct(leaf, subject.name) for leaf, _ in compiled.leaves)
            if can_empty and read and not _helps(rule.applies_when, subject, 1):
                return False
    return True


def _helps(condition: ast.Condition, subject: _Subject, polarity: int) -> bool:
    match condition:
        case ast.AllOf(items=items) | ast.AnyOf(items=items):
            return all(_helps(i, subject, polarity) for i in items)
        case ast.NotOf(item=item):
            return _helps(item, subject, -polarity)
        case ast.Compare(left=left, op=op, right=right):
            if not _direct(condition, subject.name):
                return True
            if subject.name in _inputs(right) or not isinstance(
                walk.unscaled(left), (ast.MetricRef, ast.FieldRef)
            ):
                return False
            return op.direction * polarity * subject.better > 0
        case _:
            return True


def _search(space: Space, side: Side, subject: _Subject, what: str, title: str) -> Answer:
    moving = _moving(side, subject)
    swap = [
        (_variable(space, f), z3.Const(f"better:{f}", _variable(space, f).sort())) for f in moving
    ]

    def primed(formula: Any) -> Any:
        return z3.substitute(formula, *swap)

    value = z3.Real("value of the number")
    definition = z3.Or(
        [
            z3.And(
                c.guard, value * side.compiler.term(c.value.den) == side.compiler.term(c.value.num)
            )
            for c in side.compiler.cases(subject.expr)
        ]
    )
    after = z3.Real("better value of the number")
    definition_after = z3.substitute(primed(definition), (value, after))
    same = [
        z3.And(primed(p.true) == p.true, primed(p.false) == p.false)
        for c in side.rules.values()
        if c.fields & moving
        for leaf, p in c.leaves
        if not _direct(leaf, subject.name) and _touches(p, swap)
    ]
    v = side.verdicts
    w = {k: primed(x) for k, x in v.items()}
    worse = z3.Or(z3.And(v["pass"], z3.Not(w["pass"])), z3.And(v["refer"], w["reject"]))
    solver = space.solver(side.fields | moving)
    ranges = [primed(c) for f in moving for c in space.domain.constraints(f.partition(".")[0])]
    better = after > value if subject.better > 0 else after < value
    solver.add(definition, definition_after, better, worse, *same, *ranges)
    reply, second = _ask(space, side, solver, side.fields | moving, swap)
    open_ = settled(reply, "non_monotonic", (subject.name,), what)
    if open_:
        return open_
    if reply.outcome is Outcome.NONE:
        return Answer("non_monotonic", (subject.name,), State.OK, f"{title}从不使结论变差", True)
    assert reply.witness is not None
    assert second is not None
    first, second = _simpler(space, side, reply.witness, second, moving)
    blamed = sorted(_blamed(side, first, second))
    return Answer(
        "non_monotonic",
        (subject.name, *blamed),
        State.ALARM,
        f"{title}反而使结论变差，涉及规则 {rule_names(blamed, side.ruleset)}",
        False,
        (first, second),
        "检查这些规则中的比较方向",
    )


def _moving(side: Side, subject: _Subject) -> frozenset[str]:
    """The fields behind the number; a record counts by its entries."""
    out: set[str] = set()
    for name in walk.named("field", subject.expr, metrics=side.ruleset.metrics):
        field = side.domain.field(name)
        out.update({f"{name}.{key}" for key in field.keys} if field.keys else {name})
    return frozenset(out)


def _variable(space: Space, name: str) -> Any:
    term = space.domain.term(name)
    return term.arg(0) if z3.is_to_real(term) else term


def _touches(pair: Pair, swap: list[tuple[Any, Any]]) -> bool:
    return not z3.substitute(pair.true, *swap).eq(pair.true)


def _ask(
    space: Space, side: Side, solver: Any, fields: frozenset[str], swap: list[tuple[Any, Any]]
) -> tuple[Reply, Profile | None]:
    """Both dossiers of the answer, confirmed by the evaluator."""
    everything = Question(z3.BoolVal(True), fields, lambda _: True, side.exact)
    reply = space.ask(everything, solver)
    if reply.outcome is not Outcome.WITNESS or reply.witness is None:
        return reply, None
    profile = reply.witness
    for variable, primed in swap:
        name = str(variable).removeprefix("value:")
        value = reply.model.eval(primed, model_completion=True)
        if not (z3.is_rational_value(value) or z3.is_int_value(value)):
            return Reply(Outcome.UNDECIDED, why="反例含无理数，写不成材料"), None
        number = Fraction(str(value.as_fraction() if z3.is_rational_value(value) else value))
        if isinstance(profile.values.get(name), dt.date):
            profile = profile.with_value(name, dt.date.fromordinal(int(number)))
        elif name in profile.values:
            profile = profile.with_value(name, number)
    if RANK[side.verdict(profile)] >= RANK[side.verdict(reply.witness)]:
        return Reply(Outcome.FAULT, profile, "求解器给出的反例未被评估器证实"), None
    return reply, profile


def _simpler(
    space: Space, side: Side, first: Profile, second: Profile, moving: frozenset[str]
) -> tuple[Profile, Profile]:
    """Both dossiers with what neither needs left out; what moves between them stays as it is."""
    blamed = _blamed(side, first, second)
    kept = {name.partition(".")[0] for name in moving}

    def beside(profile: Profile) -> Profile:
        other = profile
        for name in moving:
            other = other.with_value(name, second.values.get(name))
        return other

    def holds(profile: Profile) -> bool:
        other = beside(profile)
        return (
            all(n in profile.values for n in first.values if n in kept)
            and all(profile.values.get(n) == first.values.get(n) for n in moving)
            and RANK[side.verdict(other)] < RANK[side.verdict(profile)]
            and _blamed(side, profile, other) <= blamed
        )

    simple = space.simpler(first, holds) if holds(first) else first
    return simple, beside(simple)


def _blamed(side: Side, before: Profile, after: Profile) -> set[str]:
    old, new = side.statuses(before), side.statuses(after)
    return {r for r in old if old[r] is not new[r]}
