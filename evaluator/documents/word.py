"""Word documents (.docx) as paragraphs and tables, in their order.

What stands in content controls, tracked insertions and text boxes is text like any other; boxes to
tick (controls, symbols of Wingdings, old form fields) are read as ☑ and □; a table in a cell comes
right behind its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.table import Table as WordTable
from docx.text.paragraph import Paragraph as WordParagraph

from evaluator.documents.layout import Block, Cell, Paragraph, Spot, Table

MAX_DEPTH = 3
_HEADING = ("heading", "标题", "title")
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
# Wingdings and Wingdings 2, as Word's own forms use them.
_SYMBOLS = {
    **dict.fromkeys((0xF0FE, 0xF0FD, 0xF052), "☑"),
    **dict.fromkeys((0xF0FC, 0xF050), "√"),
    **dict.fromkeys((0xF0A8, 0xF06F, 0xF0A3, 0xF02A), "□"),
}


def read_word(data: bytes) -> tuple[Block, ...]:
    """The blocks of a document. Raises whatever python-docx raises for a damaged one."""
    document = docx.Document(BytesIO(data))
    _unwrap(document.element.body)
    out: list[Block] = []
    tables = 0
    for block in document.iter_inner_content():
        if isinstance(block, WordParagraph):
            out += _paragraphs(block, len(out))
            out += _boxes(block, len(out))
        elif isinstance(block, WordTable):
            for one, label in _with_inner(block, "", 0):
                tables += 1
                if label:
                    out.append(Paragraph(label, Spot(f"表 {tables}"), 0))
                out.append(_table(one, tables))
    return tuple(out)


def _code_point(hexadecimal: str) -> int:
    try:
        return int(hexadecimal, 16)
    except ValueError:
        return 0


def _unwrap(body: Any) -> None:
    """Put everything that is text where python-docx looks for it."""
    for box in list(body.iter(f"{_W14}checkbox")):
        control = next((a for a in box.iterancestors() if a.tag == qn("w:sdt")), None)
        state = box.find(f"{_W14}checked")
        on = state is not None and state.get(f"{_W14}val", "1") in ("1", "true", "on")
        for text in list(control.iter(qn("w:t")))[:1] if control is not None else []:
            text.text = "☑" if on else "□"
    for old in list(body.iter(qn("w:checkBox"))):
        _old_box(old)
    for symbol in list(body.iter(qn("w:sym"))):
        said = _SYMBOLS.get(_code_point(symbol.get(qn("w:char")) or ""))
        if said:
            symbol.getparent().replace(symbol, _text(said))
    for name in ("w:sdt", "w:ins", "w:moveTo", "w:smartTag", "w:customXml"):
        for element in list(body.iter(qn(name))):
            inner = element.find(qn("w:sdtContent")) if name == "w:sdt" else element
            parent = element.getparent()
            at = parent.index(element)
            parent.remove(element)
            for child in list(inner) if inner is not None else []:
                parent.insert(at, child)
                at += 1


def _old_box(box: Any) -> None:
    """A form field of older versions: its run says whether it is ticked."""
    state = box.find(qn("w:checked"))
    if state is None:
        state = box.find(qn("w:default"))
    on = state is not None and state.get(qn("w:val"), "1") in ("1", "true", "on")
    run = next((a for a in box.iterancestors() if a.tag == qn("w:r")), None)
    if run is not None:
        run.append(_text("☑" if on else "□"))


def _text(said: str) -> Any:
    element = OxmlElement("w:t")
    element.text = said
    return element


def _boxes(block: WordParagraph, number: int) -> list[Block]:
    """The paragraphs of the text boxes that are anchored in a paragraph."""
    out: list[Block] = []
    # Word keeps a box twice, for new and for old versions; the first counts.
    for box in block._p.xpath(".//w:txbxContent[not(ancestor::*[local-name()='Fallback'])]"):
        for inner in box.findall(qn("w:p")):
            out += _paragraphs(WordParagraph(inner, block._parent), number + len(out))
    return out


def _paragraphs(block: WordParagraph, number: int) -> list[Block]:
    style = (block.style.name or "").lower() if block.style is not None else ""
    level = 1 if style.startswith(_HEADING) else 0
    text = block.text
    spot = Spot(f"第 {number + 1} 段")
    return [Paragraph(line, spot, level) for line in text.split("\n") if line.strip()]


def _with_inner(block: WordTable, label: str, depth: int) -> Iterator[tuple[WordTable, str]]:
    """A table, then the tables in its cells, each with the text of the cell before its own."""
    yield block, label
    if depth < MAX_DEPTH:
        for element in block._tbl.xpath("./w:tr/w:tc/w:tbl"):
            beside = element.getparent().getprevious()
            said = "" if beside is None else "".join(t.text or "" for t in beside.iter(qn("w:t")))
            inner = WordTable(element, block._parent)
            yield from _with_inner(inner, said.strip()[:40], depth + 1)


def _table(block: WordTable, number: int) -> Table:
    rows: list[tuple[Cell, ...]] = []
    origins: dict[int, int] = {}
    held = []  # Cells are made anew at each access; the elements must live for their ids to differ.
    for line, row in enumerate(block.rows, 1):
        cells = []
        for cell in row.cells:
            element = cell._tc
            held.append(element)
            origin = origins.setdefault(id(element), len(origins) + 1)
            cells.append(Cell(cell.text.strip(), Spot(f"表 {number} 第 {line} 行"), origin))
        rows.append(tuple(cells))
    width = max((len(r) for r in rows), default=0)
    blank = Spot(f"表 {number}")
    padded = [(*r, *(Cell("", blank, -i - 1) for i in range(width - len(r)))) for r in rows]
    return Table(tuple(padded), blank)
