"""A source is prepared for the layout."""

from __future__ import annotations

import json
from contextlib import closing
from fractions import Fraction
from typing import Any

import duckdb

from evaluator.dossier.fields import base_registry, base_text
from evaluator.portfolio.duck import connect
from evaluator.portfolio.intake.load import Loaded, load
from evaluator.portfolio.intake.sources import Source
from evaluator.portfolio.sql import quote, text

WASTE = "  - {name: product_waste, label: 单位产品废渣, type: record, group: environment, key: product}\n"


def load_own(db: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> Loaded:
    """Snapshots, which alone may hold ratios, as columns of texts."""
    names = list(dict.fromkeys(k for row in rows for k in row))
    selects = []
    for n, row in enumerate(rows, 1):
        given = [row.get(k) for k in names]
        texts = [
            v if isinstance(v, str) else v and json.dumps(v, ensure_ascii=False) for v in given
        ]
        columns = [
            f"{text(v) if v else 'NULL::VARCHAR'} AS {quote(k)}"
            for k, v in zip(names, texts, strict=True)
        ]
        selects.append(f"SELECT {n} AS row_id, {', '.join(columns)}")
    select = " UNION ALL ".join(selects)
    source = Source("snapshots", select, dict.fromkeys(names, "VARCHAR"), own=True)
    return load(db, source, base_registry(base_text() + WASTE))


GOOD = {"project_id": "1", "project_name": "甲", "submitted_on": "2024-06-03"}


def test_the_items_of_two_records_share_one_multiple() -> None:
    """Thirds in one and sevenths in the other: the layout knows a single multiple for all items."""
    row = {
        **GOOD,
        "product_energy": [{"product": "甲", "value": "1/3", "unit": "1"}],
        "product_waste": [{"product": "乙", "value": "1/7", "unit": "1"}],
    }
    with closing(connect(1)) as db:
        loaded = load_own(db, [row])
        assert (loaded.layout.items, loaded.layout.item_number.times) == (True, 21)
        rows = db.execute(f"SELECT field, number FROM ({loaded.items})").fetchall()
    assert {field: Fraction(number) / 21 for field, number in rows} == {
        "product_energy": Fraction(1, 3),
        "product_waste": Fraction(1, 7),
    }


def test_an_item_of_too_odd_a_value_is_one_bad_row() -> None:
    """All items of a file are held times one number: one row must not make it too large for all."""

    def items(*values: str) -> dict[str, Any]:
        found = [{"product": f"产品{v}", "value": f"1/{v}", "unit": "千瓦时/吨"} for v in values]
        return {**GOOD, "product_energy": found}

    with closing(connect(1)) as db:
        loaded = load_own(db, [items("3"), items("1000003", "999983", "999979"), items("7")])
        assert db.execute(f"SELECT row_id FROM ({loaded.main}) ORDER BY 1").fetchall() == [
            (1,),
            (3,),
        ]
        ((row, reason),) = db.execute(f"SELECT row_id, reason FROM ({loaded.rejects})").fetchall()
    assert row == 2
    assert reason.startswith("单位产品能耗（product_energy）：数值的位数超出")
