"""Pages of a list: ``items``, and ``next``, which given back as ``cursor`` asks for the page after it.

A cursor is opaque to whoever holds it; inside it is the number of the last item, under a letter of the
list that it was given out by, so that one list's cursor is no place in another.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from api.errors import Invalid

T = TypeVar("T")
MAX_PAGE = 200
_PLACE = re.compile("([a-z])(0|[1-9][0-9]{0,17})")
Cursor = Annotated[
    str | None,
    Query(max_length=40, description="上一页答复里的 next，原样带回；第一页不写"),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="一页最多几项")]


def cursor_of(letter: str, last: int) -> str:
    """The cursor of the page after item ``last`` of the list ``letter``."""
    return base64.urlsafe_b64encode(f"{letter}{last}".encode()).decode().rstrip("=")


def place_of(letter: str, cursor: str | None) -> int | None:
    """The item that a page comes after; None for the first page. Raises Invalid."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        match = _PLACE.fullmatch(text)
        if match is None or match[1] != letter:
            raise ValueError(text)
        return int(match[2])
    except (ValueError, binascii.Error):
        raise Invalid("cursor", "不是本服务给出的翻页标记") from None


def cut(rows: Sequence[T], limit: int) -> tuple[tuple[T, ...], bool]:
    """At most ``limit`` of ``rows``, of which one more was asked for, and whether there are more."""
    return tuple(rows[:limit]), len(rows) > limit
