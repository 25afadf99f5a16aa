"""Values in running text: which number belongs to which name, and which phrases say yes or no.

A number belongs to the nearest name before it in its clause ("总投资 12.5 亿元"), else to a name right
behind it ("378 个就业岗位"). Names of other things (环保投资, 净利润) take their numbers, so that nothing
else gets them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from evaluator.documents.contexts import Scope, barred, phase_only, sureness
from evaluator.documents.derive import PART
from evaluator.documents.findings import HINTED, LABEL, NAMED, Finding, in_unit
from evaluator.documents.lexicon import Phrase, Term, Words
from evaluator.documents.passage import Passage
from evaluator.documents.pollutants import pollutants
from evaluator.documents.quantities import FOREIGN, Quantity, quantities
from evaluator.documents.text import clause_of, sentences
from evaluator.dossier.fields import Field, FieldType

REACH = 18
_CLAUSE_MARK = re.compile(r"[，；;。！？!?\n]")
_RESTATED = re.compile(r"(?:折合|折|合|即|约合|\(|计)[^0-9]{0,4}$")
_NOT = re.compile(
    r"(?:[不未非无没]|没有|不再|未被|并非|尚未|无需)(?:涉及|涉|属于|属|是|存在|采用|使用|含|有|需|需要|具备)?$"
)
_TOTAL = re.compile(r"(?:合计|共计|总计|总共|共)[^0-9，。;]{0,6}$")


_DONE = re.compile(
    "(?:之?内|左右)?(?:全部|全面|即可)?(?:建成|竣工|完工|建好|投产|试产|建设完成)(?!后)"
)
_ELSEWHERE_SAID = re.compile(
    r"(?:另|又|图上?|标注|口头|附[件表]|书|报告|说明|备案|材料|协议|第\d+页|前文|后文|处)[^。;\d]{0,10}(?:为|是|写|载明|显示|列|作|标注为)[^，。;\d]{0,3}$"
)
_SHARE_OF = re.compile("(?:占|相当于)[^，。;\\d]{0,6}$")
_CHANGED = re.compile(
    r"[^，。;\d]{0,6}(?:提高|提升|增加|增长|上升|扩大|下降|降低|减少|缩减|压减|压缩|调整|变更|降|升|增|减|变)"
    r"(?:至|到|为)[^，。;\d]{0,4}"
)


_IN_YUAN = re.compile(
    r"[(，]?(?:按[^，。;()]{0,12})?(?:折合|约合|折|合)?(?:成)?(?:人民币)[^，。;\d]{0,4}"
)


def read_passage(words: Words, part: Passage, scope: Scope) -> Iterator[Finding]:
    """Every value in the passage that is this project's, as far as its sentence tells."""
    text = part.plain.text
    for sentence in sentences(text):
        yield from _numbers(words, part, sentence, scope)
        yield from phrases(words, part, sentence, scope)
        yield from pollutants(words, part, sentence, scope)


def _numbers(
    words: Words, part: Passage, sentence: tuple[int, int], scope: Scope
) -> Iterator[Finding]:
    start, end = sentence
    text = part.plain.text[start:end]
    terms = [t for t in words.terms(text) if not t.fields or not _text_only(words, t)]
    numbers = quantities(text)
    doubtful = words.contexts["doubt"].search(text) is not None
    used: set[int] = set()
    found: list[Finding] = []
    was: Term | None = None
    abroad: Term | None = None
    for i, number in enumerate(numbers):
        before = numbers[i - 1].end if i else 0
        after = numbers[i + 1].start if i + 1 < len(numbers) else len(text)
        owned, changed = _owner(terms, text, number, before), was is not None
        owned, was = was or owned, None
        if owned is not None and _CHANGED.fullmatch(text[number.end : after]):
            was = owned  # 由 1.1 提高至 1.65: what comes after is meant.
            continue
        if owned is not None and number.unit in FOREIGN:
            abroad = owned if _IN_YUAN.fullmatch(text[number.end : after]) else None
            continue
        if owned is None and abroad is not None:
            owned = abroad  # 2,800 万美元（折合人民币 2 亿元）
        abroad = None
        if owned is None:
            owned = _behind(terms, text, number, after)
            if owned is not None and owned.start in used:
                owned = None
        if owned is None and number.unit in ("月", "个月", "年") and _DONE.match(text, number.end):
            owned = Term(number.end, number.end, "", ("construction_months",))
        total = owned is None and _TOTAL.search(text[: number.start]) is not None
        if total:
            owned = _summed(words, terms, text, number)
        if (
            doubtful
            and found
            and (owned is None or _field_of(words, text, owned, number) is None)
            and _ELSEWHERE_SAID.search(text[before : number.start])
        ):
            last = found[-1].field  # 企业另一份说明中为 4.53 亿元，需核实
            owned = next((t for t in reversed(terms) if last in t.fields), None)
        if owned is None:
            continue
        if text[owned.start - 1 : owned.start] in ("日", "月"):
            continue  # 日用水 90 吨 is not a year's.
        used.add(owned.start)
        owned = words.of_phase(owned, scope.phase)
        field = _field_of(words, text, owned, number)
        if field is None or _set_aside(words, text, number):
            continue
        lexicon = words.lexicon(field.name)
        at = start + (owned.start if changed else number.start)  # 由现状的 1.1 bars only the 1.1.
        reason = barred(words, part.plain.text, sentence, at, lexicon.about, scope)
        of_phase = phase_only(reason) if reason and not scope.phase else None
        read = in_unit(words, field, number)
        if (reason and not of_phase) or read is None or not read[2]:
            continue
        since = max(before, clause_of(text, 0, len(text), number.start)[0])
        sure = sureness(words, text, number, min(since, number.start))
        kind = "range" if read[1] is not None else sure.kind
        if of_phase and kind != "exact":
            continue
        first = number.start if total else min(owned.start, number.start)
        if total:  # What it sums up is no value of its own.
            found = [f for f in found if f.field != field.name]
        left = clause_of(text, 0, len(text), first)[0]
        right = clause_of(text, 0, len(text), number.end)[1]
        one = part.finding(
            Finding(
                field.name,
                read[0],
                "",
                part.spot,
                PART if of_phase else kind,
                read[1],
                sure.bound,
                HINTED if field.name in owned.loose else NAMED,
                sure=not changed and not doubtful,
                note=of_phase or ("是改变以后的数" if changed else None),
                disputed=doubtful,
            ),
            start + number.start,
            start + number.end,
            (start + left, start + max(right, owned.end if not total else 0)),
        )
        found.append(one)
    yield from found


