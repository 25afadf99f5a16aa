"""From findings to a verdict: the only place where findings are combined.

Deny-overrides: a violated ``reject`` rejects; else a violated ``refer``, or an unknown ``reject`` or
``refer``, refers; else the project passes. ``advise`` never counts. Where no rule applies at all
the dossier is referred, with that as the reason.

The deciding engine's findings are combined; the reference explains them. Where the two differ,
nothing is combined: the dossier is referred, with that as the cause.

At a stage, what is unknown of a rule that is due later is "not due": it neither refers nor passes.
A verdict that rests on nothing but such rules is a refer.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from weakref import WeakKeyDictionary

from evaluator.dossier.dossier import Profile
from evaluator.engine.base import Engine
from evaluator.engine.breaks import Stretch
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.engine.reference.traces import Assessment
from evaluator.judgement.dependence import Tokens, dated, tokens
from evaluator.judgement.memo import Memo
from evaluator.problems.errors import InternalError
from evaluator.rulebook.ast import Effect, Label, Ruleset
from evaluator.rulebook.due import at_stage, find_stage, not_due
from evaluator.rulebook.reads import reads
from evaluator.rulebook.stage import Stage
from evaluator.rulebook.verdict import VERDICT_LABELS, Status, Verdict

log = logging.getLogger("evaluator")
ENGINES = ("durable", "reference")
SATISFIED, VIOLATED = Status.SATISFIED, Status.VIOLATED
UNKNOWN, NOT_APPLICABLE, NOT_DUE = Status.UNKNOWN, Status.NOT_APPLICABLE, Status.NOT_DUE
# The rules that speak of a dimension, by id.
_dimensions: WeakKeyDictionary[Ruleset, dict[str, str]] = WeakKeyDictionary()
NO_RULE = "没有任何规则适用于本项目，不能自动作出结论"
NOTHING_DUE = "到这一环节为止，还没有一项规则可以判断，不能自动作出结论"
DISAGREEMENT = "系统内部核对不一致，本结论不作自动通过，请人工会审并联系管理员"


def combine(ruleset: Ruleset, statuses: Mapping[str, Status]) -> Verdict:
    """The verdict out of the statuses of all rules in force."""
    verdict, spoken = Verdict.PASS, False
    for rule_id, status in statuses.items():
        if status is NOT_APPLICABLE:
            continue
        if status is SATISFIED:
            spoken = True
            continue
        effect = ruleset.rules[rule_id].effect
        if status is NOT_DUE:
            # INVARIANT: where it is due it refers, or, of advice, stands as it does here.
            spoken = spoken or effect is Effect.ADVISE
            continue
        spoken = True
        if effect is Effect.REJECT and status is VIOLATED:
            return Verdict.REJECT
        if effect is not Effect.ADVISE:
            verdict = Verdict.REFER
    return verdict if spoken else Verdict.REFER


def _cause(ruleset: Ruleset, statuses: Mapping[str, Status]) -> str | None:
    """Why a dossier is referred, where no finding is the reason."""
    if all(s is NOT_APPLICABLE for s in statuses.values()):
        return NO_RULE
    silent = all(
        s is NOT_APPLICABLE or (s is NOT_DUE and ruleset.rules[i].effect is not Effect.ADVISE)
        for i, s in statuses.items()
    )
    return NOTHING_DUE if silent else None


def labels_of(ruleset: Ruleset, statuses: Mapping[str, Status]) -> tuple[Label, ...]:
    """The labels a project earns: in every dimension some rule is met and none is not."""
    dimensions = _dimensions.get(ruleset)
    if dimensions is None:
        found = ((rule.id, rule.dimension) for rule in ruleset.rules.values())
        dimensions = _dimensions[ruleset] = {i: name for i, name in found if name is not None}
    met: dict[str, bool] = {}
    for rule_id, dimension in dimensions.items():
        status = statuses.get(rule_id, NOT_APPLICABLE)
        if status is not NOT_APPLICABLE:
            met[dimension] = met.get(dimension, True) and status is SATISFIED
    return tuple(
        label for label in ruleset.labels if all(met.get(d, False) for d in label.dimensions)
    )


def make_engine(name: str, ruleset: Ruleset) -> Engine:
    """The engine of that name for a ruleset. Raises ValueError for another name."""
    if name == "reference":
        return ReferenceEngine(ruleset)
    if name == "durable":
        # Imported late: durable-rules is a C extension that only this engine needs.
        from evaluator.engine.durable.engine import DurableEngine

        return DurableEngine(ruleset)
    raise ValueError(f"没有引擎“{name}”，可用：{'、'.join(ENGINES)}")


@dataclass(frozen=True)
class Evaluation:
    """One dossier judged: verdict, statuses and the traces that explain them.

    ``statuses`` are the deciding engine's and equal those of the traces. Where the engines
    disagreed they are the reference's: what is shown is what can be explained, and no verdict comes
    of it. ``cause`` is set where the verdict is not due to any finding: no rule applied, or the
    engines disagreed. ``later`` are the rules that are not yet due at ``stage``, which is None for a
    rulebook that knows no stages.
    """

    ruleset: Ruleset
    profile: Profile
    as_of: dt.date
    verdict: Verdict
    statuses: Mapping[str, Status]
    assessment: Assessment
    cause: str | None
    # For what explains the verdict: the engine that assessed, and what the evaluator keeps.
    reference: ReferenceEngine
    memo: Memo
    stage: Stage | None = None
    later: frozenset[str] = frozenset()

    @property
    def words(self) -> Mapping[Verdict, str]:
        """What verdicts are called in Chinese at the stage."""
        return VERDICT_LABELS if self.stage is None else self.stage.words

    @property
    def word(self) -> str:
        """The verdict in Chinese."""
        return self.words[self.verdict]

    @property
    def pass_word(self) -> str:
        """What a pass would be called."""
        return self.words[Verdict.PASS]

    # What is worked out of it once and asked for again, such as its scores.
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def disputed(self) -> bool:
        """Whether the engines disagreed: nothing good may be said of such a dossier."""
        return self.cause == DISAGREEMENT

    @cached_property
    def tokens(self) -> Tokens:
        """What the explanations depend on, as keys."""
        return tokens(self.profile)

    @cached_property
    def stretch(self) -> Stretch:
        """The stretch of days that both dates lie in: within it the law is the same."""
        return self.reference.stretches.of(self.as_of, self.profile.submitted_on)

    @cached_property
    def dated(self) -> frozenset[str]:
        """The rules whose reasons may name the day judged as of."""
        make = partial(dated, self.ruleset, self.as_of, self.profile.submitted_on)
        return self.memo.recall(("dated", self.stretch), make)

    @cached_property
    def _reads(self) -> Mapping[str, frozenset[str]]:
        return reads(self.ruleset)

    def read_by(self, rule_id: str) -> frozenset[str]:
        """The fields that a rule reads, through metrics and tables."""
        return self._reads[rule_id]

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """Labels earned, such as 四高项目； none for a project that is rejected or disputed."""
        if self.verdict is Verdict.REJECT or self.disputed:
            return ()
        return labels_of(self.ruleset, self.statuses)

    @cached_property
    def blocking(self) -> tuple[str, ...]:
        """The rules that keep the verdict from pass, rejects first, then by id."""
        rules = self.ruleset.rules
        rejecting: list[str] = []
        others: list[str] = []
        for rule_id, status in self.unsettled:
            effect = rules[rule_id].effect
            if effect is Effect.REJECT and status is VIOLATED:
                rejecting.append(rule_id)
            elif effect is not Effect.ADVISE:
                others.append(rule_id)
        return (*sorted(rejecting), *sorted(others))

    @cached_property
    def unsettled(self) -> tuple[tuple[str, Status], ...]:
        """The rules that are violated or unknown, by id."""
        return tuple([(i, s) for i, s in self.statuses.items() if s is VIOLATED or s is UNKNOWN])


class Evaluator:
    """Judges dossiers by one ruleset: an engine decides, the reference confirms and explains.

    With ``engine="reference"`` the reference decides alone: for drafts, checks and cases.
    """

    def __init__(self, ruleset: Ruleset, engine: str = "durable") -> None:
        self.ruleset = ruleset
        self.engine = make_engine(engine, ruleset)
        self.reference = (
            self.engine if isinstance(self.engine, ReferenceEngine) else ReferenceEngine(ruleset)
        )
        self.memo = Memo()

    def evaluate(
        self, profile: Profile, as_of: dt.date | None = None, stage: str | None = None
    ) -> Evaluation:
        """Judge one dossier as of a date, its acceptance date unless told otherwise, at a stage (id or
        title), the last unless told otherwise. Raises NoStage.
        """
        at = find_stage(self.ruleset, stage)
        later = not_due(self.ruleset, at)
        day = as_of or profile.submitted_on
        assessment = self.reference.assess(profile, day)
        statuses = self._decided(profile, day, assessment.statuses)
        cause = None
        if statuses is None:
            verdict, cause = Verdict.REFER, DISAGREEMENT
            statuses = at_stage(assessment.statuses, later)
        else:
            statuses = at_stage(statuses, later)
            verdict = combine(self.ruleset, statuses)
            if verdict is Verdict.REFER:
                cause = _cause(self.ruleset, statuses)
        return Evaluation(
            self.ruleset,
            profile,
            day,
            verdict,
            statuses,
            assessment,
            cause,
            self.reference,
            self.memo,
            at,
            later,
        )

    def _decided(
        self, profile: Profile, day: dt.date, explained: Mapping[str, Status]
    ) -> Mapping[str, Status] | None:
        """The findings of the engine that decides; None where the reference does not confirm them."""
        if self.engine is self.reference:
            return explained
        try:
            decided = self.engine.statuses(profile, day)
        except InternalError:
            log.exception(
                "engine failed", extra={"dossier": profile.id, "engine": self.engine.name}
            )
            return None
        if decided == explained:
            return decided
        differing = sorted(
            i for i in explained.keys() | decided.keys() if explained.get(i) != decided.get(i)
        )
        log.error(
            "engines disagree: dossier=%s ruleset=%s as_of=%s rules=%s",
            profile.id,
            self.ruleset.identity,
            day,
            ",".join(f"{i}({decided.get(i)}/{explained.get(i)})" for i in differing),
        )
        return None

    def close(self) -> None:
        """Give back what the engine holds."""
        close = getattr(self.engine, "close", None)
        if close is not None:
            close()
