"""A judged dossier as HTML, for notebooks: the verdict, then tables of reasons, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.explain import findings
from evaluator.judgement.result import how_to, sentence
from evaluator.judgement.rows import (
    COLUMNS,
    MISSING_COLUMNS,
    Group,
    basis,
    departments,
    figures,
    groups,
    missing,
    rest,
)
from evaluator.rulebook.ast import Effect
from evaluator.rulebook.verdict import Verdict

# Legible on a notebook's white and on its dark ground; the words say the same without a colour.
COLOURS = {Effect.REJECT: "#c0392b", Effect.REFER: "#b7791f", Effect.ADVISE: "#2b7a9b"}
VERDICT_COLOURS = {
    Verdict.PASS: "#2e7d32",
    Verdict.REFER: COLOURS[Effect.REFER],
    Verdict.REJECT: COLOURS[Effect.REJECT],
}
WIDTHS = (8, 6, 6, 6, 12, 7, 12)
MISSING_WIDTHS = (8, 22, 36)
# Inline: what is left of a page's own styles is up to the notebook, and most align cells right.
_LEFT = "text-align:left;color:inherit"
_CELL = (
    f"{_LEFT};vertical-align:top;padding:.3em .6em;border:1px solid #8886;overflow-wrap:anywhere"
)


def html_tables(evaluation: Evaluation, remedy: str) -> str:
    """The judgement as one HTML element; ``remedy`` is the text that says how it would pass."""
    profile, ruleset = evaluation.profile, evaluation.ruleset
    explained = findings(evaluation)
    about = (
        f"{profile.name}（{profile.id}），按 {evaluation.as_of.isoformat()} 有效的"
        f"《{ruleset.title}》评估，规则集 {ruleset.identity[:12]}"
    )
    if evaluation.labels:
        about += "；标签：" + "、".join(label.title for label in evaluation.labels)
    tables = "".join(_group(group, evaluation) for group in groups(explained))
    advice = (
        ""
        if evaluation.verdict is Verdict.PASS
        else f"<p><b>怎样{how_to(evaluation)}：</b>{escape(remedy)}</p>"
    )
    return (
        f'<div lang="zh-CN" style="line-height:1.5"><p><b style="font-size:1.15em;'
        f'color:{VERDICT_COLOURS[evaluation.verdict]}">{escape(sentence(evaluation))}</b><br>'
        f"{escape(about)}</p>{tables}<p>{rest(explained)}</p>{advice}</div>"
    )


def _group(group: Group, evaluation: Evaluation) -> str:
    registry = evaluation.ruleset.registry
    if group.open:
        return _table(group, MISSING_COLUMNS, MISSING_WIDTHS, missing(group.findings, registry))
    rows = (
        (
            finding.rule.title,
            *figures(finding),
            basis(finding),
            departments(finding, registry),
            finding.remedy or finding.message,
        )
        for finding in group.findings
    )
    return _table(group, COLUMNS, WIDTHS, rows)


def _table(
    group: Group, columns: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[str]]
) -> str:
    caption = (
        f"{_LEFT};font-weight:bold;border-left:.3em solid {COLOURS[group.effect]};padding:.3em .6em"
    )
    head = "".join(
        f'<th scope="col" style="{_CELL};min-width:{width}em">{name}</th>'
        for name, width in zip(columns, widths, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{escape(text)}</td>' for text in row) + "</tr>"
        for row in rows
    )
    return (
        f'<table style="border-collapse:collapse;margin:.5em 0">'
        f'<caption style="{caption}">{escape(group.heading)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
