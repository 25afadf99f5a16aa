"""Documents that were kept with a project because values were read from them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api.access.security import require, store_of
from api.routes.kept_files import DOWNLOADS, kept_file
from api.store.projects import documents
from api.store.projects.documents import KeptDocumentOut
from api.store.work import Actor
from api.transport.answers import answer
from api.transport.parameters import Id, Number
from api.transport.schemas import READS

router = APIRouter(prefix="/api/v1", tags=["projects"])
Reader = Annotated[Actor, require("read")]


@router.get(
    "/projects/{number}/documents",
    summary="项目留存的材料",
    response_model=list[KeptDocumentOut],
    responses=READS,
)
def list_documents(request: Request, actor: Reader, number: Number) -> Response:
    """The documents of a project, without their content."""
    with store_of(request).db.read() as session:
        return answer(documents.of_project(session, actor, number))


@router.get(
    "/documents/{document_id}",
    summary="下载项目留存的材料",
    response_class=Response,
    responses=DOWNLOADS,
)
def download_document(request: Request, actor: Reader, document_id: Id) -> Response:
    """A document, always as a download and never shown by the browser as a page."""
    store = store_of(request)
    with store.db.read() as session:
        view = documents.get(session, actor, document_id)
    return kept_file(store, "document", view, documents.part)
