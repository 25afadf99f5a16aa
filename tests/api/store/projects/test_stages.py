"""A project at a stage: submitted there, kept there, moved on by the committee."""

from __future__ import annotations

from typing import Any

from api.store.projects.stages import next_stage
from api.store.statistics import verdicts
from tests.api.support import Service, example, shipped


def at_lead(service: Service, stem: str = "r20") -> dict[str, Any]:
    answer = service.call("submitter", "POST", "/projects?stage=线索初筛", json=example(stem))
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


def project(service: Service, number: str) -> dict[str, Any]:
    found = service.call("committee", "GET", f"/projects/{number}").json()
    assert isinstance(found, dict)
    return found


def move(service: Service, number: str, seen: str | None = None, **more: Any) -> Any:
    seen = project(service, number)["seen"] if seen is None else seen
    body = {"json": {"reason": "专班研究同意", **more}, "headers": {"if-match": seen}}
    return service.call("committee", "POST", f"/projects/{number}/stage", **body)


def intact(service: Service, decision: int) -> None:
    again = service.call("committee", "GET", f"/decisions/{decision}/replay").json()
    assert (again["identical"], again["stored_intact"]) == (True, True)


def test_a_submission_names_its_stage(service: Service) -> None:
    receipt = at_lead(service)
    assert receipt["stage"] == "lead"
    assert receipt["sentence"].startswith("补充后再看")
    decision = service.call("submitter", "GET", f"/decisions/{receipt['decision']}").json()
    assert (decision["stage"], decision["result"]["stage"]) == ("lead", "lead")
    shown = project(service, receipt["number"])
    assert (shown["stage"], [v["stage"] for v in shown["versions"]]) == ("lead", ["lead"])
    intact(service, receipt["decision"])
    rule = next(f["rule"] for f in decision["result"]["findings"] if f["status"] == "not_due")
    trace = service.call("submitter", "GET", f"/decisions/{receipt['decision']}/findings/{rule}")
    assert trace.json()["finding"]["status"] == "not_due"


def test_who_names_none_is_judged_at_the_last_as_before(service: Service) -> None:
    receipt = service.submit("r20")
    assert receipt["stage"] == "signing"
    assert project(service, receipt["number"])["stage"] == "signing"


def test_a_stage_that_is_not_there_is_refused(service: Service) -> None:
    answer = service.call("submitter", "POST", "/projects?stage=leed", json=example("r20"))
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["parameter"], "lead" in error["detail"]) == ("stage", True)


def test_a_new_version_stays_at_the_stage_of_the_project(service: Service) -> None:
    number = at_lead(service)["number"]
    path = f"/projects/{number}/versions"
    headers = {"if-match": project(service, number)["seen"]}
    again = service.call("submitter", "POST", path, json=example("r20"), headers=headers).json()
    assert (again["version"], again["stage"]) == (2, "lead")


def test_the_committee_moves_it_on_and_it_is_judged_there(service: Service) -> None:
    receipt = at_lead(service)
    number, first = receipt["number"], project(service, receipt["number"])["seen"]
    for version, stage in ((2, "review"), (3, "signing")):
        moved = move(service, number)
        assert moved.status_code == 201, moved.text
        found = moved.json()
        assert (found["version"], found["stage"]) == (version, stage)
        typed = found["acceptance"].pop("origins")
        assert [e["person"] for e in typed] == ["submitter"], "whoever moves it on typed nothing"
        assert (found["as_of"], found["acceptance"]) == (receipt["as_of"], receipt["acceptance"])
        assert found["changes"]["fields"] == []
        intact(service, found["decision"])
    assert project(service, number)["stage"] == "signing"
    assert move(service, number, first).status_code == 409
    last = move(service, number)
    assert (last.status_code, "最后一个环节" in last.text) == (409, True)
    told = service.call("auditor", "GET", f"/audit/entries?subject=project:{number}").text
    assert told.count("project.stage") == 2
    assert "专班研究同意" in told
    checked = service.call("auditor", "GET", "/audit/verify").json()
    assert checked["broken"] == []


def test_who_may_not_and_what_is_refused(service: Service) -> None:
    number = at_lead(service)["number"]
    seen = {"if-match": project(service, number)["seen"]}
    path, body = f"/projects/{number}/stage", {"reason": "同意"}
    assert service.call("submitter", "POST", path, json=body, headers=seen).status_code == 403
    for blank in ("", "  "):
        assert move(service, number, reason=blank).status_code == 422
    assert project(service, number)["version"] == 1


def test_nothing_is_admitted_before_the_last_stage(service: Service) -> None:
    decision = at_lead(service)["decision"]
    seen = service.call("committee", "GET", f"/decisions/{decision}").json()["seen"]
    said = {"outcome": "admit", "reason": "同意"}
    path = f"/decisions/{decision}/conclusion"
    answer = service.call("committee", "POST", path, json=said, headers={"if-match": seen})
    assert (answer.status_code, "签约前" in answer.text) == (409, True)


def test_counts_by_verdict_leave_out_who_is_not_at_the_last(service: Service) -> None:
    def counted() -> int:
        with service.store.db.read() as session:
            rows = verdicts(session, "month", shipped(), None, None)
        return sum(r.passed + r.referred + r.rejected for r in rows)

    before = counted()
    number = at_lead(service)["number"]
    assert counted() == before
    assert move(service, number).status_code == move(service, number).status_code == 201
    assert counted() == before + 1


def test_a_stage_is_known_again_after_going_back_and_forward(service: Service) -> None:
    receipt = at_lead(service)
    service.store.db.downgrade("0014")
    service.store.db.migrate()
    intact(service, receipt["decision"])
    assert move(service, receipt["number"]).json()["stage"] == "review"


def test_after_a_stage_that_is_no_more_comes_the_last() -> None:
    ids = [getattr(next_stage(shipped(), s), "id", None) for s in ("lead", "gone", "signing", None)]
    assert ids == ["review", "signing", None, None]
