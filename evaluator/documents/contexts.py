"""Whose figure it is, and whether it is a figure: what stands around a value in its sentence.

``barred`` says why a value is no value of this project: it is another company's, last year's, what
is there already, another phase, or a threshold of a policy. ``sureness`` reads 约, 不低于, 以上. The words
are in the lexicon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from evaluator.documents.lexicon import Words
from evaluator.documents.quantities import Quantity
from evaluator.documents.text import clause_of

_OWNED = re.compile(
    r"(?:是|系|为|属|由)[^，。;]{0,24}?(?:子公司|设立|出资|持股|控股|投资设立|旗下企业|下属企业)"
)
_AGAIN = re.compile(
    r"(?<![\u4e00-\u9fff])项目(?!名称)|[本该]项目|预计|达产|投产后|计划|本期|本次|建成后"
)
_WHOLE = re.compile("总投资|合计|总计|共计|整个|全部|总体")
_SUBJECT = re.compile(
    r"(?:^|[。\n])(?!本|我|该)[^，。;项]{2,20}(?:集团|控股公司)(?=是|为|系|成立|创立|拥有|现有|目前|20\d\d年|去年|总部|旗下|年)"
)
_YEAR = re.compile(
    r"20\d\d年(?:度|全年|公司|企业)?(?:共|已)?(?=实现|营业|营收|产值|工业|销售|纳税|税收|缴|上缴|入库|完成|利润|研发|开票|主营)"
)
_PHASES = re.compile("[一二三]、?[二三四]期|两期|各期|三期合计")
_NEW = re.compile("扩建|新建|加盖|新增|本期|本次|本项目|该项目|拟|计划|建设|投资|达产|预计")
_OURS = re.compile("本项目|该项目|我公司|本公司|[，;]项目|由.{2,20}公司")
_PHASE = re.compile(r"[一二三四五]期|首期")
# 希望县里给予补贴 is what the project asks for, no rule that gives it.
# 《关于…的意见》明确：what follows is a rule.
_LAW = re.compile(
    "《[^《》]*(?:意见|办法|通知|规定|细则|政策|条例|标准)[^《》]{0,6}》[^，。;:]{0,8}(?:明确|规定|要求|提出)[:，]?"
)
_ASKED = re.compile("希望|恳请|诉求|请求|申请")
_SPLIT = re.compile(r"分[两二三四]期")


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known of the document as a whole: the phase that the project itself is."""

    phase: str | None = None
    section: str | None = None  # Why nothing under this heading is the project's.
    fresh: bool = False  # Nothing is there already: 全厂 is the project.


def phase_of(name: str | None) -> str | None:
    """The phase in a project's name, if it is one of several."""
    named = set(_PHASE.findall(name or ""))
    return named.pop() if len(named) == 1 and not _SPLIT.search(name or "") else None


def phase_only(reason: str) -> str | None:
    """The phase that a figure is only of, if that is why it was barred."""
    match = re.fullmatch("只是“([一二三四五]期|首期)”的数", reason)
    return match[1] if match else None


def _last(pattern: re.Pattern[str], text: str, start: int, end: int) -> re.Match[str] | None:
    found = None
    for match in pattern.finditer(text, start, end):
        found = match
    return found


