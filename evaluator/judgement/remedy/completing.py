"""Whether some answer to every missing field makes a project pass."""

from __future__ import annotations

import itertools

from evaluator.dossier.dossier import Profile
from evaluator.judgement.evaluate import combine
from evaluator.judgement.remedy.lacking import MAX_ANSWERS
from evaluator.judgement.remedy.standing import BAD, Standing
from evaluator.rulebook import ast
from evaluator.rulebook.verdict import Status, Verdict


def completes(standing: Standing, profile: Profile) -> bool:
    """Whether answers to what ``profile`` leaves open make it pass, by the engine."""
    evaluation = standing.evaluation
    unchanged = profile is standing.profile
    statuses = dict(evaluation.statuses if unchanged else standing.statuses(profile))
    for _ in range(2 * len(standing.fields)):
        if combine(standing.ruleset, statuses) is Verdict.PASS:
            return True
        blocking = (
            standing.rules[rule_id]
            for rule_id, status in statuses.items()
            if status in BAD and standing.rules[rule_id].effect is not ast.Effect.ADVISE
        )
        answered = (_answered(standing, rule, profile) for rule in blocking)
        better = next((a for a in answered if a is not None), None)
        if better is None:
            return False
        name, profile = better
        touched = standing.touched(name)
        statuses.update((rule.id, status) for rule, status in standing.judge(touched, profile))
    return False


def _answered(standing: Standing, rule: ast.Rule, profile: Profile) -> tuple[str, Profile] | None:
    """One missing field of ``rule``, and ``profile`` with the answer that leaves its readers best off."""
    best: tuple[int, tuple[str, Profile]] | None = None
    for name in sorted(standing.reads[rule.id]):
        field = standing.fields.get(name)
        if field is None or name in standing.profile.values:
            continue
        affected = standing.readers.get(name, [])
        values = standing.candidates.answers(rule, field, profile)
        for value in itertools.islice(values, MAX_ANSWERS):
            if value == profile.values.get(name):
                continue
            changed = profile.with_value(name, value)
            statuses = {
                reader.id: status
                for reader, status in standing.judge(affected, changed)
                if reader.effect is not ast.Effect.ADVISE or reader is rule
            }
            own = statuses[rule.id]
            if own is Status.VIOLATED or (own is Status.UNKNOWN and name in profile.values):
                continue
            counts = list(statuses.values())
            bad = 2 * counts.count(Status.VIOLATED) + counts.count(Status.UNKNOWN)
            if best is None or bad < best[0]:
                best = bad, (name, changed)
    return best and best[1]
