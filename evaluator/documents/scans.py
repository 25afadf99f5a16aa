"""Pages of a PDF that are pictures, drawn and recognised."""

from __future__ import annotations

from collections.abc import Sequence

from evaluator.documents.layout import Block
from evaluator.documents.ocr import MAX_SIDE, SCALE, read_picture
from evaluator.documents.pdf import open_pdf


def read_scans(data: bytes, pages: Sequence[int]) -> list[Block]:
    """The blocks of the named pages."""
    out: list[Block] = []
    document = open_pdf(data)
    try:
        for number in pages:
            page = document[number - 1]
            longest = max(page.get_width(), page.get_height(), 1)
            picture = page.render(scale=min(SCALE, MAX_SIDE / longest)).to_numpy()
            out += read_picture(picture, number)
    finally:
        document.close()
    return out
