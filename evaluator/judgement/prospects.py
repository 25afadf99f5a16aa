"""What answers could still make of a rule: the fields it waits for, and where they could lead.

Worked out from a trace, leaf by leaf: a leaf that is settled stays so, one that waits for fields may
come to be true, false, or still unknown, one that no answer settles (a divisor of zero, no standard
in force) stays unknown. What the whole may come to is never less than what it can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

from evaluator.dossier.fields import FieldType
from evaluator.engine.reference.traces import LeafTrace, RuleTrace
from evaluator.judgement.evaluate import Evaluation
from evaluator.rulebook import ast, walk, worth
from evaluator.rulebook.reads import criterion_refs, reads
from evaluator.rulebook.verdict import Status, status_of
from evaluator.values.kleene import Truth, all_of, any_of, negate

Truths = frozenset[Truth]
# Whether a leaf that waits for these fields is taken for answered.
Free = Callable[[ast.Leaf, Sequence[str]], bool]
OPEN: Truths = frozenset((True, False, None))
PLAIN = (
    *(ast.Compare, ast.Member, ast.Known, ast.Each, ast.FieldRef, ast.CriterionRef, ast.Number),
    *(ast.Scale, ast.Arith, ast.Sum, ast.Days, ast.MetricRef),
)
SETTLED = frozenset((Status.SATISFIED, Status.NOT_APPLICABLE))


class Prospect(NamedTuple):
    """``fields`` are what the rule waits for; ``where`` are those of its ``applies_when``.

    ``breach``: answers can breach it; ``settle``: they can make it satisfied or not applicable.
    ``alone``: the fields of which one answer suffices for a breach.
    """

    fields: tuple[str, ...]
    where: tuple[str, ...]
    breach: bool
    settle: bool
    alone: frozenset[str]


def prospect(evaluation: Evaluation, rule_id: str) -> Prospect:
    """What answers could still make of one rule in force."""
    read = evaluation.read_by(rule_id)
    known = evaluation.tokens.get
    # A record that is not given at all is asked for as one.
    records = evaluation.memo.recall("records", partial(_records, evaluation.ruleset))[rule_id]
    given = (record in evaluation.profile.values for record in records)
    key = ("prospect", rule_id, evaluation.stretch, *map(known, read), *given)
    return evaluation.memo.recall(key, lambda: _Work(evaluation, rule_id).prospect())


def _records(ruleset: ast.Ruleset) -> dict[str, tuple[str, ...]]:
    """The records of which a rule reads a part, by the rule's id."""
    return {
        rule_id: tuple(sorted({n.partition(".")[0] for n in names if "." in n}))
        for rule_id, names in reads(ruleset).items()
    }


def _any(_leaf: ast.Leaf, names: Sequence[str]) -> bool:
    return bool(names)


def _plain(leaf: ast.Leaf, ruleset: ast.Ruleset) -> bool:
    """Whether a leaf is unknown for as long as any field that it reads is."""
    return all(isinstance(node, PLAIN) for node in walk.nodes(leaf, metrics=ruleset.metrics))


