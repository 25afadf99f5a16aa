"""Where a dossier stands: what a search for a remedy asks about it again and again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import partial

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field, FieldType
from evaluator.judgement.dependence import Tokens
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.remedy.candidates import Candidates
from evaluator.judgement.remedy.changes import Change
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import Bands
from evaluator.rulebook.due import at_stage
from evaluator.rulebook.reads import reads
from evaluator.rulebook.verdict import Status

# Departments whose yes or no is a finding about the project.
AUTHORITIES = frozenset(
    ("development_reform", "natural_resources", "ecology", "emergency", "market_regulation", "tax")
)
# What keeps a rule that counts from being met.
BAD = frozenset({Status.VIOLATED, Status.UNKNOWN})


class Standing:
    """One evaluated dossier. ``rules`` are those in force; ``readers`` those that read a field."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self.fields = evaluation.ruleset.registry.references
        self.engine = evaluation.reference
        self.memo = evaluation.memo
        self.day = evaluation.as_of
        self.profile = evaluation.profile
        self.candidates = Candidates(self.ruleset, self.engine, self.day)
        # A rulebook that knows neither stages nor cards keeps its advice to the byte.
        self.together = evaluation.stage is not None or bool(self.ruleset.scorecards)
        self.given = frozenset(
            name
            for card in self.ruleset.scorecards.values()
            for item in card.items
            if not isinstance(item.points, Bands)
            and isinstance(walk.unscaled(item.points), ast.FieldRef)
            for name in walk.named("field", item.points)
        )
        self.rules = {i: self.ruleset.rules[i] for i in evaluation.statuses}
        self.reads = reads(self.ruleset)
        # By rule, what it lacks, once that has been asked for (``lacking``).
        self.lacked: dict[str, tuple[str, ...]] = {}
        self.asking_days = self.memo.recall("asking days", self._asking_days)
        self.stated_by = self.memo.recall("stated by", self._stated_by)
        self.holding = self.memo.recall(("holding", self.evaluation.stretch), self._holding)
        self.readers = self.memo.recall(
            ("readers", self.evaluation.stretch), partial(_readers, self.rules, self.reads)
        )

    def _asking_days(self) -> frozenset[str]:
        """The rules that read a day."""
        days = {name for name, field in self.fields.items() if field.type is FieldType.DATE}
        return frozenset(i for i, read in self.reads.items() if days.intersection(read))

    def _stated_by(self) -> dict[str, frozenset[str]]:
        """By rule, what it reads that a dossier states."""
        return {i: frozenset(n for n in read if n in self.fields) for i, read in self.reads.items()}

    def _holding(self) -> dict[str, list[ast.Rule]]:
        """By field, the rules that hold figures against each other and read it, by id: an answer that
        one of them would refute helps nobody. What only looks implausible is no bound."""
        metrics = self.ruleset.metrics
        counting = (r for r in self.rules.values() if r.effect is not ast.Effect.ADVISE)
        held = (r for r in counting if not any(walk.named("criterion", *r.halves, metrics=metrics)))
        return _readers({rule.id: rule for rule in held}, self.reads)

    def status(self, rule: ast.Rule, profile: Profile) -> Status:
        """What one rule says of another dossier on the same day."""
        ((_, status),) = self.judge((rule,), profile)
        return status

    def judge(
        self, rules: Iterable[ast.Rule], profile: Profile
    ) -> Iterator[tuple[ast.Rule, Status]]:
        """What some rules say of another dossier on the same day, at the same stage."""
        found, later = self.engine.judge(rules, profile, self.day), self.evaluation.later
        if not later:
            return found
        return (
            (rule, Status.NOT_DUE if s is Status.UNKNOWN and rule.id in later else s)
            for rule, s in found
        )

    def statuses(self, profile: Profile) -> Mapping[str, Status]:
        """What all rules in force say of another dossier, at the same stage."""
        return at_stage(self.engine.statuses(profile, self.day), self.evaluation.later)

    def touched(self, name: str) -> list[ast.Rule]:
        """The rules that read a field, the record that it is a key of, or another key of that."""
        record = name.partition(".")[0]
        names = [n for n in self.readers if n.partition(".")[0] == record]
        return list({rule.id: rule for n in names for rule in self.readers[n]}.values())

    def may_change(self, name: str) -> bool:
        """Whether a field is stated, and a plan may state it otherwise."""
        field = self.fields.get(name)
        if field is None or not field.changeable or name not in self.profile.values:
            return False
        return not (self.together and self._finding(field))

    def _finding(self, field: Field) -> bool:
        """Whether a field is what an authority found, or points that somebody gave, and no figure of
        the plan: it is not to be changed."""
        if field.name in self.given:
            return True
        closed = field.type in (FieldType.BOOL, FieldType.ENUM)
        return closed and field.supplied_by in AUTHORITIES

    def changed(self, changes: Iterable[Change]) -> Profile:
        """The dossier after some changes; itself where there are none."""
        profile = self.profile
        for change in changes:
            profile = profile.with_value(change.field.name, change.new)
        return profile

    def key(self, rule_id: str, known: Tokens) -> tuple[Hashable, ...]:
        """What the finding of a rule depends on: the rule, the dates and the fields it reads."""
        return rule_id, self.evaluation.stretch, *map(known.get, self.reads[rule_id])


def _readers(
    rules: Mapping[str, ast.Rule], reads: Mapping[str, frozenset[str]]
) -> dict[str, list[ast.Rule]]:
    readers: dict[str, list[ast.Rule]] = {}
    for rule_id, rule in rules.items():
        for name in reads[rule_id]:
            readers.setdefault(name, []).append(rule)
    return readers
