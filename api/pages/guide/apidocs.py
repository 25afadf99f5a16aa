"""The interactive description of the API, drawn by a script out of ``/api/v1/openapi.json``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/docs")
def docs(request: Request) -> Response:
    """Every operation, to be read and tried."""
    return page(request, "apidocs.html")
