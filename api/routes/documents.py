"""Documents that were kept with a project because values were read from them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from itertools import count
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.access.security import require, store_of
from api.store.core import Store
from api.store.projects import documents
from api.store.projects.documents import KeptDocumentOut
from api.store.work import Actor
from api.transport.answers import answer, download
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
    responses={
        200: {
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
            "description": "文件",
        },
        **READS,
    },
)
def download_document(request: Request, actor: Reader, document_id: Id) -> Response:
    """A document, always as a download and never shown by the browser as a page."""
    store = store_of(request)
    with store.db.read() as session:
        view = documents.get(session, actor, document_id)
    headers = {
        "Content-Disposition": download(
            view.name, f"document-{view.id}.{view.name.rpartition('.')[2]}"
        ),
        "Content-Length": str(view.size),
        "Content-Security-Policy": "sandbox",
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(view.digest)).decode()}:",
    }
    return StreamingResponse(
        _parts(store, document_id), headers=headers, media_type="application/octet-stream"
    )


def _parts(store: Store, document_id: int) -> Iterator[bytes]:
    # A session for each part: a slow client must not hold a connection.
    for number in count():
        with store.db.read() as session:
            part = documents.part(session, document_id, number)
        if part is None:
            return
        yield part
