"""``admission portfolio``: judge many dossiers at once, compare two rulebooks on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from evaluator.cli.common import load_rulebook, save, stop
from evaluator.portfolio.compare import Comparison, compare_file
from evaluator.portfolio.progress import bar
from evaluator.portfolio.report import amount_lines, comparison_html, summary_html
from evaluator.portfolio.run import Counts, Options, Summary, evaluate_files, rejects_path
from evaluator.problems.errors import AdmissionError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.due import NoStage, find_stage
from evaluator.rulebook.verdict import CHANGE_LABELS, STATUS_LABELS, VERDICT_LABELS, Status, Verdict

portfolio_app = typer.Typer(
    add_completion=False,
    help="批量评估：几百万份材料一次评完，或比较两套规则集的影响。",
    no_args_is_help=True,
)
BACKENDS = ("duckdb", "spark", "postgres")
TOP = 10

Inputs = Annotated[
    list[Path] | None,
    typer.Argument(help="材料：.parquet、.csv、.tsv、.jsonl、.sqlite、.xlsx、.xls、.ods，可写多个"),
]
Column = Annotated[
    str | None, typer.Option("--as-of-column", help="评估日期所在的列；不写则为受理日期")
]
Day = Annotated[str | None, typer.Option("--as-of", help="全部按这一天评估，如 2024-06-01")]
Sheet = Annotated[str | None, typer.Option("--table", help="SQLite 或数据库的表，Excel 的工作表")]
Html = Annotated[Path | None, typer.Option("--html", help="另写一份网页报告")]
Memory = Annotated[str, typer.Option("--memory", help="内存上限")]


def _options(column: str | None, day: str | None, table: str | None, memory: str) -> Options:
    if column and day:
        raise typer.BadParameter("--as-of 和 --as-of-column 只写一个")
    try:
        fixed = dt.date.fromisoformat(day) if day else None
    except ValueError:
        raise typer.BadParameter(f"“{day}”不是日期，应如 2024-06-01") from None
    return Options(as_of=fixed or column, table=table, memory=memory)


@contextmanager
def _guarded() -> Iterator[None]:
    import duckdb  # It takes a while to import, and every command here needs it anyway.

    try:
        yield
    except AdmissionError as error:
        stop(error)
    except duckdb.OutOfMemoryException:
        stop("材料展开后超出内存上限，请加大 --memory，或把材料分成几个文件")


@portfolio_app.command("evaluate")
def evaluate(
    out: Annotated[Path, typer.Option("-o", "--out", help="结果：.parquet 或 .csv")],
    inputs: Inputs = None,
    rulebook: Annotated[Path | None, typer.Option("--rulebook", help="规则集目录")] = None,
    backend: Annotated[str, typer.Option("--backend", help="、".join(BACKENDS))] = "duckdb",
    as_of_column: Column = None,
    as_of: Day = None,
    findings: Annotated[
        Path | None, typer.Option("--findings", help="另写逐条结论，含数值和要求值")
    ] = None,
    table: Sheet = None,
    server: Annotated[
        str | None, typer.Option("--server", help="Spark 主节点或 PostgreSQL 连接串")
    ] = None,
    html: Html = None,
    memory: Memory = "3GB",
    unique: Annotated[
        bool, typer.Option("--unique", help="同一个项目编号有两份时不写结果，返回 2")
    ] = False,
    stage: Annotated[
        str | None,
        typer.Option("--stage", help="按哪个环节评估，如 lead；不写则为最后一个环节"),
    ] = None,
) -> None:
    """评估所有材料；不合格式的行写进退回文件，不影响其余。"""
    if backend not in BACKENDS:
        raise typer.BadParameter(f"没有“{backend}”，可用：{'、'.join(BACKENDS)}")
    if not inputs and backend != "postgres":
        raise typer.BadParameter("请写要评估的材料文件")
    ruleset = load_rulebook(rulebook)
    try:
        find_stage(ruleset, stage)
    except NoStage as error:
        stop(f"--stage：{error}")
    options = replace(
        _options(as_of_column, as_of, table, memory),
        findings=findings,
        unique=unique,
        stage=stage,
    )
    with _guarded(), bar(Console(stderr=True)) as say:
        if backend == "postgres":
            from evaluator.portfolio.postgres.run import evaluate_postgres

            summary = evaluate_postgres(ruleset, out, options, server, say)
        elif backend == "spark":
            from evaluator.portfolio.spark import evaluate_spark

            summary = evaluate_spark(ruleset, inputs or [], out, options, server, say)
        else:
            summary = evaluate_files(ruleset, inputs or [], out, options, say)
    _print_summary(summary, ruleset, out)
    if html is not None:
        save(html, summary_html(summary, ruleset))


@portfolio_app.command("compare")
def compare(
    source: Annotated[Path, typer.Argument(metavar="IN", help="材料")],
    old: Annotated[Path, typer.Option("--old", help="旧规则集目录")],
    new: Annotated[Path, typer.Option("--new", help="新规则集目录")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="有变动的材料，.parquet 或 .csv")
    ] = None,
    as_of_column: Column = None,
    as_of: Day = None,
    table: Sheet = None,
    html: Html = None,
    memory: Memory = "3GB",
) -> None:
    """两套规则集评同一批材料：哪些结论和单项结论变了，涉及多少土地、税收、能耗、就业。

    材料很多（百万份）、要网页报告或表格时用这个；要看得分、逐份核对，用“rules impact”。
    """
    old_rules, new_rules = load_rulebook(old), load_rulebook(new)
    options = _options(as_of_column, as_of, table, memory)
    with _guarded(), bar(Console(stderr=True)) as say:
        comparison = compare_file(old_rules, new_rules, source, out, options, say)
    _print_comparison(comparison, old_rules, new_rules)
    if html is not None:
        save(html, comparison_html(comparison, old_rules, new_rules))


def _print_counts(console: Console, c: Counts) -> None:
    shown = f"{c.name}：共 {c.total:,} 份，评估 {c.judged:,} 份，退回 {c.rejected:,} 份"
    console.print(shown, markup=False)
    for note in c.notes:
        console.print(f"  {note}", markup=False)
    if c.unused:
        console.print(f"  没有用到的列：{'、'.join(c.unused)}", markup=False)


def _print_repeated(console: Console, repeated: tuple[str, ...]) -> None:
    if repeated:
        listed = "、".join(repeated[:TOP])
        console.print(f"提醒：{len(repeated):,} 个项目编号不止一份：{listed}", markup=False)


def _print_summary(summary: Summary, ruleset: Ruleset, out: Path) -> None:
    console = Console()
    for c in summary.counts:
        _print_counts(console, c)
    _print_repeated(console, summary.repeated)
    shown = "，".join(f"{VERDICT_LABELS[Verdict(v)]} {n:,}" for v, n in summary.verdicts.items())
    console.print(f"结论：{shown}")
    table = Table("规则", "情况", "份数", "责任部门", title="主要理由")
    ranked = sorted(summary.rules.items(), key=lambda item: (-item[1], item[0]))
    for (rule_id, status), n in ranked[:TOP]:
        rule = ruleset.rules[rule_id]
        names = "、".join(ruleset.registry.department(d) for d in rule.departments)
        table.add_row(rule.title, STATUS_LABELS[Status(status)], f"{n:,}", names)
    if ranked:
        console.print(table)
    by_department = sorted(summary.departments.items(), key=lambda item: (-item[1], item[0]))
    listed = "，".join(f"{ruleset.registry.department(d)} {n:,}" for d, n in by_department[:TOP])
    if listed:
        console.print(f"按部门（次）：{listed}")
    industries = Table("行业大类", *VERDICT_LABELS.values(), title="按行业")
    sizes = sorted(summary.industries.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    for code, verdicts in sizes[:TOP]:
        industries.add_row(code, *(f"{verdicts.get(v.value, 0):,}" for v in VERDICT_LABELS))
    console.print(industries)
    console.print(f"结果写在 {out}")
    if summary.rejected:
        console.print(f"退回的行和原因写在 {rejects_path(out)}")


def _print_comparison(comparison: Comparison, old: Ruleset, new: Ruleset) -> None:
    console = Console()
    _print_counts(console, comparison.counts)
    for said in comparison.refused:
        console.print(f"  {said}", markup=False)
    _print_repeated(console, comparison.repeated)
    table = Table("旧结论", *(f"新：{VERDICT_LABELS[v]}" for v in VERDICT_LABELS), title="结论变化")
    for a in VERDICT_LABELS:
        row = [f"{comparison.matrix.get((a.value, b.value), 0):,}" for b in VERDICT_LABELS]
        table.add_row(VERDICT_LABELS[a], *row)
    console.print(table)
    console.print(f"结论改变 {comparison.changed:,} 份")
    causes = Table("规则", "涉及份数", title="引起结论变化的规则")
    for rule_id, n in list(comparison.rules.items())[:TOP]:
        rule = new.rules.get(rule_id) or old.rules[rule_id]
        causes.add_row(rule.title, f"{n:,}")
    console.print(causes)
    findings = Table("规则", *CHANGE_LABELS.values(), title="单项结论的变化（结论不变的也算）")
    for rule_id, counts in list(comparison.findings.items())[:TOP]:
        rule = new.rules.get(rule_id) or old.rules[rule_id]
        findings.add_row(rule.title, *(f"{counts.get(c, 0):,}" for c in CHANGE_LABELS))
    console.print(findings)
    for line in amount_lines(comparison, new):
        console.print(line, markup=False)
    for title, groups in (
        ("按部门", {new.registry.department(d): n for d, n in comparison.departments.items()}),
        ("按行业", comparison.industries),
    ):
        listed = "，".join(f"{k} {n:,} 份" for k, n in list(groups.items())[:TOP])
        if listed:
            console.print(f"有变动的{title}：{listed}", markup=False)
