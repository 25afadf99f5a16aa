"""The value in a cell, under the label of a field: number, choice, yes or no, date, text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from evaluator.documents.contexts import Scope, barred, sureness
from evaluator.documents.findings import LABEL, NAMED, Finding, in_unit
from evaluator.documents.industry import code_in
from evaluator.documents.labels import Label
from evaluator.documents.lexicon import Words
from evaluator.documents.passage import Passage, boxed
from evaluator.documents.pollutants import named_amounts
from evaluator.documents.prose import phrases
from evaluator.documents.quantities import Quantity, quantities
from evaluator.documents.strings import clean_name, day_in
from evaluator.documents.text import folded, plain, sentences
from evaluator.dossier.fields import Field, FieldType

_TICKED = re.compile(r"[☑√■☒✓✔●◉]\s*([^□☐○☑√■☒✓✔●◉\n]+?)(?=\s*(?:[□☐○☑√■☒✓✔●◉\n]|$))")
_BEHIND = re.compile(r"([^□☐○☑√■☒✓✔●◉\s()]{1,12})\s*\(\s*[√✓✔]\s*\)")
BOX = "□☐☑√■☒✓✔○●◉"
_BOXES = re.compile(f"[{BOX}]")
_TOTAL = re.compile(r"(?:合计|共计|总计|总共|共)[^0-9，。;]{0,6}$")
_OWN = re.compile(r"(?:本期|本次|本项目|本公司|本企业|本单位|其中本项目|新增)[^0-9，。;]{0,6}$")
_YES = re.compile(r"^(?:是|有|属于|属|符合|涉及|已列入|位于|在|满足|√|Y|YES|yes)(?:[，。;(、].*)?$")
_NO = re.compile(
    r"^(?:否|无|没有|不是|不属于|不属|不涉及|未列入|未被列入|不在|不符合|未涉及|N|NO|no|×)(?:[，。;(、].*)?$"
)
_COUNTED = re.compile(r"#|[\u4e00-\u9fff](?<![左上以及的余多和与或、至到整，。其])")
NOTHING = frozenset(
    {
        "",
        "-",
        "--",
        "—",
        "——",
        "/",
        "无",
        "待定",
        "未定",
        "不详",
        "暂无",
        "若干",
        "待填",
        "…",
        "N/A",
        "n/a",
        "待测算",
        "待核",
    }
)


def ticked(text: str) -> list[str] | None:
    """What is ticked among options; None where there are no boxes."""
    text = boxed(text)
    if not _BOXES.search(text):
        return None
    behind = [t.strip() for t in _BEHIND.findall(text)]
    return behind or [t.strip() for t in _TICKED.findall(text)]


def read_cell(
    words: Words, part: Passage, label: Label, scope: Scope, default: tuple[int, str] | None
) -> Iterator[Finding]:
    """What a cell says of the field that its label names."""
    text = part.plain.text.strip()
    if not text or (text in NOTHING and not (text == "无" or text == "暂无")):
        return
    parts = re.split("[/／]", part.original)
    if label.several and "/" in label.bare and len(parts) == len(label.fields):
        for name, said in zip(
            label.fields, parts, strict=True
        ):  # 注册资本/实缴 | 5,000万元/3,200万元
            inner = replace(part, original=said, plain=plain(said))
            for f in read_cell(
                words, inner, Label(label.text, (name,), label.unit), scope, default
            ):
                yield replace(f, start=0, end=len(part.original), quote=part.original)
        return
    fields = label.fields
    if label.key is not None:
        yearly = label.unit is not None and label.unit[1].endswith("/年")
        fields = (f"emissions.{label.key}",) if yearly or "排放" in label.text else ()
    for name in fields:
        field = words.field(name)
        found: list[Finding] = []
        if field.numeric:
            found = list(_number(words, part, field, label, scope, default))
        elif field.type is FieldType.RECORD and label.key is None:
            found = list(_listed(words, part, field, label.unit or default))
        elif field.type is FieldType.BOOL:
            found = list(_yes_or_no(words, part, field, label, scope))
        elif field.type is FieldType.ENUM:
            found = list(_choice(words, part, field, scope))
        elif field.type is FieldType.DATE:
            day = day_in(part.original)
            if day is not None:
                found = [_whole(part, Finding(name, day, "", part.spot, strength=LABEL))]
        elif field.format == "industry_code":
            found = list(_industry(part, field))
        elif field.type is FieldType.STR:
            value = clean_name(field.name, part.original)
            if value:
                found = [
                    _whole(
                        part, Finding(name, value[0], "", part.spot, strength=LABEL, sure=value[1])
                    )
                ]
        yield from found
        if found and not label.several:
            return


def _listed(
    words: Words, part: Passage, field: Field, given: tuple[int, str] | None
) -> Iterator[Finding]:
    """COD 6.4　NH3-N 0.61 under 排放总量（t/a）: each with the unit of the label."""
    text = part.plain.text
    for key, number in named_amounts(text, field):
        read = in_unit(words, field, number, given)
        if read is not None and read[2]:
            yield part.finding(
                Finding(f"{field.name}.{key}", read[0], "", part.spot, strength=LABEL),
                number.start, number.end, (0, len(text)),
            )  # fmt: skip


def _whole(part: Passage, finding: Finding) -> Finding:
    last = len(part.plain.text)
    return part.finding(finding, 0, last, (0, last)) if last else finding


def _industry(part: Passage, field: Field) -> Iterator[Finding]:
    found = code_in(part.original)
    if found is not None:
        code, derived = found
        yield _whole(
            part,
            Finding(
                field.name, code, "", part.spot, "derived" if derived else "exact", strength=LABEL,
                arithmetic="由行业名称查 GB/T 4754-2017" if derived else None,
            ),
        )  # fmt: skip


def _choice(words: Words, part: Passage, field: Field, scope: Scope) -> Iterator[Finding]:
    chosen = ticked(part.original)
    if chosen is not None:
        codes = {c for t in chosen for c in [_option(words, field, t)] if c}
        if len(codes) == 1:
            yield _whole(part, Finding(field.name, codes.pop(), "", part.spot, strength=LABEL))
        return
    text = part.plain.text
    found: list[Finding] = []
    for sentence in sentences(text):
        if barred(words, text, sentence, sentence[1] - 1, "enterprise", scope, said=True):
            continue
        found += phrases(words, part, sentence, scope, field.name)
    if not found:
        code = _option(words, field, text)
        if code is not None:
            yield _whole(part, Finding(field.name, code, "", part.spot, strength=LABEL))
        return
    order = [*words.lexicon(field.name).options, *field.values]
    yield min(found, key=lambda f: order.index(str(f.value)))


def _option(words: Words, field: Field, text: str) -> str | None:
    """The one option that a short text means."""
    said = re.sub(r"[()（）].*$", "", folded(text)).strip(" ，。;:")
    if not said:
        return None
    for code, name in field.values.items():
        if said == folded(name):
            return code
    options = words.lexicon(field.name).options
    for code, names in options.items():
        if any(said == folded(n) for n in names):
            return code
    hits = {c for c, name in field.values.items() if len(name) > 1 and folded(name) in said}
    hits |= {c for c, ns in options.items() for n in ns if len(n) > 1 and folded(n) in said}
    if not hits and len(said) >= 2:
        hits = {c for c, ns in options.items() for n in ns if said in folded(n)}
    if not hits:
        hits = {
            c
            for c, name in field.values.items()
            if len(said) >= 2
            and (folded(name).startswith(said) or said.startswith(folded(name)[:2]))
        }
    if re.search("[不未非无]", said) and not any(_negated(field, options, h, said) for h in hits):
        return None
    return hits.pop() if len(hits) == 1 else None


def _negated(field: Field, options: Mapping[str, tuple[str, ...]], code: str, said: str) -> bool:
    """Whether an option is itself told with a "not" that the text has too: 不新增 is of 不新增用地."""
    names = (field.values[code], *options.get(code, ()))
    return any(re.search("[不未非无]", n) and said in folded(n) for n in names) or bool(
        re.search("[不未非无]", field.values[code])
    )


def _yes_or_no(
    words: Words, part: Passage, field: Field, label: Label, scope: Scope
) -> Iterator[Finding]:
    text = part.plain.text.strip()
    chosen = ticked(part.original)
    if chosen is not None:
        if len(chosen) != 1:
            return
        text = folded(chosen[0])
    if re.search("[不未无非]", label.bare.replace("有无", "").replace("负面", "")):
        return
    value = True if _YES.match(text) else False if _NO.match(text) else None
    if value is None or (chosen is None and len(text) > 6):
        said = [
            f
            for s in sentences(part.plain.text)
            for f in phrases(words, part, s, scope, field.name)
        ]
        if said and len({f.value for f in said}) == 1:
            yield said[0]
            return
    if value is not None:
        yield _whole(part, Finding(field.name, value, "", part.spot, strength=LABEL))


def _number(
    words: Words,
    part: Passage,
    field: Field,
    label: Label,
    scope: Scope,
    default: tuple[int, str] | None,
) -> Iterator[Finding]:
    text = part.plain.text
    lexicon = words.lexicon(field.name)
    usable: list[tuple[Quantity, Finding]] = []
    previous = 0
    for number in quantities(text):
        since, previous = previous, number.end
        sentence = next((s for s in sentences(text) if s[0] <= number.start < s[1]), (0, len(text)))
        given = label.unit or default
        read = in_unit(words, field, number, given)
        if read is None and label.unit is None and default is not None:
            read = in_unit(words, field, number)  # The heading's 万元 is not meant for 人.
        if read is None or barred(words, text, sentence, number.start, lexicon.about, scope):
            continue
        if _of_another(words, field, text[since : number.start], number, scope.phase):
            continue
        if not number.unit and _COUNTED.match(text, number.end):
            continue  # 层高 6 米: of a unit that is none of the field's.
        bracket = re.match(r"\(([^()\d]{1,12})\)", text[number.end :])
        if bracket and any(not t.fields for t in words.terms(bracket[1])):
            continue
        if any(w in text[since : number.end + 6] for w in lexicon.never):
            continue
        if (
            lexicon.near
            and label.bare in lexicon.loose
            and label.bare not in lexicon.names
            and not any(w in f"{text}{label.text}{given[1] if given else ''}" for w in lexicon.near)
        ):
            continue
        if (
            lexicon.near
            and not lexicon.loose
            and not any(w in text + label.text for w in lexicon.near)
        ):
            continue
        sure = sureness(words, text, number, since)
        kind = "range" if read[1] is not None else sure.kind
        quote = (0, len(text))
        usable.append(
            (
                number,
                part.finding(
                    Finding(
                        field.name, read[0], "", part.spot, kind, read[1], sure.bound,
                        LABEL,
                        sure=(read[2] or field.type is FieldType.INT) and not _no_area(field, read[0]),
                    ),
                    number.start, number.end, quote,
                ),
            )
        )  # fmt: skip
    if not usable:
        if (
            any(re.search(folded(n), text) for n in ("不涉及", "不使用", "不用", "^无$"))
            and lexicon.none
        ):
            yield _whole(part, Finding(field.name, Fraction(0), "", part.spot, strength=LABEL))
        return
    yield _chosen(text, usable)


def _of_another(
    words: Words, field: Field, before: str, number: Quantity, phase: str | None
) -> bool:
    """Whether the last name before a number is that of another thing that it can be."""
    terms = [words.of_phase(t, phase) for t in words.terms(before)]
    if any(not t.fields for t in terms):
        return True
    last = terms[-1] if terms else None
    if last is None or last.loose or field.name in last.fields:
        return False
    return any(in_unit(words, words.field(f), number) is not None for f in last.fields)


def _no_area(field: Field, value: Fraction) -> bool:
    """占地面积 0（利用现有厂房） says that land is no question, not that it is 0."""
    return not value and field.unit is not None and field.unit.dimension == (("length", 2),)


def _chosen(text: str, usable: list[tuple[Quantity, Finding]]) -> Finding:
    """The total where parts are given; the project's own where others are; else the first."""
    for mark in (_TOTAL, _OWN):
        for number, finding in usable:
            if mark.search(text[: number.start]):
                return finding
    values = {f.value for _, f in usable}
    first = usable[0][1]
    plainly = usable[0][0].start <= 4
    if len(values) == 1 or plainly:
        return first
    return replace(first, sure=False, strength=NAMED, note="这一格里有几个数，取的是第一个")
