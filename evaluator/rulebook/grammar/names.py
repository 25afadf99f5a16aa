"""What a rulebook may name while it is being read: fields, metrics, criteria, sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from evaluator.dossier.fields import Field, Registry, unknown_field
from evaluator.problems.choices import allowed, guess, suggest
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place
from evaluator.reading.yaml.scan import Node, YScalar
from evaluator.rulebook.ast import Metric
from evaluator.rulebook.criteria import Criterion, Source
from evaluator.rulebook.nodes import Condition
from evaluator.values.units import Unit

MAX_NAMES = 12  # So many names are listed in a hint.
# What an id of a criterion, source, metric, label, dimension or field looks like.
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Listed(Protocol):
    """What is written as an item of a list, with an id of its own."""

    @property
    def id(self) -> str: ...
    @property
    def place(self) -> Place: ...


T = TypeVar("T", bound=Listed)


@dataclass
class Names:
    """Resolves names and collects problems; criteria and metrics fill it as they are read.

    ``condition`` reads a condition within a formula; ``card`` is the card whose grades are being
    read, and ``cards`` are the cards that can be compared.
    """

    registry: Registry
    problems: Problems
    sources: dict[str, Source] = field(default_factory=dict)
    criteria: dict[str, Criterion] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    # Names that exist but could not be read; using one is not a second mistake.
    broken: set[str] = field(default_factory=set)
    condition: Callable[[Node, Names], Condition | None] = lambda _node, _names: None
    cards: dict[str, str] = field(default_factory=dict)
    card: str | None = None

    def __post_init__(self) -> None:
        self.report = self.problems.report

    def check_id(self, node: YScalar, what: str) -> bool:
        """Whether a new name is well formed; reports E312."""
        if NAME.fullmatch(node.text):
            return True
        hint = "以小写字母开头，只用小写字母、数字和下划线，不超过 64 个字符"
        self.report("E312", f"{what}的名字“{node.text}”不合写法", node.place, hint)
        return False

    def once(self, found: Iterable[T | None], what: str) -> tuple[T, ...]:
        """What could be read of a list, each id once: the first; reports E302 for any other."""
        out: dict[str, T] = {}
        for one in found:
            if one is not None and (first := out.setdefault(one.id, one)) is not one:
                notes = (("第一处", first.place),)
                self.report("E302", f"{what}“{one.id}”重复", one.place, "只保留一处", notes)
        return tuple(out.values())

    def dropped(self, what: str, place: Place) -> None:
        """Make sure that something left out is an error.

        INVARIANT: nothing is left out silently. Every way to get here is meant to have said more
        exactly what is wrong, so this adds E211 only where no error was found at all.
        """
        if not self.problems.wrong():
            self.report("E211", f"{what}没有读懂", place, "对照 docs/rule-language.md 检查写法")

    def field(self, node: YScalar) -> Field | None:
        """A declared field or record key; reports E301."""
        declared = self.registry.references.get(node.text)
        # Of one that is declared wrongly the declaration tells.
        if declared is None and node.text.partition(".")[0] not in self.registry.broken:
            hint = unknown_field(node.text, self.registry)
            self.report("E301", f"没有字段“{node.text}”", node.place, hint)
        return declared

    def metric(self, node: YScalar) -> Metric | None:
        """A metric; reports E303."""
        metric = self.metrics.get(node.text)
        if metric is None and node.text not in self.broken:
            hint = self._or_other(node.text)
            self.report("E303", f"没有指标“{node.text}”", node.place, hint)
        return metric

    def criterion(self, node: YScalar) -> Criterion | None:
        """A criterion; reports E304."""
        criterion = self.criteria.get(node.text)
        if criterion is None and node.text not in self.broken:
            hint = _named(node.text, {c.id: c.title for c in self.criteria.values()})
            self.report("E304", f"没有准入标准“{node.text}”", node.place, hint)
        return criterion

    def scorecard(self, node: YScalar) -> str | None:
        """A card by its id; reports E330."""
        if node.text == self.card or node.text in self.cards:
            return node.text
        if node.text not in self.broken:
            hint = _named(node.text, self.cards) or "评分表写在 rules/scorecards/ 下"
            self.report("E330", f"没有评分表“{node.text}”", node.place, hint)
        return None

    def source(self, node: YScalar) -> Source | None:
        """A legal instrument; reports E305."""
        source = self.sources.get(node.text)
        if source is None:
            hint = _named(node.text, {s.id: s.title for s in self.sources.values()})
            self.report("E305", f"没有依据文件“{node.text}”", node.place, hint)
        return source

    def value(self, node: YScalar) -> Field | Metric | None:
        """A numeric field or a metric, whichever has the name; reports E301."""
        if node.text in self.metrics:
            return self.metrics[node.text]
        if node.text in self.broken:
            return None
        declared = self.registry.references.get(node.text)
        # Of one that is declared wrongly the declaration tells.
        if declared is None and node.text.partition(".")[0] not in self.registry.broken:
            hint = unknown_field(node.text, self.registry) or self._or_other(node.text)
            self.report("E301", f"没有字段或指标“{node.text}”", node.place, hint)
        return declared

    def _or_other(self, name: str) -> str | None:
        if name in self.registry.references:
            return f"“{name}”是字段，请用 field"
        return _named(name, {m.id: m.title for m in self.metrics.values()})


def _named(word: str, titles: Mapping[str, str]) -> str | None:
    """What was meant by a name that is not known: a title, a near name; few names are all listed."""
    meant = guess(word, titles)
    hints = [f"是否想写“{meant}”（{titles[meant]}）？"] if meant else []
    if not meant and (wide := suggest(word, titles)):
        hints.append(wide)
    if 0 < len(titles) <= MAX_NAMES:
        hints.append(allowed(titles))
    return "".join(hints) or None


def same_kind(names: Names, a: Unit, b: Unit, what: str, place: Place) -> bool:
    """Whether two units can be compared; reports E402 at ``place``."""
    if a.same_kind(b):
        return True
    names.report("E402", f"{what}：单位“{a.name}”与“{b.name}”不能比较", place, "两边要是同一种量")
    return False
