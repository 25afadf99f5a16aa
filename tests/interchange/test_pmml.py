"""Scorecards as PMML, run by JPMML on Java: the score is the reference's, and none where a field lacks."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from evaluator.dossier.dossier import make_profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.interchange import ExportError, pmml
from evaluator.rulebook.load import load_directory
from tests.portfolio.tables import drawn
from tests.support import ROOT, without

DAY = dt.date(2026, 1, 1)
HEAD = {"project_id": "P1", "project_name": "甲", "submitted_on": DAY}
FIGURES = st.sampled_from([0, 1, 2, 7, 40, 100, 333, 600, 900, 1000, 12000, 20000])
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "shouxian": {
        "catalogue_class": st.sampled_from(["encouraged", "permitted", "restricted"]),
        "mean_output_3y": FIGURES,
        "land_area": FIGURES.filter(bool),
        "annual_tax": FIGURES,
    },
    "shijiazhuang": {
        "fixed_asset_investment": FIGURES,
        "land_area": FIGURES,
        "floor_area": FIGURES.filter(bool),
        "plot_ratio": st.sampled_from([1, 2]),
        "annual_tax": FIGURES,
        "enterprise_title": st.sampled_from(["national", "provincial", "none"]),
        "stable_customers": st.booleans(),
        "chain_role": st.sampled_from(["fills_gap", "none"]),
    },
}


@pytest.fixture(scope="module")
def java() -> Iterator[Any]:
    if shutil.which("java") is None:
        without("needs Java")
    from jpmml_evaluator import make_backend

    backend = make_backend("py4j")
    yield backend
    backend.gateway.shutdown()


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_jpmml_gives_the_score_of_the_reference(java: Any, name: str, tmp_path: Path) -> None:
    from jpmml_evaluator import JavaError, make_evaluator

    ruleset = load_directory(ROOT / "profiles" / name)
    (card,) = ruleset.scorecards
    path = tmp_path / "card.pmml"
    path.write_text(pmml(ruleset, card, DAY), "utf-8")
    evaluator = make_evaluator(str(path), backend=java)
    reference = ReferenceEngine(ruleset)
    for values in drawn(st.fixed_dictionaries(FIELDS[name]), 60):
        (score,) = reference.scores(make_profile(ruleset.registry, **HEAD, **values), DAY)
        assert not score.open
        plain = {k: float(v) if type(v) is int else v for k, v in values.items()}
        assert evaluator.evaluate(plain)["score"] == pytest.approx(float(score.low), abs=1e-9)
    with pytest.raises(JavaError, match="Undefined"):
        evaluator.evaluate({**plain, "annual_tax": None})


def test_what_pmml_cannot_carry_is_refused_in_words() -> None:
    ruleset = load_directory(ROOT / "profiles" / "shouxian")
    with pytest.raises(ExportError, match="没有有效的标准值"):
        pmml(load_directory(ROOT / "profiles" / "shijiazhuang"), "board", dt.date(1990, 1, 1))
    assert "<Scorecard" in pmml(ruleset, "park", DAY)
