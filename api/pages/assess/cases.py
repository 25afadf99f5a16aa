"""A judged project as the verdict, why and opinion pages see it, wherever it came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from api.judging.judge import Judge
from api.pages.assess.asked import Asked, asked_of
from api.pages.assess.dossier_form import typed_from
from api.pages.assess.origins import PREFIX, sentences, still
from api.pages.assess.radar import Radar, radar_of
from api.pages.assess.verdict_view import VerdictView, view_of
from api.pages.frame.words import VERDICTS, value_text
from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.reads import fields_of

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
class Declared:
    """One value as it was declared: who supplies it, and where this one came from."""

    name: str
    label: str
    value: str
    by: str
    came: str


@dataclass(frozen=True, slots=True)
class Case:
    """One judged project, arranged for reading."""

    origin: Origin
    view: VerdictView
    radar: Radar
    ruleset: Ruleset
    sections: tuple[tuple[str, tuple[Declared, ...]], ...]
    enterprise: str
    asked: Asked | None = None
    # Where each value came from, in words, by name; empty where that is not known.
    came: Mapping[str, str] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """The verdict as its stage calls it."""
        return self.asked.word if self.asked is not None else VERDICTS[self.data["verdict"]]

    @property
    def data(self) -> dict[str, Any]:
        """The canonical result."""
        return self.view.data

    def used(self, rule: str) -> tuple[Declared, ...]:
        """The declared values that a rule reads, where it is known where they came from."""
        read = {n.partition(".")[0] for n in fields_of(self.ruleset.rules[rule], self.ruleset)}
        return tuple(d for _, rows in self.sections for d in rows if d.name in read and d.came)

    @property
    def title(self) -> str:
        """The project's name."""
        return str(self.data["dossier"]["project_name"])


def case_of(
    origin: Origin,
    result: dict[str, Any],
    profile: Profile,
    judge: Judge,
    came: Mapping[str, str] = MappingProxyType({}),
) -> Case:
    """Arrange a result of ``judge`` on ``profile``; ``came``: where its values came from."""
    view = view_of(result, judge.ruleset)
    enterprise = profile.values.get("enterprise_name")
    return Case(
        origin=origin,
        view=view,
        radar=radar_of(view.axes),
        ruleset=judge.ruleset,
        sections=dossier_rows(profile, judge.ruleset, came),
        enterprise=str(enterprise) if enterprise else "",
        asked=asked_of(result, judge.ruleset, frozenset(profile.values)),
        came=came,
    )


def trial(
    judge: Judge,
    profile: Profile,
    stage: str | None = None,
    origins: Mapping[str, str] = MappingProxyType({}),
    hidden: Mapping[str, str] = MappingProxyType({}),
) -> Case:
    """Judge a profile at a stage without keeping anything. ``origins``, ``hidden``: hidden inputs of its
    form, the former by the field."""
    typed = typed_from(profile, judge.ruleset.registry)
    came = sentences(still(origins, typed))
    typed = {**typed, **hidden, **{f"{PREFIX}{n}": text for n, text in origins.items()}}
    if stage is not None:
        typed = {**typed, STAGE: stage}
    return case_of(
        Origin("trial", typed=typed), judge.judge(profile, stage=stage).data, profile, judge, came
    )


def dossier_rows(
    profile: Profile, ruleset: Ruleset, came: Mapping[str, str]
) -> tuple[tuple[str, tuple[Declared, ...]], ...]:
    """What was declared, section by section."""
    registry = ruleset.registry
    out = []
    for group, title in registry.groups.items():
        rows = tuple(
            Declared(
                f.name,
                f.label,
                value_text(f, profile.values[f.name]),
                registry.department(f.supplied_by) if f.supplied_by else "申报企业",
                _came(f, came),
            )
            for f in registry.fields.values()
            if f.group == group and f.name in profile.values
        )
        if rows:
            out.append((title, rows))
    return tuple(out)


def _came(field: Field, came: Mapping[str, str]) -> str:
    """Where a value came from; of a record with entries of several origins, each with its entry."""
    if field.name in came or not field.key:
        return came.get(field.name, "")
    stem = f"{field.name}."
    parts = {n.removeprefix(stem): text for n, text in came.items() if n.startswith(stem)}
    if len(set(parts.values())) <= 1:
        return next(iter(parts.values()), "")
    return "；".join(f"{field.keys.get(k, k)}：{text}" for k, text in parts.items())
