"""The OpenAPI document is one to build on: named, described, complete, and kept."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.openapi.document import examples
from api.openapi.tidy import each_operation
from api.transport.validation import PATTERNS
from scripts.docs.api_contract import KEPT, bare, breaks
from tests.api.access.test_roles import MATRIX
from tests.api.contract.holding import Contract, wanting
from tests.api.contract.journey import ELSEWHERE, NO_JSON, walk

Schema = dict[str, Any]
HOW = "say it in the property's Field, or by its name in api/openapi/words.toml"


@pytest.fixture(scope="module")
def kept() -> Schema:
    """The contract that was given out last; what is newer is described when it is kept."""
    found: Schema = json.loads(KEPT.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def document(stateless: TestClient) -> Schema:
    made: Schema = stateless.get("/api/v1/openapi.json").json()
    return made


def test_names_are_short_english_and_each_its_own(document: Schema) -> None:
    names = [o["operationId"] for _, _, o in each_operation(document)]
    assert len(names) == len(set(names)), "two routes' functions have one name"
    assert [n for n in names if not re.fullmatch("[a-z][A-Za-z]{3,39}", n)] == []
    schemas = document["components"]["schemas"]
    assert [n for n in schemas if not re.fullmatch("[A-Z][A-Za-z]+", n)] == []
    assert [n for n, s in schemas.items() if s.get("title") != n] == []
    known = {t["name"] for t in document["tags"]}
    assert all(not t["description"].isascii() for t in document["tags"])
    for path, _, operation in each_operation(document):
        assert set(operation["tags"]) <= known, path
        assert not operation["summary"].isascii(), path


def test_everything_that_is_kept_is_described_in_chinese_and_not_left_open(
    document: Schema, kept: Schema
) -> None:
    assert wanting(document, kept) == [], HOW


def test_nothing_optional_is_made_required(document: Schema) -> None:
    text = json.dumps(document["components"]["schemas"])
    assert '"default"' not in text


def test_each_operation_says_whose_it_is(document: Schema) -> None:
    for path, method, operation in each_operation(document):
        roles = MATRIX.get((method.upper(), path))
        assert "角色：" in operation["description"] or "登录" in operation["description"], path
        if "x-roles" not in operation or roles is None:
            continue
        allowed = {r.partition(":")[0] for r in roles}
        assert allowed <= {*operation["x-roles"], "everything"}, (path, allowed)


def test_each_example_is_an_answer_that_is_wholly_declared(document: Schema) -> None:
    contract, shown = Contract(document), examples()
    for _, _, operation in each_operation(document):
        schema, name = contract.answer_of(operation), operation["operationId"]
        if schema is None or name not in shown:
            continue
        assert list(contract.wrong(shown[name], schema, name)) == []


@pytest.mark.soak
def test_every_operation_answers_what_the_contract_says(document: Schema, tmp_path: Path) -> None:
    contract, answers = Contract(document), walk(tmp_path)
    names = {o["operationId"] for _, _, o in each_operation(document)}
    assert names - set(answers) - ELSEWHERE == set()
    for _, _, operation in each_operation(document):
        schema, name = contract.answer_of(operation), operation["operationId"]
        told = answers.get(name, [])
        assert schema is None or told or name in ELSEWHERE, name
        for value in told if schema is not None else ():
            assert list(contract.wrong(value, schema or {}, name)) == []
    assert set(answers) >= NO_JSON


def test_clients_of_the_kept_contract_go_on_working(document: Schema, kept: Schema) -> None:
    assert list(breaks(kept, bare(document))) == []


def _gone(d: Schema) -> None:
    del d["paths"]["/api/v1/tasks/{task_id}"]


def _renamed(d: Schema) -> None:
    d["paths"]["/api/v1/tasks"]["get"]["operationId"] = "tasks"


def _no_parameter(d: Schema) -> None:
    d["paths"]["/api/v1/tasks"]["get"]["parameters"] = []


def _demands(d: Schema) -> None:
    d["components"]["schemas"]["OpinionIn"]["required"].append("reason")


def _fewer_words(d: Schema) -> None:
    d["components"]["schemas"]["OpinionIn"]["properties"]["opinion"]["enum"].remove("agree")


def _lost(d: Schema) -> None:
    del d["components"]["schemas"]["Gap"]["properties"]["absolute"]


def _other_kind(d: Schema) -> None:
    d["components"]["schemas"]["TaskOut"]["properties"]["id"]["type"] = "string"


def _may_lack(d: Schema) -> None:
    d["components"]["schemas"]["TaskPage"]["required"].remove("next")


def _other_status(d: Schema) -> None:
    answers = d["paths"]["/api/v1/projects"]["post"]["responses"]
    answers["200"] = answers.pop("201")


@pytest.mark.parametrize(
    "change",
    [
        _gone,
        _renamed,
        _no_parameter,
        _demands,
        _fewer_words,
        _lost,
        _other_kind,
        _may_lack,
        _other_status,
    ],
)
def test_a_break_is_noticed(document: Schema, change: Callable[[Schema], None]) -> None:
    broken = copy.deepcopy(document)
    change(broken)
    assert list(breaks(document, broken)) != []


def test_more_is_no_break(document: Schema) -> None:
    more = copy.deepcopy(document)
    schemas = more["components"]["schemas"]
    schemas["TaskOut"]["properties"]["colour"] = {"type": "string"}
    schemas["TaskOut"]["required"].append("colour")
    schemas["OpinionIn"]["properties"]["mood"] = {"type": "string"}
    more["paths"]["/api/v1/moods"] = more["paths"]["/api/v1/tasks"]
    assert list(breaks(document, more)) == []


def test_every_pattern_has_words_for_people(document: Schema) -> None:
    text = json.dumps(document["paths"]) + json.dumps(
        {n: s for n, s in document["components"]["schemas"].items() if n.endswith("In")}
    )
    asked = {json.loads(f'"{p}"') for p in re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', text)}
    assert asked <= set(PATTERNS)


def test_a_wrong_word_is_told_apart_from_a_wrong_form(stateless: TestClient) -> None:
    found = stateless.post("/api/v1/questions", params={"as_of": "1.1.2026"}, json={})
    (wrong,) = found.json()["errors"]
    assert (wrong["code"], wrong["hint"]) == ("A422", "写作 2024-01-01")
