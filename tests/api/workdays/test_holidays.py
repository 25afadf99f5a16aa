"""Holiday arrangements of the office's own file, and due dates while a year's are not known."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from typer.testing import CliRunner

from api.app import open_store, work_calendar
from api.commands.app import app as cli
from api.database.review_tables import Task
from api.store import audit
from api.store.work import SYSTEM
from api.workdays.holidays import HolidayError, read_holidays
from api.workdays.workdays import LAST, WorkCalendar, YearPlan
from tests.api.support import Service, settings, shipped

D = dt.date
GOOD = """
- year: 2027
  source: 国务院办公厅关于 2027 年部分节假日安排的通知（示例）
  off: [{from: 2026-12-31, to: 2027-01-02}, {from: 2027-02-05, to: 2027-02-11}, 2027-04-05,
    {from: 2027-05-01, to: 2027-05-03}, {from: 2027-10-01, to: 2027-10-07}]
  on: [2026-12-27, 2027-02-14]
"""


def plan_of(year: int, *more: dt.date) -> str:
    """A whole arrangement of ``year``, with ``more`` days off."""
    days = "".join(f", {d}" for d in more)
    return f"""
- year: {year}
  source: 国务院办公厅通知（示例）
  off: [{year}-01-01, {{from: {year}-05-01, to: {year}-05-05}},
    {{from: {year}-10-01, to: {year}-10-07}}{days}]
"""


def written(directory: Path, content: str, name: str = "holidays.yaml") -> Path:
    path = directory / name
    path.write_text(content, "utf-8")
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    (plan,) = read_holidays(written(tmp_path, GOOD))
    assert (plan.year, plan.source) == (
        2027,
        "国务院办公厅关于 2027 年部分节假日安排的通知（示例）",
    )
    assert len(plan.off) == 21
    assert plan.on == {D(2026, 12, 27), D(2027, 2, 14)}
    as_json = [
        {
            "year": 2027,
            "source": "通知",
            "on": ["2027-02-14"],
            "off": [
                "2027-01-01",
                {"from": "2027-02-05", "to": "2027-02-11"},
                "2027-05-01",
                {"from": "2027-10-01", "to": "2027-10-07"},
            ],
        }
    ]
    (same,) = read_holidays(written(tmp_path, json.dumps(as_json), "holidays.json"))
    assert D(2027, 2, 11) in same.off
    assert same.on == {D(2027, 2, 14)}


@pytest.mark.parametrize(
    ("found", "instead", "line", "said"),
    [
        ("  source: 国务院办公厅关于 2027 年部分节假日安排的通知（示例）\n", "", 2, "缺少“source”"),
        ("year: 2027", "year: 二〇二七", 2, "“year”应是整数"),
        ("year: 2027", "year: 1827", 2, "提示：应在 2000 至 2200"),
        ("2027-04-05", "2028-04-05", 4, "2028-04-05 不在 2027 年"),
        ("2027-04-05", "2027-02-30", 4, "“2027-02-30”不是日期"),
        ("2027-04-05", "清明节", 4, "“清明节”不是日期"),
        ("2027-04-05", "2027-02-06", 4, "2027-02-06 写了两次"),
        ("2027-04-05", "2027-02-14", 6, "2027-02-14 既写在“off”又写在“on”"),
        ("to: 2027-02-11", "to: 2027-01-11", 4, "2027-02-05 至 2027-01-11 不是一段假期"),
        ("to: 2027-02-11", "until: 2027-02-11", 4, "没有“until”"),
        ("{from: 2027-05-01, to: 2027-05-03}, ", "", 2, "没有法定节假日 5 月 1 日"),
        ("2027-02-14]", "2027-02-15]", 6, "2027-02-15 是星期一，本来就上班"),
        ("  on:", "  work:", 6, "没有“work”"),
        ("- year: 2027", "year: 2027", None, "节假日安排"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, found: str, instead: str, line: int | None, said: str
) -> None:
    assert found in GOOD
    content = GOOD.replace(found, instead, 1)
    if line is None:
        content = content.replace("\n  ", "\n")
    with pytest.raises(HolidayError) as refused:
        read_holidays(written(tmp_path, content))
    told = str(refused.value)
    assert said in told
    assert "holidays.yaml" in told
    if line is not None:
        assert f":{line}:" in told


def test_all_mistakes_at_once_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(HolidayError) as refused:
        read_holidays(
            written(tmp_path, GOOD.replace("2027-04-05", "x").replace("on:", "no:") + GOOD)
        )
    assert len(refused.value.problems) >= 3
    with pytest.raises(HolidayError, match="没有这个文件"):
        read_holidays(tmp_path / "none.yaml")
    with pytest.raises(HolidayError):
        read_holidays(written(tmp_path, ""))


def test_a_year_written_half_is_refused(tmp_path: Path) -> None:
    half = """
