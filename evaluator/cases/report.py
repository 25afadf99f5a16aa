"""Coverage and mutation as one HTML page that needs nothing else: for a browser or a printer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from evaluator.cases.coverage import KINDS as COVERAGE_KINDS
from evaluator.cases.coverage import Coverage
from evaluator.cases.mutants import KINDS as MUTANT_KINDS
from evaluator.cases.mutation import Mutation

STYLE = """
body{font:16px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:70rem;
padding:0 1rem;color:#1a1a1a}table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{border:1px solid #767676;padding:.3rem .6rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right}thead{background:#eee}caption{text-align:left;font-weight:bold}
@media print{body{margin:0;max-width:none}thead{display:table-header-group}}
"""


def quality_html(title: str, coverage: Coverage, mutation: Mutation) -> str:
    """The page for one ruleset."""
    parts = [
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">',
        f"<title>{escape(title)}：案例质量</title><style>{STYLE}</style></head><body>",
        f"<h1>{escape(title)}：案例质量</h1>",
        *_shares(
            "案例覆盖",
            [
                (name, sum(i.covered for i in coverage.of(kind)), len(coverage.of(kind)))
                for kind, name in COVERAGE_KINDS.items()
            ],
        ),
        *_shares(
            "变异检验：规则改错一处，案例能否发现",
            [
                (
                    name,
                    sum(o.killed_by is not None for o in mutation.of(kind)),
                    len(mutation.of(kind)),
                )
                for kind, name in MUTANT_KINDS.items()
            ],
        ),
        *_list(
            "没有案例触及",
            ("位置", "规则或标准", "内容"),
            [(i.place.label(), i.subject, i.what) for i in coverage.items if not i.covered],
        ),
        *_list(
            "没有案例发现的改动",
            ("位置", "规则或标准", "改动"),
            [(o.place.label(), o.subject, o.what) for o in mutation.survivors],
        ),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _shares(caption: str, rows: Iterable[tuple[str, int, int]]) -> Iterator[str]:
    yield f"<table><caption>{escape(caption)}</caption><thead><tr><th>项目</th>"
    yield '<th class="n">已有</th><th class="n">共</th><th class="n">比例</th></tr></thead><tbody>'
    for name, done, total in rows:
        share = f"{done / total:.1%}" if total else "无"
        cells = "".join(f'<td class="n">{x}</td>' for x in (done, total, share))
        yield f"<tr><td>{escape(name)}</td>{cells}</tr>"
    yield "</tbody></table>"


def _list(caption: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"<table><caption>{escape(caption)}（{len(rows)}）</caption><thead><tr>"
    yield "".join(f"<th>{escape(h)}</th>" for h in head) + "</tr></thead><tbody>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>"
    yield "</tbody></table>"
