"""Why-queries: traces, replay, what a department sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api.judging.judge import SOFTWARE, Judge, Judged
from api.store.projects import submissions
from evaluator.judgement.result import canonical_bytes
from tests.api.store.projects.conftest import find_projects
from tests.api.support import Service


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
    for project in find_projects(filled):
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
    every = {p["number"]: p for p in find_projects(filled)}
    seen = {p["number"] for p in find_projects(filled, role)}
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
