"""What is written and never used, and rules that nobody tries out."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from typing import ClassVar

from evaluator.problems.errors import Problem
from evaluator.rulebook import ast, walk
from evaluator.rulebook.checks.base import key_places, problem
from evaluator.rulebook.load import case_files
from evaluator.rulebook.reads import criterion_refs

_RULE_ID = re.compile(r"[a-z]+(?:\.[a-z0-9_]+)+")
_COMMENT = re.compile(r"(?m)(?:^|\s)#.*$")


def _roots(ruleset: ast.Ruleset) -> Iterator[walk.Node | None]:
    """Every formula, both halves of every rule, and when each route is taken."""
    yield from (metric.formula for metric in ruleset.metrics.values())
    for rule in ruleset.rules.values():
        yield from rule.halves
    for card in ruleset.scorecards.values():
        yield from card.roots()
        yield from (grade.reached for grade in card.grades)
    yield from (route.when.require for route in ruleset.routes if route.when is not None)


def _basis(ruleset: ast.Ruleset) -> Iterator[ast.Basis]:
    """What rules, items of cards and routes rest on."""
    for rule in ruleset.rules.values():
        yield from rule.basis
    for card in ruleset.scorecards.values():
        for item in card.items:
            yield from item.basis
    for route in ruleset.routes:
        yield from route.basis


class UnusedCriterion:
    """A criterion that no rule and no metric reads, nor any rule names as its basis."""

    code: ClassVar[str] = "W901"
    whole: ClassVar[bool] = True

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        used = set(walk.named("criterion", *_roots(ruleset)))
        used |= {b.criterion for b in _basis(ruleset) if b.criterion}
        for id_, criterion in ruleset.criteria.items():
            if id_ not in used:
                message = f"准入标准“{id_}”（{criterion.title}）没有规则使用"
                yield problem(
                    self.code, message, criterion.place, "写一条用它的规则，或删掉", subject=id_
                )


class UnusedSource:
    """A legal instrument that no value and no rule cites."""

    code: ClassVar[str] = "W902"
    whole: ClassVar[bool] = True

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        used = {b.source.id for b in _basis(ruleset) if b.source}
        for criterion in ruleset.criteria.values():
            for period in criterion.periods:
                if period.provenance:
                    used.add(period.provenance.source.id)
                used |= {row.provenance.source.id for row in period.rows}
        unused = ruleset.sources.keys() - used
        places = key_places(ruleset, "criteria.yaml", "sources") if unused else {}
        for id_ in unused:
            message = f"依据文件“{id_}”（{ruleset.sources[id_].title}）没有被引用"
            yield problem(
                self.code, message, places[id_], "在标准或规则里引用它，或删掉", subject=id_
            )


class UnusedMetric:
    """A metric that no rule, no other metric and no message uses."""

    code: ClassVar[str] = "W903"
    whole: ClassVar[bool] = True

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        used = set(walk.named("metric", *_roots(ruleset)))
        for rule in ruleset.rules.values():
            for text in (rule.message, rule.remedy):
                used |= {name for _, name, _, _ in string.Formatter().parse(text or "") if name}
        for id_, metric in ruleset.metrics.items():
            if id_ not in used:
                message = f"指标“{id_}”（{metric.title}）没有规则使用"
                yield problem(
                    self.code, message, metric.place, "写一条用它的规则，或删掉", subject=id_
                )


class RuleWithoutCase:
    """A rule that no case names; which kinds of case it needs is checked where cases are run."""

    code: ClassVar[str] = "E904"
    whole: ClassVar[bool] = True

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        named: set[str] = set()
        for text in case_files(ruleset).values():
            named.update(_RULE_ID.findall(_COMMENT.sub("", text)))
        for id_, rule in ruleset.rules.items():
            if id_ not in named:
                file = rule.place.source.name.removesuffix(".yaml")
                message = f"规则“{id_}”一个案例也没有"
                yield problem(
                    self.code, message, rule.place, f"在 {file}.cases.yaml 里写案例", subject=id_
                )


class RuleWithoutReviewer:
    """A rule that the applicant alone answers for: what it refers, nobody would review."""

    code: ClassVar[str] = "E927"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        registry = ruleset.registry
        for id_, rule in ruleset.rules.items():
            if set(rule.departments) == {registry.applicant}:
                who = registry.department(rule.departments[0])
                message = f"规则“{id_}”只由{who}负责，没有部门会审"
                yield problem(
                    self.code, message, rule.place, "在 departments 里写上会审的部门", subject=id_
                )


class UnearnableLabel:
    """A label one of whose dimensions has no rule: no project can ever earn it."""

    code: ClassVar[str] = "E922"
    whole: ClassVar[bool] = True

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        used = {rule.dimension for rule in ruleset.rules.values()}
        for label in ruleset.labels:
            empty = [d for d in label.dimensions if d not in used]
            if empty:
                names = "、".join(f"{d}（{ruleset.dimensions.get(d, d)}）" for d in empty)
                message = f"标签“{label.title}”永远得不到，没有规则属于维度 {names}"
                yield problem(
                    self.code,
                    message,
                    label.place,
                    "给规则写上 dimension，或去掉这个维度",
                    subject=label.id,
                )


class UnusedDimension:
    """A dimension that no rule belongs to and no label names."""

    code: ClassVar[str] = "W923"
    whole: ClassVar[bool] = True

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        used = {rule.dimension for rule in ruleset.rules.values()}
        used |= {d for label in ruleset.labels for d in label.dimensions}
        unused = ruleset.dimensions.keys() - used
        places = key_places(ruleset, "labels.yaml", "dimensions") if unused else {}
        for id_ in unused:
            message = f"维度“{id_}”（{ruleset.dimensions[id_]}）没有规则使用"
            yield problem(
                self.code, message, places[id_], "给规则写上这个 dimension，或删掉", subject=id_
            )


class RoundedElsewhere:
    """A criterion that asks for the rounded comparison, where its value is not compared directly."""

    code: ClassVar[str] = "E928"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for id_, rule in ruleset.rules.items():
            for leaf in walk.leaves(*rule.halves):
                for name in dict.fromkeys(_unrounded(leaf, ruleset)):
                    criterion = ruleset.criteria[name]
                    if criterion.rounded is None:
                        continue
                    message = f"标准“{criterion.title}”要求修约后比较，这里的写法不会修约"
                    hint = "直接与它比较，如 at_least: {criterion: 标准名}；each 和算式里不能用"
                    yield problem(self.code, message, leaf.place, hint, subject=id_)


def _unrounded(leaf: ast.Leaf, ruleset: ast.Ruleset) -> Iterator[str]:
    if isinstance(leaf, ast.Each):
        yield leaf.criterion
    elif isinstance(leaf, ast.Compare):
        sides = [leaf.left] if isinstance(leaf.right, ast.CriterionRef) else [leaf.left, leaf.right]
        yield from (ref.id for side in sides for ref in criterion_refs(side, ruleset))
