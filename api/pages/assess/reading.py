"""Reading a document: its text beside what was found in it, to be taken over, changed or refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from api.access.security import allowed, may_compute, store_of
from api.judging.current import CurrentJudge
from api.judging.judge import Judge
from api.judging.workers import Workers, source_of
from api.pages.assess.dossier_form import Filled, Mistake
from api.pages.assess.origins import packed
from api.pages.assess.posted import form_page
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, actor_of
from api.pages.frame.words import VERDICTS
from api.store.projects import documents
from api.transport.problems import ProblemError
from api.transport.telemetry import request_id
from api.workdays.china import today
from evaluator.documents.draft import KINDS
from evaluator.documents.layout import Document, Paragraph
from evaluator.documents.reading import Reading, industry_candidates, read
from evaluator.documents.settle import Excerpt
from evaluator.dossier.dossier import Profile, read_data
from evaluator.dossier.fields import FieldType, Registry
from evaluator.problems.errors import DossierError

router = APIRouter(include_in_schema=False, route_class=PageRoute)
PASTED = "粘贴的文字.txt"
MAX_SHOWN = 60_000  # Characters of a document that the page shows.
REQUIRED = {"project_id": "（未定）", "project_name": "（未定）"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An excerpt as the page offers it."""

    id: str
    number: int
    excerpt: Excerpt
    label: str
    unit: str
    options: tuple[tuple[str, str], ...]
    value: str
    depends: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of text; ``ids`` are the suggestions that stand in it."""

    text: str
    ids: tuple[str, ...] = ()


@router.get("/assess/read")
def blank(request: Request) -> Response:
    """Where a document is given or pasted."""
    return page(request, "read.html", mistake="", pasted="")


@router.post("/assess/read", dependencies=[Depends(may_compute)])
def given(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """The document read: its text and the suggestions."""
    name, data = _document(form)
    pasted = str(form.get("pasted", ""))
    if not data:
        return page(request, "read.html", 422, mistake="请选择一个文件，或粘贴文字", pasted=pasted)
    readers: Workers = request.app.state.readers
    try:
        reading = readers.call(source_of(request), read, name, data, judge.ruleset.registry)
    except DossierError as error:
        said = "；".join(f"{p.message}。{p.hint or ''}" for p in error.problems)
        return page(request, "read.html", 422, mistake=f"“{name}”没有读入：{said}", pasted=pasted)
    except ProblemError as error:
        if error.status != 422:
            raise
        said = "；".join((error.detail, *(e["detail"] for e in error.errors)))
        return page(request, "read.html", 422, mistake=f"“{name}”没有读入：{said}", pasted=pasted)
    kept = _kept(request, form, name, data)
    return _shown(request, judge, reading, kept)


def _kept(request: Request, form: FormData, name: str, data: bytes) -> bool:
    """Keep the document where the person ticked that and may submit. Raises Conflict."""
    actor = actor_of(request)
    if not form.get("keep") or actor is None or not allowed(actor, "submit"):
        return False
    with store_of(request).work(actor, request_id.get()) as work:
        documents.hold(work, name, data)
    return True


def _document(form: FormData) -> tuple[str, bytes]:
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        return file.filename.replace("\\", "/").rpartition("/")[2][:120], file.file.read()
    return PASTED, str(form.get("pasted", "")).strip().encode()


def _shown(request: Request, judge: Judge, reading: Reading, kept: bool) -> Response:
    registry = judge.ruleset.registry
    dossiers = []
    for d, found in enumerate(reading.dossiers):
        listed = [_suggestion(registry, e, f"{d}-{i}", i) for i, e in enumerate(found.excerpts)]
        depends = _depends(judge, listed)
        named = [s for s in listed if s.excerpt.kind in KINDS]
        dossiers.append(
            {
                "project": found.project,
                "kinds": [
                    (kind, label, [s for s in named if s.excerpt.kind == kind])
                    for kind, label in KINDS.items()
                    if any(s.excerpt.kind == kind for s in named)
                ],
                "all": listed,
                "depends": depends,
                "industries": industry_candidates(found)
                if not any(s.excerpt.field == "industry_code" for s in listed)
                else [],
            }
        )
    suggestions = [s for d in dossiers for s in _all(d)]
    return page(
        request,
        "read_found.html",
        document=reading.document,
        kept=kept,
        dossiers=dossiers,
        blocks=list(_blocks(reading.document, suggestions)),
    )


def _all(dossier: dict[str, Any]) -> list[Suggestion]:
    return list(dossier["all"])


def _suggestion(registry: Registry, e: Excerpt, key: str, number: int) -> Suggestion:
    field = registry.references.get(e.field) or registry.fields[e.field]
    value = ("是" if e.value else "否") if isinstance(e.value, bool) else str(e.value)
    options = (
        (("是", "是"), ("否", "否"))
        if field.type is FieldType.BOOL
        else tuple(field.values.items())
    )
    return Suggestion(f"x{key}", number, e, field.label, e.unit or "", options, value)


def _raw(listed: list[Suggestion], registry: Registry) -> dict[str, Any]:
    raw: dict[str, Any] = {"submitted_on": today().isoformat(), **REQUIRED}
    for s in listed:
        name, _, key = s.excerpt.field.partition(".")
        if not s.excerpt.ticked:
            continue
        if key:
            field = registry.fields[name]
            raw.setdefault(name, []).append({field.key or "key": key, "value": s.value})
        else:
            raw[name] = s.value
    return raw


def _depends(judge: Judge, listed: list[Suggestion]) -> dict[str, str]:
    """For each ticked value on which the verdict hangs: what it would be without its sentence."""
    registry = judge.ruleset.registry
    try:
        profile: Profile = read_data(_raw(listed, registry), registry, "材料")
    except DossierError:
        return {}
    now = judge.evaluate(profile).verdict.value
    out = {"": VERDICTS[now]}
    for s in listed:
        name = s.excerpt.field.partition(".")[0]
        if not s.excerpt.ticked or name in ("submitted_on", *REQUIRED):
            continue
        without = judge.evaluate(profile.with_value(name, None)).verdict.value
        if without != now:
            out[s.id] = f"这一句若不作数，结论由“{VERDICTS[now]}”变为“{VERDICTS[without]}”"
    return out


def _blocks(document: Document, suggestions: list[Suggestion]) -> Iterator[dict[str, Any]]:
    """The text of the document with the suggestions at their places."""
    shown = 0
    for number, block in enumerate(document.blocks):
        here = [s for s in suggestions if s.excerpt.block == number]
        if isinstance(block, Paragraph):
            shown += len(block.text)
            yield {"level": block.level, "parts": list(_parts(block.text, here))}
        else:
            rows = []
            for row in block.rows:
                cells = []
                for i, cell in enumerate(row):
                    if i and row[i - 1].origin == cell.origin:
                        continue
                    ids = tuple(
                        s.id
                        for s in here
                        if s.excerpt.place == cell.spot.label and _holds(cell.text, s.excerpt)
                    )
                    cells.append(Part(cell.text, ids))
                shown += sum(len(c.text) for c in cells)
                rows.append(cells)
            yield {"rows": rows}
        if shown > MAX_SHOWN:
            yield {"level": 0, "parts": [Part("（其余的文字没有显示）")]}
            return


def _holds(text: str, e: Excerpt) -> bool:
    said = "".join(text.split())
    return bool(said) and 0 <= e.start < e.end <= len(text) and said in "".join(e.quote.split())


def _parts(text: str, here: list[Suggestion]) -> Iterator[Part]:
    at = 0
    for s in sorted(here, key=lambda s: s.excerpt.start):
        start, end = s.excerpt.start, min(s.excerpt.end, len(text))
        if start < at or end <= start:
            yield Part("", (s.id,))
            continue
        if start > at:
            yield Part(text[at:start])
        yield Part(text[start:end], (s.id,))
        at = end
    if at < len(text):
        yield Part(text[at:])


@router.post("/assess/read/take", dependencies=[Depends(may_compute)])
def take(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """What was taken over, in the ordinary form, each value with its origin."""
    registry = judge.ruleset.registry
    document, digest = str(form.get("document", ""))[:120], str(form.get("sha256", ""))[:64]
    whole = {kind for kind in KINDS if form.get(f"all.{kind}")}
    typed: dict[str, str] = {"submitted_on": today().isoformat()}
    origins: dict[str, str] = {}
    twice: dict[str, str] = {}
    for i in range(min(_count(form), 500)):
        name, value = str(form.get(f"field.{i}", "")), str(form.get(f"value.{i}", "")).strip()
        kind = str(form.get(f"kind.{i}", ""))
        known = name in registry.references or name in registry.fields
        if not known or not value or not (form.get(f"take.{i}") or kind in whole):
            continue
        if name in origins and typed[name] != value:
            twice[name] = f"材料前后不一（{typed[name]}、{value}），请只填一个"
            continue
        typed[name] = value
        origins[name] = packed(
            {
                "document": document,
                "sha256": digest,
                "place": str(form.get(f"place.{i}", ""))[:200],
                "quote": str(form.get(f"quote.{i}", ""))[:300],
                "read": str(form.get(f"read.{i}", ""))[:200],
                "kind": kind,
            }
        )
    for name in twice:
        typed.pop(name, None)
        origins.pop(name, None)
    mistakes = [Mistake(name, registry.label(name), text) for name, text in twice.items()]
    return form_page(request, judge, Filled(typed, None, mistakes), origins=origins)


def _count(form: FormData) -> int:
    text = str(form.get("count", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
