"""A paragraph or a cell being read, and findings put at their place in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from evaluator.documents.findings import Finding
from evaluator.documents.layout import Cell, Spot
from evaluator.documents.text import Plain, plain

_TICK = re.compile("[☑√■☒✓✔●◉]")
_UNTICKED = re.compile(r"[□☐○]\s*[^\s□☐○☑√■☒✓✔●◉；;。，,]{1,16}")


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph or a cell being read."""

    original: str
    plain: Plain
    spot: Spot
    block: int
    order: int

    def finding(self, finding: Finding, start: int, end: int, quote: tuple[int, int]) -> Finding:
        """The finding with its place in the original and its quote."""
        a, b = self.plain.span(start, end)
        c, d = self.plain.span(*quote)
        text = " ".join(self.original[c:d].split())
        return replace(
            finding, block=self.block, start=a, end=b, quote=text, spot=self.spot, order=self.order
        )


def cell_passage(cell: Cell, block: int, row: int) -> Passage:
    """A cell ready to be read; its number tells it from its neighbours in the row."""
    return passage(cell.text, cell.spot, block, row * 1000 + cell.origin % 1000)


def boxed(text: str) -> str:
    """（√）外资 （ ）民营 with boxes: brackets before options, as long as before."""
    if not re.match(r"\s*[(（]\s*[√✓✔]?\s*[)）]", text):
        return text
    text = re.sub(r"[(（]\s*[√✓✔]\s*[)）]", lambda m: "☑".ljust(len(m[0])), text)
    return re.sub(r"[(（]\s+[)）]", lambda m: "□".ljust(len(m[0])), text)


def passage(text: str, spot: Spot, block: int, order: int) -> Passage:
    """A paragraph ready to be read."""
    marked = boxed(text)
    said = _UNTICKED.sub(lambda m: " " * len(m[0]), marked) if _TICK.search(marked) else text
    return Passage(text, plain(said), spot, block, order)
