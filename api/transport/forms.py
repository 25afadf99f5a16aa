"""Posted forms, read away from the event loop: a form is parsed byte by byte, whatever is in it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from typing import IO, cast

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

MAX_FIELDS = 2000
MAX_FILES = 20
MAX_PART = 1_500_000
SPOOL = 1_000_000
PIECE = 65_536


async def posted_form(request: Request) -> FormData:
    """The form in the body; the caller closes it. Raises HTTPException 400 where it is none."""
    spool = cast("IO[bytes]", tempfile.SpooledTemporaryFile(SPOOL))  # noqa: SIM115
    try:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size < SPOOL:
                spool.write(chunk)
            else:
                await run_in_threadpool(spool.write, chunk)
        return await run_in_threadpool(_parsed, request, spool)
    finally:
        spool.close()


def _parsed(request: Request, body: IO[bytes]) -> FormData:
    body.seek(0)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        parser: MultiPartParser | FormParser = MultiPartParser(
            request.headers,
            _pieces(body),
            max_files=MAX_FILES,
            max_fields=MAX_FIELDS,
            max_part_size=MAX_PART,
        )
    elif kind == "application/x-www-form-urlencoded":
        parser = FormParser(
            request.headers, _pieces(body), max_fields=MAX_FIELDS, max_part_size=MAX_PART
        )
    else:
        return FormData()
    try:
        # The parser is written for an event loop; it gets one of its own, in this thread.
        return asyncio.run(parser.parse())
    except MultiPartException as error:
        raise HTTPException(400, error.message) from None


async def _pieces(body: IO[bytes]) -> AsyncGenerator[bytes, None]:
    while piece := body.read(PIECE):
        yield piece
    yield b""
