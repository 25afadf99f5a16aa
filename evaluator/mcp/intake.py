"""The lines that a client sends: bounded, and a dossier kept as the text that it was.

A parser of JSON-RPC turns numbers into floats and lets a second key of the same name win. So a
dossier among the arguments of a call is handed on as its own text, which the reader of dossiers then
reads as it reads a file.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

from evaluator.problems.source import SourceText
from evaluator.reading.jsontext import JsonText

MAX_LINE = 2_000_000  # Bytes; as a request's body has over HTTP.
DOSSIER = ("params", "arguments", "dossier")


class Refused(Exception):
    """A line that ends the session: whoever sent it cannot be answered."""


async def lines(readline: Callable[[], Awaitable[bytes]]) -> AsyncIterator[str]:
    """Each line, its dossier as text. ``readline`` gives at most ``MAX_LINE`` + 1 bytes.

    Raises Refused where a line is longer, or is no UTF-8.
    """
    while raw := await readline():
        if len(raw) > MAX_LINE:
            raise Refused(f"一条请求超过 {MAX_LINE} 字节，连接已断开")
        try:
            yield kept(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise Refused(f"请求不是 UTF-8 文本（第 {error.start + 1} 字节），连接已断开") from None


def kept(line: str) -> str:
    """The line with the object at ``DOSSIER``, if there is one, replaced by its text."""
    try:
        data = json.loads(line)
        inner = data
        for step in DOSSIER:
            inner = inner[step]
    except (ValueError, TypeError, KeyError, RecursionError, IndexError):
        return line  # What is wrong with it is the protocol's to say.
    if not isinstance(inner, dict):
        return line
    place = JsonText(SourceText("", line), data).place(DOSSIER)
    start = (place.column or 1) - 1
    _, end = json.JSONDecoder().raw_decode(line, start)
    return f"{line[:start]}{json.dumps(line[start:end], ensure_ascii=False)}{line[end:]}"
