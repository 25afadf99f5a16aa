"""The documents for users, as pages: read once, rendered without any HTML of their own, and searched.

They are those of ``docs/``, which a wheel carries as ``api/_guide``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from evaluator.judgement.lookup import normalised

API = Path(__file__).parents[2]
HOME = API / "_guide" if (API / "_guide").is_dir() else API.parent / "docs"
SHELVES = (
    ("办事的人", ("first-day", "user-guide", "dossier", "documents", "portfolio")),
    ("改规则的人", ("maintainers", "rule-language", "rulebook", "sources", "proofs", "errors")),
    ("运行服务的人", ("operations", "security", "integration", "benchmarks")),
    ("写程序的人", ("api", "library")),
)
NAMES = tuple(name for _, names in SHELVES for name in names)
PICTURES = ("pictures", "screenshots")
MOST_FOUND = 30
AROUND = 60  # Characters shown on either side of what was found.
_PUNCTUATION = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it, up to the next one."""

    anchor: str
    title: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document as HTML, and its sections."""

    name: str
    title: str
    html: Markup
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A section that fits what was looked for, and some of its words."""

    document: Document
    section: Section
    words: str


@lru_cache(maxsize=len(NAMES))
def document(name: str) -> Document:
    """A document of ``NAMES``. Raises KeyError for any other."""
    if name not in NAMES:
        raise KeyError(name)
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.add_render_rule("fence", _fence)
    reader.add_render_rule("code_block", _fence)
    reader.add_render_rule("table_open", _table_open)
    reader.add_render_rule("table_close", _table_close)
    tokens = reader.parse((HOME / f"{name}.md").read_text("utf-8"))
    sections = tuple(_sections(tokens))
    for token in tokens:
        _lead(token.children or [])
    html = Markup(reader.renderer.render(tokens, reader.options, {}))
    return Document(name, sections[0].title, html, sections)


def search(words: str) -> tuple[list[Found], int]:
    """The sections that have all the words, those with them in the title first; and how many more."""
    wanted = normalised(words).split()
    if not wanted:
        return [], 0
    hits: list[tuple[int, Found]] = []
    for name in NAMES:
        read = document(name)
        for section in read.sections:
            title, text = normalised(section.title), normalised(section.text)
            if all(word in title or word in text for word in wanted):
                rank = sum(word not in title for word in wanted)
                hits.append((rank, Found(read, section, _around(section.text, wanted[0]))))
    hits.sort(key=lambda hit: hit[0])
    return [found for _, found in hits[:MOST_FOUND]], max(0, len(hits) - MOST_FOUND)


def picture(folder: str, name: str) -> Path | None:
    """The file of a picture that documents show; None where there is none."""
    if folder not in PICTURES or not re.fullmatch(r"[\w-]+\.(?:svg|png)", name, re.A):
        return None
    path = HOME / folder / name
    return path if path.is_file() else None


def _around(text: str, word: str) -> str:
    at = max(normalised(text).find(word), 0)
    start, end = max(0, at - AROUND), at + len(word) + AROUND
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _sections(tokens: Sequence[Token]) -> Iterator[Section]:
    """Every heading, given its anchor on the way, with what stands below it."""
    taken: dict[str, int] = {}
    heading: tuple[str, str, int] | None = None
    texts: list[str] = []
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            if heading:
                yield Section(*heading, " ".join(texts))
            title = _plain(tokens[at + 1])
            anchor = _PUNCTUATION.sub("", title.lower()).replace(" ", "-")
            taken[anchor] = taken.get(anchor, -1) + 1
            anchor += f"-{taken[anchor]}" if taken[anchor] else ""
            token.attrSet("id", anchor)
            heading, texts = (anchor, title, int(token.tag[1])), []
        elif token.type == "inline" and tokens[at - 1].type != "heading_open":
            texts.append(_plain(token))
        elif token.type == "fence":
            texts.append(token.content)
    if heading:
        yield Section(*heading, " ".join(texts))


def _plain(token: Token) -> str:
    parts = token.children or []
    return "".join(
        c.content if c.type in ("text", "code_inline") else " " if "break" in c.type else ""
        for c in parts
    )


def _lead(tokens: list[Token]) -> None:
    """Have links and pictures lead to pages of the service; what has none there is only text."""
    for at, token in enumerate(tokens):
        if token.type == "image":
            source = str(token.attrGet("src"))
            token.attrSet("src", f"/help/files/{source}")
            token.attrSet("loading", "lazy")
        if token.type != "link_open":
            continue
        href = str(token.attrGet("href"))
        if href.startswith(("https://", "http://", "#")):
            continue
        path, _, anchor = href.partition("#")
        name = posixpath.normpath(path).removesuffix(".md")
        if name in NAMES:
            token.attrSet("href", f"/help/{name}{'#' + anchor if anchor else ''}")
            continue
        close = next(t for t in tokens[at:] if t.type == "link_close" and t.level == token.level)
        token.tag = close.tag = "span"
        token.attrs = {}


def _numbered(env: Any, what: str) -> str:
    """The attributes of a region that scrolls, its name unlike that of any other on the page."""
    env[what] = env.get(what, 0) + 1
    return f'tabindex="0" role="region" aria-label="{what} {env[what]}"'


def _fence(_: Any, tokens: Sequence[Token], at: int, __: Any, env: Any) -> str:
    return f"<pre {_numbered(env, '示例')}><code>{escape(tokens[at].content)}</code></pre>\n"


def _table_open(_: Any, __: Sequence[Token], ___: int, ____: Any, env: Any) -> str:
    return f'<div class="scroll" {_numbered(env, "表")}><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"
