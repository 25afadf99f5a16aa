"""A judged project as the verdict, why and opinion pages see it, wherever it came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.judging.judge import Judge
from api.pages.assess.asked import Asked, asked_of
from api.pages.assess.dossier_form import typed_from
from api.pages.assess.radar import Radar, radar_of
from api.pages.assess.verdict_view import VerdictView, view_of
from api.pages.frame.words import VERDICTS, value_text
from evaluator.dossier.dossier import Profile
from evaluator.rulebook.ast import Ruleset

# The name under which a form carries the stage; no field is called so.
STAGE = "_stage"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a case came from. ``base`` is its permanent address; None for a trial, which has none.

    ``typed`` is the trial's form, to be posted again; ``source`` tells where an example was found.
    """

    kind: str
    base: str | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    number: str | None = None
    version: int = 1
    decision: int | None = None
    decided_at: dt.datetime | None = None
    digest: str | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """One judged project, arranged for reading."""

    origin: Origin
    view: VerdictView
    radar: Radar
    ruleset: Ruleset
    sections: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]
    enterprise: str
    asked: Asked | None = None

    @property
    def word(self) -> str:
        """The verdict as its stage calls it."""
        return self.asked.word if self.asked is not None else VERDICTS[self.data["verdict"]]

    @property
    def data(self) -> dict[str, Any]:
        """The canonical result."""
        return self.view.data

    @property
    def title(self) -> str:
        """The project's name."""
        return str(self.data["dossier"]["project_name"])


def case_of(origin: Origin, result: dict[str, Any], profile: Profile, judge: Judge) -> Case:
    """Arrange a result of ``judge`` on ``profile``."""
    view = view_of(result, judge.ruleset)
    enterprise = profile.values.get("enterprise_name")
    return Case(
        origin=origin,
        view=view,
        radar=radar_of(view.axes),
        ruleset=judge.ruleset,
        sections=dossier_rows(profile, judge.ruleset),
        enterprise=str(enterprise) if enterprise else "",
        asked=asked_of(result, judge.ruleset, frozenset(profile.values)),
    )


def trial(judge: Judge, profile: Profile, stage: str | None = None) -> Case:
    """Judge a profile at a stage without keeping anything."""
    typed = typed_from(profile, judge.ruleset.registry)
    if stage is not None:
        typed = {**typed, STAGE: stage}
    return case_of(
        Origin("trial", typed=typed), judge.judge(profile, stage=stage).data, profile, judge
    )


def dossier_rows(
    profile: Profile, ruleset: Ruleset
) -> tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]:
    """What was declared, section by section: label, value, who supplies it."""
    registry = ruleset.registry
    out = []
    for group, title in registry.groups.items():
        rows = tuple(
            (
                f.label,
                value_text(f, profile.values[f.name]),
                registry.department(f.supplied_by) if f.supplied_by else "申报企业",
            )
            for f in registry.fields.values()
            if f.group == group and f.name in profile.values
        )
        if rows:
            out.append((title, rows))
    return tuple(out)
