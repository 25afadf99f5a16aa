"""From a document to the dossiers in it: which blocks are whose, and what they say.

Knows no file format: it works on ``layout``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from evaluator.documents.choices import inline
from evaluator.documents.contexts import Scope, phase_of
from evaluator.documents.findings import Finding
from evaluator.documents.grids import read_grid, unit_note
from evaluator.documents.layout import Block, Document, Paragraph, Table
from evaluator.documents.lexicon import Words
from evaluator.documents.lists import Listed, find_list, read_list
from evaluator.documents.passage import passage
from evaluator.documents.prose import read_passage
from evaluator.documents.settle import Excerpt, settle
from evaluator.documents.strings import read_strings
from evaluator.documents.text import folded
from evaluator.documents.turned import turned

_HEADING = re.compile(
    r"^(?:第[一二三四五六七八九十]+[章节]|[一二三四五六七八九十]+、|[(（][一二三四五六七八九十]+[)）]|\d+(?:\.\d+)*[、.\s]|[^\w\s])"
)
_OTHERS = re.compile(
    "相邻|周边项目|同类|对标|其他项目|园区动态|数据速览|他山之石|^政策(?!诉求|支持|需求|申请)|政策(?:依据|要求|规定|解读|摘要|汇编|原文)|相关政策|管理办法|填表说明|填报说明|注意事项|区域概况|园区概况|园区简介|编者按|小编|延伸阅读|相关链接|背景资料|名词解释|行业动态"
)
_POLICY = re.compile(
    "(?:政策|办法|细则|指引|条例|规定|实施意见|准入标准|控制指标)(?:问答|解读|汇编|摘编|全文|摘要|节选|[(（]|$)"
)


_MADE = re.compile("年产|产品|生产线|建设内容|主营|行业|从事|研发生产|制造")
_STOCK = re.compile("扩建|技改|技术改造|改造前|现有工程|现有厂|老厂|[二三四两]期|迁建|搬迁")
_UNTICKED = re.compile(r"[□☐○]\s*[^\s□☐○☑√■☒✓✔●◉]{1,12}|[(（]迁建[)）]")


@dataclass(frozen=True, slots=True)
class Found:
    """One dossier in a document."""

    project: str | None
    excerpts: tuple[Excerpt, ...]
    about: str = ""  # What the text tells of its products.


def extract(words: Words, document: Document) -> list[Found]:
    """Every project that a document speaks of, with what it says of it."""
    blocks = document.blocks
    lists: dict[int, list[Listed]] = {}
    for number, block in enumerate(blocks):
        if isinstance(block, Table):
            listed = turned(words, block)
            found = find_list(words, listed, Scope())
            if found is not None:
                unit = _unit_before(blocks, number)
                lists[number] = list(read_list(words, listed, found, number, unit))
    several = [p for projects in lists.values() for p in projects]
    if len(several) > 1:
        return _several(words, blocks, several)
    one = several[0] if several else None
    findings = list(one.findings) if one else []
    fresh = not _STOCK.search(_UNTICKED.sub("", _text(blocks)))
    scope = Scope(_phase(blocks), fresh=fresh)
    for number, block, section in _sections(blocks):
        here = replace(scope, section=section)
        if isinstance(block, Table):
            if number not in lists:
                unit = _unit_before(blocks, number)
                findings += read_grid(words, block, number, here, unit, 0)
        else:
            findings += _paragraph(words, block, number, here)
    excerpts = settle(words, findings)
    name = next((str(e.value) for e in excerpts if e.field == "project_name"), None)
    return [Found(name, tuple(excerpts), _about(blocks))] if excerpts else []


def _about(blocks: Sequence[Block]) -> str:
    """The sentences on what is made, up to a few lines."""
    said = [s for s in re.split("[。；;\n]", _text(blocks)) if _MADE.search(s)]
    return "。".join(said)[:2000]


def _paragraph(words: Words, block: Paragraph, number: int, scope: Scope) -> Iterator[Finding]:
    part = passage(block.text, block.spot, number, 0)
    headline = number < 2 and len(block.text) < 60 and re.search("[！!|丨]|^重磅|^喜报", block.text)
    for f in read_passage(words, part, scope):
        yield replace(f, sure=False) if headline else f
    if scope.section is None:
        yield from inline(words, part, scope)
        for f in read_strings(words, part, scope):
            yield replace(f, sure=False) if headline else f


def _text(blocks: Sequence[Block]) -> str:
    return "\n".join(
        b.text if isinstance(b, Paragraph) else " ".join(c.text for row in b.rows for c in row)
        for b in blocks
    )


def _phase(blocks: Sequence[Block]) -> str | None:
    """The phase in the project's name: of its label, or of the title."""
    for number, block in enumerate(blocks):
        if isinstance(block, Table):
            for row in block.rows:
                for label, cell in pairwise(row):
                    if re.fullmatch("(?:建设)?项目名称", folded(label.text).strip(" :")):
                        return phase_of(cell.text)
        else:
            found = re.search(r"项目名称\s*[:：]\s*([^\n。；]{2,60})", block.text)
            if found:
                return phase_of(found[1])
            if number < 2 and "项目" in block.text and len(block.text) < 80:
                phase = phase_of(re.sub(r"\s", "", block.text))
                if phase:
                    return phase
    return None


