"""The office's own file of holiday arrangements, YAML or JSON, read strictly.

    - year: 2027
      source: 国务院办公厅关于 2027 年部分节假日安排的通知（国办发明电〔2026〕…号）
      off: [{from: 2027-01-01, to: 2027-01-03}, 2027-04-05, …]
      on: [2027-02-14]

``off`` are all holidays of the year, those on a weekend too, ``on`` the weekend days worked instead.
A year stands whole or not at all: without its fixed holidays it is refused. Days may lie in the December before, where a New Year's holiday
begins. Raises InputError with every mistake: file, line, field, what was found, what is allowed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

from api.workdays.workdays import YearPlan
from evaluator.problems.errors import InputError, Problems
from evaluator.problems.source import Place
from evaluator.reading.files import decode, read_bytes
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar, read_yaml

LONGEST_HOLIDAY = 15
YEARS = (2000, 2200)
# 全国年节及纪念日放假办法：days off in every year, and how many there are in all since 2025.
EVERY_YEAR = ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))
SINCE, STATUTORY_DAYS = 2025, 13
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
HOW = "写作 2027-01-01，或 {from: 2027-01-01, to: 2027-01-03}"
Dated = dict[dt.date, Place]


class HolidayError(InputError):
    """The file of holiday arrangements cannot be used."""

    title = "节假日安排文件有误"


def read_holidays(path: Path) -> tuple[YearPlan, ...]:
    """The arrangements in a file, by year. Raises HolidayError."""
    try:
        name, data = read_bytes(path)
        text = decode(name, data)
    except InputError as error:
        raise HolidayError(error.problems) from None
    problems = Problems()
    root = read_yaml(name, text, problems)
    plans: list[YearPlan] = []
    seen: dict[dt.date, tuple[str, Place]] = {}
    if root is not None and not isinstance(root, YList):
        hint = "每一年一项，以“- year: 2027”开头"
        problems.report("E202", "节假日安排应是一个列表", root.place, hint)
    for node in root.items if isinstance(root, YList) else ():
        plan = _plan(node, problems, seen)
        if plan is not None and plan.year in {p.year for p in plans}:
            problems.report("E302", f"{plan.year} 年写了两次", node.place, "合成一项")
        elif plan is not None:
            plans.append(plan)
    if problems:
        raise HolidayError(problems)
    return tuple(sorted(plans, key=lambda p: p.year))


def _plan(
    node: Node, problems: Problems, seen: dict[dt.date, tuple[str, Place]]
) -> YearPlan | None:
    if not isinstance(node, YMap):
        problems.report("E202", "节假日安排的每一项应是键值表", node.place, HOW)
        return None
    r = Reader(node, problems, "一年的安排")
    year = r.integer("year", required=True, low=YEARS[0], high=YEARS[1])
    source = r.text("source", required=True)
    off, on = _days(r, "off", required=True), _days(r, "on")
    r.finish()
    for word, days in (("off", off), ("on", on)):
        for day, place in days.items():
            _check(day, place, word, year, problems)
            first = seen.setdefault(day, (word, place))
            if first[0] != word:
                message = f"{day} 既写在“{first[0]}”又写在“{word}”"
                problems.report("E302", message, place, "只保留一处")
    if year is None or source is None:
        return None
    _whole(year, off, node.place, problems)
    return YearPlan(year, source, frozenset(off), frozenset(on))


def _whole(year: int, off: Dated, place: Place, problems: Problems) -> None:
    """A year that is written half would be taken for known; its fixed days tell."""
    fixed = sorted(d for d in (dt.date(year, m, day) for m, day in EVERY_YEAR) if d not in off)
    if off and fixed:
        shown = "、".join(f"{d.month} 月 {d.day} 日" for d in fixed)
        message = f"{year} 年的“off”里没有法定节假日 {shown}"
        problems.report("E201", message, place, "全年的安排要写全，逢周末的也写")
    elif off and year >= SINCE and len(off) < STATUTORY_DAYS:
        message = f"{year} 年的“off”只有 {len(off)} 天，少于法定节假日 {STATUTORY_DAYS} 天"
        problems.report("E201", message, place, "全年的安排要写全，逢周末的也写")


def _check(day: dt.date, place: Place, word: str, year: int | None, problems: Problems) -> None:
    if year is not None and not dt.date(year - 1, 12, 1) <= day <= dt.date(year, 12, 31):
        hint = f"可用：{year} 年的日期，元旦假期可从 {year - 1} 年 12 月开始"
        problems.report("E203", f"{day} 不在 {year} 年", place, hint)
    if word == "on" and day.weekday() < 5:
        message = f"{day} 是星期{'一二三四五'[day.weekday()]}，本来就上班"
        hint = "“on”只写调休上班的星期六、星期日"
        problems.report("E203", message, place, hint)


def _days(r: Reader, key: str, *, required: bool = False) -> Dated:
    out: Dated = {}
    for item in r.list_of(key, required=required):
        for day in _item(item, key, r.problems):
            if day in out:
                message = f"“{key}”里 {day} 写了两次"
                r.report("E302", message, item.place, "只保留一处")
            out.setdefault(day, item.place)
    return out


def _item(item: Node, key: str, problems: Problems) -> Iterator[dt.date]:
    if isinstance(item, YScalar):
        day = _day(item)
        if day is None:
            message = f"“{key}”里的“{item.text}”不是日期"
            problems.report("E202", message, item.place, HOW)
        else:
            yield day
        return
    if not isinstance(item, YMap):
        problems.report("E202", f"“{key}”的每一项应是日期或一段日期", item.place, HOW)
        return
    r = Reader(item, problems, f"“{key}”的一段日期")
    ends = [r.take(k, required=True) for k in ("from", "to")]
    r.finish()
    start, end = (_day(n) if isinstance(n, YScalar) else None for n in ends)
    for node, read in zip(ends, (start, end), strict=True):
        if node is not None and read is None:
            problems.report("E202", "一段日期的起止应是日期", node.place, HOW)
    if start is None or end is None:
        return
    if not 0 <= (end - start).days < LONGEST_HOLIDAY:
        message = f"{start} 至 {end} 不是一段假期"
        hint = f"止日不早于起日，一段最长 {LONGEST_HOLIDAY} 天"
        problems.report("E203", message, item.place, hint)
        return
    for n in range((end - start).days + 1):
        yield start + dt.timedelta(days=n)


def _day(node: YScalar) -> dt.date | None:
    """A date as YAML reads it, or as JSON has to write it: in quotes."""
    if isinstance(node.value, dt.date):
        return node.value
    if isinstance(node.value, str) and _DAY.fullmatch(node.value):
        try:
            return dt.date.fromisoformat(node.value)
        except ValueError:
            return None
    return None
