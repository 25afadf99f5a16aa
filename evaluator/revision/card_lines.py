"""What changed in a scorecard, in words: items, points, bands, steps, caps and grades."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from evaluator.judgement.inwords import condition_words, expr_words
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Band, Bands, Grade, Item, ItemKind, Points, Scorecard, Step
from evaluator.rulebook.verdict import VERDICT_LABELS, Verdict
from evaluator.values.numbers import ROUNDINGS, Rounding, exact_text

KIND_WORDS = {ItemKind.REGULAR: "基本项", ItemKind.BONUS: "加分项", ItemKind.DEDUCTION: "扣分项"}
CAP_WORDS = {ItemKind.BONUS: "加分上限", ItemKind.DEDUCTION: "扣分上限"}


def card_lines(a: Scorecard, b: Scorecard, old: ast.Ruleset, new: ast.Ruleset) -> Iterator[str]:
    """Each thing that differs between two versions of a card, as a sentence."""
    yield from _changes(_card(a, old), _card(b, new), "")
    yield from _members("评分项", a.items, b.items, lambda i, s: _item(i, old if s else new))
    yield from _members("等次", a.grades, b.grades, lambda g, s: _grade(g, old if s else new))
    for word, x, y in (("评分项", a.items, b.items), ("等次", a.grades, b.grades)):
        before, after = ([m.id for m in members] for members in (x, y))
        kept = [i for i in before if i in after]
        if word == "等次" and kept != [i for i in after if i in before]:
            yield f"等次的先后：{_titles(a.grades)} → {_titles(b.grades)}"


def whole_card(card: Scorecard, ruleset: ast.Ruleset) -> Iterator[str]:
    """A card that is new or gone, in sentences."""
    yield "；".join(f"{k}：{v}" for k, v in _card(card, ruleset).items() if v != "（无）")
    for item in card.items:
        yield f"评分项“{item.title}”：{_joined(_item(item, ruleset))}"
    for grade in card.grades:
        yield f"等次“{grade.title}”：{_joined(_grade(grade, ruleset))}"


def _members(what: str, a: Sequence[Any], b: Sequence[Any], words: Any) -> Iterator[str]:
    before, after = ({m.id: m for m in members} for members in (a, b))
    for id_ in dict.fromkeys((*before, *after)):
        old, new = before.get(id_), after.get(id_)
        if old is None and new is not None:
            yield f"新增{what}“{new.title}”：{_joined(words(new, False))}"
        elif old is not None and new is None:
            yield f"删除{what}“{old.title}”：{_joined(words(old, True))}"
        elif old is not None and new is not None:
            name = f"{what}“{new.title}”的"
            yield from _changes(words(old, True), words(new, False), name)


def _changes(old: dict[str, str], new: dict[str, str], name: str) -> Iterator[str]:
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key, "（无）"), new.get(key, "（无）")
        if before != after:
            yield f"{name}{key}：{before} → {after}"


def _joined(words: dict[str, str]) -> str:
    return "，".join(f"{k} {v}" for k, v in words.items() if k != "名称" and v != "（无）")


def _titles(grades: Sequence[Grade]) -> str:
    return "、".join(g.title for g in grades)


def _points(value: Fraction | None) -> str:
    return "（无）" if value is None else f"{exact_text(value)} 分"


def _rounding(rounding: Rounding | None) -> str:
    if rounding is None:
        return "（无）"
    return f"{rounding.digits} 位小数，{ROUNDINGS[rounding.mode]}"


def _card(card: Scorecard, ruleset: ast.Ruleset) -> dict[str, str]:
    caps = dict(card.caps)
    return {
        "名称": card.title,
        "满分": _points(card.full),
        "适用范围": condition_words(card.applies_when, ruleset),
        "总分上限": _points(card.cap),
        "总分下限": _points(card.floor),
        **{word: _points(caps.get(kind)) for kind, word in CAP_WORDS.items()},
        "总分修约": _rounding(card.rounding),
    }


def _item(item: Item, ruleset: ast.Ruleset) -> dict[str, str]:
    return {
        "名称": item.title,
        "类别": KIND_WORDS[item.kind],
        "分数范围": f"{exact_text(item.low)} 至 {exact_text(item.high)} 分",
        "适用范围": condition_words(item.applies_when, ruleset),
        **_given(item.points, ruleset),
        "修约": _rounding(item.rounding),
        "部门": "、".join(map(ruleset.registry.department, item.departments)) or "（无）",
    }


def _grade(grade: Grade, ruleset: ast.Ruleset) -> dict[str, str]:
    when = "其余" if grade.reached is None else condition_words(grade.reached, ruleset)
    return {
        "名称": grade.title,
        "条件": when,
        "结论": VERDICT_LABELS[Verdict(grade.verdict)],
        "说明": grade.note or "（无）",
    }


def _given(points: Points, ruleset: ast.Ruleset) -> dict[str, str]:
    if not isinstance(points, Bands):
        return {"给分": expr_words(points, ruleset).strip()}
    rows = {f"第 {n} 档": _row(row, ruleset) for n, row in enumerate(points.rows, 1)}
    return {"给分": f"按{expr_words(points.of, ruleset).strip()}分档", **rows}


def _row(row: Band, ruleset: ast.Ruleset) -> str:
    def words(expr: ast.Expr) -> str:
        return expr_words(expr, ruleset).strip()

    where = "其余"
    if row.bound is not None:
        where = f"{'高于' if row.strict else '不低于'} {words(row.bound)}"
    parts = [words(row.points), *([_step(row.step, ruleset)] if row.step else [])]
    parts += [
        f"{word} {words(limit)}"
        for limit, word in ((row.least, "最少"), (row.most, "最多"))
        if limit is not None
    ]
    return f"{where}得 {'，'.join(parts)}"


def _step(step: Step, ruleset: ast.Ruleset) -> str:
    origin, size, worth = (
        expr_words(e, ruleset).strip() for e in (step.origin, step.size, step.points)
    )
    way = "低于" if step.below else "高于"
    counted = "满一步才算" if step.whole else "不满一步按比例"
    return f"{way} {origin} 的每 {size} 加 {worth}（{counted}）"