- year: 2027
  source: 通知
  off: [2027-01-01, 2027-05-01, 2027-10-01, 2027-10-02, 2027-10-03]
"""
    with pytest.raises(HolidayError, match="只有 5 天，少于法定节假日 13 天"):
        read_holidays(written(tmp_path, half))
    (plan,) = read_holidays(written(tmp_path, half.replace("2027", "2024")))
    assert len(plan.off) == 5
    read_holidays(written(tmp_path, plan_of(2027)))


def test_what_is_not_known_is_counted_and_marked() -> None:
    calendar = WorkCalendar()
    assert LAST >= 2026
    start = D(LAST + 1, 2, 1)
    due = calendar.add(start, 5)
    assert calendar.is_estimated(start, due)
    assert sum(d.weekday() < 5 for d in _days(start, due)) == 5
    # Labour Day and National Day are fixed by law, whatever the year's arrangement.
    assert not calendar.is_workday(D(2043, 5, 1))
    # The last week of the last known year waits for the next year's arrangement.
    assert calendar.is_settled(D(LAST, 12, 25))
    assert not calendar.is_settled(D(LAST, 12, 26))
    assert calendar.is_estimated(D(LAST, 12, 24), D(LAST, 12, 28))
    assert not calendar.is_estimated(D(LAST, 12, 20), D(LAST, 12, 25))
    assert not calendar.is_estimated(D(LAST + 5, 1, 1), D(LAST + 5, 1, 1))


@pytest.mark.parametrize(
    ("day", "known", "awaited"),
    [
        (D(2026, 10, 31), (2026,), None),
        (D(2026, 11, 1), (2026,), 2027),
        (D(2026, 12, 31), (2026, 2027), None),
        (D(2044, 3, 1), (), 2044),
        (D(2044, 11, 1), (2044,), 2045),
    ],
)
def test_the_next_year_is_asked_for_from_november_on(
    day: dt.date, known: tuple[int, ...], awaited: int | None
) -> None:
    plans = [YearPlan(y, "通知", frozenset(), frozenset()) for y in known]
    assert LAST < 2044
    assert WorkCalendar(plans=plans).awaited(day) == (awaited if (awaited or 9999) > LAST else None)


def _days(start: dt.date, end: dt.date) -> list[dt.date]:
    return [start + dt.timedelta(days=n + 1) for n in range((end - start).days)]


def test_a_plan_settles_its_year_and_wins(tmp_path: Path) -> None:
    calendar = WorkCalendar(plans=read_holidays(written(tmp_path, GOOD)))
    assert calendar.source_of(2027) == "国务院办公厅关于 2027 年部分节假日安排的通知（示例）"
    assert [calendar.is_workday(D(2027, 2, d)) for d in (4, 5, 11, 12, 13, 14, 15)] == [
        True,
        False,
        False,
        True,
        False,
        True,
        True,
    ]
    assert [calendar.is_workday(D(2026, 12, d)) for d in (25, 26, 27, 30, 31)] == [
        True,
        False,
        True,
        True,
        False,
    ]
    # What the plan does not list is a plain day.
    assert calendar.is_workday(D(2027, 5, 4))
    assert calendar.add(D(2026, 12, 24), 6) == D(2027, 1, 4)
    assert not calendar.is_estimated(D(2026, 12, 24), D(2027, 1, 4))
    assert calendar.is_estimated(D(2027, 12, 20), D(2027, 12, 28))
    # Over the package's own data too, and single dates over both.
    other = YearPlan(2026, "通知", frozenset({D(2026, 11, 25)}), frozenset())
    both = WorkCalendar(on=[D(2026, 11, 25)], plans=[other])
    assert not WorkCalendar(plans=[other]).is_workday(D(2026, 11, 25))
    assert both.is_workday(D(2026, 11, 25))
    assert WorkCalendar(plans=[other]).is_workday(D(2026, 10, 1))


# --- due dates -------------------------------------------------------------------------------


def opened(service: Service, number: str, day: dt.date) -> None:
    """Let a project's tasks have been opened on ``day``, as the service opens them."""
    calendar, workdays = service.store.calendar, service.store.review_workdays
    due = calendar.add(day, workdays)
    values = {"opened_on": day, "due_on": due, "due_estimated": calendar.is_estimated(day, due)}
    with service.store.work(SYSTEM) as work:
        chosen = select(Task.id).where(Task.decision_id.is_not(None))
        work.session.execute(update(Task).where(Task.id.in_(chosen)).values(**values))
    assert number


