"""What the answer to a missing field has to be, where the rules settle that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field
from evaluator.dossier.values import Value
from evaluator.judgement.dependence import Tokens, tokens
from evaluator.judgement.remedy.candidates import Limit, bounds
from evaluator.judgement.remedy.changes import Fill
from evaluator.judgement.remedy.standing import BAD, Standing
from evaluator.rulebook import ast
from evaluator.rulebook.verdict import Status


def fills(
    standing: Standing, missing: Iterable[Field], waiting: frozenset[str], profile: Profile
) -> Iterator[Fill]:
    """The missing fields of ``profile``, each with what its answer has to be.

    ``waiting`` are the rules that lack answers.
    """
    # Only a rule that lacks nothing else says what the answer has to be.
    limiting: dict[str, list[ast.Rule]] = {}
    stated = profile.values.keys()
    for rule_id in sorted(waiting):
        lacking = standing.stated_by[rule_id] - stated
        if len(lacking) == 1:
            (only,) = lacking
            limiting.setdefault(only, []).append(standing.rules[rule_id])
    refuted = partial(_refuted, standing, profile, {})
    known = standing.evaluation.tokens if profile is standing.profile else tokens(profile)
    for field in missing:
        rules = limiting.get(field.name, [])
        if field.numeric:
            # What would look plausible is not what a figure has to be: it would invite made-up ones.
            rules = [rule for rule in rules if rule.list != "integrity"]
        holding = standing.holding.get(field.name, ()) if field.numeric else ()
        if not rules and not (standing.together and holding):
            yield Fill(field, None)
            continue
        limits = [_limit(standing, rule, field, profile, known) for rule in rules]
        if not standing.together:
            yield Fill(field, _bounds(standing, field, limits))
            continue
        held = [r for r in holding if not refuted(r) and r not in rules]
        limits += [_limit(standing, rule, field, profile, known, held=True) for rule in held]
        yield Fill(field, _jointly(standing, field, limits, [*rules, *held]))


def _refuted(standing: Standing, profile: Profile, known: dict[str, bool], rule: ast.Rule) -> bool:
    """Whether a rule is breached already, so that it holds no further answer; asked once of each."""
    if profile is standing.profile:
        return standing.evaluation.statuses[rule.id] is Status.VIOLATED
    refuted = known.get(rule.id)
    if refuted is None:
        refuted = known[rule.id] = standing.status(rule, profile) is Status.VIOLATED
    return refuted


def _jointly(
    standing: Standing, field: Field, limits: Sequence[Limit], rules: Sequence[ast.Rule]
) -> str | None:
    """What the answer has to be for all rules together; where none is, that, with who asks for what."""
    if not limits:
        return None
    said = _bounds(standing, field, limits)
    if said is not None:
        return said
    tried = list(dict.fromkeys(v for values, _ in limits for v in values))
    if not tried or any(all(judge(v) for _, judge in limits) for v in tried):
        return None
    asked = (
        f"“{rule.title}”要{own}"
        for rule, limit in zip(rules, limits, strict=True)
        if (own := _bounds(standing, field, [limit])) is not None
    )
    return "没有能同时满足各条规则的答复：" + "，".join(asked)


def _bounds(standing: Standing, field: Field, limits: Sequence[Limit]) -> str | None:
    # By identity: limits are kept, and come back as the same objects. What is kept holds on to
    # them, so that no other limit can take their place.
    key = ("bounds", field.name, *map(id, limits))
    return standing.memo.recall(key, lambda: (limits, bounds(field, limits)))[1]


def _limit(
    standing: Standing,
    rule: ast.Rule,
    field: Field,
    profile: Profile,
    known: Tokens,
    *,
    held: bool = False,
) -> Limit:
    """Where a rule turns in a field that it lacks, and what it says of each value; of one that is only
    to hold, whether the value refutes it."""

    def limit() -> Limit:
        values = tuple(standing.candidates.values(rule, field, profile, None))
        bad = frozenset((Status.VIOLATED,)) if held else BAD
        return values, _acceptable(standing, rule, field, profile, bad)

    key = ("limit", field.name, held, *standing.key(rule.id, known))
    return standing.memo.recall(key, limit)


def _acceptable(
    standing: Standing, rule: ast.Rule, field: Field, profile: Profile, bad: frozenset[Status]
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
            answer = answers[value] = status not in bad
        return answer

    return acceptable
