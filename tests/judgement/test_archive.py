"""What earlier versions decided comes out the same, years later: see ``scripts/archive.py``."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from evaluator.dossier.dossier import make_profile
from evaluator.dossier.fields import base_text
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.result import digest, judgement, result
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_layers
from tests.support import ruleset_of

ARCHIVE = Path(__file__).parents[1] / "archive"
NOW = version("project-admission")


def read(path: Path) -> dict[str, Any]:
    found = json.loads(gzip.decompress(path.read_bytes()))
    assert isinstance(found, dict)
    return found


def load(kept: dict[str, Any]) -> Ruleset:
    layers = tuple((name, MappingProxyType(files)) for name, files in kept["layers"])
    return load_layers(layers, kept["fields"])


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize("path", sorted(ARCHIVE.glob("*.gz")), ids=lambda p: p.name)
def test_what_an_earlier_version_decided_comes_out_the_same(path: Path, every: int) -> None:
    kept = read(path)
    ruleset = load(kept)
    assert ruleset.identity == kept["ruleset"]
    evaluator = Evaluator(ruleset, "reference")
    assert len(kept["decisions"]) > 400
    for made in kept["decisions"][::every]:
        profile = make_profile(ruleset.registry, **made["dossier"])
        assert profile.to_dict(ruleset.registry) == made["dossier"]
        as_of = dt.date.fromisoformat(made["judgement"]["as_of"])
        data = json.loads(json.dumps(result(evaluator.evaluate(profile, as_of))))
        # Up to 0.2.0 a judgement also said whether a value was an example.
        expected = made["judgement"]
        for finding in expected["findings"]:
            finding.pop("example", None)
        assert judgement(data) == expected
        if kept["software"] == NOW:
            assert digest(data) == made["digest"], (
                f"the wording of results is not that of {NOW} any more: raise the version in "
                "pyproject.toml, so that a replay can tell"
            )


def test_archives_are_of_more_than_one_rulebook() -> None:
    found = [read(path) for path in ARCHIVE.glob("*.gz")]
    assert len({kept["ruleset"] for kept in found}) >= 2
    verdicts = {d["judgement"]["verdict"] for kept in found for d in kept["decisions"]}
    assert verdicts == {"pass", "refer", "reject"}


def test_a_ruleset_is_read_with_the_field_file_it_was_written_for() -> None:
    """A later version with another label, unit or field must not change what was stored."""
    ruleset = ruleset_of()
    later = base_text().replace("label: 资产负债率", "label: 负债比率")
    assert later != base_text()
    under_later = load_layers(ruleset.layers, later)
    assert under_later.identity != ruleset.identity
    assert under_later.registry.label("debt_ratio") == "负债比率"
    again = load_layers(under_later.layers, under_later.fields_text)
    assert again.identity == under_later.identity
    assert load_layers(ruleset.layers, ruleset.fields_text).identity == ruleset.identity
