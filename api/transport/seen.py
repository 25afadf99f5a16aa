"""What a person had before them when they acted: its revision, and the digest of what it said.

A record that can change tells its ``seen``; an act upon it gives it back, in the header ``If-Match``
or in the form's field of that name. Where it has changed since, the act is not done.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header
from pydantic import Field

from api.transport.problems import ProblemError

FIELD = "seen"
_FORM = re.compile('"?([0-9]{1,9})-([0-9a-f]{64})"?')


@dataclass(frozen=True, slots=True)
class Seen:
    """A state of a record. ``revision`` is for people and may stay the same; ``digest`` may not."""

    revision: int
    digest: str

    def __str__(self) -> str:
        return f"{self.revision}-{self.digest}"


SeenText = Annotated[
    str, Field(description="现在这个样子的标记；办理时放在 If-Match 里，表示看的是它")
]


def state(revision: int, content: Any) -> Seen:
    """The state of a record with this content, which is JSON data."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Seen(revision, hashlib.sha256(text.encode()).hexdigest())


def read_seen(text: str, parameter: str = "If-Match") -> Seen:
    """A state out of a header or a form. Raises ProblemError 422."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        detail = "看不懂这个标记；应是读取时答复里的 seen，原样带回"
        raise ProblemError(
            422, detail, [{"parameter": parameter, "detail": detail, "code": "A121"}]
        )
    return Seen(int(match[1]), match[2])


def _asked(
    if_match: Annotated[
        str | None,
        Header(alias="If-Match", max_length=200, description="读取时答复里的 seen，原样带回"),
    ] = None,
) -> Seen:
    if if_match is None:
        raise ProblemError(
            428, "办理前须先读取，并把答复里的 seen 放在 If-Match 里，写明办理的是哪一稿、哪一版"
        )
    return read_seen(if_match)


SeenHeader = Annotated[Seen, Depends(_asked)]


def seen_in(form: Mapping[str, Any]) -> Seen:
    """What the page showed that the form was on. Raises ProblemError."""
    text = form.get(FIELD)
    if not isinstance(text, str) or not text:
        raise ProblemError(428, "这个页面没有写明看的是哪一稿、哪一版，请刷新后再办理")
    return read_seen(text, FIELD)
