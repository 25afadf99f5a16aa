"""Published rulesets: the policy changelog, their files, going back; and the directory on disk."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import jobs
from api.access.security import require, settings_of, store_of
from api.store.proposals import publishing, reading
from api.store.proposals.publishing import PublicationOut, PublicationPage
from api.store.proposals.reading import ProposalOut
from api.store.proposals.text import MATERIALS, Text
from api.store.rulesets import current_identity
from api.store.work import Actor
from api.transport.answers import answer, download
from api.transport.body import model_body, takes
from api.transport.paging import Cursor, Limit, cursor_of, cut, place_of
from api.transport.parameters import Id
from api.transport.schemas import READS, WRITES
from api.transport.shapes import RulebookProblem
from api.transport.telemetry import request_id
from evaluator.rulebook.checks import check_directory

router = APIRouter(prefix="/api/v1", tags=["rulesets"])
Drafter = Annotated[Actor, require("proposal.draft")]


class FileOut(BaseModel):
    layer: str
    path: str
    text: str


class DirectoryOut(BaseModel):
    """The directory on disk beside what is in force."""

    usable: bool
    identity: str | None
    in_force: bool
    problems: list[RulebookProblem]
    warnings: int = Field(description="提醒有几处")
    accepted: int = Field(description="看过而接受的提醒有几处")


class RollbackIn(BaseModel):
    """Why to go back."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"reason": "新标准依据的文件被撤销，恢复原标准"}]},
    )

    reason: Annotated[str, Field(min_length=1, max_length=5000)]


def files_answer(text: Text) -> Response:
    """Every file of a text, letter by letter."""
    return answer([{"layer": n, "path": p, "text": text.file(n, p)} for n, p in text.names()])


@router.get(
    "/rulesets",
    dependencies=[require("read")],
    summary="历次发布（政策变更记录）",
    response_model=PublicationPage,
    responses=READS,
)
def list_rulesets(
    request: Request,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Publications, newest first."""
    with store_of(request).db.read() as session:
        listed = publishing.history(session, limit + 1, place_of("r", cursor))
    items, more = cut(listed, limit)
    return answer(PublicationPage(items, cursor_of("r", items[-1].id) if more else None))


@router.get(
    "/rulesets/directory",
    dependencies=[require("proposal.read")],
    summary="磁盘上的规则集目录：能不能用，错在哪里",
    response_model=DirectoryOut,
    responses=READS,
)
def check_ruleset_directory(request: Request) -> Response:
    """The directory read now; a broken one never replaces what is in force."""
    ruleset, listed = check_directory(settings_of(request).root)
    with store_of(request).db.read() as session:
        running = current_identity(session)
    identity = ruleset.identity if ruleset is not None else None
    counts = Counter(p.severity for p in listed)
    problems = [p.to_dict() for p in listed if p.severity == "error"]
    return answer(
        {
            "usable": ruleset is not None and not problems,
            "identity": identity,
            "in_force": identity == running,
            "problems": problems,
            "warnings": counts["warning"],
            "accepted": counts["accepted"],
        }
    )


@router.get(
    "/rulesets/{publication_id}",
    dependencies=[require("read")],
    summary="一次发布",
    response_model=PublicationOut,
    responses=READS,
)
def get_ruleset(request: Request, publication_id: Id) -> Response:
    """One publication with its changes in words."""
    with store_of(request).db.read() as session:
        return answer(publishing.publication(session, publication_id))


@router.get(
    "/rulesets/{publication_id}/files",
    dependencies=[require("read")],
    summary="一次发布的全部文件，逐字不变",
    response_model=list[FileOut],
    responses=READS,
)
def list_ruleset_files(request: Request, publication_id: Id) -> Response:
    """The files, with comments and order as they were written."""
    with store_of(request).db.read() as session:
        text = publishing.text_published(session, publication_id, settings_of(request).root)
    return files_answer(text)


@router.get(
    "/rulesets/{publication_id}/archive",
    dependencies=[require("read")],
    summary="一次发布的文件打成 zip",
    response_class=Response,
    responses={
        200: {
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
            "description": "zip 文件",
        },
        **READS,
    },
)
def download_ruleset(request: Request, publication_id: Id) -> Response:
    """The files as an archive, a directory for each layer."""
    with store_of(request).db.read() as session:
        text = publishing.text_published(session, publication_id, settings_of(request).root)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for layer, path in text.names():
            folder = text.layers[-1][0] if layer == MATERIALS else layer
            # A fixed time: the same publication gives the same bytes.
            entry = zipfile.ZipInfo(f"{folder}/{path}", (1980, 1, 1, 0, 0, 0))
            made.writestr(entry, text.file(layer, path) or "", zipfile.ZIP_DEFLATED)
    headers = {
        "Content-Disposition": download(
            f"规则集-第{publication_id}次发布.zip", f"ruleset-{publication_id}.zip"
        )
    }
    return Response(out.getvalue(), headers=headers, media_type="application/zip")


@router.post(
    "/rulesets/{publication_id}/rollback",
    summary="起草回退到这一次发布的提案",
    status_code=201,
    response_model=ProposalOut,
    openapi_extra=takes(RollbackIn),
    responses=WRITES,
)
def propose_rollback(
    request: Request,
    actor: Drafter,
    publication_id: Id,
    given: Annotated[RollbackIn, model_body(RollbackIn)],
) -> Response:
    """A proposal with the files of that publication; approved and published like any other."""
    with store_of(request).work(actor, request_id.get()) as work:
        made = publishing.rollback(work, publication_id, given.reason, settings_of(request).root)
        proposal = reading.view(work.session, made)
    jobs.wake(request)
    return answer(proposal, 201)
