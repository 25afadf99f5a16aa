"""A judged dossier on a terminal: conclusion first, then the rows, worst first."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from evaluator.dossier.dossier import Profile
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.explain import findings
from evaluator.judgement.questions import asking
from evaluator.judgement.remedy.search import counterfactual
from evaluator.judgement.result import how_to, sentence
from evaluator.judgement.routes import routing
from evaluator.judgement.rows import (
    CARD_COLUMNS,
    COLUMNS,
    MISSING_COLUMNS,
    Group,
    basis,
    departments,
    figures,
    groups,
    item_row,
    later,
    missing,
    rest,
)
from evaluator.judgement.scores import Graded, score_sentence, scores
from evaluator.judgement.side_by_side import Standing
from evaluator.rulebook.ast import Effect
from evaluator.rulebook.verdict import Verdict
from evaluator.values.industries import industry_label

COLOURS = {Verdict.PASS: "green", Verdict.REFER: "yellow", Verdict.REJECT: "red"}
SHAPES = {Verdict.PASS: "●", Verdict.REFER: "▲", Verdict.REJECT: "■"}
STYLES = {Effect.REJECT: "red", Effect.REFER: "yellow", Effect.ADVISE: "cyan"}
MARKS = {"true": ("√", "green"), "false": ("×", "red"), "unknown": ("？", "yellow")}


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
    industry = profile.values.get("industry_code")
    if isinstance(industry, str):
        head.append(f"\n行业：{industry_label(industry)}")
    if evaluation.labels:
        head.append("\n标签：" + "、".join(x.title for x in evaluation.labels))
    console.print(Panel(head, border_style=colour))
    if evaluation.stage is not None:
        for line in asking(evaluation):
            console.print(line)
    for line in routing(evaluation):
        console.print(line)
    if department:
        shown = tuple(f for f in shown if department in f.rule.departments)
        console.print(f"只列 {registry.department(department)} 负责的事项。")
    for graded in scores(evaluation):
        console.print(_card(graded))
    for group in groups(shown):
        console.print(_table(evaluation, group))
    console.print(rest(shown), style="dim")
    for line in later(shown, evaluation.ruleset):
        console.print(line, style="dim")
    if evaluation.verdict is not Verdict.PASS:
        console.print(
            Text.assemble(
                (f"怎样{how_to(evaluation)}：", "bold"), counterfactual(evaluation).text()
            )
        )
    console.print()


def print_side_by_side(console: Console, profile: Profile, found: list[Standing]) -> None:
    """One project under several rulebooks: the verdict of each, and where it falls short."""
    table = _new_table(
        f"{profile.name}（{profile.id}）",
        "bold",
        {"剖面": 3, "结论": 2, "差在哪里": 6, "缺的材料": 4},
    )
    for one in found:
        verdict = one.evaluation.verdict
        table.add_row(
            escape(one.title),
            Text(f"{SHAPES[verdict]} {one.verdict}", style=COLOURS[verdict]),
            escape("\n".join(one.shortfalls()) or "—"),
            escape("、".join(one.missing) or "—"),
        )
    console.print(table)


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


def _card(graded: Graded) -> Table:
    """What each item of a card gives, in points got, lost and still open."""
    table = _new_table(
        score_sentence(graded), "bold", dict(zip(CARD_COLUMNS, (5, 2, 2, 2, 4), strict=True))
    )
    for part in graded.score.items:
        table.add_row(*map(escape, item_row(part)))
    return table


def _table(evaluation: Evaluation, group: Group) -> Table:
    registry = evaluation.ruleset.registry
    style = STYLES[group.effect]
    if group.open:
        table = _new_table(group.heading, style, dict(zip(MISSING_COLUMNS, (2, 6, 8), strict=True)))
        for supplier, lacking, titles in missing(group.findings, registry):
            table.add_row(supplier, escape(lacking), escape(titles))
        return table
    table = _new_table(group.heading, style, dict(zip(COLUMNS, (3, 2, 2, 2, 4, 2, 4), strict=True)))
    for finding in group.findings:
        table.add_row(
            f"{finding.rule.title}\n[dim]{finding.rule.id}[/dim]",
            *map(escape, figures(finding)),
            escape(basis(finding)),
            departments(finding, registry),
            escape(finding.remedy or finding.message),
        )
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
