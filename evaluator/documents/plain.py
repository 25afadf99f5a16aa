"""Texts: .txt, .md, .html and what was pasted."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from evaluator.documents.layout import Block, Paragraph, Spot, table

_HEADING = re.compile(r"^(#{1,6})\s+")
_RULE = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*:?-*:?\s*\|?\s*$")
_TABS = re.compile(r"\t+")


def decoded(data: bytes) -> str:
    """The text of bytes in UTF-8, UTF-16 or GB 18030. Raises UnicodeDecodeError."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def read_text(text: str) -> tuple[Block, ...]:
    """Paragraphs by line, tables in Markdown or with tabs as tables."""
    out: list[Block] = []
    rows: list[list[str | None]] = []
    tables = 0

    def close() -> None:
        nonlocal tables
        if rows:
            tables += 1
            out.append(table(list(rows), Spot(f"表 {tables}"), f"表 {tables} "))
            rows.clear()

    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        bare = line.strip()
        if bare.startswith("|") and bare.count("|") >= 2:
            if not _RULE.match(bare):
                rows.append([_unmarked(c.strip()) for c in bare.strip("|").split("|")])
            continue
        if "\t" in bare and len(_TABS.split(bare)) >= 2:
            rows.append(list(_TABS.split(bare)))
            continue
        close()
        heading = _HEADING.match(bare)
        if bare:
            level = len(heading[1]) if heading else 0
            body = _unmarked(bare[heading.end() :] if heading else bare)
            out.append(Paragraph(body, Spot(f"第 {number} 行"), level))
    close()
    return tuple(out)


def _unmarked(text: str) -> str:
    return re.sub(r"\*\*|__|`", "", re.sub(r"^[-*+]\s+", "", text))


class _Page(HTMLParser):
    """Text and tables of a page; scripts and styles are left out, nothing is fetched."""

    SKIPPED = frozenset({"script", "style", "template", "noscript", "svg", "head"})
    BREAKS = frozenset({"p", "div", "br", "li", "section", "article", "header", "footer", "tr", "dt", "dd"})  # fmt: skip

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._text: list[str] = []
        self._skip = 0
        self._level = 0
        self._rows: list[list[str | None]] | None = None
        self._cell: list[str] | None = None
        self._span = 1
        self._tables = 0

    def flush(self) -> None:
        """End the paragraph."""
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if text:
            self.blocks.append(Paragraph(text, Spot(f"第 {len(self.blocks) + 1} 段"), self._level))
        self._level = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a block, a row or a cell."""
        if tag in self.SKIPPED:
            self._skip += 1
        elif tag == "table":
            self.flush()
            self._rows = []
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th") and self._rows:
            span = dict(attrs).get("colspan") or "1"
            self._span = min(int(span), 50) if span.isdigit() else 1
            self._cell = []
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.flush()
            self._level = int(tag[1])
        elif tag in self.BREAKS and self._cell is None:
            self.flush()

    def handle_endtag(self, tag: str) -> None:
        """Close a block, a cell or a table."""
        if tag in self.SKIPPED:
            self._skip = max(0, self._skip - 1)
        elif tag in ("td", "th") and self._cell is not None and self._rows:
            self._rows[-1] += [" ".join("".join(self._cell).split()), *[None] * (self._span - 1)]
            self._cell = None
        elif tag == "table" and self._rows is not None:
            rows = [r for r in self._rows if r]
            if rows:
                self._tables += 1
                where = f"表 {self._tables} "
                self.blocks.append(table(rows, Spot(where.strip()), where))
            self._rows = None
        elif (tag in self.BREAKS or tag.startswith("h")) and self._cell is None:
            self.flush()

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if self._skip:
            return
        (self._text if self._cell is None else self._cell).append(data)


def read_html(text: str) -> tuple[Block, ...]:
    """Paragraphs and tables of a page."""
    page = _Page()
    page.feed(text)
    page.close()
    page.flush()
    return tuple(page.blocks)
