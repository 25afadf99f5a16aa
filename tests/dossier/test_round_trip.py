"""Profiles written and read back: as a person writes them, and as a snapshot holds them."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given, settings

from evaluator.dossier.dossier import Profile, make_profile, read_data
from evaluator.dossier.fields import base_registry
from evaluator.dossier.files import read_dossiers
from evaluator.dossier.values import Item
from evaluator.problems.errors import DossierError
from evaluator.values.numbers import stored
from evaluator.values.units import parse_unit
from tests.dossier.profiles import profiles
from tests.strategies import write_yaml

REGISTRY = base_registry()
A = {"project_id": "A", "project_name": "甲", "submitted_on": "2024-06-03"}


def escaped(text: str) -> str:
    """Strict YAML takes what cannot be seen only as an escape; ours stands in double quotes."""
    return "".join(c if c.isascii() else f"\\U{ord(c):08x}" for c in text)


@settings(max_examples=60, deadline=None)
@given(profiles())
def test_what_a_person_can_write_reads_back(profile: Profile) -> None:
    data = profile.to_dict(REGISTRY)
    text = json.dumps(data, ensure_ascii=False)
    assert read_dossiers(("x.json", text.encode()), REGISTRY) == [profile]
    assert read_dossiers(("x.jsonl", text.encode()), REGISTRY) == [profile]
    assert read_dossiers(("x.yaml", escaped(write_yaml(data)).encode()), REGISTRY) == [profile]


@settings(max_examples=40, deadline=None)
@given(profiles(ratios=True))
def test_snapshot_reads_back(profile: Profile) -> None:
    text = json.dumps(profile.to_dict(REGISTRY), ensure_ascii=False)
    again = read_data(stored(json.loads(text)), REGISTRY, "x")
    assert again == profile
    assert again.to_dict(REGISTRY) == profile.to_dict(REGISTRY)


@pytest.mark.parametrize("written", ["3/5", "24/12", "2024/3", "5E4", "\u001f3/5"])
def test_the_notation_of_snapshots_is_closed_to_applicants(written: str) -> None:
    data = {**A, "total_investment": written, "emissions": [{"pollutant": "COD", "value": written}]}
    for name, text in (
        ("x.json", json.dumps(data)),
        ("x.jsonl", json.dumps(data)),
        ("x.yaml", json.dumps(data)),
    ):
        with pytest.raises(DossierError) as caught:
            read_dossiers((name, text.encode()), REGISTRY)
        assert len(caught.value.problems) == 2


def test_snapshot_of_converted_numbers() -> None:
    """A value that a conversion made long is still read back exactly, or refused at once."""
    for text in ("1/3 ", "0.123456789012345678901234567 平方米", "123456789.123456789 公顷", "1e0"):
        try:
            profile = make_profile(REGISTRY, **A, land_area=text.strip())
        except DossierError:
            continue
        assert make_profile(REGISTRY, **profile.to_dict(REGISTRY)) == profile


def test_item_keeps_its_own_unit() -> None:
    entry = {"product": "熟料", "value": "0.1", "unit": "吨标准煤/吨"}
    profile = make_profile(REGISTRY, **A, product_energy=[entry])
    assert profile.values["product_energy"] == (
        Item("熟料", Fraction(1, 10), parse_unit("吨标准煤/吨")),
    )
