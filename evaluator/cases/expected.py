"""What a case expects of a scorecard: points, grade, and the points of single items.

    points: 80.7            # or [80, 84] where answers are missing
    grade: conditional      # or [pass, conditional] where it is not settled
    items: {tax: 27, title: 5}

A case of a card's rule has them beside ``expect``, one of a whole dossier under ``scores`` by card.
A number that no decimal is exactly is written as a fraction, ``125/3``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from evaluator.judgement.scores import Graded
from evaluator.problems.choices import suggest, which
from evaluator.problems.errors import Problems
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.cards import PREFIX, Scorecard
from evaluator.values.numbers import exact_text

KEYS = ("points", "grade", "items")
WHOLE = re.compile(r"-?\d+/[1-9]\d*")
HINT = "写一个数，如 80.7 或 125/3；还有没填的写最低和最高，如 [80, 84]"
Ends = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Expected:
    """What one card has to give; None, or an item that is not named, is not looked at."""

    card: str
    points: Ends | None
    grades: frozenset[str] | None
    items: Mapping[str, Ends]

    def differences(self, found: Graded | None) -> Iterator[str]:
        """What differs, in Chinese."""
        if found is None:
            yield f"评分表“{self.card}”不适用，没有得分"
            return
        score = found.score
        if self.points is not None and self.points != (score.low, score.high):
            yield f"得分应为 {_shown(*self.points)}，得到 {_shown(score.low, score.high)}"
        grades = frozenset(g.id for g in found.possible)
        if self.grades is not None and self.grades != grades:
            titles = {g.id: g.title for g in found.card.grades}
            wanted, got = (
                "或".join(t for i, t in titles.items() if i in ids) for ids in (self.grades, grades)
            )
            yield f"等次应为“{wanted}”，得到“{got}”"
        parts = {part.item.id: part for part in score.items}
        for id_, ends in self.items.items():
            part = parts.get(id_)
            if part is None:
                yield f"没有评分项“{id_}”"
            elif ends != (part.low, part.high):
                shown = _shown(part.low, part.high)
                yield f"评分项“{part.item.title}”应得 {_shown(*ends)} 分，得到 {shown} 分"


def differing(expected: Iterable[Expected], found: Iterable[Graded]) -> tuple[str, ...]:
    """What differs between what is expected of some cards and what they give."""
    by_card = {graded.card.id: graded for graded in found}
    return tuple(line for e in expected for line in e.differences(by_card.get(e.card)))


def _shown(low: Fraction, high: Fraction) -> str:
    """Points exactly, unless no decimal is."""
    if low == high:
        return exact_text(low)
    return f"{exact_text(low)} 至 {exact_text(high)}"


def card_of(rule: Rule, ruleset: Ruleset) -> Scorecard | None:
    """The card that a rule is made of."""
    if rule.list != PREFIX:
        return None
    return next((c for c in ruleset.scorecards.values() if rule.id in c.rule_ids), None)


def read_expected(r: Reader, card: Scorecard | None, problems: Problems) -> Expected | None:
    """What stands beside ``expect``; None where nothing does, or what does is reported (C113)."""
    points, grade, items = (r.take(key) for key in KEYS)
    given = [node for node in (points, grade, items) if node is not None]
    if card is None:
        for node in given:
            hint = "整份材料的案例写在 scores 下，按评分表写"
            problems.report("C113", "points、grade、items 只用于评分表的案例", node.place, hint)
        return None
    if not given:
        return None
    return _expected(card, points, grade, items, problems)


def read_scores(node: YMap | None, ruleset: Ruleset, problems: Problems) -> tuple[Expected, ...]:
    """What a whole-dossier case expects of each card that it names."""
    out: list[Expected] = []
    for key, value in node.entries if node is not None else ():
        card = ruleset.scorecards.get(key.text)
        if card is None:
            hint = suggest(key.text, ruleset.scorecards)
            problems.report("C113", f"没有评分表“{key.text}”", key.place, hint)
        elif not isinstance(value, YMap):
            hint = "如 {points: 80.7, grade: 等次}"
            problems.report("C113", "评分表的期望应是键值表", value.place, hint)
        else:
            inner = Reader(value, problems, f"评分表“{key.text}”的期望")
            expected = read_expected(inner, card, problems)
            inner.finish()
            if expected is not None:
                out.append(expected)
    return tuple(out)


def _expected(
    card: Scorecard, points: Node | None, grade: Node | None, items: Node | None, problems: Problems
) -> Expected:
    grades = {g.id: g.title for g in card.grades}
    known = {i.id: i.title for i in card.items}
    ids: list[str] = []
    for word in _each(grade):
        text = word.text if isinstance(word, YScalar) else "（不是文字）"
        if text not in grades:
            problems.report("C113", f"没有等次“{text}”", word.place, which(text, grades))
        ids.append(text)
    read: dict[str, Ends] = {}
    if items is not None and not isinstance(items, YMap):
        problems.report("C113", "items 应是键值表", items.place, "如 {tax: 27, title: 5}")
    for key, value in items.entries if isinstance(items, YMap) else ():
        if key.text not in known:
            message = f"评分表“{card.id}”没有评分项“{key.text}”"
            problems.report("C113", message, key.place, which(key.text, known))
        ends = _ends(value, problems)
        if ends is not None and key.text in known:
            read[key.text] = ends
    both = _ends(points, problems) if points is not None else None
    return Expected(
        card.id, both, frozenset(ids) if grade is not None else None, MappingProxyType(read)
    )


def _each(node: Node | None) -> tuple[Node, ...]:
    return () if node is None else node.items if isinstance(node, YList) else (node,)


def _ends(node: Node, problems: Problems) -> Ends | None:
    written = _each(node)
    parts = [number for n in written if (number := _number(n)) is not None]
    if len(parts) < len(written) or len(parts) not in (1, 2):
        problems.report("C113", "这里应是分数", node.place, HINT)
        return None
    low, high = parts[0], parts[-1]
    if low > high:
        problems.report("C113", "最低分大于最高分", node.place, "小的在前")
    return low, high


def _number(node: Node) -> Fraction | None:
    value = node.value if isinstance(node, YScalar) else None
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Fraction(value)
    return Fraction(value) if isinstance(value, str) and WHOLE.fullmatch(value) else None
