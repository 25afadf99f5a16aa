"""POST /evaluations:batch: what is refused, what is limited, and what OpenAPI says of it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.judging.batches import NDJSON, PARQUET, rows_answered
from tests.api.judging.batches import BASE, STEMS, URL, lines, ndjson, parquet, post, problem
from tests.api.support import example, settings, sqlite_url


@pytest.mark.parametrize(
    ("kind", "encoding", "word"),
    [
        ("application/json", None, "application/json"),
        ("text/csv", None, "text/csv"),
        ("", None, "没有写"),
        (NDJSON, "gzip", "gzip"),
        ("application/x-ndjson-x", None, "可用"),
    ],
)
def test_other_types_are_refused(
    stateless: TestClient, kind: str, encoding: str | None, word: str
) -> None:
    headers = {"content-type": kind} if kind else {}
    headers |= {"content-encoding": encoding} if encoding else {}
    answer = stateless.post(URL, content=ndjson([BASE]), headers=headers)
    problem(answer, 415, word)
    assert (NDJSON in answer.text and PARQUET in answer.text) or encoding


def test_a_charset_is_no_other_type(stateless: TestClient) -> None:
    lines(post(stateless, ndjson([BASE]), f"{NDJSON}; charset=utf-8"))


@pytest.mark.parametrize(
    ("body", "kind", "status", "word"),
    [
        (b"", NDJSON, 400, "A101"),
        (b"", PARQUET, 400, "A101"),
        (b"\n \r\n", NDJSON, 400, "A101"),
        (b"PAR1", NDJSON, 400, "内容是 Parquet"),
        (b"{}", PARQUET, 400, "内容不是 Parquet"),
        (b"\x1f\x8b\x08\x00", NDJSON, 400, "gzip"),
        (b"PK\x03\x04", PARQUET, 400, "zip"),
        (b"PAR1", PARQUET, 400, "A111"),
        (b"PAR1" + b"\x00" * 40 + b"PAR1", PARQUET, 400, "A111"),
        (parquet([BASE])[:-30] + b"PAR1", PARQUET, 400, "A111"),
        (parquet([BASE])[:300], PARQUET, 400, "A111"),
        (parquet([{"project_id": "A"}]), PARQUET, 422, "项目名称、受理日期"),
        (parquet([{**BASE, "项目编号": "B"}]), PARQUET, 422, "同一个字段"),
    ],
)
def test_bodies_that_cannot_be_read(
    stateless: TestClient, body: bytes, kind: str, status: int, word: str
) -> None:
    answer = post(stateless, body, kind)
    problem(answer, status, word)
    assert "admission-batch" not in answer.text  # No path of the server.


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"as_of": "soon"}, "as_of"),
        ({"as_of": "2024-02-30"}, "A108"),
        ({"as_of_column": "day"}, "没有一行写了"),
        ({"as_of": "2024-01-01", "as_of_column": "day"}, "只写一个"),
        ({"as_of_column": "land_area"}, "不是日期"),
        ({"as_of_column": "line"}, "不能叫"),
        ({"as_of_column": 'a"b'}, "不能叫"),
        ({"as_of_column": ""}, "as_of_column"),
        ({"findings": "maybe"}, "findings"),
        ({"department": "tax"}, "没有“department”"),
    ],
)
def test_parameters_are_strict(stateless: TestClient, params: dict[str, str], word: str) -> None:
    problem(post(stateless, ndjson([BASE]), **params), 422, word)


def test_a_table_without_the_column_of_days(stateless: TestClient) -> None:
    body = parquet([{**BASE, "n": 5}], n=pa.int64())
    problem(post(stateless, body, PARQUET, as_of_column="day"), 422, "没有列“day”")
    problem(post(stateless, body, PARQUET, as_of_column="n"), 422, "不是日期")


def test_strange_columns_are_no_failure_of_the_server(stateless: TestClient) -> None:
    strange = {
        "land_area": (pa.array([1.5, float("nan"), float("inf"), None]), 4),
        "total_investment": (pa.array([b"\xff\x00", b"1", b"", None], pa.binary()), 4),
        "annual_tax": (pa.array([{"a": 1}] * 4), 4),
        "two_high": (pa.array([1, 0, 2, None], pa.int8()), 4),
        "employees": (pa.array([2**63 - 1, -1, 5, 0], pa.int64()), 4),
        "enterprise_founded_on": (pa.array([0, 10**15, -(10**15), None], pa.timestamp("us")), 4),
        "zone": (pa.array([dt.time(1, 2)] * 4), 4),
    }
    for name, (column, count) in strange.items():
        table = pa.table({**{k: pa.array([v] * count) for k, v in BASE.items()}, name: column})
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        answer = post(stateless, bytes(sink.getvalue()), PARQUET)
        assert answer.status_code in (200, 400, 422), answer.text
        if answer.status_code == 200:
            lines(answer)


@pytest.mark.soak
def test_damaged_tables_never_take_the_server_down(stateless: TestClient) -> None:
    good = parquet([example(s) for s in STEMS[:4]])
    rng = random.Random(5)
    seen = set()
    for _ in range(60):
        bad = bytearray(good)
        for _ in range(rng.randint(1, 8)):
            bad[rng.randrange(4, len(bad))] = rng.randrange(256)
        answer = post(stateless, bytes(bad), PARQUET)
        assert answer.status_code in (200, 400, 413, 422), answer.text
        seen.add(answer.status_code)
    assert 400 in seen


@contextmanager
def small(tmp_path: Path, **over: Any) -> Iterator[TestClient]:
    over = {
        "batch_directory": tmp_path / "batches",
        "database_url": sqlite_url(tmp_path),
        **over,
    }
    with TestClient(create_app(settings(**over)), raise_server_exceptions=False) as client:
        yield client
    assert list((tmp_path / "batches").iterdir()) == []


def test_size_and_rows_are_limited(tmp_path: Path) -> None:
    with small(tmp_path, batch_limit=5_000, batch_rows=3, max_body_bytes=1_000) as client:
        assert len(lines(post(client, ndjson([BASE] * 3) + b"\n" * 3_000))) == 5
        problem(post(client, b" " * 5_001), 413, "超过上限")
        problem(post(client, (b"x" * 1_000 for _ in range(6))), 413, "超过上限")
        problem(post(client, ndjson([BASE] * 4)), 413, "超过 3 份")
        problem(post(client, parquet([BASE] * 4), PARQUET), 413, "有 4 份，最多 3 份")
        assert isinstance(client.app, FastAPI)
        assert client.app.state.batches.runs == set()


def test_a_table_that_unfolds_beyond_the_memory_is_refused(tmp_path: Path) -> None:
    # 20,000 times the same text of 2,000 characters: a few kilobytes, and 120 MB unfolded.
    table = pa.table(
        {
            **{n: pa.array([v] * 20_000) for n, v in BASE.items() if n != "project_name"},
            "project_name": pa.DictionaryArray.from_arrays(
                pa.array([0] * 20_000, pa.int32()), ["名" * 1_999]
            ),
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    body = bytes(sink.getvalue())
    assert len(body) < 100_000
    with small(tmp_path, batch_memory="60MB", batch_limit=100_000) as client:
        answer = post(client, body, PARQUET)
        assert answer.status_code in (200, 413)
        if answer.status_code == 413:
            problem(answer, 413, "分几次提交")
        assert len(lines(post(client, ndjson([BASE])))) == 3


def test_it_can_be_closed_to_strangers(tmp_path: Path) -> None:
    with small(tmp_path, open_evaluation=False) as client:
        problem(post(client, ndjson([BASE])), 401, "登录")


def test_rows_are_counted_in_the_metrics(stateless: TestClient) -> None:
    def count(outcome: str) -> float:
        return float(rows_answered.labels(outcome)._value.get())

    before = count("judged"), count("rejected")
    lines(post(stateless, ndjson([BASE, BASE]) + b"{"))
    assert (count("judged"), count("rejected")) == (before[0] + 2, before[1] + 1)
    text = stateless.get("/metrics").text
    assert 'admission_batch_rows_total{outcome="rejected"}' in text
    assert 'route="/api/v1/evaluations:batch"' in text


def test_openapi_describes_bodies_and_lines(stateless: TestClient) -> None:
    document = stateless.get("/api/v1/openapi.json").json()
    operation = document["paths"][URL]["post"]
    content = operation["requestBody"]["content"]
    assert set(content) == {NDJSON, PARQUET}
    assert content[NDJSON]["itemSchema"] == {"$ref": "#/components/schemas/Dossier"}
    shown = operation["responses"]["200"]["content"][NDJSON]["itemSchema"]["oneOf"]
    names = {s["$ref"].rsplit("/", 1)[1] for s in shown}
    assert names == {"BatchHead", "BatchJudged", "BatchRejected", "BatchSummary", "BatchError"}
    assert names < set(document["components"]["schemas"])
    lines(post(stateless, content[NDJSON]["examples"]["two"]["value"].encode()))


def test_answers_are_of_the_documented_lines(stateless: TestClient) -> None:
    import jsonschema

    document = stateless.get("/api/v1/openapi.json").json()
    shown = document["paths"][URL]["post"]["responses"]["200"]["content"][NDJSON]["itemSchema"]
    validator = jsonschema.Draft202012Validator({**shown, "components": document["components"]})
    for params in ({}, {"findings": "true"}):
        body = ndjson([example(s) for s in STEMS[:5]]) + b"{"
        for line in lines(post(stateless, body, **params)):
            validator.validate(line)