class _Work:
    def __init__(self, evaluation: Evaluation, rule_id: str) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self.values = evaluation.profile.values
        self.trace: RuleTrace = evaluation.assessment.traces[rule_id]
        self.rule = self.trace.rule
        self.applies = [self._waits(leaf) for leaf in self.trace.applies_leaves]
        self.require = [self._waits(leaf) for leaf in self.trace.require_leaves]

    def prospect(self) -> Prospect:
        where = tuple(dict.fromkeys(name for names in self.applies for name in names))
        asked: dict[str, None] = {}
        for names in self._halves():
            asked.update(dict.fromkeys(names))
        possible = self._possible(_any)
        alone = frozenset(name for name in asked if self._alone(name))
        return Prospect(
            tuple(asked), where, Status.VIOLATED in possible, bool(possible & SETTLED), alone
        )

    def _halves(self) -> Iterator[Sequence[str]]:
        """The fields of the leaves that can still turn the half they stand in."""
        halves = (
            (self.rule.applies_when, self.trace.applies_leaves, self.applies),
            (self.rule.require, self.trace.require_leaves, self.require),
        )
        for condition, leaves, waits in halves:
            if condition is None:
                continue
            open_ = self._truths(condition, leaves, waits, _any)
            if len(open_) > 1:
                yield from _turning(condition, iter(zip(leaves, waits, strict=True)))

    def _alone(self, name: str) -> bool:
        def free(leaf: ast.Leaf, names: Sequence[str]) -> bool:
            # A score, and whatever is bounded by what is known of it, can be settled by part of what
            # it waits for.
            return name in names and (len(names) == 1 or not _plain(leaf, self.ruleset))

        if Status.VIOLATED not in self._possible(free):
            return False
        field = self.ruleset.registry.references.get(name)
        if field is None or field.type not in (FieldType.BOOL, FieldType.ENUM):
            return True
        profile, day = self.evaluation.profile, self.evaluation.as_of
        return any(
            status is Status.VIOLATED
            for value in worth.choices(field)
            for _, status in self.evaluation.reference.judge(
                (self.rule,), profile.with_value(name, value), day
            )
        )

    def _possible(self, free: Free) -> frozenset[Status]:
        applies: Truths = frozenset((True,))
        if self.rule.applies_when is not None:
            applies = self._truths(
                self.rule.applies_when, self.trace.applies_leaves, self.applies, free
            )
        require = self._truths(self.rule.require, self.trace.require_leaves, self.require, free)
        return frozenset(status_of(a, b) for a, b in product(applies, require))

    def _truths(
        self,
        condition: ast.Condition,
        leaves: Sequence[LeafTrace],
        waits: Sequence[Sequence[str]],
        free: Free,
    ) -> Truths:
        given = iter(
            OPEN if free(leaf.leaf, names) else frozenset((leaf.truth,))
            for leaf, names in zip(leaves, waits, strict=True)
        )
        return _combined(condition, given)

    def _waits(self, trace: LeafTrace) -> tuple[str, ...]:
        """The missing fields that a leaf waits for; none where no answer turns it."""
        leaf = trace.leaf
        if isinstance(leaf, ast.Known):
            names: tuple[str, ...] = () if leaf.field in self.values else (leaf.field,)
        elif trace.truth is not None:
            return ()
        elif isinstance(leaf, ast.Compare):
            names = trace.unknown.missing
            if names:
                names += self._dimensions(leaf, names)
        else:
            names = trace.unknown.missing
        return tuple(dict.fromkeys(map(self._asked, names)))

    def _dimensions(self, leaf: ast.Compare, missing: Sequence[str]) -> tuple[str, ...]:
        """What else chooses the row of a table of which a dimension is missing."""
        out: dict[str, None] = {}
        for side in (leaf.left, leaf.right):
            for ref in criterion_refs(side, self.ruleset):
                by = self.ruleset.criteria[ref.id].by
                if any(d in missing for d in by):
                    fields = self.ruleset.registry.fields
                    out.update(dict.fromkeys(d for d in by if d in fields and d not in self.values))
        return tuple(out)

    def _asked(self, name: str) -> str:
        """A record is one answer: while it is not given at all, it is the record that is asked for."""
        record = name.partition(".")[0]
        return record if record not in self.values else name


def _combined(condition: ast.Condition, given: Iterator[Truths]) -> Truths:
    match condition:
        case ast.AllOf(items=items) | ast.AnyOf(items=items):
            combine = all_of if isinstance(condition, ast.AllOf) else any_of
            total = _combined(items[0], given)
            for item in items[1:]:
                part = _combined(item, given)
                total = frozenset(combine(pair) for pair in product(total, part))
            return total
        case ast.NotOf(item=item):
            return frozenset(map(negate, _combined(item, given)))
        case _:
            return next(given)


def _turning(
    condition: ast.Condition, leaves: Iterator[tuple[LeafTrace, Sequence[str]]]
) -> list[Sequence[str]]:
    """The fields of leaves that no settled neighbour makes idle."""
    return _turn(condition, leaves)[1]


def _turn(
    condition: ast.Condition, leaves: Iterator[tuple[LeafTrace, Sequence[str]]]
) -> tuple[Truths, list[Sequence[str]]]:
    match condition:
        case ast.AllOf(items=items) | ast.AnyOf(items=items):
            every = isinstance(condition, ast.AllOf)
            parts = [_turn(item, leaves) for item in items]
            total = parts[0][0]
            for truths, _ in parts[1:]:
                total = frozenset(
                    (all_of if every else any_of)(pair) for pair in product(total, truths)
                )
            if len(total) == 1:
                return total, []
            return total, [names for _, found in parts for names in found]
        case ast.NotOf(item=item):
            truths, found = _turn(item, leaves)
            return frozenset(map(negate, truths)), found
        case _:
            trace, names = next(leaves)
            return (OPEN, [names]) if names else (frozenset((trace.truth,)), [])
