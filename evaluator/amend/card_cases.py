"""Cases that a card's new points make wrong: they say what the card gives now, where they said it.

What is written is what the changed rulebook gives, so that whoever reads the proposal sees each
number that moved. What cannot be told in place stays as it is, and fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from evaluator.amend.examples import layer_of
from evaluator.amend.splice import CannotSplice, Patch, Spliced, patched
from evaluator.cases.book import Cases, DossierCase, RuleCase
from evaluator.cases.run import run_dossier_case, run_rule_case
from evaluator.cases.tables import is_table, table_rows
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.scores import Graded, scores
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place
from evaluator.reading.yaml.scan import Node, YList, YMap, read_yaml
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.verdict import Status
from evaluator.values.numbers import exact_text


def corrected_cases(
    ruleset: Ruleset, cases: Cases, card: Scorecard
) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Layer, path and new text of each case file with failing cases of a card; and their names."""
    evaluator = Evaluator(ruleset, "reference")
    wrong: dict[str, list[RuleCase | DossierCase]] = {}
    for case in cases.rules:
        if case.rule in card.rule_ids:
            result = run_rule_case(case, evaluator.engine, evaluator)
            if not result.passed:
                wrong.setdefault(case.place.source.name, []).append(case)
    for whole in cases.dossiers:
        if not run_dossier_case(whole, evaluator).passed:
            wrong.setdefault(whole.place.source.name, []).append(whole)
    texts = {(layer, path): text for layer, files in ruleset.layers for path, text in files.items()}
    for name, failing in wrong.items():
        layer, path = layer_of(ruleset, name)
        text, done = texts[layer, path], []
        for one in failing:
            try:
                text = _corrected(text, ruleset, one, card, evaluator)
            except CannotSplice:
                continue
            done.append(one.name)
        if done:
            yield layer, path, text, tuple(done)


def _corrected(
    text: str,
    ruleset: Ruleset,
    case: RuleCase | DossierCase,
    card: Scorecard,
    evaluator: Evaluator,
) -> str:
    """The file with one case that says what is found now; no line is added, so that places hold."""
    node, in_table = _case(text, ruleset, case.place)
    evaluation = evaluator.evaluate(case.profile, case.as_of, case.stage)
    found = {g.card.id: g for g in scores(evaluation)}
    spliced = Spliced(text)
    flow = in_table or spliced.flow(node)
    parts: list[tuple[Node, str]] = []
    if isinstance(case, RuleCase):
        status = evaluation.statuses.get(case.rule)
        if (written := node.get("expect")) is not None and status is not None:
            parts.append((written, status.value))
        parts += _scored(node, found.get(card.id))
    else:
        parts += _whole(node, evaluation)
        told = node.get("scores")
        for key, value in told.entries if isinstance(told, YMap) else ():
            if isinstance(value, YMap):
                parts += _scored(value, found.get(key.text))
    patches = []
    for written, new in parts:
        start, end = spliced.at(written.place), spliced.end_of(written, inside=flow)
        if text[start:end] == new:
            continue
        if in_table and written.place.line != case.place.line:
            raise CannotSplice("这一格是几行共用的")
        patches.append(Patch(start, end, new))
    return patched(text, patches)


def _case(text: str, ruleset: Ruleset, place: Place) -> tuple[YMap, bool]:
    """The node of a case, and whether it is a row of a table, which shares parts with others."""
    root = read_yaml(place.source.name, text, Problems())
    for item in root.items if isinstance(root, YList) else ():
        if not isinstance(item, YMap):
            continue
        in_table = is_table(item)
        for row in table_rows(item, ruleset.registry, Problems()) if in_table else (item,):
            if row.place.line == place.line and row.place.column == place.column:
                return row, in_table
    raise CannotSplice("找不到这个案例")


def _whole(node: YMap, evaluation: Evaluation) -> Iterator[tuple[Node, str]]:
    if (written := node.get("verdict")) is not None:
        yield written, evaluation.verdict.value
    violated = sorted(r for r, s in evaluation.statuses.items() if s is Status.VIOLATED)
    if (written := node.get("violated")) is not None:
        yield written, f"[{', '.join(violated)}]"


def _scored(node: YMap, found: Graded | None) -> Iterator[tuple[Node, str]]:
    """What stands of a card's points, and what it gives."""
    if found is None:
        raise CannotSplice("评分表不适用")
    if (written := node.get("points")) is not None:
        yield written, _ends(found.score.low, found.score.high)
    if (written := node.get("grade")) is not None:
        ids = [g.id for g in found.possible]
        yield written, ids[0] if len(ids) == 1 else f"[{', '.join(ids)}]"
    items = node.get("items")
    parts = {p.item.id: p for p in found.score.items}
    for key, value in items.entries if isinstance(items, YMap) else ():
        if key.text in parts:
            yield value, _ends(parts[key.text].low, parts[key.text].high)


def _ends(low: Fraction, high: Fraction) -> str:
    if low == high:
        return exact_text(low)
    return f"[{exact_text(low)}, {exact_text(high)}]"
