"""The durable engine: durable-rules decides every status from prepared leaf codes.

Each rule becomes up to three patterns, each a set of exclusive conjunctions of positive tests:

    violated        applies_when is true and require is false
    unknown         applies_when is not false, require is not true, and it is not violated
    not_applicable  applies_when is false; one pattern for all rules with the same applies_when

What fires none of them is satisfied, which is the most frequent outcome and so costs nothing. That
silence counts only because the sentinel of each network proves that all its patterns were tried,
and because a leaf has a code also where it is unknown: a missing value fires "unknown".

not_applicable is told from satisfied by firing, not by a truth from preparation: a firing costs
about 1 µs, a dossier has few distinct applies_when that are false, and so durable-rules decides
all four outcomes.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from evaluator.dossier.dossier import Profile
from evaluator.engine.durable.network import Network, Overfull, Pattern
from evaluator.engine.durable.patterns import (
    FALSE,
    TRUE,
    UNKNOWN,
    Formula,
    Junction,
    TooLarge,
    both,
    branches,
)
from evaluator.engine.durable.prepare import Preparation, Stretch
from evaluator.problems.errors import InternalError
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.verdict import Status

# Branches and slots of one rule, above which parts of its conditions get a code of their own.
MAX_BRANCHES = 12
MAX_SLOTS = 40
# Measured on 40 to 1,000 rules: matching costs properties times tests of one network, so small
# networks win until the fixed cost of each (about 4 µs) does.
RULES_PER_NETWORK = 20

_T, _F, _U = frozenset({TRUE}), frozenset({FALSE}), frozenset({UNKNOWN})


@dataclass(slots=True)
class _Plan:
    """For the rules in force in a stretch of days: where all start, and what each name changes."""

    start: dict[str, Status]
    effects: dict[str, tuple[Status, tuple[str, ...]]]


class DurableEngine:
    """durable-rules behind one ruleset. Safe for threads; one dossier at a time is inside.

    Made once for a published ruleset and closed when it is replaced: each holds C memory. Drafts
    and checks use the reference engine.
    """

    name = "durable"

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self._lock = threading.Lock()
        self._preparation = Preparation(ruleset)
        self._means: dict[str, tuple[Status, list[str]]] = {}
        self._groups: dict[Formula, str] = {}
        compiled = [self._compile(n, rule) for n, rule in enumerate(ruleset.rules.values())]
        self._preparation.finish()
        self._networks: list[Network] = []
        for first in range(0, len(compiled), RULES_PER_NETWORK):
            self._networks += self._build(compiled[first : first + RULES_PER_NETWORK])

    # --- compiling -----------------------------------------------------------------------------

    def _compile(self, number: int, rule: Rule) -> dict[str, Pattern]:
        """The patterns of a rule by name; notes in ``_means`` what each name stands for."""
        make = self._preparation.formula
        applies = make(rule.applies_when) if rule.applies_when is not None else None
        require = make(rule.require)
        try:
            violated, unknown, spared = _patterns(applies, require)
        except TooLarge:
            try:
                applies = self._flatter(applies)
                require = self._flatter(require) or require
                violated, unknown, spared = _patterns(applies, require)
            except TooLarge:
                applies = applies and self._preparation.truth(applies)
                require = self._preparation.truth(require)
                violated, unknown, spared = _patterns(applies, require)
        out: dict[str, Pattern] = {}
        if violated:
            out[f"v{number}"] = violated
            self._means[f"v{number}"] = (Status.VIOLATED, [rule.id])
        if unknown:
            out[f"u{number}"] = unknown
            self._means[f"u{number}"] = (Status.UNKNOWN, [rule.id])
        if spared and applies is not None:
            name = self._groups.get(applies)
            if name is None:
                name = self._groups[applies] = f"n{number}"
                out[name] = spared
                self._means[name] = (Status.NOT_APPLICABLE, [])
            self._means[name][1].append(rule.id)
        return out

    def _flatter(self, formula: Formula | None) -> Formula | None:
        """The formula with each of its parts prepared as one code."""
        if not isinstance(formula, Junction):
            return formula
        return Junction(formula.every, tuple(self._preparation.truth(i) for i in formula.items))

    def _build(self, compiled: list[dict[str, Pattern]]) -> list[Network]:
        """Networks for some rules, split in halves until each is within the engine's limits."""
        patterns = {name: p for made in compiled for name, p in made.items()}
        domains = {n: self._preparation.domain(n) for n in range(self._preparation.size)}
        try:
            return [Network(f"rules{next(iter(patterns), '')}", patterns, domains)]
        except Overfull:
            if len(compiled) == 1:
                raise
            half = len(compiled) // 2
            return [*self._build(compiled[:half]), *self._build(compiled[half:])]

    # --- deciding ------------------------------------------------------------------------------

    def statuses(self, profile: Profile, as_of: dt.date) -> Mapping[str, Status]:
        """The status of every rule in force on ``as_of``, by rule id.

        Raises InternalError where durable-rules broke a promise: never a status by default.
        """
        try:
            return self._statuses(profile, as_of)
        except InternalError:
            raise
        except Exception as error:
            raise InternalError(f"durable engine failed: {error!r}") from error

    def _statuses(self, profile: Profile, as_of: dt.date) -> dict[str, Status]:
        stretch = self._preparation.stretch(as_of, profile.submitted_on)
        plan = stretch.plan
        if not isinstance(plan, _Plan):
            plan = stretch.plan = self._plan(stretch)
        codes = stretch.codes(profile.values)
        facts = [network.fact(codes) for network in self._networks]
        fired: list[str] = []
        with self._lock:
            for network, fact in zip(self._networks, facts, strict=True):
                fired += network.run(fact)
        statuses = plan.start.copy()
        for name in fired:
            status, ids = plan.effects[name]
            for rule_id in ids:
                if statuses[rule_id] is not Status.SATISFIED:
                    raise InternalError(f"durable-rules gave {rule_id} two outcomes")
                statuses[rule_id] = status
        return statuses

    def _plan(self, stretch: Stretch) -> _Plan:
        force = {rule.id for rule in self.ruleset.in_force(stretch.as_of)}
        effects = {
            name: (status, tuple(i for i in ids if i in force))
            for name, (status, ids) in self._means.items()
        }
        return _Plan(dict.fromkeys(sorted(force), Status.SATISFIED), effects)

    def close(self) -> None:
        """Give back the C memory; ``statuses`` is an error from then on."""
        with self._lock:
            for network in self._networks:
                network.close()


def _patterns(applies: Formula | None, require: Formula) -> tuple[Pattern, Pattern, Pattern]:
    """The patterns of violated, unknown and not_applicable. Raises TooLarge."""

    def ways(formula: Formula, truths: frozenset[int]) -> Pattern:
        return branches(formula, truths, MAX_BRANCHES)

    false, unknown = ways(require, _F), ways(require, _U)
    if applies is None:
        made: tuple[Pattern, Pattern, Pattern] = false, unknown, []
    else:
        # Tests of the requirement come first: they fail more often than those of applies_when.
        made = (
            both(false, ways(applies, _T)),
            both(unknown, ways(applies, _T | _U)) + both(false, ways(applies, _U)),
            ways(applies, _F),
        )
    slots = {slot for pattern in made for branch in pattern for slot in branch}
    if len(slots) > MAX_SLOTS or max(map(len, made)) > MAX_BRANCHES:
        raise TooLarge
    return made
