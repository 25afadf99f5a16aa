"""A source is prepared for the layout."""

from __future__ import annotations

import json
from contextlib import closing
from fractions import Fraction
from pathlib import Path

from evaluator.dossier.fields import base_registry, base_text
from evaluator.portfolio.duck import connect
from evaluator.portfolio.intake.load import load
from evaluator.portfolio.intake.sources import open_source

WASTE = "  - {name: product_waste, label: 单位产品废渣, type: record, group: environment, key: product}\n"


def test_the_items_of_two_records_share_one_multiple(tmp_path: Path) -> None:
    """Thirds in one and sevenths in the other: the layout knows a single multiple for all items."""
    source = tmp_path / "in.jsonl"
    row = {
        "project_id": "1",
        "project_name": "甲",
        "submitted_on": "2024-06-03",
        "product_energy": [{"product": "甲", "value": "1/3", "unit": "1"}],
        "product_waste": [{"product": "乙", "value": "1/7", "unit": "1"}],
    }
    source.write_text(json.dumps(row), "utf-8")
    with closing(connect(1)) as db:
        loaded = load(db, open_source(db, source), base_registry(base_text() + WASTE))
        assert (loaded.layout.items, loaded.layout.item_number.times) == (True, 21)
        rows = db.execute(f"SELECT field, number FROM ({loaded.items})").fetchall()
    assert {field: Fraction(number) / 21 for field, number in rows} == {
        "product_energy": Fraction(1, 3),
        "product_waste": Fraction(1, 7),
    }
