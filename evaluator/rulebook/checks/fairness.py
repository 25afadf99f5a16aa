"""Fair competition: a rule or an item of points that tells operators apart by what they may not be.

公平竞争审查条例 (国务院令第783号), in force since 2024-08-01: measures may not hold unreasonable or
discriminating conditions of access (article 8, item 4), nor, without a law or the State Council behind
it, give chosen operators rewards or subsidies (article 10, item 2). Told by the words of the fields
and their values, so that fields of an office's own are seen too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from evaluator.problems.errors import Problem
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.checks.base import problem

OWNERSHIP = re.compile("国有|国企|央企|中央企业|民营|民企|私营|外商|外资|内资|港澳台|所有制")
PLACE = re.compile("本地|当地|本市|本县|本区|本省|外地|市内|县内|省内|区内|注册地|迁入|总部所在")
HINT = (
    "按能力和条件写（净资产、业绩、税收等），不按是谁写；法律、行政法规或国务院文件另有规定的，"
    "引那份文件，并在 accepted 里接受、写明理由"
)


class UnequalTreatment:
    """A rule that refers or rejects, or an item that gives points, by ownership, place or registration."""

    code: ClassVar[str] = "W962"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for rule in ruleset.rules.values():
            if rule.effect is ast.Effect.ADVISE:
                continue
            for what in dict.fromkeys(_told_apart(rule.halves, ruleset)):
                message = (
                    f"规则“{rule.id}”按{what}区别对待经营者，"
                    "公平竞争审查条例第八条第四项不得设置不合理或者歧视性的准入条件"
                )
                yield problem(self.code, message, rule.place, HINT, subject=rule.id)
        for card in ruleset.scorecards.values():
            for what in dict.fromkeys(_told_apart(_roots(card), ruleset)):
                message = (
                    f"评分表“{card.id}”按{what}给分，"
                    "公平竞争审查条例第八条第四项不得设置不合理或者歧视性的准入条件，"
                    "与奖励补贴挂钩的另见第十条第二项"
                )
                yield problem(self.code, message, card.place, HINT, subject=card.id)


def _roots(card: Scorecard) -> tuple[walk.Node, ...]:
    return tuple(card.roots())


def _told_apart(roots: Iterable[walk.Node | None], ruleset: ast.Ruleset) -> Iterator[str]:
    """By what operators are told apart below ``roots``, in words."""
    for node in walk.nodes(*roots, metrics=ruleset.metrics):
        if isinstance(node, ast.Member):
            yield from _by_words(node, ruleset)
        else:
            for reference in walk.references(node):
                if reference.kind == "field":
                    label = ruleset.registry.label(reference.name)
                    if PLACE.search(label):
                        yield f"地域（{label}）"


def _by_words(leaf: ast.Member, ruleset: ast.Ruleset) -> Iterator[str]:
    field = ruleset.registry.fields[leaf.field]
    if PLACE.search(field.label):
        yield f"地域（{field.label}）"
    elif OWNERSHIP.search(field.label):
        yield f"所有制（{field.label}）"
    else:
        named = [field.values.get(str(o), "") for o in leaf.options]
        for pattern, what in ((OWNERSHIP, "所有制"), (PLACE, "地域")):
            if words := [w for w in named if pattern.search(w)]:
                yield f"{what}（{field.label}：{'、'.join(words)}）"
