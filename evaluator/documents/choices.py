"""Choices that a form prints inline: 是否两高：□是 ☑否, 建设性质：新建, and options that have a yes of their own.

Many labels may stand in one cell or line, each with its boxes behind it. Knows labels, not tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from evaluator.documents.cells import BOX, read_cell, ticked
from evaluator.documents.contexts import Scope
from evaluator.documents.findings import LABEL, Finding
from evaluator.documents.labels import label_of
from evaluator.documents.layout import Cell
from evaluator.documents.lexicon import Words
from evaluator.documents.passage import Passage, cell_passage
from evaluator.documents.text import folded, plain
from evaluator.dossier.fields import FieldType

_BOXED = re.compile(
    rf"(?P<label>[^\n\s{BOX}；;。，,:：]{{2,24}})\s*[:：]?\s*(?P<value>(?:[{BOX}]\s*[^\s{BOX}\n；;。:：]{{1,16}}\s*){{2,}})"
)
_TOLD = re.compile(
    r"(?:^|(?<=[。；;，,\n\s]))(?P<label>[^\n\s。；;，,:：]{3,16})[:：]\s*(?P<value>[^\n\s。；;，,:：]{1,30})(?=[。；;，,\n\s]|$)"
)


def inline(words: Words, part: Passage, scope: Scope) -> Iterator[Finding]:
    """The choices in a passage that stand right behind their label."""
    for pattern in (_BOXED, _TOLD):
        for match in pattern.finditer(part.original):
            label = label_of(words, match["label"], scope)
            if label is None or (pattern is _TOLD and BOX_IN.search(match["value"])):
                continue
            kinds = {words.field(f).type for f in label.fields if label.key is None}
            if kinds and kinds <= {FieldType.BOOL, FieldType.ENUM}:
                start = match.start("value")
                inner = replace(part, original=match["value"], plain=plain(match["value"]))
                for f in read_cell(words, inner, label, scope, None):
                    quote = " ".join(match[0].split())
                    yield replace(f, start=f.start + start, end=f.end + start, quote=quote)


BOX_IN = re.compile(f"[{BOX}]")


def option_of(words: Words, text: str) -> tuple[str, str] | None:
    """The field and option that a text names, no more and no less: 高新技术企业."""
    said = folded(text).strip(" :")
    return words.options.get(said) if len(said) >= 4 else None


def granted(
    words: Words, cells: list[tuple[int, Cell]], block: int, order: int, handled: set[int]
) -> Iterator[Finding]:
    """An option as a label with yes or no beside it: 高新技术企业 | ☑是 □否."""
    for (_, label), (_, cell) in pairwise(cells):
        yes = _is_yes(cell.text)
        option = option_of(words, label.text) if yes is not None else None
        if option is None or label.origin in handled:
            continue
        handled |= {label.origin, cell.origin}
        if yes:
            part = cell_passage(cell, block, order)
            last = len(part.plain.text)
            yield part.finding(
                Finding(option[0], option[1], "", part.spot, strength=LABEL), 0, last, (0, last)
            )


def _is_yes(text: str) -> bool | None:
    chosen = ticked(text)
    said = folded(text if chosen is None else "".join(chosen)).strip()
    return True if said in ("是", "√", "有") else False if said in ("否", "无", "×") else None
