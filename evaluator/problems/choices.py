"""What may be written where only certain words can stand, said with what the words mean.

    which("提交会审", EFFECT_LABELS)
    == "应写 refer；可用：reject（不予准入）、refer（提交会审）、advise（只作建议）"

Knows nothing of rules or dossiers; ``KEY_LABELS`` are the names of what YAML files are written with.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

MAX_LISTED = 300  # Characters of a list of words.
MAX_WORD = 60
# Chinese punctuation between names means that a list was written as one word.
_WIDE = re.compile("[，、：；]")
_NOT = frozenset("不未无非禁没")
_ASIDE = re.compile("（.*?）")

# The keys of rulebook files in Chinese; a key means the same wherever it stands.
KEY_LABELS: Mapping[str, str] = {
    "id": "编号",
    "title": "标题",
    "list": "清单",
    "dimension": "维度",
    "applies_when": "适用条件",
    "require": "要求",
    "effect": "处置",
    "departments": "负责部门",
    "basis": "依据",
    "message": "不符合时的一句话",
    "remedy": "怎样补正",
    "note": "说明",
    "from": "起始日期",
    "until": "截止日期",
    "due": "到期环节",
    "unit": "单位",
    "digits": "小数位数",
    "formula": "公式",
    "dimensions": "维度",
    "labels": "标签",
    "criterion": "准入标准",
    "source": "依据文件",
    "clause": "条款",
    "language": "规则语言版本",
    "profile": "规则集名称",
    "extends": "在哪个目录之上",
    "accepted": "接受的提醒",
    "sources": "依据文件",
    "criteria": "准入标准",
    "code": "代码",
    "names": "名字",
    "reason": "理由",
    "number": "文号",
    "issuer": "发文机关",
    "published": "发布日期",
    "in_force": "施行日期",
    "level": "层级",
    "seen_at": "原文见于",
    "counted_to": "数据截至",
    "kind": "种类",
    "by": "按什么分档",
    "compare": "比较方法",
    "tighten_only": "只能更严",
    "values": "各段数值",
    "value": "数值",
    "rows": "表的各行",
    "codes": "代码",
    "gap": "没有标准的原因",
    "transition": "过渡",
    "verified": "已核对",
    "correction": "更正说明",
    "accepted_before": "在此日期前受理",
    "rounded": "修约位数",
    "all": "都满足",
    "any": "满足其一",
    "not": "不满足",
    "known": "已填",
    "each": "清单逐项",
    "field": "字段",
    "metric": "指标",
    "at_least": "不低于",
    "at_most": "不高于",
    "more_than": "高于",
    "less_than": "低于",
    "between": "在两数之间",
    "equals": "等于",
    "in": "是其中之一",
    "not_in": "不是其中之一",
    "starts_with": "以其开头",
    "add": "加",
    "subtract": "减",
    "multiply": "乘",
    "divide": "除",
    "sum": "合计",
    "min": "取小的",
    "max": "取大的",
    "choose": "按条件选用",
    "one_if": "满足算 1",
    "at_least_n_of": "至少满足几条",
    "of": "其中的条件",
    "score": "得分",
    "days_between": "相隔天数",
    "when": "什么样的项目",
    "never": "不得有的结论",
    "always": "只能有的结论",
    "rule": "规则",
    "name": "名字",
    "expect": "应得的结果",
    "verdict": "应得的总结论",
    "as_of": "判定日期",
    "boundary": "恰在界限上",
    "missing": "缺的字段",
    "dossier": "材料",
    "file": "材料文件",
    "change": "改动",
    "violated": "不符合的规则",
    "unknown_includes": "材料不足的规则",
    "columns": "表头",
}


def key_labels(words: Iterable[str], more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Keys with their Chinese names; ``more`` names keys that only this mapping has."""
    own = more or {}
    return {w: own.get(w) or KEY_LABELS.get(w, "") for w in words}


def strings(labels: Mapping[Any, str]) -> dict[str, str]:
    """Labels by the words themselves, out of those by an enumeration's members."""
    return {str(k): v for k, v in labels.items()}


def allowed(labels: Mapping[str, str]) -> str:
    """The list: "可用：reject（不予准入）、refer（提交会审）"."""
    if not labels:
        return "还没有可用的，先写出来再用"
    shown: list[str] = []
    for word, label in labels.items():
        text = f"{word}（{label}）" if label and label != word else word
        if sum(map(len, shown)) + len(shown) + len(text) > MAX_LISTED:
            return f"可用：{'、'.join(shown)}等 {len(labels)} 个"
        shown.append(text)
    return f"可用：{'、'.join(shown)}"


def guess(word: str, labels: Mapping[str, str]) -> str | None:
    """The one word that was meant: a near spelling, a label, or part of just one label."""
    text = word.strip().strip("“”\"'「」")
    if not text or len(text) > MAX_WORD:
        return None
    if text in labels:
        return text
    plain = {k: _ASIDE.sub("", v) for k, v in labels.items()}
    for exact in (labels, plain):
        same = [k for k, v in exact.items() if v == text]
        if len(same) == 1:
            return same[0]
    close = difflib.get_close_matches(text.lower(), labels, n=1, cutoff=0.7)
    if close:
        return close[0]
    begun = [k for k in labels if len(k) > 2 and text.startswith(k)]
    if len(begun) == 1:
        return begun[0]
    if len(text) < 2:
        return None
    # "准入" is part of "不予准入" and means the opposite.
    named = {v: k for k, v in plain.items() if len(v) > 1 and _denies(v) == _denies(text)}
    within = [k for v, k in named.items() if text in v or v in text]
    if len(within) == 1:
        return within[0]
    close = difflib.get_close_matches(text, named, n=1, cutoff=0.6)
    return named[close[0]] if close else None


def _denies(text: str) -> bool:
    return not _NOT.isdisjoint(text)


def wide_comma(word: str) -> str | None:
    """What to do where a list was written as one word, with Chinese punctuation between."""
    return "逗号和冒号要用半角，后面加一个空格" if _WIDE.search(word) else None


def which(word: str, labels: Mapping[str, str]) -> str:
    """What to write instead of ``word``: what was probably meant, and everything that may stand."""
    if wide := wide_comma(word):
        return f"{wide}；{allowed(labels)}"
    meant = guess(word, labels)
    return f"应写 {meant}；{allowed(labels)}" if meant else allowed(labels)


MAX_SUGGEST = 60


def suggest(word: str, known: Iterable[str]) -> str | None:
    """A "did you mean" sentence for a mistyped name, or None where nothing is close."""
    if len(word) > MAX_SUGGEST:
        return None
    if wide := wide_comma(word):
        return wide
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"是否想写“{close[0]}”？" if close else None
