"""Changes to what a dossier states that mend what is breached, each judged again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from evaluator.dossier.dossier import Profile
from evaluator.dossier.values import Value
from evaluator.judgement.remedy.candidates import nearest
from evaluator.judgement.remedy.changes import Change
from evaluator.judgement.remedy.gaining import best_gain
from evaluator.judgement.remedy.obstacles import Obstacles
from evaluator.judgement.remedy.standing import BAD, Standing
from evaluator.rulebook import ast
from evaluator.rulebook.verdict import Status

MAX_SINGLE = 6


class Breaches:
    """Which rules are bad after a change: breached, or open where they were not."""

    def __init__(self, standing: Standing, obstacles: Obstacles) -> None:
        self._standing = standing
        self._waiting = obstacles.waiting
        self._excused = obstacles.excused

    def among(self, rules: Iterable[ast.Rule], profile: Profile) -> set[str]:
        """Of ``rules``, those that a change must not leave as they are in ``profile``."""
        standing, excused = self._standing, self._excused
        return {
            rule.id
            for rule, status in standing.judge(rules, profile)
            if status in BAD
            and rule.effect is not ast.Effect.ADVISE
            and rule.id not in excused
            and not self._may_stay(rule.id, status)
        }

    def after(self, profile: Profile, name: str, bad: Set[str]) -> set[str]:
        """What is bad after a change of one field: only its readers are judged again."""
        affected = self._standing.readers.get(name, [])
        return {*bad}.difference(r.id for r in affected) | self.among(affected, profile)

    def _may_stay(self, rule_id: str, status: Status) -> bool:
        """Whether a rule is open, and no worse than it was: its answers are asked for as well."""
        was = self._standing.evaluation.statuses.get(rule_id)
        return rule_id in self._waiting and (status is Status.UNKNOWN or was is Status.VIOLATED)


class Mending:
    """Looks for changes that mend all that is ``mendable`` and breach nothing else."""

    def __init__(self, standing: Standing, obstacles: Obstacles) -> None:
        self._standing = standing
        self._todo = obstacles.mendable
        self._breaches = Breaches(standing, obstacles)

    def single(self) -> tuple[Change, ...]:
        """The smallest sufficient change for each field that suffices alone."""
        if not self._todo:
            return ()
        start = self._standing.profile
        best: dict[str, Change] = {}
        tried: set[tuple[str, Value]] = set()
        shared = frozenset.intersection(*(self._standing.reads[i] for i in self._todo))
        for rule_id in sorted(self._todo):
            for change in self._options(rule_id, start):
                name = change.field.name
                if name not in shared or (name, change.new) in tried:
                    continue
                tried.add((name, change.new))
                if name in best and best[name].cost <= change.cost:
                    continue
                changed = start.with_value(name, change.new)
                if not self._breaches.after(changed, name, self._todo):
                    best[name] = change
        ranked = sorted(best.values(), key=lambda c: (c.cost, c.field.name))
        return tuple(ranked[:MAX_SINGLE])

    def joint(self) -> tuple[Change, ...]:
        """Changes that suffice together, none of them superfluous; empty where none were found."""
        profile, bad = self._standing.profile, set(self._todo)
        changes: dict[str, Change] = {}
        for _ in range(2 * len(self._todo) + 4):
            if not bad:
                return self._needed(changes)
            step = self._step(profile, bad)
            if step is None:
                gain = best_gain(self._standing, min(bad), profile, frozenset(changes))
                if gain is None:
                    return ()
                changes[gain.field.name] = gain
                profile = profile.with_value(gain.field.name, gain.new)
                bad = self._breaches.after(profile, gain.field.name, bad)
                continue
            change, bad = step
            changes[change.field.name] = change
            profile = profile.with_value(change.field.name, change.new)
        return ()

    def _step(self, profile: Profile, bad: set[str]) -> tuple[Change, set[str]] | None:
        """The change that mends the first bad rule and leaves the fewest; the smallest of those."""
        rule_id = min(bad)
        best: tuple[tuple[int, float, str], Change, set[str]] | None = None
        for change in self._options(rule_id, profile):
            name = change.field.name
            left = self._breaches.after(profile.with_value(name, change.new), name, bad)
            rank = (len(left), change.cost, name)
            if rule_id not in left and (best is None or rank < best[0]):
                best = rank, change, left
        return best and (best[1], best[2])

    def _needed(self, changes: dict[str, Change]) -> tuple[Change, ...]:
        kept = dict(changes)
        for name in changes:
            rest = [change for other, change in kept.items() if other != name]
            changed = self._standing.changed(rest)
            if not self._breaches.among(self._standing.rules.values(), changed):
                del kept[name]
        return tuple(kept.values())

    def _options(self, rule_id: str, profile: Profile) -> Iterator[Change]:
        standing = self._standing
        rule = standing.rules[rule_id]
        for name in sorted(filter(standing.may_change, standing.reads[rule_id])):
            field, old = standing.fields[name], standing.profile.values[name]
            values = standing.candidates.values(rule, field, profile, old)
            if standing.together:
                values = nearest(field, old, values)
            for new in values:
                if new != profile.values.get(name):
                    yield Change(field, old, new)
