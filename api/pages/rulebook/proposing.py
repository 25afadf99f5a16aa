"""Changing the rulebook: proposals from the first line written to publication by a second person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from api import jobs
from api.access.login import proved_by_form
from api.access.security import proved, settings_of, store_of
from api.database.proposal_tables import Proposal
from api.errors import Invalid, Missing
from api.filters import find_choice
from api.judging.current import ReadingJudge
from api.judging.textdiff import side_by_side
from api.judging.workers import Workers, source_of
from api.pages.frame.errors import PageRoute, writing
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.pages.rulebook.trying import problems_json
from api.store import accounts
from api.store.proposals import drafting, publishing, reading
from api.store.proposals.drafting import Edit
from api.store.proposals.reading import STATES, RunOut
from api.store.proposals.text import MATERIALS, Text, load_text
from api.store.work import Work
from api.transport.parameters import Id
from api.transport.problems import ProblemError
from api.transport.seen import seen_in
from api.transport.telemetry import request_id
from api.workdays.china import today
from evaluator.revision.diff import KINDS
from evaluator.revision.told import flow_words, score_words
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.files import shown_name
from evaluator.rulebook.transfer import STAGES
from evaluator.rulebook.verdict import CHANGE_LABELS

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Name = Annotated[str, Query(max_length=300)]
RUNNING = ("queued", "running")


def _run(session: Session, proposal_id: int) -> RunOut | None:
    try:
        return reading.run_of(session, proposal_id)
    except Missing:
        return None


@router.get("/proposals")
def listed(request: Request, state: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Proposals, newest first, and how to start one."""
    entitled(request, "proposal.read")
    with store_of(request).db.read() as session:
        proposals = reading.listed(session, find_choice("state", state, STATES))
        people = accounts.display_names(session)
    return page(
        request,
        "proposals.html",
        proposals=proposals,
        people=people,
        state=state,
        states=STATES,
        wrong="",
        given={},
    )


@router.post("/proposals")
def create(request: Request, form: Form) -> Response:
    """Start a proposal from what was published last."""
    actor = entitled(request, "proposal.draft")
    title, reason = (str(form.get(k, "")).strip()[:5000] for k in ("title", "reason"))
    store = store_of(request)
    try:
        with store.work(actor, request_id.get()) as work:
            made = drafting.create(work, title[:200], reason, settings_of(request).root).id
    except Invalid as error:
        with store.db.read() as session:
            proposals = reading.listed(session)
            people = accounts.display_names(session)
        return page(
            request,
            "proposals.html",
            422,
            proposals=proposals,
            people=people,
            state="",
            states=STATES,
            wrong=str(error),
            given={"title": title, "reason": reason},
        )
    jobs.wake(request)
    return RedirectResponse(f"/proposals/{made}", 303)


def _context(request: Request, judge: Any, proposal_id: int) -> dict[str, Any]:
    with store_of(request).db.read() as session:
        view = reading.get(session, proposal_id)
        run = _run(session, proposal_id)
        text = reading.files_of(session, proposal_id)
        base = load_text(session, reading.get_row(session, proposal_id).base_text)
        editors = reading.get_row(session, proposal_id).editors
        people = accounts.display_names(session)
        others = reading.open_titles(session)
    changed = {
        (layer, path)
        for layer, path in text.names()
        if _old(base, layer, path) != text.file(layer, path)
    }
    result = run.result if run else {}
    matrix = {(m["old"], m["new"]): m["count"] for m in result.get("impact", {}).get("matrix", ())}
    return {
        "p": view,
        "run": run,
        "busy": bool(run and run.state in RUNNING),
        "stages": STAGES,
        "files": text.names(),
        "changed": changed,
        "editors": editors,
        "open_proposals": others,
        "matrix": matrix,
        "result": result,
        "people": people,
        "ruleset": judge.ruleset,
        "today": today().isoformat(),
        "ask_password": not proved(request),
        "named": lambda word: named(word, judge.ruleset),
        "shown_name": _shown_name,
        "places": {_shown_name(layer, path): (layer, path) for layer, path in text.names()},
        "changes": CHANGE_LABELS,
        "score_words": score_words,
        "flow_words": lambda amounts: flow_words(judge.ruleset.registry, amounts),
    }


def named(word: str, ruleset: Ruleset) -> str:
    """What a proposal touches ("criterion:land_tax_floor"), in words."""
    kind, _, id_ = word.partition(":")
    tables: dict[str, Mapping[str, Any]] = {
        "rule": ruleset.rules,
        "criterion": ruleset.criteria,
        "metric": ruleset.metrics,
    }
    part = tables.get(kind, {}).get(id_)
    return f"{KINDS[kind]}“{part.title}”（{id_}）" if part else f"{KINDS.get(kind, '文件')}“{id_}”"


def _shown_name(layer: str, path: str) -> str:
    """A file as problems name it."""
    return path if layer == MATERIALS else shown_name(layer, path)


def _old(base: Text, layer: str, path: str) -> str | None:
    try:
        return base.file(layer, path)
    except Missing:
        return None


@router.get("/proposals/{proposal_id}")
def one(request: Request, judge: ReadingJudge, proposal_id: Id) -> Response:
    """A proposal: where it stands, what it changes, what it moves, what may be done."""
    entitled(request, "proposal.read")
    return page(request, "proposal.html", **_context(request, judge, proposal_id))


@router.get("/proposals/{proposal_id}/state")
def state(request: Request, judge: ReadingJudge, proposal_id: Id) -> Response:
    """The part of the page that changes while it is being checked; a fragment."""
    entitled(request, "proposal.read")
    return page(request, "proposal_state.html", **_context(request, judge, proposal_id))


