"""Findings as rows of a table, worst first: what terminals and notebooks show alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evaluator.dossier.fields import Registry
from evaluator.engine.reference.scoring import ItemScore
from evaluator.judgement.explain import Finding
from evaluator.judgement.scores import points_text
from evaluator.rulebook.ast import Effect, Ruleset
from evaluator.rulebook.cards import PREFIX, ItemKind
from evaluator.rulebook.grammar.cards import KINDS
from evaluator.rulebook.verdict import LIST_LABELS, Status
from evaluator.values.numbers import shown

COLUMNS = ("事项", "要求", "申报", "差距", "依据", "责任部门", "怎么办")
MISSING_COLUMNS = ("由谁提供", "缺的材料", "因此不能判断的事项")
CARD_COLUMNS = ("评分项", "满分", "得分", "失分", "说明")
NONE = "—"
MAX_LATER = 8  # So many fields are named that a later stage asks for.


class Group(NamedTuple):
    """Findings that do the same to the verdict; ``effect`` is what they do."""

    title: str
    effect: Effect
    findings: tuple[Finding, ...]

    @property
    def open(self) -> bool:
        """Whether these are findings that wait for answers."""
        return self.findings[0].status is Status.UNKNOWN

    @property
    def heading(self) -> str:
        """The title with the count."""
        return f"{self.title}（{len(self.findings)} 项）"


def groups(findings: Sequence[Finding]) -> tuple[Group, ...]:
    """The findings that are violated, or unknown and more than advice, by what they mean."""

    def violated(effect: Effect, *lists: str) -> tuple[Finding, ...]:
        return tuple(
            f
            for f in findings
            if f.status is Status.VIOLATED and f.rule.effect is effect and f.rule.list in lists
        )

    unknown = tuple(
        f for f in findings if f.status is Status.UNKNOWN and f.rule.effect is not Effect.ADVISE
    )
    doubted = violated(Effect.REFER, "prudence", "integrity")
    all_groups = (
        Group("不予准入的情形", Effect.REJECT, violated(Effect.REJECT, *LIST_LABELS)),
        Group("触及负面清单", Effect.REFER, violated(Effect.REFER, "negative")),
        Group("正面标准未达到", Effect.REFER, violated(Effect.REFER, "positive")),
        Group("评分未达到", Effect.REFER, violated(Effect.REFER, PREFIX)),
        Group("审慎事项和需要核实的事项", Effect.REFER, doubted),
        Group("材料不足", Effect.REFER, unknown),
        Group("建议（不影响结论）", Effect.ADVISE, violated(Effect.ADVISE, *LIST_LABELS)),
    )
    return tuple(group for group in all_groups if group.findings)


def rest(findings: Sequence[Finding]) -> str:
    """What the groups leave out, counted."""
    met = sum(f.status is Status.SATISFIED for f in findings)
    outside = sum(f.status is Status.NOT_APPLICABLE for f in findings)
    return f"另有 {met} 项符合要求，{outside} 项不适用。"


def later(findings: Sequence[Finding], ruleset: Ruleset) -> Iterator[str]:
    """What is not due yet: a line for each later stage, with what will be asked then."""
    for stage in ruleset.stages:
        waiting = [f for f in findings if f.status is Status.NOT_DUE and f.rule.due == stage.id]
        if waiting:
            names = dict.fromkeys(name for finding in waiting for name in finding.missing)
            named = "、".join(map(ruleset.registry.label, list(names)[:MAX_LATER]))
            more = f"等 {len(names)} 项材料" if len(names) > MAX_LATER else ""
            asked = f"，要填{named}{more}" if names else ""
            yield f"到{stage.title}环节再看 {len(waiting)} 项{asked}。"


def figures(finding: Finding) -> tuple[str, str, str]:
    """Required, stated and how far apart, each with its unit; a dash where there is none."""
    measure = finding.measure
    unit = "" if measure.unit in (None, "1") else f" {measure.unit}"
    relative = f"（{measure.gap_relative}）" if measure.gap_relative else ""
    return (
        f"{measure.required}{unit}" if measure.required is not None else NONE,
        f"{measure.value}{unit}" if measure.value is not None else NONE,
        f"{measure.gap}{unit}{relative}" if measure.gap else NONE,
    )


def basis(finding: Finding) -> str:
    """The citations in one line, each once; a value not yet read in its source is marked."""
    cited = (c.text + ("" if c.verified else "［示例值］") for c in finding.basis)
    return "；".join(dict.fromkeys(cited))


def departments(finding: Finding, registry: Registry) -> str:
    """The names of the departments that answer for the rule."""
    return "、".join(registry.department(d) for d in finding.rule.departments)


def item_row(part: ItemScore) -> tuple[str, str, str, str, str]:
    """One item of a card under ``CARD_COLUMNS``: points got, lost for sure, and why some are open."""
    item = part.item
    title = item.title if item.kind is ItemKind.REGULAR else f"{item.title}（{KINDS[item.kind]}）"
    full = shown(item.high if item.high else item.low)
    if part.applies is False:
        return title, full, NONE, NONE, "不计这一项"
    lost = item.high - part.high
    note = "缺材料，待定" if part.open else ""
    return title, full, points_text(part.low, part.high), shown(lost) if lost else NONE, note


def missing(findings: Sequence[Finding], registry: Registry) -> Iterator[tuple[str, str, str]]:
    """What is missing, by who supplies it: one row a supplier, however many rules wait for it."""
    suppliers: dict[str, tuple[dict[str, None], dict[str, None]]] = {}

    def wait(supplier: str, what: str, title: str) -> None:
        lacking, titles = suppliers.setdefault(supplier, ({}, {}))
        lacking[what] = None
        titles[title] = None

    for finding in findings:
        for name in finding.missing:
            field = registry.references.get(name)
            by = registry.department(field.supplied_by) if field and field.supplied_by else "申报人"
            wait(by, registry.label(name), finding.rule.title)
        # No dossier can settle these: no standard in force, no row for the trade, a divisor of zero.
        for reason in finding.reasons:
            wait("由会审决定", reason, finding.rule.title)
    for supplier, (lacking, titles) in suppliers.items():
        yield supplier, "、".join(lacking), "、".join(titles)
