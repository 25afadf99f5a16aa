"""Self-contained HTML reports of a portfolio run and of a comparison; pictures are inline SVG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from evaluator.dossier.fields import AMOUNTS
from evaluator.judgement.wording import amount_words
from evaluator.portfolio.compare import Comparison
from evaluator.portfolio.run import Summary
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import (
    CHANGE_LABELS,
    STATUS_LABELS,
    VERDICT_LABELS,
    Status,
    Verdict,
)

COLOURS = {"pass": "#2e7d32", "refer": "#b26a00", "reject": "#b3261e"}
STYLE = """
body{font:15px/1.6 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.same{color:#666}td.worse{background:#fdecea}td.better{background:#e8f5e9}
svg{display:block;width:100%;height:auto}
"""
TOP = 20


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def _bars(rows: Iterable[tuple[str, int, str]]) -> str:
    """Horizontal bars: label, count, colour."""
    items = list(rows)
    top = max((n for _, n, _ in items), default=0) or 1
    out = [f'<svg viewBox="0 0 800 {max(len(items), 1) * 28}" role="img" font-size="14">']
    for i, (label, n, colour) in enumerate(items):
        y, width = i * 28, 420 * n / top
        out.append(
            f'<text x="250" y="{y + 19}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="260" y="{y + 5}" width="{width:.1f}" height="18" fill="{colour}"/>'
            f'<text x="{266 + width:.1f}" y="{y + 19}">{n:,}</text>'
        )
    return "".join(out) + "</svg>"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    cells = "".join(f"<th>{escape(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in r) + "</tr>" for r in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]


def summary_html(summary: Summary, ruleset: Ruleset) -> str:
    """The report of one run."""
    verdicts = _bars(
        (VERDICT_LABELS[Verdict(v)], n, COLOURS[v]) for v, n in summary.verdicts.items()
    )
    sources = _table(
        ["来源", "总数", "已评估", "退回"],
        [[c.name, f"{c.total:,}", f"{c.judged:,}", f"{c.rejected:,}"] for c in summary.counts],
    )
    reasons = _table(
        ["规则", "情况", "份数", "责任部门"],
        [
            [
                ruleset.rules[i].title,
                STATUS_LABELS[Status(s)],
                f"{n:,}",
                "、".join(ruleset.registry.department(d) for d in ruleset.rules[i].departments),
            ]
            for (i, s), n in sorted(summary.rules.items(), key=lambda x: (-x[1], x[0]))[:TOP]
        ],
    )
    departments = _bars(
        (ruleset.registry.department(d), n, "#3b5b92") for d, n in _largest(summary.departments)
    )
    totals = {k: sum(v.values()) for k, v in summary.industries.items()}
    industries = _table(
        ["行业大类", *VERDICT_LABELS.values()],
        [
            [code, *(f"{summary.industries[code].get(v.value, 0):,}" for v in VERDICT_LABELS)]
            for code, _ in _largest(totals)
        ],
    )
    body = (
        f"<p>规则集：{escape(ruleset.title)}（{ruleset.identity[:12]}）。已评估 {summary.judged:,} 份，"
        f"退回 {summary.rejected:,} 份。</p><h2>结论</h2>{verdicts}<h2>来源</h2>{sources}"
        f"<h2>主要理由</h2>{reasons}<h2>按责任部门（不符合或材料不足的次数）</h2>{departments}"
        f"<h2>按行业</h2>{industries}"
    )
    return _page("批量评估报告", body)


def comparison_html(comparison: Comparison, old: Ruleset, new: Ruleset) -> str:
    """The report of a comparison: the matrix of verdicts, and the rules behind the changes."""
    order = list(VERDICT_LABELS)
    rows = []
    for a in order:
        cells = "".join(
            _cell(order.index(a), order.index(b), comparison.matrix.get((a, b), 0)) for b in order
        )
        rows.append(f"<tr><th>{VERDICT_LABELS[a]}</th>{cells}</tr>")
    head = "".join(f'<th class="n">新：{VERDICT_LABELS[b]}</th>' for b in order)
    causes = _bars(
        ((new.rules.get(i) or old.rules[i]).title, n, "#3b5b92")
        for i, n in _largest(comparison.rules)
    )
    departments = [
        (new.registry.department(d), n, "#3b5b92") for d, n in _largest(comparison.departments)
    ]
    industries = [(code, n, "#3b5b92") for code, n in _largest(comparison.industries)]
    body = (
        f"<p>旧规则集：{escape(old.title)}（{old.identity[:12]}）；新规则集：{escape(new.title)}"
        f"（{new.identity[:12]}）。已评估 {comparison.counts.judged:,} 份，退回 "
        f"{comparison.counts.rejected:,} 份，结论改变 {comparison.changed:,} 份。</p>"
        f"<h2>结论变化</h2><table><tr><th>旧结论</th>{head}</tr>{''.join(rows)}</table>"
        f"<h2>引起结论变化的规则（涉及的份数）</h2>{causes}"
        f"<h2>单项结论的变化（结论不变的也算）</h2>{_findings(comparison, old, new)}"
        f"<h2>有变动的项目</h2>{''.join(f'<p>{escape(x)}</p>' for x in amount_lines(comparison, new))}"
        f"<h2>有变动的按部门</h2>{_bars(departments)}<h2>有变动的按行业</h2>{_bars(industries)}"
    )
    return _page("规则调整影响对比", body)


def _findings(comparison: Comparison, old: Ruleset, new: Ruleset) -> str:
    rows = (
        [
            (new.rules.get(i) or old.rules[i]).title,
            *(f"{counts.get(c, 0):,}" for c in CHANGE_LABELS),
        ]
        for i, counts in list(comparison.findings.items())[:TOP]
    )
    return _table(["规则", *CHANGE_LABELS.values()], rows)


def amount_lines(comparison: Comparison, ruleset: Ruleset) -> list[str]:
    """What the dossiers with any change amount to, a line for each change of verdict."""
    lines = []
    for (a, b), (count, amounts) in comparison.amounts.items():
        old, new = (VERDICT_LABELS[Verdict(v)] for v in (a, b))
        what = f"{old} → {new}" if a != b else f"仍为{new}"
        sums = dict(zip(AMOUNTS, amounts, strict=True))
        lines.append(f"{what} {count:,} 份：{amount_words(ruleset.registry, sums)}")
    return lines


def _cell(old: int, new: int, n: int) -> str:
    kind = "same" if old == new or not n else "worse" if new > old else "better"
    return f'<td class="n {kind}">{n:,}</td>'
