"""Requests that once froze the process: each is refused at once, in words, with a short answer."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from api.transport.body import MAX_NODES
from api.transport.strict import MAX_ERRORS
from evaluator.dossier.dossier import MAX_UNKNOWN
from tests.api.support import JSON, example

URL = "/api/v1/evaluations"


def refused(client: TestClient, data: Any) -> list[dict[str, Any]]:
    answer = client.post(URL, content=json.dumps(data), headers=JSON)
    assert answer.status_code in (400, 422)
    assert len(answer.content) < 50_000
    listed: list[dict[str, Any]] = answer.json()["errors"]
    return listed


def test_150_000_codes(stateless: TestClient) -> None:
    codes = [f"{n:06d}" for n in range(150_000)]
    (error,) = refused(stateless, {**example("d01"), "product_codes": codes})
    assert error["code"] == "A117"
    (error,) = refused(stateless, {**example("d01"), "product_codes": codes[:40_000]})
    assert error["detail"].endswith("有 40000 项，最多 200 项")
    (error,) = refused(stateless, {**example("d01"), "product_codes": "、".join(codes)})
    assert error["code"] == "D103"


def test_150_000_unknown_keys(stateless: TestClient) -> None:
    (error,) = refused(stateless, dict.fromkeys(map(str, range(150_000)), 1))
    assert error["code"] == "A117"
    listed = refused(stateless, {**example("d01"), **dict.fromkeys(map(str, range(40_000)), 1)})
    assert len(listed) == MAX_UNKNOWN + 1
    assert "另外 39950 个没有列出" in listed[-1]["detail"]


@pytest.mark.parametrize(
    "data", [[[]] * (MAX_NODES + 1), [[[]] * 2_000] * 200, {"a": [{}] * 99_999}]
)
def test_more_parts_than_anybody_needs(stateless: TestClient, data: Any) -> None:
    (error,) = refused(stateless, data)
    assert error["code"] == "A117"


def test_a_large_body_without_a_mistake_is_judged_as_a_small_one(stateless: TestClient) -> None:
    small = json.dumps(example("d01"))
    large = small + " " * 100_000
    answers = [stateless.post(URL, content=body, headers=JSON) for body in (small, large)]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_thousands_of_unknown_query_parameters(stateless: TestClient) -> None:
    query = "&".join(f"parameter{n}=1" for n in range(3_000))
    answer = stateless.get(f"/api/v1/rules?{query}")
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == MAX_ERRORS + 1


def test_a_small_parquet_that_claims_a_million_rows(stateless: TestClient) -> None:
    out = io.BytesIO()
    rows = {name: pa.array([str(value)] * 100_000) for name, value in example("d01").items()}
    pq.write_table(pa.table(rows), out, compression="zstd")
    assert len(out.getvalue()) < 80_000
    headers = {"content-type": "application/vnd.apache.parquet"}
    answer = stateless.post(f"{URL}:batch", content=out.getvalue(), headers=headers)
    assert answer.status_code == 400
    assert "却说有 100000 份材料" in answer.json()["errors"][0]["detail"]
