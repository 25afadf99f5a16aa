"""Names, dates and codes in running text: who invests, what the project is called, where, since when.

Only what a cue names is taken: "项目名称：…", a title that ends in 可行性研究报告, "由…公司投资". Knows nothing
of numbers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from evaluator.documents.contexts import Scope, barred
from evaluator.documents.findings import HINTED, LABEL, NAMED, Finding
from evaluator.documents.industry import code_in
from evaluator.documents.lexicon import Words
from evaluator.documents.passage import Passage
from evaluator.documents.text import folded, sentences
from evaluator.dossier.fields import FieldType
from evaluator.dossier.scalars import FieldError
from evaluator.dossier.values import read_value

_DAY = re.compile(
    r"((?:19|20)\d{2})\s*(?:[-./]|年)\s*(\d{1,2})\s*(?:[-./]|月)\s*(\d{1,2})\s*日?(?!\d)"
)
_COMPANY = re.compile(
    r"[\u4e00-\u9fffA-Za-z0-9()（）·]{2,36}?(?:股份有限公司|有限责任公司|有限公司|[（(](?:普通|有限)合伙[)）]|(?<=[械工子料料属品造器具纸革布瓷备])厂(?![房区商长址界内外家]))(?:[（(](?:普通|有限)合伙[)）])?"
)
_BEFORE_COMPANY = re.compile(
    r".*(?:由|是|(?:项目|单位|业主|主体|企业|方)[为系]|考察|走访|拜访|对接|洽谈|接待|受理|企业|业主|单位|投资方|[甲乙丙]方|公司[:：]|引进|引入|[:：]|、|的|关于|本文|因|原(?!力|点)|[拟共签区市县局委院校心司团府]同|"
    r"(?<=[公司集团政府委会区市县局院校厂心员拟共]{1})(?:与|和|及|向|同)|^(?:与|和|同|向|对|将|经|为|系)|[，；。])(?=[\u4e00-\u9fffA-Za-z0-9()（）]{4,})"
)
_STOP = r"[^，。；;:：、\n“”【】！!]"
_CHINESE_ENDS = "建议|介绍|概况|基本情况|洽谈|推进|进展|对接|招商|主要技术经济指标|技术经济指标|主要经济指标|经济指标|主要指标|指标|信息表|登记表|申请表|备案表|申报表|一览|落地|落户|用地|供地|选址|立项|入驻|事宜|有关|相关|可行性研究报告|可行性研究|可研报告|项目建议书|建议书|项目申请报告|申请报告|环境影响报告书|环境影响报告表|环境影响|环评|节能报告|节能|项目简介|简介|情况汇报|情况介绍|情况说明|入驻申请|投资计划书|商业计划书|申报书|资金申请报告|备案|会商|会议|汇报|函|请示|报告|意见|审查|评审|通知|纪要|准入|入园|实施方案|情况|建设方案"
_TITLE = re.compile(
    rf"^(?:[^，。；关]{{2,20}}(?=关于))?(?:关于)?(?:征求|申请|恳请|商请|请求|提请|报请|请予|请|支持|同意|推荐落地|推荐|引进|引入|审议|提请审议|提请|开展|研究|解决|协调|审批|办理|加快推进|推进|给予|做好|对)*({_STOP}{{4,60}}?项目(?:[(（][一二三四]期[)）])?)(?:的)?(?:{_CHINESE_ENDS})"
)
_SIGNED = re.compile(
    rf"({_STOP}{{3,44}}?项目(?:[(（][一二三四]期[)）])?)(?=[(（]以下|[(（]下称|，?(?:今日|近日|昨日|正式|顺利|成功)?(?:落地|签约|落户|开工|成功签约|总投资|计划总投资|位于|选址|拟选址|拟落户|由|于\d|在\S{{2,16}}(?:签约|落地|开工)))"
)
_LEADING = re.compile(
    r"^.*(?:恳请支持|支持|研究了|审议了|审议|听取了|讨论了|讨论|通报了|汇报了|签约|投资建设|投资的|建设的|实施的|承办的|申报的|拟建设|计划建设|引进的|的是|洽谈的|介绍的|推进的|建设|共同打造|打造|标志着|看到的是|实施|新建|投资|，|的(?=.*项目))(?=[^，]{3,})"
)
_ZONE = re.compile(r"[\u4e00-\u9fff]{2,14}?(?:片区|组团)")
_PARK = re.compile(
    r"([\u4e00-\u9fffA-Za-z0-9]{2,24}(?:产业园区?|工业园区?|科技园区?|工业集中区|化工园区?|循环经济园区?|装备园|生物谷|经济园))(?:[东西南北中]区)?"
    r"(?=$|[，。;、)(（]|(?:内|现有|已建|标准|厂房|[A-Za-z0-9一二三四五六七八九十]|[\u4e00-\u9fff]{1,6}(?:路|街|大道|道|地块|号)))"
)
_AT_PARK = re.compile(
    rf"(?:选址(?:于|在|为)?|位于|租赁|租用|承租|落户(?:于|在)?|选在|落在|入驻|(?:建设地点|厂址|地点)(?:为|是|位于|在|[:：])?)({_PARK.pattern})"
)
_ZONE_LEAD = re.compile(
    r"^.*(?:[市县州省]|高新区|经开区|开发区|新区|园区|产业园|工业园|科技园|园(?=[\u4e00-\u9fff]{2,}(?:片区|组团))|位于|选址|选在|落在|落户|建于|在|的|为|于|区(?=[\u4e00-\u9fff]{2,}(?:片区|组团)))"
)
_CHAIN = re.compile(r"[\u4e00-\u9fffA-Za-z0-9]{2,16}?产业链(?![环条上下名中长招])")
_CHAIN_LEAD = re.compile(
    r"^.*(?:[全我本][市县区省]|列入|属于|属|纳入|融入|归入|所属|重点|当地|围绕|聚焦|是|为|的|[市县区省](?=[\u4e00-\u9fff]{4,}))"
)
_FIELDS_OF_TEXT = ("project_id", "project_name", "enterprise_name", "zone", "chain_name")
_LATER = re.compile(r"^[(（]?(?:以下|下文|下称|简称|以下简称)")


def day_in(text: str) -> dt.date | None:
    """The one full date of a text; None for a month or for two dates."""
    days = {m.groups() for m in _DAY.finditer(folded(text))}
    if len(days) != 1:
        return None
    year, month, day = map(int, days.pop())
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def clean_name(field: str, raw: str) -> tuple[str, bool] | None:
    """A text value as it is entered, and whether it is sure; None where it is none."""
    text = " ".join(raw.split())
    if re.search(r"[\u4e00-\u9fff]\s[\u4e00-\u9fff]", text):
        text = re.sub(r"(?<=[\u4e00-\u9fff（）])\s(?=[\u4e00-\u9fff（）])", "", text)
    text = re.sub(r"(?<=-)\s(?=\d)", "", text).strip(" :：,，。；;")
    if not text or len(text) > 120 or text in {"—", "-", "/", "无", "待定", "暂无"}:
        return None
    if field == "zone":
        return zone_in(text)
    if field == "enterprise_name":
        if _COMPANY.fullmatch(text) and not re.search("[由、:：]", text):
            return text, True
        if text.count("）") + text.count(")") > text.count("（") + text.count("("):
            text = text.rstrip("）)")
        companies = list(dict.fromkeys(companies_in(text)))
        if len(companies) == 1:
            return companies[0], True
        return (text, len(companies) == 0 and len(text) <= 30)
    if field == "chain_name":
        return text, True
    if field == "unified_social_credit_code":
        match = re.search(r"(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Z])", folded(text))
        return (match[0], True) if match else None
    if field == "project_id":
        text = re.sub(r"[〔\[](\d{4})[〕\]]", r"〔\1〕", text)
    return text, True


def zone_in(text: str) -> tuple[str, bool] | None:
    """The zone that an address names; the whole address, unsure, where it names none."""
    match = _ZONE.search(text)
    if match:
        return _ZONE_LEAD.sub("", match[0]) or match[0], True
    park = _PARK.search(text)
    if park:
        name = re.sub(r"^.*(?:位于|选址|[省市州盟县])(?=[\u4e00-\u9fff]{4,})", "", park[1])
        return name, len(name) >= 5
    return text, False


def companies_in(text: str) -> Iterator[str]:
    """Names of enterprises in a text, without what stands before them."""
    for match in _COMPANY.finditer(text):
        name = _BEFORE_COMPANY.sub("", match[0])
        name = name.lstrip("）)·")
        if name.count("（") + name.count("(") > name.count("）") + name.count(")"):
            name = re.split("[（(]", name)[-1]  # 我公司（某某有限公司）
        if len(name) >= 6 and not re.match("[他我它]们|[其该本某]", name):
            yield name


@lru_cache(maxsize=256)
def _with_colon(names: tuple[str, ...], labels: tuple[str, ...]) -> re.Pattern[str]:
    """A label of a field with its colon; those only of tables at the start of a line."""
    named = "|".join(map(re.escape, sorted(set(names), key=len, reverse=True)))
    first = "|".join(map(re.escape, labels)) or "(?!)"
    return re.compile(
        rf"(?:^(?:{first})|(?:^|(?<=[\s。；;，、(（)）一二三四五六七八九十.\d]))(?:本项目|项目|拟)?(?:{named}))\s*[:：]\s*"
        # "一、项目名称　某某项目": a space does for the colon behind a numbered label.
        rf"|^(?:[一二三四五六七八九十\d]+[、.．])\s*(?:{named})[\u3000\t ]+"
    )


def labelled(words: Words, part: Passage) -> Iterator[Finding]:
    """ "项目名称：…", "受理日期：2024年7月16日": a label of a text or date field with a colon."""
    raw = part.original
    for name, field in words.registry.fields.items():
        if (
            field.type is FieldType.DATE
            or name in _FIELDS_OF_TEXT
            or field.format
            or (field.type is FieldType.STR)
        ):
            lexicon = words.lexicon(name)
            pattern = _with_colon((field.label, *lexicon.names), lexicon.labels)
            for match in pattern.finditer(raw):
                value, end = _until(raw, match.end())
                yield from _labelled(part, field.name, field.type, field.format, value, match, end)


def _until(raw: str, start: int) -> tuple[str, int]:
    match = re.compile(r"[。；;，\n]|\s{2,}|\u3000|\t|\s(?=[\u4e00-\u9fff]{2,8}[:：])").search(
        raw, start
    )
    end = match.start() if match else len(raw)
    return raw[start:end], end


def _labelled(
    part: Passage,
    name: str,
    kind: FieldType,
    form: str | None,
    value: str,
    match: re.Match[str],
    end: int,
) -> Iterator[Finding]:
    quote = " ".join(part.original[match.start() : end].split())
    base = Finding(name, "", quote, part.spot, strength=LABEL, block=part.block,
                   start=match.end(), end=end, order=part.order)  # fmt: skip
    if kind is FieldType.DATE:
        day = day_in(value)
        if day is not None:
            yield replace(base, value=day)
    elif form == "industry_code":
        found = code_in(value)
        if found is not None:
            yield replace(
                base, value=found[0], kind="derived" if found[1] else "exact",
                arithmetic="由行业名称查 GB/T 4754-2017" if found[1] else None,
            )  # fmt: skip
    else:
        text = clean_name(name, value)
        if text is not None:
            yield replace(base, value=text[0], sure=text[1])


def read_strings(words: Words, part: Passage, scope: Scope) -> Iterator[Finding]:
    """Text, dates and codes of a passage."""
    yield from labelled(words, part)
    raw = part.original
    title = _TITLE.match(re.sub(r"\s+", "", raw)) if part.block < 4 else None
    if title:
        name = re.sub("^.*?(?:研究|审议|听取|讨论|通报|汇报)了", "", title[1])
        yield _at(part, "project_name", _unlabelled(name), raw, NAMED, name)
    text = part.plain.text
    for sentence in sentences(text):
        yield from _dates(words, part, sentence, scope)
        a, b = part.plain.span(*sentence)
        said = raw[a:b]
        if barred(words, text, sentence, sentence[1] - 1, "enterprise", scope, said=True) is None:
            yield from _named_project(part, said)
            yield from _chain(words, part, said)
            yield from _code(words, part, said)
            yield from _zone(words, part, said)
        yield from _invested(words, part, said)


def _zone(words: Words, part: Passage, said: str) -> Iterator[Finding]:
    park = _AT_PARK.search(said)
    if park and "zone" in words.registry.fields:
        value = zone_in(park[1])
        if value and value[1]:
            yield _at(part, "zone", value[0], said, 0, value[0])
    zone = _ZONE.search(said)
    value = zone_in(zone[0]) if zone and "zone" in words.registry.fields else None
    if zone and value and len(value[0]) >= 4:
        cue = re.search("选址|位于|落在|落户|地块|片区内|建设地点|拟建|入驻|用地|选在|在", said)
        yield _at(part, "zone", value[0], said, HINTED if cue else 0, zone[0])


_BUILT = re.compile(
    rf"(?:投资建设|拟建设|建设|拟实施|实施|投资|新建|打造)(?:的)?({_STOP}{{4,36}}?项目(?:[(（][一二三四]期[)）])?)(?=[，。；(（、]|$)"
)


def _unlabelled(title: str) -> str:
    """A title without the enterprise before the project: "某某有限公司年产…项目" keeps its project."""
    title = title.removeprefix("关于")
    project = re.sub(r"^.*(?:有限公司|股份公司|集团)", "", title).lstrip("的")
    return project if len(project) >= 6 else title


def _at(part: Passage, field: str, value: str, quote: str, strength: int, shown: str) -> Finding:
    start = part.original.find(shown)
    return Finding(
        field, value, " ".join(quote.split())[:200], part.spot, strength=strength, block=part.block,
        start=max(start, 0), end=max(start, 0) + len(shown) if start >= 0 else 0, order=part.order,
    )  # fmt: skip


# A base or a line is a project where nothing else is called one.
_THING = "(?:基地|产业园|生产线|产线|量产线|中试线|工厂|智造中心|制造中心|加工线)"
_MADE = re.compile(
    rf"(?:建设|实施|新建|扩建|打造|投建|布局|建|上)(?:一[个座条])?({_STOP}{{3,30}}?{_THING})(?=[，。；(（、]|$)"
    rf"|({_STOP}{{3,36}}?{_THING})(?:项目)?(?=(?:正式|顺利|成功|今日)?(?:开工|破土|奠基|开建|动工|签约|落户|落地))"
    rf"|^(?:【[^】]{{1,8}}】|[一二三四五\d]+[、.])\s*({_STOP}{{4,24}}?(?:项目|{_THING}))(?=。)"
    rf"|[“「]({_STOP}{{4,40}}?{_THING})[”」](?=由|，|项目)"
)
_QUOTED = re.compile(
    rf"(?:建设|实施|引进|推进|对|就|投资|申报|落地|的)[“「]({_STOP}{{4,44}}?项目(?:[(（][一二三四]期[)）])?)[”」]"
)


def _named_project(part: Passage, said: str) -> Iterator[Finding]:
    named = [(m[1], HINTED) for p in (_SIGNED, _BUILT, _QUOTED) for m in p.finditer(said)]
    named += [(m[m.lastindex or 0], 0) for m in _MADE.finditer(said)]
    for raw, strength in named:
        name = _LEADING.sub("", raw)
        name = re.sub(r"^.*(?:有限公司|集团|股份)", "", name).lstrip("的")
        if (
            5 <= len(name) <= 40
            and not re.search(r"\s|[亿万]元", name)
            and not re.match(
                r"(?:本|该|此|上述|同类|相邻|整个|其他|新|一个)?项目|[这那][个一]|又一|又有|首个|多个|一批|.*(?:亿元|重大|重点)项目$",
                name,
            )
        ):
            yield _at(part, "project_name", name, said, strength, name)


_ROLE = re.compile(
    r"(?:由|与|和|同)(?P<a>[^，。；]{4,44}?)(?:共同)?(?:投资|承办|建设|实施|负责|签约|签订|签署|正式签约|承建|出资)"
    r"|(?:引进|引入|受理)(?P<b>[^，。；]{4,44}公司)"
    r"|(?P<c>[^，。；]{4,44}公司)(?:[(（][^)）]*[)）])?(?:拟|计划|将|投资|承办|建设|申请|出资|签约|成立|是|为|系|在|注册)"
)


def _invested(words: Words, part: Passage, said: str) -> Iterator[Finding]:
    if "enterprise_name" not in words.registry.fields:
        return
    for match in _ROLE.finditer(said):
        for name in companies_in(match["a"] or match["b"] or match["c"] or ""):
            if re.search("母公司|控股股东|某", name) or words.contexts["elsewhere"].search(
                folded(said[: match.start()])
            ):
                continue
            yield _at(part, "enterprise_name", name, said, HINTED, name)
    for name in companies_in(said):
        # Named without a part in the project: counts only where nobody else is named.
        yield replace(_at(part, "enterprise_name", name, said, 0, name), sure=True)


def _chain(words: Words, part: Passage, said: str) -> Iterator[Finding]:
    if "chain_name" not in words.registry.fields:
        return
    for match in _CHAIN.finditer(said):
        name = _CHAIN_LEAD.sub("", match[0])
        if len(name) >= 5 and not re.search("重点产业链|全产业链|上下游", match[0]):
            yield _at(part, "chain_name", name, said, HINTED, match[0])


def _code(words: Words, part: Passage, said: str) -> Iterator[Finding]:
    if "industry_code" not in words.registry.fields or ("行业" not in said and "代码" not in said):
        return
    match = re.search(r"(?<![A-Za-z0-9])[A-T]\s?\d{3,4}(?![0-9A-Za-z-])", folded(said))
    found = code_in(match[0]) if match else None
    if match and found and not found[1]:
        yield _at(part, "industry_code", found[0], said, NAMED, match[0])


def _dates(
    words: Words, part: Passage, sentence: tuple[int, int], scope: Scope
) -> Iterator[Finding]:
    """ "于2016年9月12日登记成立", "同意受理，2023年11月6日"."""
    start, end = sentence
    text = part.plain.text
    wanted = {
        "enterprise_founded_on": (
            r"成立|创立|创办|创建|组建|设立|注册(?!资本|资金|地|商标)",
            "enterprise",
        ),
        "submitted_on": (r"同意受理|受理|收件", "project"),
    }
    for name, (pattern, about) in wanted.items():
        if name not in words.registry.fields:
            continue
        for day in _DAY.finditer(text, start, end):
            before = text[max(start, day.start() - 10) : day.start()]
            after = text[day.end() : min(end, day.end() + 8)]
            near = re.search(rf"(?:{pattern})[^。；;]{{0,4}}$", before) or re.match(
                rf"[^，。；;\d]{{0,4}}(?:{pattern})", after
            )
            value = day_in(day[0])
            if not near or value is None:
                continue
            if barred(words, text, sentence, day.start(), about, scope, said=True):
                continue
            yield part.finding(
                Finding(name, value, "", part.spot, strength=NAMED), day.start(), day.end(),
                (max(start, day.start() - 12), min(end, day.end() + 8)),
            )  # fmt: skip


def is_readable(words: Words, name: str, value: object) -> bool:
    """Whether the one reader of values takes what was found."""
    field = words.registry.fields[name.partition(".")[0]]
    try:
        return field.type is FieldType.RECORD or read_value(field, value) is not None
    except FieldError:
        return False
