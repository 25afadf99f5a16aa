"""One project under several rulebooks: which city admits it, and where it falls short in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from evaluator.dossier.fields import Registry
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.explain import Finding, findings
from evaluator.judgement.rows import figures
from evaluator.rulebook.ast import Effect, Ruleset
from evaluator.rulebook.verdict import VERDICT_LABELS, Status


@dataclass(frozen=True, slots=True)
class Standing:
    """How a project stands under one rulebook: what it breaches and what is not stated."""

    evaluation: Evaluation
    short: tuple[Finding, ...]
    missing: tuple[str, ...]

    @property
    def title(self) -> str:
        """The rulebook's title."""
        return self.evaluation.ruleset.title

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return VERDICT_LABELS[self.evaluation.verdict]

    def shortfalls(self) -> list[str]:
        """ "亩均税收：申报 8 万元/亩/年，要求 10 万元/亩/年，差 2 万元/亩/年"."""
        out = []
        for finding in self.short:
            required, value, gap = figures(finding)[:3]
            out.append(f"{finding.rule.title}：申报 {value}，要求 {required}，差距 {gap}")
        return out

    def to_dict(self) -> dict[str, Any]:
        """JSON data."""
        return {
            "profile": self.evaluation.ruleset.profile_id,
            "title": self.title,
            "ruleset": self.evaluation.ruleset.identity,
            "as_of": self.evaluation.as_of.isoformat() if self.evaluation.as_of else None,
            "verdict": self.evaluation.verdict.value,
            "short": [
                {
                    "rule": f.rule.id,
                    "title": f.rule.title,
                    "effect": f.rule.effect.value,
                    "words": w,
                }
                for f, w in zip(self.short, self.shortfalls(), strict=True)
            ],
            "missing": list(self.missing),
        }


def shared_registry(own: Ruleset, others: Sequence[Ruleset]) -> Registry:
    """The fields of one rulebook, and those that only the others know: they are read and not used."""
    extra = {n: f for other in others for n, f in other.registry.fields.items()}
    fields = {
        **own.registry.fields,
        **{n: f for n, f in extra.items() if n not in own.registry.fields},
    }
    return replace(own.registry, fields=MappingProxyType(fields))


def standing(evaluation: Evaluation) -> Standing:
    """What of an evaluation is compared."""
    told = findings(evaluation)
    blocking = [f for f in told if f.rule.effect is not Effect.ADVISE]
    short = tuple(f for f in blocking if f.status is Status.VIOLATED)
    lacking = {n: None for f in blocking if f.status is Status.UNKNOWN for n in f.missing}
    label = evaluation.ruleset.registry.label
    return Standing(evaluation, short, tuple(map(label, lacking)))
