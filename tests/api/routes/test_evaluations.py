"""POST /evaluations and the rulebook for reading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from evaluator.dossier.dossier import make_profile
from evaluator.judgement.evaluate import DISAGREEMENT, Evaluator
from evaluator.judgement.result import canonical_bytes, result
from tests.api.support import JSON, example, settings, shipped

URL = "/api/v1/evaluations"


@pytest.mark.parametrize("stem", ["d01", "r01", "r09", "r15", "r30"])
def test_answer_is_the_canonical_result_byte_for_byte(stateless: TestClient, stem: str) -> None:
    dossier = example(stem)
    profile = make_profile(shipped().registry, **dossier)
    expected = canonical_bytes(result(Evaluator(shipped(), "reference").evaluate(profile)))
    first = stateless.post(URL, json=dossier)
    again = stateless.post(URL, json=dossier)
    assert first.status_code == 200
    assert first.content == expected
    assert again.content == expected


def test_as_of_judges_by_another_day(stateless: TestClient) -> None:
    answer = stateless.post(URL, json=example("d01"), params={"as_of": "2025-03-01"})
    assert answer.json()["as_of"] == "2025-03-01"


def test_department_shows_only_what_it_answers_for(stateless: TestClient) -> None:
    whole = stateless.post(URL, json=example("r01")).json()
    for word in ("natural_resources", "自然资源"):
        params = {"department": word, "counterfactual": "false"}
        found = stateless.post(URL, json=example("r01"), params=params)
        if found.status_code == 422:
            assert "可用" in found.text
            continue
        part = found.json()
        assert part["verdict"] == whole["verdict"]
        assert part["counterfactual"] is None
        assert part["findings"] == [
            f for f in whole["findings"] if "natural_resources" in f["departments"]
        ]
        assert part["findings"]


@pytest.mark.parametrize("params", [{}, {"department": "natural_resources"}])
def test_an_answer_in_dispute_refers_and_is_never_given_again(
    stateless: TestClient, params: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = {"as_of": "2025-02-03", **params}
    with monkeypatch.context() as disagreeing:
        disagreeing.setattr(Evaluator, "_decided", lambda *_: None)
        disputed = stateless.post(URL, json=example("d01"), params=ask).json()
    assert (disputed["verdict"], disputed["cause"]) == ("refer", DISAGREEMENT)
    assert (disputed["labels"], disputed["counterfactual"]["reaches"]) == ([], None)
    answer = stateless.post(URL, json=example("d01"), params=ask).json()
    assert (answer["verdict"], answer["cause"]) == ("pass", None)
    assert answer["labels"]
    assert answer["findings"] == disputed["findings"]


BROKEN: list[tuple[str, bytes, int, str]] = [
    ("empty", b"", 400, "A101"),
    ("not UTF-8", b'{"project_id": "\xff"}', 400, "A102"),
    ("not JSON", b"{", 400, "A103"),
    ("two keys", b'{"project_id": "a", "project_id": "b"}', 400, "A104"),
    ("NaN", b'{"land_area": NaN}', 400, "A105"),
    ("Infinity", b'{"land_area": -Infinity}', 400, "A105"),
    ("many digits", b'{"land_area": 1' + b"0" * 5000 + b"}", 400, "A105"),
    ("deep", b"[" * 100_000, 400, "A106"),
    ("deep and closed", b'{"a":' * 50 + b"1" + b"}" * 50, 400, "A106"),
    ("lone surrogate", rb'{"project_name": "\ud800"}', 400, "A107"),
    ("NUL", rb'{"project_name": "\u0000"}', 400, "A107"),
    ("a list", b"[]", 422, "D102"),
    ("a text", b'"x"', 422, "D102"),
    ("wrapped", b'{"dossier": {}}', 422, "D101"),
    ("unknown field", b'{"landarea": 1}', 422, "D101"),
    ("wrong unit", b'{"land_area": "18 \xe5\x90\xa8"}', 422, "D104"),
    ("overflow", b'{"land_area": 1e999999}', 422, "D103"),
]


@pytest.mark.parametrize(
    ("body", "status", "code"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN]
)
def test_broken_bodies_are_refused_with_a_reason(
    stateless: TestClient, body: bytes, status: int, code: str
) -> None:
    answer = stateless.post(URL, content=body, headers=JSON)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert code in [e["code"] for e in problem["errors"]]
    assert answer.headers["x-request-id"] in problem["instance"]


def test_every_field_at_fault_is_named(stateless: TestClient) -> None:
    body: dict[str, Any] = {**example("d01"), "land_area": "18 头", "debt_ratio": -4, "plot": 1}
    problem = stateless.post(URL, json=body).json()
    assert {e["pointer"] for e in problem["errors"]} == {"/land_area", "/debt_ratio", "/plot"}
    assert all("pointer" in e and e["detail"] and e["code"] for e in problem["errors"])


def test_a_wrapped_dossier_is_told_so(stateless: TestClient) -> None:
    problem = stateless.post(URL, json={"dossier": example("d01")}).json()
    assert "不要再套一层" in problem["errors"][0]["hint"]


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ("as_of=yesterday", "as_of"),
        ("as_of=2024-02-30", "as_of"),
        ("asof=2024-01-01", "as_of"),
        ("as_of=2024-01-01&as_of=2024-01-02", "两次"),
        ("department=nobody", "department"),
        ("counterfactual=maybe", "counterfactual"),
    ],
)
def test_parameters_are_strict(stateless: TestClient, params: str, word: str) -> None:
    answer = stateless.post(f"{URL}?{params}", json=example("d01"))
    assert answer.status_code == 422
    assert word in answer.text


def test_a_large_body_is_refused(stateless: TestClient) -> None:
    body = json.dumps({"project_name": "x" * 3_000_000})
    assert stateless.post(URL, content=body, headers=JSON).status_code == 413
    chunks = (b"x" * 100_000 for _ in range(40))
    assert stateless.post(URL, content=chunks, headers=JSON).status_code == 413


def test_other_media_types_are_refused(stateless: TestClient) -> None:
    answer = stateless.post(URL, content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415


def test_rules_and_criteria_can_be_read(stateless: TestClient) -> None:
    ruleset = stateless.get("/api/v1/rulesets/current").json()
    assert ruleset["identity"] == shipped().identity
    rules = stateless.get("/api/v1/rules").json()
    assert [r["id"] for r in rules] == list(shipped().rules)
    one = stateless.get(f"/api/v1/rules/{rules[0]['id']}").json()
    assert one["source"].startswith(f"- id: {rules[0]['id']}")
    criteria = stateless.get("/api/v1/criteria").json()
    assert len(criteria) == len(shipped().criteria)
    name = criteria[0]["id"]
    assert stateless.get(f"/api/v1/criteria/{name}").json() == criteria[0]
    assert "properties" in stateless.get("/api/v1/schemas/dossier").json()


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/api/v1/rules/no.such", 404),
        ("GET", "/api/v1/criteria/none", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("DELETE", URL, 405),
        ("GET", "/api/v1/rules/%00", 422),
    ],
)
def test_refusals_are_problems(stateless: TestClient, method: str, url: str, status: int) -> None:
    answer = stateless.request(method, url)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_openapi_shows_real_examples(stateless: TestClient) -> None:
    body = stateless.get("/api/v1/openapi.json").json()["paths"][URL]["post"]["requestBody"]
    shown = body["content"]["application/json"]["examples"]
    assert shown
    for entry in shown.values():
        assert stateless.post(URL, json=entry["value"]).status_code == 200


def test_evaluation_can_be_closed_to_strangers(tmp_path: Path) -> None:
    app = create_app(settings(database_url=f"sqlite:///{tmp_path}/a.db", open_evaluation=False))
    with TestClient(app) as client:
        assert client.post("/api/v1/evaluations", json=example("d01")).status_code == 401
