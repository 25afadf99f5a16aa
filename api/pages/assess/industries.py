"""Names of the divisions (大类) of GB/T 4754-2017, so that nobody has to know the codes by heart.

There is no table of the names of the groups and classes below them here: those are found by what
the rulebook itself calls them, where it does (``WORDS``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from evaluator.rulebook.ast import Member, Ruleset
from evaluator.rulebook.walk import leaves
from evaluator.values.national_codes import INDUSTRY_SECTIONS, BadCode, industry_code

# In the order of their codes, 01 to 97.
_NAMES = (
    "农业",
    "林业",
    "畜牧业",
    "渔业",
    "农、林、牧、渔专业及辅助性活动",
    "煤炭开采和洗选业",
    "石油和天然气开采业",
    "黑色金属矿采选业",
    "有色金属矿采选业",
    "非金属矿采选业",
    "开采专业及辅助性活动",
    "其他采矿业",
    "农副食品加工业",
    "食品制造业",
    "酒、饮料和精制茶制造业",
    "烟草制品业",
    "纺织业",
    "纺织服装、服饰业",
    "皮革、毛皮、羽毛及其制品和制鞋业",
    "木材加工和木、竹、藤、棕、草制品业",
    "家具制造业",
    "造纸和纸制品业",
    "印刷和记录媒介复制业",
    "文教、工美、体育和娱乐用品制造业",
    "石油、煤炭及其他燃料加工业",
    "化学原料和化学制品制造业",
    "医药制造业",
    "化学纤维制造业",
    "橡胶和塑料制品业",
    "非金属矿物制品业",
    "黑色金属冶炼和压延加工业",
    "有色金属冶炼和压延加工业",
    "金属制品业",
    "通用设备制造业",
    "专用设备制造业",
    "汽车制造业",
    "铁路、船舶、航空航天和其他运输设备制造业",
    "电气机械和器材制造业",
    "计算机、通信和其他电子设备制造业",
    "仪器仪表制造业",
    "其他制造业",
    "废弃资源综合利用业",
    "金属制品、机械和设备修理业",
    "电力、热力生产和供应业",
    "燃气生产和供应业",
    "水的生产和供应业",
    "房屋建筑业",
    "土木工程建筑业",
    "建筑安装业",
    "建筑装饰、装修和其他建筑业",
    "批发业",
    "零售业",
    "铁路运输业",
    "道路运输业",
    "水上运输业",
    "航空运输业",
    "管道运输业",
    "多式联运和运输代理业",
    "装卸搬运和仓储业",
    "邮政业",
    "住宿业",
    "餐饮业",
    "电信、广播电视和卫星传输服务",
    "互联网和相关服务",
    "软件和信息技术服务业",
    "货币金融服务",
    "资本市场服务",
    "保险业",
    "其他金融业",
    "房地产业",
    "租赁业",
    "商务服务业",
    "研究和试验发展",
    "专业技术服务业",
    "科技推广和应用服务业",
    "水利管理业",
    "生态保护和环境治理业",
    "公共设施管理业",
    "土地管理业",
    "居民服务业",
    "机动车、电子产品和日用产品修理业",
    "其他服务业",
    "教育",
    "卫生",
    "社会工作",
    "新闻和出版业",
    "广播、电视、电影和录音制作业",
    "文化艺术业",
    "体育",
    "娱乐业",
    "中国共产党机关",
    "国家机构",
    "人民政协、民主党派",
    "社会保障",
    "群众团体、社会团体和其他成员组织",
    "基层群众自治组织及其他组织",
    "国际组织",
)
# What criteria.yaml says of these codes, each in the note of an entry that lists the code; a test
# holds them against it. They are words to search by, not the standard's names.
WORDS = {
    "C2521": "焦炭",
    "C2612": "烧碱",
    "C2613": "电石",
    "C2619": "黄磷",
    "C262": "化肥",
    "C2623": "钾肥",
    "C2671": "炸药及火工产品",
    "C2672": "焰火鞭炮",
    "C291": "橡胶制品业",
    "C292": "塑料制品业",
    "C3011": "水泥",
    "C3041": "平板玻璃",
    "C311": "炼铁",
    "C312": "炼钢",
    "C3140": "铁合金",
    "C3216": "电解铝",
    "C3421": "数控机床",
    "C3491": "机器人",
    "C3973": "集成电路",
    "D4411": "煤电",
}
# Every form and list of projects shows them.
_choices: WeakKeyDictionary[Ruleset, list[tuple[str, str]]] = WeakKeyDictionary()
_CODE = re.compile(r"[A-Z](\d\d)\d{0,2}")


def industry_name(code: str | None) -> str | None:
    """The name of the division that a code such as C3985 lies in; None for anything else."""
    match = _CODE.fullmatch(code or "")
    number = int(match[1]) if match else 0
    return _NAMES[number - 1] if 1 <= number <= len(_NAMES) else None


def industry_label(code: str) -> str:
    """ "C39 计算机、通信和其他电子设备制造业"; a code without a name as it is."""
    name = industry_name(code)
    return f"{code} {name}" if name else code


def industry_choices(ruleset: Ruleset) -> list[tuple[str, str]]:
    """Codes to choose from, with words to find them by: every division, and what the rulebook names."""
    known = _choices.get(ruleset)
    if known is not None:
        return known
    divisions = (
        f"{section}{number:02}"
        for section, (low, high) in INDUSTRY_SECTIONS.items()
        for number in range(low, high + 1)
    )
    codes = {*divisions, *_named(ruleset)}
    choices = [(code, _described(code)) for code in sorted(codes)]
    _choices[ruleset] = choices
    return choices


def _described(code: str) -> str:
    name = industry_name(code) or ""
    word = WORDS.get(code)
    return f"{word}（{name}）" if word else name


def _named(ruleset: Ruleset) -> Iterator[str]:
    """Industry codes in the criteria's tables and lists and in the rules' own conditions."""
    fields = {n for n, f in ruleset.registry.fields.items() if f.format == "industry_code"}
    codes: list[str] = []
    for criterion in ruleset.criteria.values():
        for period in criterion.periods:
            codes += period.codes
            codes += [c for row in period.rows for n in fields for c in row.keys.get(n, ())]
    for rule in ruleset.rules.values():
        for leaf in leaves(*rule.halves):
            if isinstance(leaf, Member) and leaf.field in fields:
                codes += [c for c in leaf.options if isinstance(c, str)]
    for code in codes:
        try:
            yield industry_code(code)
        except BadCode:
            continue  # A list of other codes, or a whole section.