@router.get("/proposals/{proposal_id}/file")
def file(
    request: Request,
    proposal_id: Id,
    layer: Name,
    file: Name,
    line: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> Response:
    """One file in the editor, beside what it was; opened at a line, at the first change without one."""
    entitled(request, "proposal.read")
    with store_of(request).db.read() as session:
        view = reading.get(session, proposal_id)
        text = reading.file_of(session, proposal_id, layer, file)
        base = load_text(session, reading.get_row(session, proposal_id).base_text)
    workers: Workers = request.app.state.workers
    old = _old(base, layer, file) or ""
    try:
        lines = workers.call(source_of(request), side_by_side, old, text)
    except ProblemError as error:
        if error.status != 422:
            raise
        lines = None  # The editor is still needed.
    changed = (x.new_number for x in lines or () if x.kind in ("changed", "added"))
    return page(
        request,
        "proposal_file.html",
        p=view,
        layer=layer,
        file=file,
        text=text,
        lines=lines,
        line=line or next((n for n in changed if n), None),
    )


@router.post("/proposals/{proposal_id}/file")
def write(request: Request, form: Form, proposal_id: Id) -> Response:
    """Write one file; the proposal is a draft again and is checked anew."""
    layer, path = str(form.get("layer", ""))[:200], str(form.get("file", ""))[:300]
    text = str(form.get("text", "")).replace("\r\n", "\n")
    revision = str(form.get("revision", ""))
    if not revision.isdecimal() or len(revision) > 9:
        raise ProblemError(422, "缺少稿号，请重新打开文件后再改。")
    edits, seen = [Edit(layer, path, text)], seen_in(form)
    return _do(
        request,
        "proposal.draft",
        proposal_id,
        lambda w: drafting.edit(w, proposal_id, int(revision), edits, seen),
    )


def _do(
    request: Request,
    action: str,
    proposal_id: int,
    act: Callable[[Work], Proposal],
    written: str = "",
) -> Response:
    actor = entitled(request, action)
    with writing(written), store_of(request).work(actor, request_id.get()) as work:
        act(work)
    jobs.wake(request)
    return RedirectResponse(f"/proposals/{proposal_id}", 303)


@router.post("/proposals/{proposal_id}/check")
def check(request: Request, form: Form, proposal_id: Id) -> Response:
    """The problems of a file as it is being written, for the editor."""
    entitled(request, "proposal.read")
    layer, path = str(form.get("layer", "")), str(form.get("file", ""))
    with store_of(request).db.read() as session:
        text = reading.files_of(session, proposal_id)
    if text.file(layer, path) is None:
        raise ProblemError(404, "提案里没有这个文件。")
    changed = text.with_file(layer, path, str(form.get("text", "")).replace("\r\n", "\n"))
    return problems_json(request, changed.layers, path)


@router.post("/proposals/{proposal_id}/act")
def act(request: Request, form: Form, proposal_id: Id) -> Response:
    """Whatever the pressed button says."""
    what, said = str(form.get("act", "")), str(form.get("comment", "")).strip()[:5000]
    word = str(form.get("retroactive", "")).strip()[:5000]
    invariant = str(form.get("invariant", ""))[:200]
    root, seen = settings_of(request).root, seen_in(form)
    acts: dict[str, tuple[str, Callable[[Work], Proposal]]] = {
        "submit": ("proposal.draft", lambda w: drafting.submit(w, proposal_id, seen)),
        "withdraw": ("proposal.draft", lambda w: drafting.withdraw(w, proposal_id, seen)),
        "rebase": ("proposal.draft", lambda w: drafting.rebase(w, proposal_id, seen, root)),
        "recheck": ("proposal.comment", lambda w: drafting.recheck(w, proposal_id)),
        "comment": ("proposal.comment", lambda w: publishing.comment(w, proposal_id, said, seen)),
        "approve": (
            "proposal.approve",
            lambda w: publishing.approve(w, proposal_id, seen, said, word),
        ),
        "return": ("proposal.approve", lambda w: publishing.send_back(w, proposal_id, said, seen)),
        "waive": (
            "proposal.draft",
            lambda w: drafting.waive(w, proposal_id, invariant, said, seen),
        ),
        "unwaive": (
            "proposal.draft",
            lambda w: drafting.unwaive(w, proposal_id, invariant, seen),
        ),
    }
    if what not in acts:
        raise ProblemError(422, "没有这项操作。")
    action, run = acts[what]
    if what == "approve":
        proved_by_form(request, entitled(request, action), str(form.get("password", "")))
    return _do(request, action, proposal_id, run, said)


@router.post("/proposals/{proposal_id}/publish")
def publish(request: Request, form: Form, proposal_id: Id) -> Response:
    """Publish from a date."""
    actor = entitled(request, "proposal.approve")
    try:
        day = dt.date.fromisoformat(str(form.get("effective_on", "")))
    except ValueError:
        raise ProblemError(422, "请填写生效日期，如 2027-01-01。") from None
    proved_by_form(request, actor, str(form.get("password", "")))
    publishing.publish_proposal(
        store_of(request), actor, proposal_id, seen_in(form), day, None, request_id.get()
    )
    return RedirectResponse("/publications", 303)


@router.post("/publications/{publication_id}/rollback")
def rollback(request: Request, form: Form, publication_id: Id) -> Response:
    """A proposal that brings an earlier publication back."""
    actor = entitled(request, "proposal.draft")
    reason = str(form.get("reason", "")).strip()[:5000]
    if not reason:
        raise ProblemError(422, "请写明回退的理由。")
    with store_of(request).work(actor, request_id.get()) as work:
        made = publishing.rollback(work, publication_id, reason, settings_of(request).root).id
    jobs.wake(request)
    return RedirectResponse(f"/proposals/{made}", 303)
