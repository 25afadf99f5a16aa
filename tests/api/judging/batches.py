"""What the tests of batches share: bodies, answers, and whole answers checked."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from api.judging.batches import NDJSON
from tests.api.support import ROOT

URL = "/api/v1/evaluations:batch"
STEMS = sorted(p.stem for p in (ROOT / "examples").glob("*.yaml"))
BASE = {"project_id": "A", "project_name": "甲", "submitted_on": "2024-06-03"}


def ndjson(rows: list[Any]) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode()


def parquet(rows: list[dict[str, Any]], **types: pa.DataType) -> bytes:
    """Every column as text (lists as JSON), but for those with a type of their own."""

    def cell(value: Any) -> str | None:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list):
            return json.dumps(value, ensure_ascii=False)
        return None if value is None else str(value)

    names = list(dict.fromkeys(n for r in rows for n in r))
    columns = {
        n: pa.array([r.get(n) for r in rows], types[n])
        if n in types
        else pa.array([cell(r.get(n)) for r in rows], pa.string())
        for n in names
    }
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue())


def post(client: Any, body: Any, kind: str = NDJSON, **params: Any) -> Any:
    return client.post(URL, content=body, params=params, headers={"content-type": kind})


def lines(answer: Any) -> list[dict[str, Any]]:
    """The lines of a whole answer, checked for what always holds."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == NDJSON
    found = [json.loads(line) for line in answer.text.split("\n")[:-1]]
    head, *rows, summary = found
    assert head["type"] == "batch"
    assert head["ruleset"]["identity"] == answer.headers["admission-ruleset"]
    assert [r["row"] for r in rows] == sorted(r["row"] for r in rows)
    kinds = [r["type"] for r in rows]
    assert summary["type"] == "summary"
    assert (summary["judged"], summary["rejected"]) == (
        kinds.count("judged"),
        kinds.count("rejected"),
    )
    assert summary["rows"] == head["rows"] == len(rows)
    verdicts = [r["verdict"] for r in rows if r["type"] == "judged"]
    assert summary["verdicts"] == {v: verdicts.count(v) for v in ("pass", "refer", "reject")}
    return found


def problem(answer: Any, status: int, word: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.text, answer.text
