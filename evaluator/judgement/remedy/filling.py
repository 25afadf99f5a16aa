"""What the answer to a missing field has to be, where the rules settle that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field
from evaluator.dossier.values import Value
from evaluator.judgement.dependence import Tokens, tokens
from evaluator.judgement.remedy.candidates import Limit, bounds
from evaluator.judgement.remedy.changes import Fill
from evaluator.judgement.remedy.standing import BAD, Standing
from evaluator.rulebook import ast


def fills(
    standing: Standing, missing: Iterable[Field], waiting: frozenset[str], profile: Profile
) -> Iterator[Fill]:
    """The missing fields of ``profile``, each with what its answer has to be.

    ``waiting`` are the rules that lack answers.
    """
    # Only a rule that lacks nothing else says what the answer has to be.
    limiting: dict[str, list[ast.Rule]] = {}
    for rule_id in sorted(waiting):
        lacking = [
            name
            for name in standing.reads[rule_id]
            if name in standing.fields and name not in profile.values
        ]
        if len(lacking) == 1:
            limiting.setdefault(lacking[0], []).append(standing.rules[rule_id])
    known = standing.evaluation.tokens if profile is standing.profile else tokens(profile)
    for field in missing:
        limits = [
            _limit(standing, rule, field, profile, known)
            for rule in limiting.get(field.name, ())
            # What would look plausible is not what a figure has to be: it would invite made-up ones.
            if not (rule.list == "integrity" and field.numeric)
        ]
        yield Fill(field, _bounds(standing, field, limits))


def _bounds(standing: Standing, field: Field, limits: Sequence[Limit]) -> str | None:
    # By identity: limits are kept, and come back as the same objects. What is kept holds on to
    # them, so that no other limit can take their place.
    key = ("bounds", field.name, *map(id, limits))
    return standing.memo.recall(key, lambda: (limits, bounds(field, limits)))[1]


def _limit(
    standing: Standing, rule: ast.Rule, field: Field, profile: Profile, known: Tokens
) -> Limit:
    """Where a rule that lacks one field turns in it, and what it says of each value."""

    def limit() -> Limit:
        values = tuple(standing.candidates.values(rule, field, profile, None))
        return values, _acceptable(standing, rule, field, profile)

    return standing.memo.recall(("limit", *standing.key(rule.id, known)), limit)


def _acceptable(
    standing: Standing, rule: ast.Rule, field: Field, profile: Profile
) -> Callable[[Value], bool]:
    # Kept, so it must hold on to no more of this search than the rule reads.
    engine, day, read = standing.engine, standing.day, {"submitted_on", *standing.reads[rule.id]}
    profile = Profile({n: v for n, v in profile.values.items() if n in read})
    answers: dict[Value, bool] = {}

    def acceptable(value: Value) -> bool:
        answer = answers.get(value)
        if answer is None:
            changed = profile.with_value(field.name, value)
            ((_, status),) = engine.judge((rule,), changed, day)
            answer = answers[value] = status not in BAD
        return answer

    return acceptable
