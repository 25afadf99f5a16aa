"""The published projects get the verdict a reviewer would give, by both engines."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from evaluator.dossier.files import read_dossiers
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Status, Verdict
from tests.support import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
PASS, REFER, REJECT = Verdict.PASS, Verdict.REFER, Verdict.REJECT
# What a reviewer says, and a rule that must be among those breached.
REVIEWED: dict[str, tuple[Verdict, str | None]] = {
    "d01": (PASS, None),
    "d02": (PASS, None),
    "r01": (REFER, None),
    "r02": (REFER, None),
    "r03": (REFER, None),
    "r04": (REFER, None),
    "r05": (REFER, None),
    "r06": (REFER, None),
    "r07": (REFER, None),
    "r08": (REFER, None),
    "r09": (REFER, "negative.two_high"),
    "r10": (REFER, None),
    "r11": (REFER, "integrity.registered_capital"),
    "r12": (REFER, None),
    "r13": (REJECT, "negative.capacity_replacement"),
    "r14": (REFER, "negative.low_output"),
    "r15": (REJECT, "negative.catalogue_eliminated"),
    "r16": (REFER, "negative.offset_so2"),
    "r17": (REJECT, "negative.park_required"),
    "r18": (REFER, "negative.capacity_parity"),
    "r19": (REJECT, "negative.zoning_conflict"),
    "r20": (REFER, None),
    "r21": (REFER, None),
    "r22": (REFER, None),
    "r23": (REFER, "negative.two_high"),
    "r24": (REFER, None),
    "r25": (REFER, "negative.provincial_energy_review"),
    "r26": (REFER, None),
    "r27": (REFER, None),
    "r28": (REFER, None),
    "r29": (REFER, None),
    "r30": (REFER, "positive.plant_tax"),
    "r31": (REFER, "negative.two_high"),
    "r32": (REFER, None),
    "r33": (REFER, None),
    "r34": (REFER, "negative.two_high"),
    "r35": (REFER, None),
    "r36": (REFER, "positive.investment_intensity"),
}


@lru_cache(maxsize=2)
def evaluator(engine: str) -> Evaluator:
    return Evaluator(load_directory(ROOT), engine)


def judged(path: Path, engine: str) -> Evaluation:
    (profile,) = read_dossiers(path, evaluator(engine).ruleset.registry)
    return evaluator(engine).evaluate(profile)


def test_every_example_is_reviewed() -> None:
    assert {p.name[:3] for p in EXAMPLES} == set(REVIEWED)
    assert {v for v, _ in REVIEWED.values()} == set(Verdict)


@pytest.mark.parametrize("engine", ["durable", "reference"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_verdict(path: Path, engine: str) -> None:
    verdict, breached = REVIEWED[path.name[:3]]
    evaluation = judged(path, engine)
    assert evaluation.verdict is verdict
    assert evaluation.cause is None
    violated = [
        i
        for i, s in evaluation.statuses.items()
        if s is Status.VIOLATED and i in evaluation.blocking
    ]
    assert (breached in violated) if breached else not violated


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example_names_its_source(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(("# 来源", "# 示范数据"))
    assert "\nsource: " in text
