"""Drafts: dossiers being written, unchecked, each its owner's alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.tables import Draft, Project
from api.errors import Conflict, Denied, Missing
from api.store.preconditions import must_be, of_draft, of_project
from api.store.projects.supplied import same
from api.store.visibility import get_project, may_write
from api.store.work import Actor, Work
from api.transport.schemas import record
from api.transport.seen import Seen, SeenText
from api.transport.shapes import StoredValues


@record
class DraftOut:
    """A draft; ``number`` is the project that it is to become a new version of."""

    id: int
    number: str | None
    dossier: StoredValues
    revision: int
    updated_at: dt.datetime
    seen: SeenText


def _view(session: Session, draft: Draft) -> DraftOut:
    project = session.get(Project, draft.project_id) if draft.project_id else None
    number = project.number if project else None
    return DraftOut(
        id=draft.id,
        number=number,
        dossier=draft.dossier,
        revision=draft.revision,
        updated_at=draft.updated_at,
        seen=str(of_draft(session, draft)),
    )


def _own(session: Session, actor: Actor, draft_id: int) -> Draft:
    draft = session.get(Draft, draft_id)
    if draft is None:
        raise Missing("没有这份草稿")
    if draft.owner_id != actor.account_id:
        raise Denied("这份草稿不是您的")
    return draft


def mine(session: Session, actor: Actor) -> tuple[DraftOut, ...]:
    """The actor's drafts, newest first."""
    query = (
        select(Draft).where(Draft.owner_id == actor.account_id).order_by(Draft.updated_at.desc())
    )
    return tuple(_view(session, d) for d in session.scalars(query))


def get(session: Session, actor: Actor, draft_id: int) -> DraftOut:
    """One draft. Raises Missing or Denied."""
    return _view(session, _own(session, actor, draft_id))


def create(
    work: Work,
    dossier: dict[str, Any],
    number: str | None = None,
    origins: Mapping[str, Any] | None = None,
    facts: Mapping[str, str] | None = None,
) -> DraftOut:
    """A new draft, perhaps for a new version of project ``number``.

    ``origins``: by name, the place in a document that a value was taken over from. ``facts``: what is known
    of the project beside its dossier.
    """
    project = get_project(work.session, work.actor, number) if number else None
    if project is not None:
        may_write(work.actor, project)
    draft = Draft(
        owner_id=work.actor.account_id,
        project_id=project.id if project else None,
        dossier=dossier,
        revision=1,
        updated_at=work.now,
        origins=dict(origins) if origins else None,
        facts=dict(facts) if facts else None,
    )
    work.session.add(draft)
    work.session.flush()
    work.log("draft.create", f"draft:{draft.id}", None, {"revision": 1})
    return _view(work.session, draft)


def save(
    work: Work,
    draft_id: int,
    dossier: dict[str, Any],
    revision: int,
    origins: Mapping[str, Any] | None = None,
    facts: Mapping[str, str] | None = None,
) -> DraftOut:
    """Replace a draft's dossier; ``revision`` is the one that was read. Raises Conflict.

    Without ``origins`` those of the values that stay as they are are kept; without ``facts``, these.
    """
    draft = _own(work.session, work.actor, draft_id)
    work.session.refresh(draft, with_for_update=True)
    if draft.revision != revision:
        raise Conflict(f"草稿已被改到第 {draft.revision} 版，您改的是第 {revision} 版")
    if origins is None:
        kept = draft.origins or {}
        origins = {n: o for n, o in kept.items() if same(n, draft.dossier, dossier)}
    draft.origins = dict(origins) or None
    if facts is not None:
        draft.facts = dict(facts) or None
    draft.dossier, draft.revision, draft.updated_at = dossier, revision + 1, work.now
    work.log("draft.save", f"draft:{draft.id}", {"revision": revision}, {"revision": revision + 1})
    return _view(work.session, draft)


def to_submit(
    session: Session, actor: Actor, draft_id: int, seen: Seen
) -> tuple[DraftOut, Seen | None]:
    """A draft as it was seen, and the state of the project that it is to be a new version of."""
    draft = _own(session, actor, draft_id)
    must_be(session, seen, of_draft(session, draft), "这份草稿", [f"draft:{draft_id}"])
    project = session.get(Project, draft.project_id) if draft.project_id else None
    return _view(session, draft), of_project(session, project) if project else None


def origins_of(session: Session, actor: Actor, draft_id: int) -> dict[str, dict[str, str]]:
    """By name, the places in documents that a draft's values were taken over from."""
    return dict(_own(session, actor, draft_id).origins or {})


def facts_of(session: Session, actor: Actor, draft_id: int) -> dict[str, str]:
    """What is known of a draft's project beside its dossier, by name."""
    return dict(_own(session, actor, draft_id).facts or {})


def discard(work: Work, draft_id: int, seen: Seen | None = None) -> None:
    """Throw a draft away; ``seen`` None for one that has just been submitted."""
    draft = _own(work.session, work.actor, draft_id)
    if seen is not None:
        work.session.refresh(draft, with_for_update=True)
        now = of_draft(work.session, draft)
        must_be(work.session, seen, now, "这份草稿", [f"draft:{draft_id}"])
    work.session.delete(draft)
    work.log("draft.discard", f"draft:{draft_id}", {"revision": draft.revision}, None)
