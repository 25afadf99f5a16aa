"""What a posted dossier form carries, and the form shown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from api.access.security import may_compute
from api.errors import Invalid
from api.filters import find_stage
from api.judging.judge import Judge
from api.judging.partly import Unread
from api.pages.assess.cases import STAGE
from api.pages.assess.dossier_form import Filled, Mistake, fill, sections
from api.pages.assess.industries import industry_choices
from api.pages.assess.live import arranged, mattering
from api.pages.assess.origins import sentences
from api.pages.frame.render import page
from api.store.service.facts import CODE, FACTS, LABELS, checked
from api.transport.problems import ProblemError
from evaluator.dossier.dossier import Profile

# The name under which a form carries what it is a trial of; no field is called so.
BASE = "_base"
# Before the names of what is known of a project beside its dossier.
ABOUT = "about."
LONG = ("building", "process", "request")


@dataclass(frozen=True, slots=True)
class Keeping:
    """The draft that the form belongs to, and the project that it is to be a new version of,
    in the state (``seen``) that it had when the form was opened."""

    draft: int | None = None
    revision: int = 0
    number: str = ""
    seen: str = ""
    # What is tried out with other numbers: "example/<slug>" or "decision/<id>"; empty for nothing.
    base: str = ""
    # What is known of the project beside its dossier, as it was typed, by name.
    about: Mapping[str, str] = field(default_factory=dict)


NOTHING = Keeping()


def keeping_of(form: FormData) -> Keeping:
    """Which draft and which project the form belongs to."""
    draft, revision = str(form.get("draft", "")), str(form.get("revision", ""))
    return Keeping(
        int(draft) if draft.isdecimal() and len(draft) < 16 else None,
        int(revision) if revision.isdecimal() and len(revision) < 16 else 0,
        str(form.get("number", ""))[:40],
        str(form.get("seen", ""))[:100],
        str(form.get(BASE, ""))[:100],
        about_of(form),
    )


def about_of(form: FormData) -> dict[str, str]:
    """What is filled in beside the dossier, by name."""
    given = {n: str(form.get(f"{ABOUT}{n}", "")).strip()[:2000] for n in (CODE, *FACTS)}
    return {n: text for n, text in given.items() if text}


def wrong_about(given: Mapping[str, str]) -> list[Mistake]:
    """What of it cannot be kept."""
    out = []
    for name, text in given.items():
        try:
            checked({name: text})
        except Invalid as error:
            out.append(Mistake(f"{ABOUT}{name}", LABELS[name], error.detail))
    return out


def texts_of(form: FormData) -> dict[str, str]:
    """The form without files."""
    return {k: v for k, v in form.items() if isinstance(v, str)}


def form_page(
    request: Request,
    judge: Judge,
    filled: Filled,
    status: int = 200,
    uploaded: str = "",
    cells: tuple[Unread, ...] = (),
    kept: bool = False,
    keep: Keeping = NOTHING,
    saved: bool = False,
    blank: bool = False,
    restored: bool = False,
    origins: Mapping[str, str] = MappingProxyType({}),
    stage: str | None = None,
) -> Response:
    """The form with what stands in it and what is wrong with that.

    ``blank``: nobody has filled in anything yet. ``restored``: it was filled in before the login.
    ``cells``: what of the file ``uploaded`` was not read; ``kept``: the rest of it was.
    ``origins``: the documents that values were taken from. ``stage``: whose questions come first; None
    for the last, which asks for everything.
    """
    registry, ruleset = judge.ruleset.registry, judge.ruleset
    told = mattering(judge, filled.typed, stage)
    stages = [(s.id, s.title) for s in ruleset.stages] if ruleset.staged else []
    earlier = dict(stages[:-1]).get(stage or "", "")
    return page(
        request,
        "assess.html",
        status,
        sections=arranged(sections(registry, filled.typed, filled.mistakes), told, earlier),
        told=told,
        stages=stages,
        stage=stage or (stages[-1][0] if stages else ""),
        mistakes=filled.mistakes,
        uploaded=uploaded,
        cells=cells,
        kept=kept,
        keep=keep,
        about=[(n, LABELS[n], n in LONG) for n in (CODE, *FACTS)],
        about_wrong={m.name: m.text for m in wrong_about(keep.about)},
        saved=saved,
        blank=blank,
        restored=restored,
        origins=origins,
        came=sentences(origins),
        sent=request.method == "POST",
        industries=industry_choices(),
    )


def stage_of(judge: Judge, form: FormData) -> str | None:
    """The stage that the form asks for; None for the last. Raises ProblemError 422."""
    return find_stage(judge, str(form.get(STAGE, ""))[:80] or None)


def profile_of(request: Request, judge: Judge, form: FormData) -> Profile:
    """The profile of a form that had been checked. Raises ProblemError 401 or 422."""
    may_compute(request)
    filled = fill(texts_of(form), judge.ruleset.registry)
    if filled.profile is None:
        raise ProblemError(
            422, "申报材料有误", [{"detail": f"{m.label}：{m.text}"} for m in filled.mistakes]
        )
    return filled.profile
