"""The guide inside the program: the documents as pages, with search; no script is needed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.guide.shelf import SHELVES, document, picture, search
from api.transport.problems import ProblemError

router = APIRouter(prefix="/help", include_in_schema=False, route_class=PageRoute)
KINDS = {".svg": "image/svg+xml", ".png": "image/png"}
# A drawing brings its own style, and may do nothing else.
ALONE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "public, max-age=3600",
}


@router.get("")
def shelf(request: Request, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """What there is to read, and what of it has the words that are looked for."""
    found, more = search(q)
    books = [(who, [document(name) for name in names]) for who, names in SHELVES]
    return page(request, "help.html", q=q, found=found, more=more, books=books)


@router.get("/{name}")
def read(request: Request, name: str) -> Response:
    """One document."""
    try:
        shown = document(name)
    except KeyError:
        raise ProblemError(404, f"使用说明里没有“{name[:60]}”这一篇。") from None
    return page(request, "help_page.html", shown=shown)


@router.get("/files/{folder}/{name}")
def file(folder: str, name: str) -> Response:
    """A picture of a document."""
    path = picture(folder, name)
    if path is None:
        raise ProblemError(404, "没有这张图。")
    return FileResponse(path, media_type=KINDS[path.suffix], headers=ALONE)
