"""Files that were kept, given back as they were sent."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Protocol

from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from api.store.core import Store
from api.transport.answers import download
from api.transport.body import BINARY
from api.transport.schemas import READS

DOWNLOADS: dict[int | str, Any] = {200: {"content": BINARY, "description": "文件"}, **READS}


class Kept(Protocol):
    """What is told of a kept file: its number, the name it came with, bytes, SHA-256 in hex."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def digest(self) -> str: ...


def kept_file(
    store: Store, kind: str, file: Kept, part: Callable[[Session, int, int], bytes | None]
) -> StreamingResponse:
    """``file`` as a download, never shown by the browser as a page.

    ``kind`` names it for clients that know ASCII names only; ``part`` finds one part of its content
    by the file's number and the part's, from 0, and None after the last.
    """

    def parts() -> Iterator[bytes]:
        # A session for each part: parts never change, and a slow client must not hold a connection.
        for number in count():
            with store.db.read() as session:
                content = part(session, file.id, number)
            if content is None:
                return
            yield content

    headers = {
        "Content-Disposition": download(
            file.name, f"{kind}-{file.id}.{file.name.rpartition('.')[2]}"
        ),
        "Content-Length": str(file.size),
        "Content-Security-Policy": "sandbox",
        # RFC 9530: whoever keeps the file can hold it against what was registered.
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(file.digest)).decode()}:",
    }
    return StreamingResponse(parts(), headers=headers, media_type="application/octet-stream")