def tasks(service: Service, number: str) -> list[dict[str, Any]]:
    found = service.call("committee", "GET", "/tasks", params={"number": number}).json()["items"]
    assert isinstance(found, list)
    return found


def page(service: Service, address: str) -> str:
    given = {"name": "committee", "password": "password of committee"}
    assert service.client.post("/api/v1/session", json=given).status_code == 200
    return str(service.client.get(address).text)


def test_a_due_date_in_an_unknown_year_is_marked_and_counted_again(
    database_url: str, tmp_path: Path
) -> None:
    day = D(LAST + 1, 2, 3)
    with Service(database_url) as service:
        number = service.submit("r01")["number"]
        opened(service, number, day)
        before = tasks(service, number)
        assert all(t["due_estimated"] for t in before)
        guessed = {t["due_on"] for t in before}
        assert len(guessed) == 1
        for address in (
            "/tasks",
            f"/tasks/{before[0]['id']}",
            f"/decisions/{before[0]['decision']}",
        ):
            assert "估算，未含节假日安排" in page(service, address)
    # The office learns the arrangement: a week off from the day after.
    first = day + dt.timedelta(days=1)
    plan = plan_of(LAST + 1, *(first + dt.timedelta(days=n) for n in range(7)))
    known = {"holidays": written(tmp_path, plan)}
    with Service(database_url, seeded=False, **known) as service:
        with service.store.db.read() as session:
            rows = session.scalars(select(Task).order_by(Task.id)).all()
            assert not any(t.due_estimated for t in rows)
            found = {t.due_on for t in rows}
            logged = session.execute(
                text("SELECT before, after FROM audit_log WHERE action = 'task.due'")
            ).all()
            assert audit.verify(session)[1] == ()
        assert found == {service.store.calendar.add(day, 5)}
        assert found != {D.fromisoformat(g) for g in guessed}
        assert len(logged) == len(rows)
        old, new = json.loads(logged[0][0]), json.loads(logged[0][1])
        assert (old["estimated"], new["estimated"], new["workdays"]) == (True, False, 5)
        assert "估算，未含节假日安排" not in page(service, "/tasks")
    # Once more with the same calendar: nothing to do, nothing logged.
    store = open_store(settings(database_url=database_url, **known), shipped())
    with store.db.read() as session:
        query = text("SELECT count(*) FROM audit_log WHERE action = 'task.due'")
        assert session.execute(query).scalar_one() == len(logged)
    store.close()


def test_what_was_closed_keeps_its_due_date(database_url: str) -> None:
    with Service(database_url) as service:
        number = service.submit("r01")["number"]
        opened(service, number, D(LAST + 1, 2, 3))
        with service.store.work(SYSTEM) as work:
            work.session.execute(update(Task).values(state="done"))
    plan = YearPlan(LAST + 1, "通知", frozenset({D(LAST + 1, 2, 4)}), frozenset())
    from api.store.review.due import recount

    store = open_store(settings(database_url=database_url), shipped())
    with store.work(SYSTEM) as work:
        assert recount(work, WorkCalendar(plans=[plan])) == 0
    store.close()


def test_tasks_opened_today_carry_the_mark_of_the_calendar(tmp_path: Path) -> None:
    # A calendar that knows the year from a file, one that knows it from the package: no mark;
    # with 250 working days the due date is always in a year nobody has arranged yet.
    over = {"review_workdays": 250, "database_url": f"sqlite:///{tmp_path}/a.db"}
    url = str(over.pop("database_url"))
    with Service(url, **over) as service:
        number = service.submit("r01")["number"]
        assert all(t["due_estimated"] for t in tasks(service, number))
        assert {t["workdays_left"] for t in tasks(service, number)} == {250}


def test_a_broken_file_stops_the_start(tmp_path: Path) -> None:
    bad = settings(holidays=written(tmp_path, GOOD.replace("2027-04-05", "x")))
    with pytest.raises(HolidayError):
        work_calendar(bad)


def test_a_command_checks_the_file_and_lists_the_years(tmp_path: Path) -> None:
    good = CliRunner().invoke(cli, ["db", "calendar", str(written(tmp_path, GOOD))])
    assert good.exit_code == 0, good.output
    assert "国务院办公厅" in good.output
    assert "chinesecalendar" in good.output
    far = written(tmp_path, plan_of(LAST + 2, *(D(LAST + 2, 2, n) for n in range(1, 8))))
    assert "还没有安排" in CliRunner().invoke(cli, ["db", "calendar", str(far)]).output
    bad = CliRunner().invoke(cli, ["db", "calendar", str(written(tmp_path, "- year: x"))])
    assert bad.exit_code == 2
    assert "“year”应是整数" in bad.output
