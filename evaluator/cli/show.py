"""A judged dossier on a terminal: conclusion first, then the rows, worst first."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.explain import Finding, findings
from evaluator.judgement.remedy.search import counterfactual
from evaluator.judgement.result import sentence
from evaluator.rulebook.ast import Effect
from evaluator.rulebook.verdict import LIST_LABELS, Status, Verdict

COLOURS = {Verdict.PASS: "green", Verdict.REFER: "yellow", Verdict.REJECT: "red"}
SHAPES = {Verdict.PASS: "●", Verdict.REFER: "▲", Verdict.REJECT: "■"}
MARKS = {"true": ("√", "green"), "false": ("×", "red"), "unknown": ("？", "yellow")}


def _groups(all_: tuple[Finding, ...]) -> list[tuple[str, str, list[Finding]]]:
    """Findings by what they mean for the verdict, worst first."""
    violated = [f for f in all_ if f.status is Status.VIOLATED]
    unknown = [f for f in all_ if f.status is Status.UNKNOWN and f.rule.effect is not Effect.ADVISE]

    def pick(effect: Effect, *lists: str) -> list[Finding]:
        return [f for f in violated if f.rule.effect is effect and f.rule.list in lists]

    every = tuple(LIST_LABELS)
    return [
        ("不予准入的情形", "red", pick(Effect.REJECT, *every)),
        ("触及负面清单", "yellow", pick(Effect.REFER, "negative")),
        ("正面标准未达到", "yellow", pick(Effect.REFER, "positive")),
        ("审慎事项和需要核实的事项", "yellow", pick(Effect.REFER, "prudence", "integrity")),
        ("材料不足", "yellow", unknown),
        ("建议（不影响结论）", "cyan", pick(Effect.ADVISE, *every)),
    ]


def print_evaluation(
    console: Console, evaluation: Evaluation, department: str | None = None
) -> None:
    """Print one judged dossier; ``department`` keeps only its findings."""
    registry = evaluation.ruleset.registry
    shown = findings(evaluation)
    line = sentence(evaluation)
    colour = COLOURS[evaluation.verdict]
    profile = evaluation.profile
    head = Text.assemble(
        (f"{SHAPES[evaluation.verdict]} ", colour),
        (line, f"bold {colour}"),
        f"\n{profile.name}（{profile.id}），按 {evaluation.as_of.isoformat()} 有效的"
        f"《{evaluation.ruleset.title}》评估，规则集 {evaluation.ruleset.identity[:12]}",
    )
    if evaluation.labels:
        head.append("\n标签：" + "、".join(x.title for x in evaluation.labels))
    console.print(Panel(head, border_style=colour))
    if department:
        shown = tuple(f for f in shown if department in f.rule.departments)
        console.print(f"只列 {registry.department(department)} 负责的事项。")
    for title, style, items in _groups(shown):
        if items:
            console.print(_table(evaluation, title, style, items))
    met = sum(f.status is Status.SATISFIED for f in shown)
    skipped = sum(f.status is Status.NOT_APPLICABLE for f in shown)
    console.print(f"另有 {met} 项符合要求，{skipped} 项不适用。", style="dim")
    if evaluation.verdict is not Verdict.PASS:
        console.print(Text.assemble(("怎样可以准入：", "bold"), counterfactual(evaluation).text()))
    console.print()


def _new_table(title: str, style: str, columns: dict[str, int]) -> Table:
    table = Table(
        title=title,
        title_style=f"bold {style}",
        title_justify="left",
        border_style="dim",
        expand=True,
    )
    for name, ratio in columns.items():
        # Chinese has no spaces to break at: without folding, a cell would be cut off.
        table.add_column(name, ratio=ratio, overflow="fold")
    return table


def _table(evaluation: Evaluation, title: str, style: str, items: list[Finding]) -> Table:
    heading = f"{title}（{len(items)} 项）"
    if items[0].status is Status.UNKNOWN:
        return _missing_table(evaluation, heading, style, items)
    registry = evaluation.ruleset.registry
    columns = {"事项": 3, "要求": 2, "申报": 2, "差距": 2, "依据": 4, "责任部门": 2, "怎么办": 4}
    table = _new_table(heading, style, columns)
    for item in items:
        m = item.measure
        unit = "" if m.unit in (None, "1") else f" {m.unit}"
        required = f"{m.required}{unit}" if m.required is not None else "—"
        value = f"{m.value}{unit}" if m.value is not None else "—"
        gap = f"{m.gap}{unit}" if m.gap else "—"
        relative = f"（{m.gap_relative}）" if m.gap_relative else ""
        table.add_row(
            f"{item.rule.title}\n[dim]{item.rule.id}[/dim]",
            escape(required),
            escape(value),
            escape(gap + relative),
            escape(
                "；".join(
                    dict.fromkeys(c.text + ("" if c.verified else "［示例值］") for c in item.basis)
                )
            ),
            "、".join(registry.department(d) for d in item.rule.departments),
            escape(item.remedy or item.message),
        )
    return table


def _missing_table(evaluation: Evaluation, heading: str, style: str, items: list[Finding]) -> Table:
    """What is missing, by who supplies it: one row a supplier, however many rules wait for it."""
    registry = evaluation.ruleset.registry
    table = _new_table(heading, style, {"由谁提供": 2, "缺的材料": 6, "因此不能判断的事项": 8})
    suppliers: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for item in items:
        for name in item.missing:
            field = registry.references.get(name)
            by = registry.department(field.supplied_by) if field and field.supplied_by else "申报人"
            fields, titles = suppliers.setdefault(by, ({}, {}))
            fields[registry.label(name)] = None
            titles[item.rule.title] = None
        # No dossier can settle these: no standard in force, no row for the trade, a divisor of zero.
        for reason in item.reasons:
            fields, titles = suppliers.setdefault("由会审决定", ({}, {}))
            fields[reason] = None
            titles[item.rule.title] = None
    for by, (fields, titles) in suppliers.items():
        table.add_row(by, escape("、".join(fields)), escape("、".join(titles)))
    return table


def print_trace(console: Console, trace: dict[str, Any], names: dict[str, str]) -> None:
    """Print the whole trace of one finding; ``names`` are the departments."""
    finding = trace["finding"]
    source = trace["source"]
    console.print(
        Text.assemble(
            (f"{finding['title']}：{trace['status_label']}", "bold"),
            f"  {finding['rule']}\n",
            f"{finding['message']}\n",
            ("责任部门：", "bold"),
            "、".join(names.get(d, d) for d in finding["departments"]),
        )
    )
    if finding["remedy"]:
        console.print(Text.assemble(("怎么办：", "bold"), finding["remedy"]))
    for citation in finding["basis"]:
        since = f"，{citation['from']} 起" if citation["from"] else ""
        until = f"至 {citation['until']}" if citation["until"] else ""
        example = "，示例值" if not citation["verified"] else ""
        console.print(
            Text.assemble(("依据：", "bold"), f"{citation['text']}{since}{until}{example}")
        )
    for metric in trace["metrics"]:
        value = (
            f"{metric['value']} {metric['unit']}"
            if metric["value"] is not None
            else metric["unknown"]
        )
        console.print(
            Text.assemble(
                ("指标：", "bold"),
                f"{metric['title']} = {metric['formula']} = {metric['numbers']} = {value}",
            )
        )
    for row in trace["criteria"]:
        console.print(
            Text.assemble(
                ("标准：", "bold"),
                f"{row['title']} {row['value']} {row['unit'] or ''}（{row['row']}），"
                f"{row['file']}:{row['line']}",
            )
        )
    for key, title in (("applies_when", "适用条件"), ("require", "要求")):
        if trace[key] is not None:
            tree = Tree(Text(title, "bold"))
            _grow(tree, trace[key])
            console.print(tree)
    console.print(Text(f"规则原文 {source['file']}:{source['line']}", "bold"))
    console.print(Text(source["yaml"], "dim"))
    console.print()


def _grow(tree: Tree, node: dict[str, Any]) -> None:
    mark, style = MARKS[node["truth"]]
    branch = tree.add(Text.assemble((f"{mark} ", style), node["text"]))
    for child in node.get("children", ()):
        _grow(branch, child)