def _sections(blocks: Sequence[Block]) -> Iterator[tuple[int, Block, str | None]]:
    """Each block, with why what stands under its heading is not the project's."""
    section: str | None = None
    first = next((b.text.strip() for b in blocks if isinstance(b, Paragraph)), "")
    policy = "材料讲的是政策，不是一个项目" if _POLICY.search(first) and len(first) <= 40 else None
    for number, block in enumerate(blocks):
        if policy:
            yield number, block, policy
            continue
        if isinstance(block, Paragraph):
            text = block.text.strip()
            heading = block.level > 0 or (
                len(text) <= 24
                and _HEADING.match(text)
                and not re.search(r"[。；：:，]|\d{2}", text)
            )
            short = len(text) <= 14 and not re.search(r"[。；：:，,]", text)
            if heading or short:
                section = f"在“{text[:20]}”一节里" if _OTHERS.search(text) else None
            elif _OTHERS.match(text) and re.match(r"(?:填表|填报)说明|注意事项", text):
                yield number, block, f"在“{text[:6]}”里"
                continue
        yield number, block, section


def _unit_before(blocks: Sequence[Block], number: int) -> tuple[int, str] | None:
    """The unit noted above or in a table, or for the whole document."""
    block = blocks[number]
    for i in range(number - 1, max(-1, number - 3), -1):
        before = blocks[i]
        if isinstance(before, Paragraph):
            found = unit_note(before.text)
            if found is not None:
                return found
    if isinstance(block, Table):
        for row in block.rows[:3]:
            for cell in row:
                if re.search("单位", cell.text) and len(cell.text) <= 40:
                    found = unit_note(cell.text)
                    if found is not None:
                        return found
    for before in blocks:
        if isinstance(before, Paragraph) and re.search("金额单位|单位未注明|除注明", before.text):
            found = unit_note(before.text)
            if found is not None:
                return found
    return None


def _core(name: str) -> str:
    return re.sub(r"[“”\"'()（）]|[一二三四]期|项目|工程|建设", "", name)


def _several(words: Words, blocks: Sequence[Block], listed: list[Listed]) -> list[Found]:
    more: dict[str, list[Finding]] = {p.name: [] for p in listed}
    for number, block, section in _sections(blocks):
        if not isinstance(block, Paragraph) or section:
            continue
        opening = re.sub(r"[“”\"'()（）]|[一二三四]期", "", block.text[:60])
        named = [p.name for p in listed if _core(p.name) and _core(p.name) in opening]
        if len(named) == 1:
            phase = phase_of(named[0])
            more[named[0]] += read_passage(
                words, passage(block.text, block.spot, number, 0), Scope(phase)
            )
    out = []
    for p in listed:
        excerpts = settle(words, [*p.findings, *more[p.name]])
        out.append(Found(p.name, tuple(excerpts)))
    return out
