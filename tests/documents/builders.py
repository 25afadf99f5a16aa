"""Builds the documents of the sets: Word, Excel, PDF, text and HTML out of the same pieces."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

Row = list[Any]  # of texts; in Word a cell may be a table itself


@dataclass(frozen=True)
class H:
    """A heading."""

    text: str


@dataclass(frozen=True)
class P:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class T:
    """A table; "<" continues the cell on the left, "^" the one above."""

    rows: list[Row]


@dataclass(frozen=True)
class Made:
    """A document with what must be found (``truth``) and must not be ticked (``traps``).

    A truth is a value, stated exactly, or (kind, value, …).
    """

    name: str
    parts: list[H | P | T]
    truth: dict[str, Any]
    traps: dict[str, list[Any]] = field(default_factory=dict)
    project: dict[str, dict[str, Any]] = field(default_factory=dict)


def build(made: Made) -> bytes:
    """The bytes of the document, in the format that its name says."""
    suffix = made.name.rpartition(".")[2]
    return {"docx": _docx, "xlsx": _xlsx, "pdf": _pdf, "html": _html, "txt": _txt, "md": _md}[
        suffix
    ](made)


def _docx(made: Made) -> bytes:
    import docx

    document = docx.Document()
    for part in made.parts:
        if isinstance(part, H):
            document.add_heading(part.text, 1)
        elif isinstance(part, P):
            document.add_paragraph(part.text)
        else:
            width = max(map(len, part.rows))
            grid = document.add_table(len(part.rows), width)
            for r, row in enumerate(part.rows):
                for c, text in enumerate(row):
                    if text == "<":
                        grid.cell(r, c - 1).merge(grid.cell(r, c))
                    elif text == "^":
                        grid.cell(r - 1, c).merge(grid.cell(r, c))
                    elif isinstance(text, T):
                        inner = grid.cell(r, c).add_table(len(text.rows), len(text.rows[0]))
                        for i, line in enumerate(text.rows):
                            for j, said in enumerate(line):
                                inner.cell(i, j).text = said
                    else:
                        grid.cell(r, c).text = text
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def _number(text: str) -> Any:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def _xlsx(made: Made) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    at = 1
    for part in made.parts:
        if not isinstance(part, T):
            sheet.cell(at, 1, part.text)
            at += 1
            continue
        for r, row in enumerate(part.rows):
            for c, text in enumerate(row):
                if text in ("<", "^", ""):
                    continue
                sheet.cell(at + r, c + 1, _number(text))
                right, down = c, r
                while right + 1 < len(row) and row[right + 1] == "<":
                    right += 1
                while down + 1 < len(part.rows) and part.rows[down + 1][c] == "^":
                    down += 1
                if (right, down) != (c, r):
                    sheet.merge_cells(
                        start_row=at + r,
                        start_column=c + 1,
                        end_row=at + down,
                        end_column=right + 1,
                    )
        at += len(part.rows)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _pdf(made: Made) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import (
        BaseDocTemplate,
        Frame,
        PageTemplate,
        Paragraph,
        SimpleDocTemplate,
        Spacer,
        Table,
        TableStyle,
    )

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    style = ParagraphStyle(
        "text", fontName="STSong-Light", fontSize=11, leading=18, wordWrap="CJK", firstLineIndent=22
    )
    head = ParagraphStyle("head", parent=style, fontSize=14, firstLineIndent=0)
    cell = ParagraphStyle("cell", parent=style, fontSize=10, leading=14, firstLineIndent=0)
    story: list[Any] = []
    for part in made.parts:
        if isinstance(part, T):
            spans = []
            for r, row in enumerate(part.rows):
                for c, text in enumerate(row):
                    if text == "<":
                        start = max(i for i in range(c) if row[i] != "<")
                        spans.append(("SPAN", (start, r), (c, r)))
            rows = [[Paragraph(t if t not in "<^" else "", cell) for t in row] for row in part.rows]
            rules = [("GRID", (0, 0), (-1, -1), 0.5, "black"), *spans]
            story += [Table(rows, style=TableStyle(rules)), Spacer(1, 8)]
        else:
            story.append(Paragraph(part.text, head if isinstance(part, H) else style))
    out = BytesIO()
    if "双栏" in made.name:
        frames = [Frame(50 + 255 * n, 60, 240, 720) for n in (0, 1)]
        paper = BaseDocTemplate(out, pagesize=A4, invariant=1)
        paper.addPageTemplates(PageTemplate(frames=frames))
        paper.build(story)
    else:
        SimpleDocTemplate(out, pagesize=A4, invariant=1).build(story)
    return out.getvalue()


def _html(made: Made) -> bytes:
    out = ["<html><head><meta charset='utf-8'><script>总投资=99亿元</script></head><body>"]
    for part in made.parts:
        if isinstance(part, T):
            rows = "".join(
                "<tr>" + "".join(f"<td>{t}</td>" for t in row if t != "<") + "</tr>"
                for row in part.rows
            )
            out.append(f"<table>{rows}</table>")
        else:
            tag = "h2" if isinstance(part, H) else "p"
            out.append(f"<{tag}>{part.text}</{tag}>")
    return ("".join(out) + "</body></html>").encode()


def _txt(made: Made) -> bytes:
    lines = []
    for part in made.parts:
        lines += ["\t".join(r) for r in part.rows] if isinstance(part, T) else [part.text]
    return "\n".join(lines).encode("gb18030" if "gbk" in made.name else "utf-8")


def _md(made: Made) -> bytes:
    lines = []
    for part in made.parts:
        if isinstance(part, T):
            first, *rest = ["| " + " | ".join(r) + " |" for r in part.rows]
            lines += [first, "|" + "---|" * len(part.rows[0]), *rest, ""]
        else:
            lines += [("## " if isinstance(part, H) else "") + part.text, ""]
    return "\n".join(lines).encode()
