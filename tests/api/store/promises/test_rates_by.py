"""How far projects are, by district and industry: each number against SQL over the same rows."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from sqlalchemy import text

from api.store.promises.rates_by import reached, together
from api.store.work import SYSTEM
from tests.api.support import Service

DAYS = {"signed": "2025-01-01", "started": "2025-02-01", "production": "2025-03-01"}


def _project(service: Service, upto: str | None, funded: tuple[str, str | None]) -> str:
    number = str(service.submit("d01")["number"])
    promises = [{"kind": k, "due_on": d} for k, d in DAYS.items()]
    promises.append({"kind": "funded", "due_on": "2025-06-01", "promised": funded[0]})
    path = f"/projects/{number}/commitments"
    made = service.call("committee", "POST", path, json={"promises": promises}).json()
    for c in made:
        body: dict[str, str] | None = None
        if c["kind"] == upto:
            body = {"on_date": DAYS[c["kind"]]}
        if c["kind"] == "funded" and funded[1] is not None:
            body = {"on_date": "2025-05-01", "value": funded[1]}
        if body:
            path = f"/commitments/{c['id']}/reports"
            assert service.call("submitter", "POST", path, json=body).status_code == 204
    return number


def test_each_number_is_what_sql_counts(service: Service) -> None:
    numbers = [
        _project(service, "signed", ("3000", "1200.5")),
        _project(service, "started", ("1000", None)),
        _project(service, "production", ("500", "500")),
        _project(service, None, ("1", None)),
    ]
    with service.store.db.write() as session:
        for n, number in enumerate(numbers):
            zone = "东区" if n < 3 else "西区"
            session.execute(text(f"UPDATE projects SET zone = '{zone}' WHERE number = '{number}'"))
    with service.store.db.read() as session:
        by_zone = {g.key: g for g in reached(session, SYSTEM, "zone")}
        by_industry = reached(session, SYSTEM, "industry")
        later = reached(session, SYSTEM, "zone", dt.date(2199, 1, 1))
        promised = session.scalar(
            text("SELECT sum(CAST(promised AS NUMERIC)) FROM commitments WHERE kind = 'funded'")
        )
    east = by_zone["东区"]
    # Who produces has started and signed, whatever was not reported.
    assert (east.projects, east.signed, east.started, east.production) == (3, 3, 2, 1)
    assert (east.waiting, east.capacity) == (1, 0)
    assert (east.promised, east.funded) == (Fraction(4500), Fraction("1700.5"))
    assert east.rates == ("66.67", "50.00", "0.00", "37.79")
    assert by_zone["西区"].rates[0] is None
    everything = together(by_zone.values())
    assert everything.promised == Fraction(str(promised))
    assert together(by_industry).projects == everything.projects
    assert {len(g.key) for g in by_industry} == {3}
    assert later == ()
