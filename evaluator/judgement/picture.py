"""What a verdict rests on, as a picture: fields, metrics, cards and rules in columns, the verdict last.

``picture_of`` finds the parts and what rests on what, ``evaluator/judgement/drawing.py`` draws them.
With an evaluation each part says how it stands with the dossier, and what is not settled is marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.explain import told
from evaluator.judgement.scores import scores
from evaluator.judgement.wording import show_value, with_unit
from evaluator.rulebook import ast, walk
from evaluator.rulebook.verdict import EFFECT_LABELS, STATUS_LABELS, Status
from evaluator.values.numbers import shown

KINDS = {"field": "申报", "metric": "指标", "card": "评分表", "rule": "规则", "verdict": "结论"}
Key = tuple[str, str]
VERDICT: Key = ("verdict", "")
OPEN = (Status.UNKNOWN, Status.NOT_DUE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: ``kind`` of ``KINDS``, the name it has in the rulebook, its title and a second line.

    ``open`` says that the dossier leaves it unsettled; ``state`` is a rule's status or the verdict.
    """

    key: Key
    title: str
    line: str
    open: bool = False
    state: str = ""

    @property
    def kind(self) -> str:
        """Which kind of part."""
        return self.key[0]

    @property
    def name(self) -> str:
        """The name in the rulebook."""
        return self.key[1]


@dataclass(frozen=True, slots=True)
class Picture:
    """The parts in columns, sources first, and ``rests``: for each part the parts that it rests on."""

    columns: tuple[tuple[Part, ...], ...]
    rests: Mapping[Key, tuple[Key, ...]]
    judged: bool

    @property
    def parts(self) -> Mapping[Key, Part]:
        """Every part by its key."""
        return {part.key: part for column in self.columns for part in column}

    def of_kind(self, kind: str) -> Iterator[Part]:
        """The parts of a kind, in the order of their columns."""
        return (p for column in self.columns for p in column if p.kind == kind)

    def under(self, key: Key) -> tuple[Part, ...]:
        """What a part rests on directly."""
        parts = self.parts
        return tuple(parts[k] for k in self.rests.get(key, ()))

    def summary(self) -> str:
        """What is to be seen, in a sentence."""
        counts = [
            f"{len(listed)} 项{word}"
            for kind, word in KINDS.items()
            if kind != "verdict" and (listed := list(self.of_kind(kind)))
        ]
        text = f"从左到右：{'、'.join(counts)}，最后是结论；连线从被用到的连到用它的。"
        open_ = [p for p in self.parts.values() if p.open and p.kind != "verdict"]
        if not self.judged:
            return text
        fields = sum(p.kind == "field" for p in open_)
        return f"{text}未定的 {len(open_)} 项画成虚线，其中没有填的申报 {fields} 项。"


def picture_of(
    ruleset: ast.Ruleset, rules: Iterable[str], evaluation: Evaluation | None = None
) -> Picture:
    """The picture of these rules, and of what they rest on. Raises KeyError for an unknown rule."""
    return _Finder(ruleset, evaluation).picture([ruleset.rules[id_] for id_ in rules])


def telling(evaluation: Evaluation) -> list[str]:
    """The rules of an evaluation that are breached, unknown or not yet due; what the others need is settled."""
    quiet = (Status.SATISFIED, Status.NOT_APPLICABLE)
    return [id_ for id_ in told(evaluation) if evaluation.statuses[id_] not in quiet]


