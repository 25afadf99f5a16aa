"""Which law applies is decided by the day of receipt, and nobody who applies can choose that day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from api.store import audit
from tests.api.support import RECEIVED, Service, example

LONG_AGO, AHEAD = "2019-05-01", "2027-01-01"
NOTE = {"received_note": "收文〔2024〕18号"}


def submit(service: Service, role: str = "submitter", to: str = "/projects", **more: Any) -> Any:
    dossier = more.pop("dossier", example("d01"))
    return service.call(role, "POST", to, json=dossier, **more)


@pytest.mark.parametrize("stated", [LONG_AGO, AHEAD, None])
def test_the_day_that_the_dossier_states_decides_nothing(
    service: Service, stated: str | None
) -> None:
    dossier = {**example("d01"), "submitted_on": stated}
    answer = submit(service, dossier=dossier)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert receipt["as_of"] == RECEIVED.isoformat()
    told = {"accepted_on": RECEIVED.isoformat(), "channel": "online"}
    assert receipt["acceptance"] == told | ({"stated_on": stated} if stated else {})
    kept = service.call("submitter", "GET", f"/decisions/{receipt['decision']}").json()
    assert kept["dossier"]["submitted_on"] == RECEIVED.isoformat()
    assert kept["acceptance"] == receipt["acceptance"]
    replay = service.call("committee", "GET", f"/decisions/{receipt['decision']}/replay").json()
    assert replay["identical"]


def test_a_day_that_cannot_be_read_is_refused_as_ever(service: Service) -> None:
    answer = submit(service, dossier={**example("d01"), "submitted_on": "上周"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/submitted_on"


@pytest.mark.parametrize(
    "days",
    [
        {"as_of": LONG_AGO},
        {"as_of": LONG_AGO, "as_of_reason": "我方要求"},
        {"received_on": "2024-06-01", **NOTE},
        {"as_of_reason": "我方要求"},
    ],
)
def test_an_applicant_names_no_day(service: Service, days: dict[str, str]) -> None:
    answer = submit(service, params=days)
    assert answer.status_code == 403
    assert "委员会" in answer.json()["detail"]
    number = submit(service).json()["number"]
    for path in (f"/projects/{number}/versions", "/projects"):
        assert submit(service, to=path, params=days).status_code == 403


@pytest.mark.parametrize(
    ("days", "at", "said"),
    [
        ({"as_of": "2024-05-01"}, "as_of_reason", "理由"),
        ({"as_of": "2024-05-01", "as_of_reason": " "}, "as_of_reason", "理由"),
        ({"as_of": "2024-06-04", "as_of_reason": "新政"}, "as_of", "还没有到"),
        ({"as_of_reason": "新政"}, "as_of", "没有写判定日期"),
        ({"received_on": "2024-06-01"}, "received_note", "凭据"),
        ({"received_on": "2024-06-04", **NOTE}, "received_on", "还没有到"),
        ({"received_on": "2024-05-03", **NOTE}, "received_on", "30 天内"),
        (NOTE, "received_on", "没有写收到日期"),
    ],
)
def test_the_committee_names_one_only_within_limits(
    service: Service, days: dict[str, str], at: str, said: str
) -> None:
    answer = submit(service, "committee", params=days)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["parameter"] == at
    assert said in answer.json()["detail"]


def test_what_an_official_records_is_kept_with_the_decision_and_in_the_log(
    service: Service,
) -> None:
    asked = {
        "received_on": "2024-05-04",
        **NOTE,
        "as_of": "2024-05-20",
        "as_of_reason": "会议纪要3号",
    }
    receipt = submit(service, "committee", params=asked).json()
    assert receipt["as_of"] == "2024-05-20"
    told = receipt["acceptance"]
    assert told == {
        "accepted_on": "2024-05-04",
        "channel": "paper",
        "stated_on": example("d01")["submitted_on"],
        "received_note": NOTE["received_note"],
        "as_of_reason": "会议纪要3号",
    }
    with service.store.db.read() as session:
        (entry,) = audit.entries(session, subject=f"project:{receipt['number']}")
        assert entry.actor == "committee"
        assert entry.after["acceptance"] == told
        assert entry.after["as_of"] == "2024-05-20"
    path = f"/projects/{receipt['number']}/versions"
    earlier = {"received_on": "2024-05-03", **NOTE}
    service.store.paper_days = 60
    try:
        answer = submit(service, "committee", path, params=earlier)
    finally:
        service.store.paper_days = 30
    assert "上一版" in answer.json()["detail"]


def test_midnight_between_judging_and_keeping_judges_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = iter([dt.date(2024, 6, 3), *[dt.date(2024, 6, 4)] * 9])
    monkeypatch.setattr(service.store, "day", lambda: next(days))
    receipt = submit(service).json()
    assert receipt["acceptance"]["accepted_on"] == receipt["as_of"] == "2024-06-04"


def test_the_same_key_with_another_day_is_another_request(service: Service) -> None:
    key = {"Idempotency-Key": "one-day"}
    asked = {"as_of": "2024-05-20", "as_of_reason": "纪要"}
    first = submit(service, "committee", params=asked, headers=key)
    assert first.status_code == 201
    again = submit(service, "committee", params=asked, headers=key)
    assert again.json()["number"] == first.json()["number"]
    other = submit(service, "committee", params={**asked, "as_of": "2024-05-21"}, headers=key)
    assert other.status_code == 409


def test_a_trial_asks_for_any_day_and_says_that_it_is_one(service: Service) -> None:
    answer = service.call(
        None, "POST", "/evaluations", json=example("d01"), params={"as_of": "2025-03-01"}
    )
    assert answer.json()["as_of"] == "2025-03-01"
    assert answer.headers["admission-evaluation"] == "trial"
