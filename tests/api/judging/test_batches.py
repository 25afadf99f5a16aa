"""POST /evaluations:batch: the answers of POST /evaluations, a line a dossier."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from api.judging.batches import NDJSON, PARQUET
from evaluator.dossier.dossier import make_profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.portfolio import batch
from evaluator.rulebook.ast import Compare
from evaluator.rulebook.verdict import Status
from evaluator.rulebook.walk import leaves
from tests.api.judging.batches import BASE, STEMS, lines, ndjson, parquet, post, problem
from tests.api.support import example, shipped


def single(client: TestClient, dossier: dict[str, Any], **params: str) -> dict[str, Any]:
    answer = client.post(
        "/api/v1/evaluations", json=dossier, params={"counterfactual": "false", **params}
    ).json()
    ids = {s: [f["rule"] for f in answer["findings"] if f["status"] == s.value] for s in Status}
    applicable = [f["rule"] for f in answer["findings"] if f["status"] != Status.NOT_APPLICABLE]
    return {
        "type": "judged",
        "project_id": answer["dossier"]["project_id"],
        "as_of": answer["as_of"],
        "verdict": answer["verdict"],
        "violated": sorted(ids[Status.VIOLATED]),
        "unknown": sorted(ids[Status.UNKNOWN]),
        "applicable": sorted(applicable),
    }


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_every_example_gets_the_answer_of_a_single_evaluation(
    stateless: TestClient, form: str
) -> None:
    dossiers = [example(s) for s in STEMS]
    body, kind = (ndjson(dossiers), NDJSON) if form == "ndjson" else (parquet(dossiers), PARQUET)
    rows = lines(post(stateless, body, kind))[1:-1]
    assert [r.pop("row") for r in rows] == list(range(1, len(STEMS) + 1))
    for row, dossier in zip(rows, dossiers, strict=True):
        assert row == single(stateless, dossier)
    assert len({r["verdict"] for r in rows}) == 3


def test_a_batch_is_judged_at_the_stage_that_is_asked_for(stateless: TestClient) -> None:
    dossiers = [example(s) for s in STEMS]
    at_last = lines(post(stateless, ndjson(dossiers)))
    assert at_last[0]["stage"] == "signing"
    head, *rows, _ = lines(post(stateless, ndjson(dossiers), stage="线索初筛", findings="true"))
    assert head["stage"] == "lead"
    moved = 0
    for row, last, dossier in zip(rows, at_last[1:-1], dossiers, strict=True):
        found = row.pop("findings")
        later = [f["rule"] for f in found if f["status"] == Status.NOT_DUE]
        assert row.pop("not_due") == later
        assert {**row, "row": 0} == {**single(stateless, dossier, stage="lead"), "row": 0}
        assert "not_due" not in last
        assert set(last["unknown"]) == {*row["unknown"], *later}
        moved += bool(later)
    assert moved > 20


def test_a_batch_at_a_stage_that_is_not_there_is_refused(stateless: TestClient) -> None:
    answer = post(stateless, ndjson([BASE]), stage="leed")
    problem(answer, 422, "lead")
    assert answer.json()["errors"][0]["parameter"] == "stage"


def _fraction(text: str | None) -> Fraction | None:
    if text is None:
        return None
    top, _, bottom = text.partition("/")
    return Fraction(top) / Fraction(bottom or "1")


def test_findings_have_the_values_of_the_reference(stateless: TestClient) -> None:
    dossiers = [example(s) for s in STEMS]
    rows = lines(post(stateless, ndjson(dossiers), findings="true"))[1:-1]
    engine, compared = ReferenceEngine(shipped()), 0
    for row, dossier in zip(rows, dossiers, strict=True):
        profile = make_profile(shipped().registry, **dossier)
        traces = engine.assess(profile, profile.submitted_on).traces
        expected = [t for t in traces.values() if t.status is not Status.NOT_APPLICABLE]
        assert [f["rule"] for f in row["findings"]] == sorted(t.rule.id for t in expected)
        assert row["applicable"] == [f["rule"] for f in row["findings"]]
        for found in row["findings"]:
            trace = traces[found["rule"]]
            assert found["status"] == trace.status
            wanted = [x for x in leaves(trace.rule.require) if isinstance(x, Compare)]
            assert len(found["comparisons"]) == len(wanted)
            leaf_traces = [x for x in trace.require_leaves if isinstance(x.leaf, Compare)]
            for got, leaf in zip(found["comparisons"], leaf_traces, strict=False):
                for name, amount in (("value", leaf.left), ("required", leaf.right)):
                    exact = amount if isinstance(amount, Fraction) else None
                    assert _fraction(got[name]) == exact
                    about = got[f"{name}_about"]
                    assert (about is None) == (exact is None)
                    if exact is not None:
                        assert about == pytest.approx(float(exact))
                compared += 1
    assert compared > 500
    units = {f["rule"]: [c["unit"] for c in f["comparisons"]] for r in rows for f in r["findings"]}
    assert "万元/亩" in {u for found in units.values() for u in found}


def test_typed_columns_and_chinese_headings(stateless: TestClient) -> None:
    table = pa.table(
        {
            "项目编号": ["A", "B"],
            "项目名称": ["甲", "乙"],
            "受理日期": pa.array([dt.date(2024, 6, 3)] * 2),
            "用地面积（公顷）": ["2", "2.5"],
            "达产年税收": pa.array([600, 3000]),
            "row_id": [7, 8],
            "备注": ["x", "y"],
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    *rows, summary = lines(post(stateless, bytes(sink.getvalue()), PARQUET))[1:]
    assert [(r["row"], r["project_id"]) for r in rows] == [(1, "A"), (2, "B")]
    assert summary["unused"] == ["备注"] or set(summary["unused"]) == {"备注", "row_id"}
    expected = [
        single(
            stateless, {**BASE, "project_id": i, "project_name": n, "land_area": a, "annual_tax": t}
        )
        for i, n, a, t in (("A", "甲", "2 公顷", 600), ("B", "乙", "2.5 公顷", 3000))
    ]
    assert [{k: v for k, v in r.items() if k != "row"} for r in rows] == expected


def test_rejected_rows_say_why_and_are_not_judged(stateless: TestClient) -> None:
    body = b"\n".join(
        [
            ndjson([BASE]).strip(),
            b"",
            b"{",
            ndjson([{**BASE, "project_id": "头", "land_area": "18 头"}]).strip(),
            ndjson([{**BASE, "landarea": 1}]).strip(),
            b"\xff\xfe",
            ndjson([{"dossier": BASE}]).strip(),
            ndjson([{**BASE, "project_id": 'quo"te\\'}]).strip(),
            b'{"project_id": "A", "project_id": "B"}',
            ndjson([{**BASE, "total_investment": 10**14}]).strip(),
        ]
    )
    rows = lines(post(stateless, body))[1:-1]
    assert [(r["row"], r["project_id"]) for r in rows if r["type"] == "judged"] == [
        (1, "A"),
        (8, 'quo"te\\'),
    ]
    reasons = {r["row"]: r["reason"] for r in rows if r["type"] == "rejected"}
    wanted = {
        3: "JSON",
        4: "用地面积",
        5: "没有这些字段：landarea",
        6: "UTF-8",
        7: "不要再套一层",
        9: "写了两次",
        10: "超出批量评估的范围",
    }
    assert set(reasons) == set(wanted)
    for row, word in wanted.items():
        assert word in reasons[row]
    assert next(r for r in rows if r["row"] == 4)["project_id"] == "头"


def test_rejected_rows_of_a_table(stateless: TestClient) -> None:
    rows: list[dict[str, Any]] = [
        {**BASE, "project_id": "A"},
        {**BASE, "submitted_on": "2024-02-30"},
        {**BASE, "project_id": None},
    ]
    found = lines(post(stateless, parquet(rows), PARQUET))[1:-1]
    assert [(r["row"], r["type"]) for r in found] == [
        (1, "judged"),
        (2, "rejected"),
        (3, "rejected"),
    ]
    assert "受理日期" in found[1]["reason"]
    assert "项目编号" in found[2]["reason"]


def test_each_row_may_have_its_day(stateless: TestClient) -> None:
    days = ["2023-01-05", None, "2025-03-01", "soon"]
    rows = [{**example("d01"), "day": d} for d in days]
    expected = [
        ("judged", "2023-01-05"),
        ("judged", "2024-09-02"),
        ("judged", "2025-03-01"),
        ("rejected", None),
    ]
    for body, kind in ((ndjson(rows), NDJSON), (parquet(rows), PARQUET)):
        found = lines(post(stateless, body, kind, as_of_column="day"))[1:-1]
        assert [(r["type"], r.get("as_of")) for r in found] == expected
    dated = [{**example("d01"), "day": dt.date(2023, 1, 5)}]
    found = lines(post(stateless, parquet(dated, day=pa.date32()), PARQUET, as_of_column="day"))
    assert found[1]["as_of"] == "2023-01-05"
    all_one = lines(post(stateless, ndjson([example("d01"), example("r01")]), as_of="2025-03-01"))
    assert [r["as_of"] for r in all_one[1:-1]] == ["2025-03-01"] * 2
    alone = stateless.post(
        "/api/v1/evaluations", json=example("d01"), params={"as_of": "2025-03-01"}
    )
    assert all_one[1]["verdict"] == alone.json()["verdict"]


def test_an_empty_table_is_answered(stateless: TestClient) -> None:
    table = pa.table({n: pa.array([], pa.string()) for n in BASE})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    assert len(lines(post(stateless, bytes(sink.getvalue()), PARQUET))) == 2


def test_one_row_and_many_keep_their_order(
    stateless: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over several stretches and blocks, none of which ends with another."""
    monkeypatch.setattr(batch, "ROWS", 2_000)
    monkeypatch.setattr(batch, "BLOCK", 300)
    rows = [{**BASE, "project_id": f"P{n}", "land_area": n % 7} for n in range(4_500)]
    rows[2_000]["land_area"] = "?"
    found = lines(post(stateless, ndjson(rows)))[1:-1]
    assert [r["row"] for r in found] == list(range(1, 4_501))
    assert [r["project_id"] for r in found] == [f"P{n}" for n in range(4_500)]
    assert [r["row"] for r in found if r["type"] == "rejected"] == [2_001]