class _Finder:
    def __init__(self, ruleset: ast.Ruleset, evaluation: Evaluation | None) -> None:
        self.ruleset = ruleset
        self.evaluation = evaluation
        self.rests: dict[Key, tuple[Key, ...]] = {}

    def picture(self, rules: list[ast.Rule]) -> Picture:
        lists = list(dict.fromkeys(r.list for r in self.ruleset.rules.values()))
        rules = sorted(rules, key=lambda r: lists.index(r.list))
        self.rests[VERDICT] = tuple(("rule", r.id) for r in rules)
        for rule in rules:
            self._find(("rule", rule.id), *rule.halves)
        levels: dict[Key, int] = {}
        for key in self.rests:
            self._level(key, levels)
        deepest = max((n for (kind, _), n in levels.items() if kind == "metric"), default=0)
        places = {"field": 0, "card": deepest + 1, "rule": deepest + 2, "verdict": deepest + 3}
        columns: list[list[Part]] = [[] for _ in range(deepest + 4)]
        for key in levels:
            columns[places.get(key[0], levels[key])].append(self._part(key))
        return Picture(
            tuple(tuple(column) for column in columns if column),
            self.rests,
            self.evaluation is not None,
        )

    def _find(self, key: Key, *roots: walk.Node | None) -> None:
        """What a part rests on directly, and what that rests on."""
        found: dict[Key, None] = {}
        for kind in ("metric", "field", "scorecard"):
            for name in walk.named(kind, *roots):
                found["card" if kind == "scorecard" else kind, name] = None
        for name in walk.named("criterion", *roots):
            dimensions = self.ruleset.criteria[name].by
            found |= {("field", d): None for d in dimensions if d in self.ruleset.registry.fields}
        self.rests[key] = tuple(found)
        for under in found:
            if under in self.rests:
                continue
            if under[0] == "metric":
                self._find(under, self.ruleset.metrics[under[1]].formula)
            elif under[0] == "card":
                self._find(under, *self.ruleset.scorecards[under[1]].roots())

    def _level(self, key: Key, levels: dict[Key, int]) -> int:
        """How many metrics lie one upon another, up to this part."""
        if key not in levels:
            below = [self._level(k, levels) for k in self.rests.get(key, ())]
            levels[key] = max(below, default=0) + (key[0] == "metric")
        return levels[key]

    # --- how each stands -------------------------------------------------------------------------

    def _part(self, key: Key) -> Part:
        kind, name = key
        if kind == "field":
            return self._field(key, name)
        if kind == "metric":
            return self._metric(key, self.ruleset.metrics[name])
        if kind == "card":
            return self._card(key, name)
        if kind == "rule":
            return self._rule(key, self.ruleset.rules[name])
        if self.evaluation is None:
            return Part(key, "结论", "")
        stands = self.evaluation.verdict.value
        waits = any(s in OPEN for s in self.evaluation.statuses.values())
        open_ = stands != "reject" and waits
        return Part(key, self.evaluation.word, "还有未定的" if open_ else "", open_, stands)

    def _field(self, key: Key, name: str) -> Part:
        registry = self.ruleset.registry
        field = registry.references.get(name) or registry.fields[name]
        if self.evaluation is None:
            by = registry.department(field.supplied_by) if field.supplied_by else ""
            return Part(key, field.label, by)
        value = self.evaluation.profile.values.get(name)
        return Part(key, field.label, show_value(field, value), value is None)

    def _metric(self, key: Key, metric: ast.Metric) -> Part:
        if self.evaluation is None:
            return Part(key, metric.title, "" if metric.unit.name == "1" else metric.unit.name)
        amount = self.evaluation.assessment.metrics.get(metric.id)
        if isinstance(amount, Fraction):
            return Part(key, metric.title, with_unit(shown(amount, metric.digits), metric.unit))
        return Part(key, metric.title, "还算不出", True)

    def _card(self, key: Key, name: str) -> Part:
        card = self.ruleset.scorecards[name]
        if self.evaluation is None:
            return Part(key, card.title, f"满分 {shown(card.full, 2)}")
        graded = next((g for g in scores(self.evaluation) if g.card.id == name), None)
        if graded is None:
            return Part(key, card.title, "不适用")
        low, high = (shown(n, 2) for n in (graded.score.low, graded.score.high))
        line = f"{low} 分" if low == high else f"{low} 至 {high} 分"
        return Part(key, card.title, line, graded.grade is None)

    def _rule(self, key: Key, rule: ast.Rule) -> Part:
        if self.evaluation is None:
            return Part(key, rule.title, f"不符合：{EFFECT_LABELS[rule.effect.value]}")
        status = self.evaluation.statuses.get(rule.id)
        if status is None:
            return Part(key, rule.title, "未施行")
        return Part(key, rule.title, STATUS_LABELS[status], status in OPEN, status.value)
