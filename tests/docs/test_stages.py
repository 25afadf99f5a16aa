"""What docs/rulebook.md says of the shipped examples at the stages is what comes out."""

from __future__ import annotations

import re
from statistics import median

from evaluator.dossier.files import read_dossiers
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.explain import findings
from evaluator.judgement.questions import questions
from evaluator.rulebook.ast import Effect
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Status, Verdict
from tests.support import ROOT

ROW = re.compile(r"^\| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.M)


def lacked(evaluation: Evaluation) -> int:
    """The fields that were asked for before there were questions: all that some rule lacks."""
    return len(
        {
            name
            for finding in findings(evaluation)
            if finding.status is Status.UNKNOWN and finding.rule.effect is not Effect.ADVISE
            for name in finding.missing
        }
    )


def counted() -> dict[str, tuple[int, ...]]:
    """By stage: passed, rejected, referred for a breach, referred for answers alone, median asked."""
    ruleset = load_directory(ROOT)
    evaluator = Evaluator(ruleset, "reference")
    paths = sorted((ROOT / "examples").glob("r*.yaml"))
    profiles = [p for path in paths for p in read_dossiers(path, ruleset.registry)]
    out: dict[str, tuple[int, ...]] = {}
    for stage in (None, *ruleset.stages):
        judged = [evaluator.evaluate(p, None, stage.id if stage else None) for p in profiles]
        referred = [e for e in judged if e.verdict is Verdict.REFER]
        breached = [e for e in referred if Status.VIOLATED in {e.statuses[i] for i in e.blocking}]
        asked = [
            sum(q.needed for q in questions(e)) if stage is not None else lacked(e)
            for e in referred
        ]
        out[stage.title if stage else "不分环节"] = (
            sum(e.verdict is Verdict.PASS for e in judged),
            sum(e.verdict is Verdict.REJECT for e in judged),
            len(breached),
            len(referred) - len(breached),
            int(median(asked)),
        )
    return out


def test_the_table_of_the_examples_by_stage_holds() -> None:
    text = (ROOT / "docs" / "rulebook.md").read_text("utf-8")
    told = {m[1].strip(): tuple(int(m[n]) for n in range(2, 7)) for m in ROW.finditer(text)}
    assert {k: v for k, v in told.items() if k in counted()} == counted()