def _text_only(words: Words, term: Term) -> bool:
    """Whether a name has no number of its own: 乙方, 建设地点."""
    kinds = {words.field(f).type for f in term.fields}
    return kinds <= {FieldType.STR, FieldType.DATE}


def _summed(words: Words, terms: list[Term], text: str, number: Quantity) -> Term | None:
    """The name that 合计 840 万元 sums up: the last before it that has this unit."""
    for term in reversed(terms):
        earlier = term.end <= number.start and term.fields
        if earlier and _field_of(words, text, term, number) is not None:
            return term
    return None


def _owner(terms: list[Term], text: str, number: Quantity, since: int) -> Term | None:
    """The nearest name before the number, in its clause, with no other number between."""
    for term in reversed(terms):
        if term.end > number.start:
            continue
        gap = text[term.end : number.start]
        if number.unit == "%" and _SHARE_OF.search(text[: term.start]):
            continue  # 意向订单占达产年收入的 35%.
        if term.end < since or len(gap) > REACH or _CLAUSE_MARK.search(gap):
            return None
        if gap.count(")") > gap.count("("):
            if text[term.start - 1] == "(" and gap == ")":
                return term  # 综合能耗（等价）9,860 tce is that.
            continue  # The name stands in brackets that are closed: (含流动资金).
        if re.search(r"其中|另有|另外|分别", gap):
            return None
        return term
    return None


def _behind(terms: list[Term], text: str, number: Quantity, until: int) -> Term | None:
    for term in terms:
        if term.start < number.end:
            continue
        gap = text[number.end : term.start]
        if term.end > until or len(gap) > 5 or _CLAUSE_MARK.search(gap) or "、" in gap:
            return None
        follows = text[term.end : until]
        if until < len(text) and not _CLAUSE_MARK.search(follows) and len(follows) <= 4:
            return None  # 5 亿元、用地 109 亩: the name has its own number.
        return term
    return None


def _field_of(words: Words, text: str, term: Term, number: Quantity) -> Field | None:
    """The field that the name stands for, beside this unit and these neighbours."""
    left, right = clause_of(text, 0, len(text), number.start)
    for name in term.fields:
        field = words.field(name)
        if not field.numeric or in_unit(words, field, number) is None:
            continue
        if suits(words, field, text, (left, right), loose=name in term.loose):
            return field
    return None


def suits(words: Words, field: Field, text: str, clause: tuple[int, int], *, loose: bool) -> bool:
    """Whether the neighbours are as the lexicon of the field asks."""
    lexicon = words.lexicon(field.name)
    part = text[clause[0] : clause[1]]
    if any(w.strip("“”") in part for w in lexicon.never):
        return False
    asked = lexicon.near and (loose or not lexicon.loose)
    return not asked or any(w in text for w in lexicon.near)


def _set_aside(words: Words, text: str, number: Quantity) -> bool:
    """Whether a bracket behind the number says that it is something else: 11,117 tce（等价）."""
    match = re.match(r"\(([^()\d]{1,12})\)", text[number.end :])
    return bool(match) and any(not t.fields for t in words.terms(match[1] if match else ""))


def phrases(
    words: Words, part: Passage, sentence: tuple[int, int], scope: Scope, label: str | None = None
) -> Iterator[Finding]:
    """What the phrases of the lexicon say in a sentence, or in a cell under the label of a field."""
    start, end = sentence
    text = part.plain.text
    found: dict[str, list[tuple[int, int, Phrase]]] = {}
    for phrase in words.phrases:
        if label is not None and phrase.field != label:
            continue
        for match in phrase.pattern.finditer(text, start, end):
            if _NOT.search(text[start : match.start()]) or text[start : match.start()].endswith(
                "某"
            ):
                continue
            a, b = match.span()
            kept = found.setdefault(phrase.field, [])
            if not any(x <= a and b <= y for x, y, _ in kept):
                kept[:] = [k for k in kept if not (a <= k[0] and k[1] <= b)]
                kept.append((a, b, phrase))
    for name, places in found.items():
        field = words.field(name)
        lexicon = words.lexicon(name)
        for a, b, phrase in places:
            left, right = clause_of(text, start, end, a)
            if label is None and not suits(
                words, field, text[start:end], (left - start, right - start), loose=True
            ):
                continue
            if barred(words, text, sentence, a, lexicon.about, scope, said=True):
                continue
            if words.contexts["intent"].search(text, left, a) and not label:
                continue
            value = phrase.value
            yield part.finding(
                Finding(
                    name,
                    Fraction(0) if value == "0" else value,
                    "",
                    part.spot,
                    strength=LABEL if label else HINTED,
                ),
                a,
                b,
                (left, right),
            )
