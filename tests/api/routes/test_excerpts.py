"""POST /excerpts: the answer of the command, read in a process of its own."""

from __future__ import annotations

from fastapi.testclient import TestClient

from evaluator.documents.reading import answer
from evaluator.dossier.fields import base_registry

BRIEF = "项目名称：精密轴承制造项目。总投资3.2亿元，用地约60亩。项目不属于“两高”项目。".encode()
URL = "/api/v1/excerpts"
BINARY = {"content-type": "application/octet-stream"}


def test_the_answer_is_that_of_the_command(stateless: TestClient) -> None:
    given = stateless.post(URL, params={"name": "简讯.txt"}, content=BRIEF, headers=BINARY)
    assert given.status_code == 200
    assert given.json() == answer("简讯.txt", BRIEF, base_registry())
    excerpts = {e["field"]: e for e in given.json()["dossiers"][0]["excerpts"]}
    assert (excerpts["total_investment"]["value"], excerpts["total_investment"]["ticked"]) == (
        "32000",
        True,
    )
    assert not excerpts["land_area"]["ticked"]


def test_what_cannot_be_read_is_told_and_harms_nothing(stateless: TestClient) -> None:
    bad = stateless.post(URL, params={"name": "坏.docx"}, content=b"PK broken", headers=BINARY)
    assert bad.status_code == 200
    assert bad.json()["dossiers"] == []
    assert bad.json()["problems"][0]["code"] == "D131"
    assert stateless.post(URL, content=BRIEF, headers=BINARY).status_code == 422
    assert stateless.get("/healthz").status_code == 200
