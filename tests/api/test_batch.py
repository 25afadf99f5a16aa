"""POST /evaluations:batch: the answers of POST /evaluations, a line a dossier, streamed."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.batch import NDJSON, PARQUET, PREFIX, Batches, rows_answered
from api.store.rulesets import publish
from api.store.work import SYSTEM
from benchmarks.synth import write_synthetic
from evaluator.dossier import make_profile
from evaluator.engine.reference import ReferenceEngine
from evaluator.portfolio.batch import Batch, Options
from evaluator.rulebook.ast import Compare, Ruleset, leaves
from evaluator.rulebook.load import load_directory
from evaluator.verdict import Status
from tests.api.support import ROOT, example, settings, shipped

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
        kinds.count("judged"), kinds.count("rejected"),
    )  # fmt: skip
    assert summary["rows"] == head["rows"] == len(rows)
    verdicts = [r["verdict"] for r in rows if r["type"] == "judged"]
    assert summary["verdicts"] == {v: verdicts.count(v) for v in ("pass", "refer", "reject")}
    return found


def problem(answer: Any, status: int, word: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.text, answer.text


# --- the same answers ----------------------------------------------------------------------------


def single(client: TestClient, dossier: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(
        "/api/v1/evaluations", json=dossier, params={"counterfactual": "false"}
    ).json()
    ids = {s: [f["rule"] for f in answer["findings"] if f["status"] == s.value] for s in Status}
    applicable = [f["rule"] for f in answer["findings"] if f["status"] != Status.NOT_APPLICABLE]
    return {
        "type": "judged", "project_id": answer["dossier"]["project_id"], "as_of": answer["as_of"],
        "verdict": answer["verdict"], "violated": sorted(ids[Status.VIOLATED]),
        "unknown": sorted(ids[Status.UNKNOWN]), "applicable": sorted(applicable),
    }  # fmt: skip


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
            "项目编号": ["A", "B"], "项目名称": ["甲", "乙"],
            "受理日期": pa.array([dt.date(2024, 6, 3)] * 2), "用地面积（公顷）": ["2", "2.5"],
            "达产年税收": pa.array([600, 3000]), "row_id": [7, 8], "备注": ["x", "y"],
        }
    )  # fmt: skip
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
            ndjson([BASE]).strip(), b"", b"{", ndjson([{**BASE, "project_id": "头", "land_area": "18 头"}]).strip(),
            ndjson([{**BASE, "landarea": 1}]).strip(), b"\xff\xfe", ndjson([{"dossier": BASE}]).strip(),
            ndjson([{**BASE, "project_id": 'quo"te\\'}]).strip(), b'{"project_id": "A", "project_id": "B"}',
            ndjson([{**BASE, "total_investment": 10**14}]).strip(),
        ]
    )  # fmt: skip
    rows = lines(post(stateless, body))[1:-1]
    assert [(r["row"], r["project_id"]) for r in rows if r["type"] == "judged"] == [
        (1, "A"), (8, 'quo"te\\'),
    ]  # fmt: skip
    reasons = {r["row"]: r["reason"] for r in rows if r["type"] == "rejected"}
    wanted = {
        3: "JSON", 4: "用地面积", 5: "没有这些字段：landarea", 6: "UTF-8", 7: "不要再套一层", 9: "写了两次",
        10: "超出批量评估的范围",
    }  # fmt: skip
    assert set(reasons) == set(wanted)
    for row, word in wanted.items():
        assert word in reasons[row]
    assert next(r for r in rows if r["row"] == 4)["project_id"] == "头"


def test_rejected_rows_of_a_table(stateless: TestClient) -> None:
    rows = [
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


def test_one_row_and_many_keep_their_order(stateless: TestClient) -> None:
    rows = [{**BASE, "project_id": f"P{n}", "land_area": n % 7} for n in range(45_000)]
    rows[20_000]["land_area"] = "?"
    found = lines(post(stateless, ndjson(rows)))[1:-1]
    assert [r["row"] for r in found] == list(range(1, 45_001))
    assert [r["project_id"] for r in found] == [f"P{n}" for n in range(45_000)]
    assert [r["row"] for r in found if r["type"] == "rejected"] == [20_001]


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "encoding", "word"),
    [("application/json", None, "application/json"), ("text/csv", None, "text/csv"), ("", None, "没有写"),
     (NDJSON, "gzip", "gzip"), ("application/x-ndjson-x", None, "可用")],
)  # fmt: skip
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
    [(b"", NDJSON, 400, "A101"), (b"", PARQUET, 400, "A101"), (b"\n \r\n", NDJSON, 400, "A101"),
     (b"PAR1", NDJSON, 400, "内容是 Parquet"), (b"{}", PARQUET, 400, "内容不是 Parquet"),
     (b"\x1f\x8b\x08\x00", NDJSON, 400, "gzip"), (b"PK\x03\x04", PARQUET, 400, "zip"),
     (b"PAR1", PARQUET, 400, "A111"), (b"PAR1" + b"\x00" * 40 + b"PAR1", PARQUET, 400, "A111"),
     (parquet([BASE])[:-30] + b"PAR1", PARQUET, 400, "A111"), (parquet([BASE])[:300], PARQUET, 400, "A111"),
     (parquet([{"project_id": "A"}]), PARQUET, 422, "项目名称、受理日期"),
     (parquet([{**BASE, "项目编号": "B"}]), PARQUET, 422, "同一个字段")],
)  # fmt: skip
def test_bodies_that_cannot_be_read(
    stateless: TestClient, body: bytes, kind: str, status: int, word: str
) -> None:
    answer = post(stateless, body, kind)
    problem(answer, status, word)
    assert "admission-batch" not in answer.text  # No path of the server.


@pytest.mark.parametrize(
    ("params", "word"),
    [({"as_of": "soon"}, "as_of"), ({"as_of": "2024-02-30"}, "A108"), ({"as_of_column": "day"}, "没有一行写了"),
     ({"as_of": "2024-01-01", "as_of_column": "day"}, "只写一个"), ({"as_of_column": "land_area"}, "不是日期"),
     ({"as_of_column": "line"}, "不能叫"), ({"as_of_column": 'a"b'}, "不能叫"), ({"as_of_column": ""}, "as_of_column"),
     ({"findings": "maybe"}, "findings"), ({"department": "tax"}, "没有“department”")],
)  # fmt: skip
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
        "database_url": f"sqlite:///{tmp_path}/a.db",
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
        assert client.app.state.batches.runs == set()  # type: ignore[attr-defined]


def test_a_table_that_unfolds_beyond_the_memory_is_refused(tmp_path: Path) -> None:
    # 300,000 times the same text of 2,000 characters: a few kilobytes, and 600 MB unfolded.
    table = pa.table(
        {
            **{n: pa.array([v] * 300_000) for n, v in BASE.items() if n != "project_name"},
            "project_name": pa.DictionaryArray.from_arrays(pa.array([0] * 300_000, pa.int32()), ["名" * 1_999]),
        }
    )  # fmt: skip
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    body = bytes(sink.getvalue())
    assert len(body) < 100_000
    with small(tmp_path, batch_memory="200MB", batch_limit=100_000) as client:
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
        return rows_answered.labels(outcome)._value.get()

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


# --- a real server -------------------------------------------------------------------------------


class Serving:
    """The service on a port, as it really runs."""

    def __init__(self, folder: Path, **over: Any) -> None:
        self.folder = folder / "batches"
        self.app: FastAPI = create_app(
            settings(
                database_url=f"sqlite:///{folder}/a.db", engine="reference",
                batch_directory=self.folder, **over,
            )
        )  # fmt: skip
        self.batches: Batches = self.app.state.batches
        self.server = uvicorn.Server(uvicorn.Config(self.app, port=0, log_level="error"))
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.05)
        self.port: int = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()

    def idle(self) -> bool:
        """Wait until no batch is under way."""
        for _ in range(600):
            if not self.batches.runs and not list(self.folder.iterdir()):
                return True
            time.sleep(0.1)
        return False

    def begin(self, length: int, kind: str = PARQUET, query: str = "") -> socket.socket:
        """A connection that has sent the head of a request."""
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.sendall(
            f"POST {URL}{query} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        return connection


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    found = Serving(tmp_path, batch_concurrency=1)
    yield found
    found.stop()
    assert list(found.folder.iterdir()) == []


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """60,000 dossiers."""
    path = tmp_path_factory.mktemp("many") / "many.parquet"
    write_synthetic(path, 60_000)
    return path.read_bytes()


def test_the_answer_is_streamed_while_others_are_served(serving: Serving, many: bytes) -> None:
    with (
        httpx2.Client(base_url=serving.url, timeout=600) as client,
        client.stream("POST", URL, content=many, headers={"content-type": PARQUET}) as answer,
    ):
        assert answer.status_code == 200
        assert "content-length" not in answer.headers
        found = answer.iter_lines()
        head = json.loads(next(found))
        # The answer has begun and cannot be whole: 200 MB do not fit between the two.
        assert len(serving.batches.runs) == 1
        assert httpx2.get(f"{serving.url}/readyz", timeout=60).status_code == 200
        refused = httpx2.post(
            serving.url + URL, content=ndjson([BASE]), headers={"content-type": NDJSON}, timeout=60
        )
        problem(refused, 503, "正在进行")
        assert int(refused.headers["retry-after"]) >= 1
        assert len(serving.batches.runs) == 1
        rows, last = 0, {}
        for line in found:
            last = json.loads(line)
            rows += 1
            if last["type"] == "judged":
                assert last["row"] == rows
    assert (head["rows"], rows) == (60_000, 60_001)
    assert last["type"] == "summary"
    assert (last["judged"], last["rejected"]) == (60_000, 0)
    assert serving.idle()
    with httpx2.Client(base_url=serving.url, timeout=60) as client:
        assert len(lines(post(client, ndjson([BASE])))) == 3


def judged_by(ruleset: Ruleset, body: bytes, folder: Path) -> dict[str, Any]:
    path = folder / "body.parquet"
    path.write_bytes(body)
    batch = Batch(ruleset, path, "parquet", folder, Options())
    batch.prepare()
    for _ in batch.blocks():
        pass
    batch.close()
    return batch.totals.as_data()


def test_one_ruleset_judges_the_whole_batch(serving: Serving, many: bytes, tmp_path: Path) -> None:
    other = load_directory(ROOT / "profiles" / "longchang")
    store = serving.app.state.store
    with (
        httpx2.Client(base_url=serving.url, timeout=600) as client,
        client.stream("POST", URL, content=many, headers={"content-type": PARQUET}) as answer,
    ):
        found = answer.iter_lines()
        head = json.loads(next(found))
        with store.work(SYSTEM) as work:
            publish(work, other, "service")
        store.rulesets.refresh()
        assert client.get("/api/v1/ruleset").json()["identity"] == other.identity
        assert len(serving.batches.runs) == 1
        for line in found:
            last = line
    assert head["ruleset"]["identity"] == shipped().identity
    (tmp_path / "work").mkdir()
    by_old, by_new = (judged_by(r, many, tmp_path / "work") for r in (shipped(), other))
    assert json.loads(last) == {"type": "summary", **by_old}
    assert by_old != by_new
    with httpx2.Client(base_url=serving.url, timeout=60) as client:
        again = post(client, ndjson([BASE]))
    assert again.headers["admission-ruleset"] == other.identity


def test_a_client_that_goes_stops_the_work(serving: Serving, many: bytes) -> None:
    before = rows_answered.labels("judged")._value.get()
    # While the body comes in.
    connection = serving.begin(len(many))
    connection.sendall(many[: len(many) // 2])
    while not serving.batches.runs:
        time.sleep(0.01)
    connection.close()
    assert serving.idle()
    # While it is read and checked.
    connection = serving.begin(len(many))
    connection.sendall(many)
    while not serving.batches.runs:
        time.sleep(0.01)
    connection.close()
    assert serving.idle()
    # While the answer is sent.
    connection = serving.begin(len(many), query="?findings=true")
    connection.sendall(many)
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    connection.close()
    assert serving.idle()
    assert rows_answered.labels("judged")._value.get() == before


def test_time_runs_out_for_the_slow(tmp_path: Path, many: bytes) -> None:
    serving = Serving(tmp_path, batch_concurrency=2, batch_seconds=2)
    try:
        connection = serving.begin(1_000, NDJSON)
        connection.sendall(b"{")
        said = b""
        while b"}" not in said and (more := connection.recv(4_000)):
            said += more
        assert said.startswith(b"HTTP/1.1 503")
        assert "超过 2 秒".encode() in said
        connection.close()
        assert serving.idle()
        # Findings of 60,000 dossiers take longer than that, on any machine.
        with httpx2.Client(base_url=serving.url, timeout=600) as client:
            answer = post(client, many, PARQUET, findings="true")
        if answer.status_code == 200:
            last = json.loads(answer.text.strip().split("\n")[-1])
            assert (last["type"], last["status"]) == ("error", 503)
        else:
            problem(answer, 503, "超过 2 秒")
        assert serving.idle()
    finally:
        serving.stop()


def test_a_stopped_server_leaves_no_files(tmp_path: Path) -> None:
    """SIGTERM with a batch under way that outlasts the grace: the real command, as it is run."""
    code = (
        "from api import server; from api.settings import Settings; server.GRACE_SECONDS = 1; "
        "server.run(Settings(log_level='ERROR'))"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ, "ADMISSION_DATABASE_URL": f"sqlite:///{tmp_path}/a.db", "ADMISSION_PORT": str(port),
        "ADMISSION_BATCH_DIRECTORY": str(tmp_path / "batches"),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=env)
    try:
        for _ in range(600):
            try:
                connection = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.1)
        head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\nContent-Length: 1000\r\n\r\n{{"
        connection.sendall(head.encode())
        while not list((tmp_path / "batches").glob(f"{PREFIX}*/body.ndjson")):
            time.sleep(0.05)
        process.terminate()
        process.wait(60)
        connection.close()
    finally:
        process.kill()
        process.wait()
    assert list((tmp_path / "batches").iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left, held, other = (tmp_path / n for n in (f"{PREFIX}left", f"{PREFIX}held", "something"))
    for directory in (left, held, other):
        directory.mkdir()
        (directory / "lock").touch()
        (directory / "body").write_bytes(b"x")
    with (held / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Batches(settings(batch_directory=tmp_path))
        assert {p.name for p in tmp_path.iterdir()} == {held.name, other.name}
