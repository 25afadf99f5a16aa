"""Why-queries: filters, Chinese text, pages, traces, replay, what a department sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api.judging.judge import SOFTWARE, Judge, Judged
from api.store.projects import submissions
from evaluator.judgement.result import canonical_bytes
from tests.api.support import Service

# The service of a module is made once: keep its tests in one process.
pytestmark = pytest.mark.xdist_group("api-why")

STEMS = ("d01", "r01", "r02", "r09", "r15", "r16", "r24")


@pytest.fixture(scope="module")
def filled(service: Service) -> Service:
    for stem in STEMS:
        service.submit(stem)
    return service


def _find(service: Service, role: str = "committee", **params: Any) -> list[dict[str, Any]]:
    answer = service.call(role, "GET", "/projects", params=params)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert isinstance(items, list)
    return items


def test_pages_hold_every_project_once(filled: Service) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = filled.call("committee", "GET", "/projects", params=params).json()
        seen += [p["number"] for p in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == len(STEMS)
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("格力", 1),
        ("珠海格力", 1),
        ("格力 杭州", 1),
        ("格力 北京", 0),
        ("%", 0),
        ("_", 0),
        ("智能电器产业园", 1),
        ("ＺＲ20", len(STEMS)),
    ],
)
def test_chinese_text(filled: Service, q: str, found: int) -> None:
    assert len(_find(filled, q=q)) == found


def test_filters_agree_with_what_was_decided(filled: Service) -> None:
    every = _find(filled)
    for verdict in ("pass", "refer", "reject"):
        expected = [p["number"] for p in every if p["verdict"] == verdict]
        assert [p["number"] for p in _find(filled, verdict=verdict)] == expected
    for project in every:
        decision = filled.call("committee", "GET", f"/decisions/{project['decision']}").json()
        hits = [f for f in decision["result"]["findings"] if f["status"] in ("violated", "unknown")]
        for finding in hits[:2]:
            numbers = [p["number"] for p in _find(filled, rule=finding["rule"])]
            assert project["number"] in numbers
            department = finding["departments"][0]
            numbers = [p["number"] for p in _find(filled, department=department)]
            assert project["number"] in numbers
        if project["industry"]:
            same = _find(filled, industry=project["industry"][:3])
            assert project["number"] in [p["number"] for p in same]
    assert _find(filled, **{"from": "2199-01-01"}) == []
    assert len(_find(filled, **{"from": "2000-01-01", "to": "2199-01-01"})) == len(every)


@pytest.mark.parametrize(
    "params",
    [{"cursor": "zzz"}, {"cursor": "cA"}, {"verdict": "maybe"}, {"limit": 0}, {"department": "x"}],
)
def test_wrong_parameters_are_refused(filled: Service, params: dict[str, Any]) -> None:
    assert filled.call("committee", "GET", "/projects", params=params).status_code == 422


def test_every_finding_has_a_permanent_trace(filled: Service) -> None:
    decision = filled.call("committee", "GET", "/projects").json()["items"][0]["decision"]
    findings = filled.call("committee", "GET", f"/decisions/{decision}/findings").json()
    for finding in findings[:5]:
        path = f"/decisions/{decision}/findings/{finding['rule']}"
        found = filled.call("committee", "GET", path).json()
        assert found["finding"] == finding
        assert found["trace"]
    assert (
        filled.call("committee", "GET", f"/decisions/{decision}/findings/none").status_code == 404
    )


def test_replay_gives_the_same_bytes(filled: Service) -> None:
    for project in _find(filled):
        found = filled.call("auditor", "GET", f"/decisions/{project['decision']}/replay").json()
        assert found["identical"]
        assert found["stored_intact"]
        assert found["stored_digest"] == found["replayed_digest"]
        assert found["moved"] == []
        assert found["same_judgement"]


def test_a_replay_tells_wording_from_judgement(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier version worded otherwise is the same judgement; another figure is not."""

    def replayed(changed: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        def judged(self: Judge, *args: Any, **more: Any) -> Judged:
            found = judge(self, *args, **more)
            data = json.loads(found.body)
            changed(data)
            return replace(found, data=data, body=canonical_bytes(data))

        judge = Judge.judge
        with monkeypatch.context() as patch:
            patch.setattr(Judge, "judge", judged)
            patch.setattr(submissions, "SOFTWARE", "0.0.9")
            receipt = service.submit("r02")
        path = f"/decisions/{receipt['decision']}/replay"
        found: dict[str, Any] = service.call("auditor", "GET", path).json()
        return found

    worded = replayed(lambda data: data["findings"][0].update(message="旧版的说法"))
    assert (worded["identical"], worded["same_judgement"]) == (False, True)
    assert worded["stored_intact"]
    assert worded["moved"] == []
    assert (worded["software"], worded["software_now"]) == ("0.0.9", SOFTWARE)
    other = replayed(lambda data: data["findings"][0].update(required="19"))
    assert (other["identical"], other["same_judgement"]) == (False, False)


def test_a_department_sees_what_it_answers_for_and_nothing_else(filled: Service) -> None:
    role, department = "department:ecology", "ecology"
    every = {p["number"]: p for p in _find(filled)}
    seen = {p["number"] for p in _find(filled, role)}
    for number, project in every.items():
        path = f"/decisions/{project['decision']}"
        whole = filled.call("committee", "GET", path).json()
        own = [f for f in whole["result"]["findings"] if department in f["departments"]]
        answers = any(f["status"] in ("violated", "unknown") for f in own)
        assert (number in seen) is answers
        part = filled.call(role, "GET", path)
        if not answers:
            assert part.status_code == 403
            continue
        shown = part.json()
        assert shown["result"]["findings"] == own
        assert shown["result"]["counterfactual"] is None
        assert not shown["whole"]
        others = {f["title"] for f in whole["result"]["findings"]} - {f["title"] for f in own}
        assert not any(title in shown["result"]["sentence"] for title in others)
        assert set(shown["dossier"]) < set(whole["dossier"])
        assert filled.call(role, "GET", f"{path}/counterfactual").status_code == 403
        other = next(f for f in whole["result"]["findings"] if department not in f["departments"])
        assert filled.call(role, "GET", f"{path}/findings/{other['rule']}").status_code == 403
        assert filled.call(role, "GET", f"{path}/findings/{own[0]['rule']}").status_code == 200