def _owned(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the other company is only named as the owner: 是某上市公司的全资子公司."""
    return any(
        m.start() <= match.start() and match.end() <= m.end() for m in _OWNED.finditer(text, start)
    )


def _back(words: Words, text: str, start: int, at: int) -> bool:
    """Whether the text has come back to the project: 项目总投资, but not 金盛医疗项目总投资."""
    return any(
        not (m[0].startswith("项目") and "\u4e00" <= text[m.start() - 1 : m.start()] <= "\u9fff")
        for m in words.contexts["back"].finditer(text, start, at)
    )


def barred(
    words: Words,
    text: str,
    sentence: tuple[int, int],
    at: int,
    about: str,
    scope: Scope,
    *,
    said: bool = False,
) -> str | None:
    """Why what stands at ``at`` is not a value of this project; None where nothing speaks against it.

    ``said`` is for phrases (不属于两高), which no threshold or total can be.
    """
    if scope.section:
        return scope.section
    start, end = sentence
    left, right = clause_of(text, start, end, at)
    marks = words.contexts["policy" if said else "threshold"].finditer(text, left, right)
    if any(not _ASKED.search(text, start, m.start()) for m in marks):
        return "是门槛或规定，不是本项目的数"
    law = _LAW.search(text, start, at)
    if law and not _OURS.search(text, law.end(), at):
        return "是门槛或规定，不是本项目的数"
    if about == "market":
        return None
    if words.contexts["sentence"].search(text, start, end):
        return "说的是别的企业或项目"
    other = _last(words.contexts["elsewhere"], text, start, at)
    # 系…农业产业化龙头企业 tells of the enterprise itself.
    itself = (
        other is not None
        and "龙头" in other[0]
        and re.search("(?:系|是|为|属于?)[^，。;]{0,16}$", text[start : other.start()])
    )
    if other and not itself and not _owned(text, start, other):
        back = _back(words, text, other.end(), at)
        again = re.search(r"[，;](?:公司|企业)(?!的母)", text[other.end() : at])
        if not back and again is None:
            return f"说的是“{other[0]}”，不是本项目"
    if said:
        return None
    subject = _SUBJECT.search(text[start:at])
    if subject and not _OURS.search(text, start + subject.end(), at):
        return f"说的是“{subject[0]}”，不是本项目"
    since = max(start, text.rfind(";", start, at) + 1)
    region = _last(words.contexts["region"], text, since, at)
    let = region and re.search(
        "[租用驻]$|利用|位于", text[max(start, region.start() - 3) : region.start()]
    )
    if region and not let and not _OURS.search(text, region.end(), at):
        return f"说的是“{region[0]}”的合计"
    if about == "enterprise":
        return None
    past = _last(words.contexts["past"], text, start, at) or _last(_YEAR, text, start, at)
    if past and not _AGAIN.search(text, past.end(), at):
        return f"是“{past[0]}”的数"
    return _not_this_part(words, text, (start, end), (left, right), at, scope)


def _not_this_part(
    words: Words,
    text: str,
    sentence: tuple[int, int],
    clause: tuple[int, int],
    at: int,
    scope: Scope,
) -> str | None:
    start, end = sentence
    left, _ = clause
    existing = _last(words.contexts["existing"], text, left, at)
    if existing and not re.search("租|承租|拆除|改造|利用", text[left : existing.start()]):
        return f"是“{existing[0]}”的，不是新增的"
    subject = _last(words.contexts["existing"], text, start, left)
    if (
        subject
        and subject.start() <= clause_of(text, start, end, subject.start())[0] + 4
        and not _NEW.search(text, subject.end(), at)
    ):
        return f"是“{subject[0]}”的，不是新增的"
    whole = _last(words.contexts["whole"], text, start if scope.phase else left, at)
    if whole and text.startswith("新增", whole.end()):
        whole = None  # 全厂新增 is what the project adds.
    own = max(text.rfind(w, start, at) for w in (scope.phase or "本期", "本期", "本次"))
    if whole and not scope.fresh and own < whole.start():
        return "是全厂或各期合计的数"
    several = _PHASES.search(text, start, end)
    if scope.phase and several and re.search("合计|共计|总计", text[left:at]):
        return "是各期合计的数"
    if scope.phase and _SPLIT.search(text, start, end):
        return "是各期合计的数"
    since = max(start, text.rfind(";", start, at) + 1)
    parts = [m for m in words.contexts["part"].finditer(text, since, at) if m[0] != scope.phase]
    if scope.phase:
        own = text.rfind(scope.phase, start, at)
        own = max(own, text.rfind("本期", start, at), text.rfind("本次", start, at))
        parts = [m for m in parts if m.start() > own]
    if parts and (parts[-1].start() >= left or scope.phase or not _WHOLE.search(text, left, at)):
        part = parts[-1]
        if part.start() >= left or _PHASE.match(part[0]):
            return f"只是“{part[0]}”的数"
    return None


@dataclass(frozen=True, slots=True)
class Sureness:
    """exact or approximate, and which side is open."""

    kind: str
    bound: str | None = None


def _hedged(pattern: re.Pattern[str], before: str) -> bool:
    for match in pattern.finditer(before):
        if len(match[0]) > 1 or match.end() == len(before):
            return True
    return False


def sureness(words: Words, text: str, quantity: Quantity, since: int) -> Sureness:
    """How sure a quantity is said to be; ``since`` is where what belongs to it begins."""
    before, after = text[since : quantity.start], text[quantity.end : quantity.end + 6]
    after = after.lstrip(")")
    for side in ("min", "max"):
        if _hedged(words.contexts[f"{side}_before"], before) or words.contexts[
            f"{side}_after"
        ].match(after):
            return Sureness("approximate", side)
    if (
        quantity.odd
        or _hedged(words.contexts["about_before"], before)
        or words.contexts["about_after"].match(after)
    ):
        return Sureness("approximate")
    return Sureness("exact")
