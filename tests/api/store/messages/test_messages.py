"""Reminders and events really go out, once, and again after a failure or a restart."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker
from sqlalchemy import delete, select, update

from api.database.outbox_tables import Message
from api.database.review_tables import Supervision, Task
from api.database.tables import Counter
from api.settings import SettingsError, read_settings
from api.store.messages import events, outbox, reminders
from api.store.messages import round as messages
from api.store.messages.ways import Ways, signature
from api.workdays.china import CHINA
from tests.api.support import ROOT, Service

WORKDAY = dt.datetime(2026, 12, 1, 9, 0, tzinfo=CHINA)
SECRET = "a secret of the office"


class Heard:
    """A real server that keeps what it is sent; ``status`` and ``says`` are its answer."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], str]] = []
        self.status, self.says = 200, "{}"
        heard = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                head = {k.lower(): v for k, v in self.headers.items()}
                heard.got.append((head, self.rfile.read(length).decode()))
                self.send_response(heard.status)
                self.end_headers()
                self.wfile.write(heard.says.encode())

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Postman(socketserver.StreamRequestHandler):
    """As much of SMTP as a letter needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (one := self.rfile.readline()) != b".\r\n":
                    lines.append(one)
                self.server.letters.append(b"".join(lines))  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def hook() -> Iterator[Heard]:
    heard = Heard()
    yield heard
    heard.server.shutdown()
    heard.server.server_close()


@pytest.fixture
def post() -> Iterator[Any]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Postman) as server:
        server.letters = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def fresh(service: Service) -> Service:
    """The service with nothing to be sent, and the day's round not made yet."""
    with service.store.db.write() as session:
        session.execute(delete(Message))
        marks = ("events", messages.DAILY, messages.SUPERVISED)
        session.execute(delete(Counter).where(Counter.name.in_(marks)))
    return service


def described(head: dict[str, str], text: str) -> bool:
    """Whether an event is what docs/asyncapi.json says of its kind."""
    document = json.loads((ROOT / "docs" / "asyncapi.json").read_text("utf-8"))
    body, parts = json.loads(text), document["components"]
    message = parts["messages"][body["type"]]
    assert {f"#/components/messages/{name}" for name in parts["messages"]} == {
        m["$ref"] for m in document["channels"]["events"]["messages"].values()
    }
    for schema, value in ((message["payload"], body), (parts["schemas"]["Headers"], head)):
        Draft7Validator(schema, format_checker=FormatChecker()).validate(value)
    return True


def later(**more: float) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(**more)


def night(moment: dt.datetime) -> dt.datetime:
    """A moment at which no digest is made."""
    return moment.astimezone(CHINA).replace(hour=3)


def test_what_is_decided_and_concluded_is_told_once_and_signed(fresh: Service, hook: Heard) -> None:
    ways = Ways(event_webhooks=(hook.url,), event_secret=SECRET)
    fresh.submit("d01")
    messages.once(fresh.store, ways, night(later(days=1)))
    assert hook.got == [], "nothing of the past is told"
    receipt = fresh.submit("d01")
    body = {"outcome": "suspend", "reason": "再议"}
    path = f"/decisions/{receipt['decision']}/conclusion"
    assert fresh.call("committee", "POST", path, json=body).status_code == 201
    for _ in range(3):  # As after restarts.
        messages.once(fresh.store, replace(ways), night(later(days=1)))
    told = [(json.loads(b)["type"], json.loads(b)["data"]) for _, b in hook.got]
    assert [kind for kind, _ in told] == ["decided", "concluded"]
    assert {d["number"] for _, d in told} == {receipt["number"]}
    assert told[1][1]["outcome"] == "suspend"
    for head, text in hook.got:
        assert described(head, text)
        made = signature(SECRET, head["webhook-id"], head["webhook-timestamp"], text)
        assert head["webhook-signature"] == made
        assert signature("another", head["webhook-id"], head["webhook-timestamp"], text) != made


def test_what_fails_is_tried_again_and_given_up_at_last(fresh: Service, hook: Heard) -> None:
    ways = Ways(event_webhooks=(hook.url,), event_secret=SECRET)
    messages.once(fresh.store, ways, night(later(days=1)))
    fresh.submit("d01")
    hook.status = 500
    now = night(later(days=2))
    assert messages.once(fresh.store, ways, now) == (0, 1)
    assert messages.once(fresh.store, ways, now) == (0, 0), "not before its time"
    hook.status = 200
    assert outbox.send_due(fresh.store.db, ways.send, now + outbox.AGAIN[0]) == (1, 0)
    fresh.submit("d01")
    hook.status = 503
    now = night(later(days=3))
    tries = 0
    for _ in range(20):
        tries += messages.once(fresh.store, ways, now)[1]
        now = night(now + dt.timedelta(days=2))
    assert tries == len(outbox.AGAIN) + 1
    with fresh.store.db.read() as session:
        last = session.scalars(select(Message).order_by(Message.id.desc())).first()
        assert last is not None
        assert last.done_at is not None
        assert "503" in (last.error or "")


def test_a_process_that_died_while_sending_loses_nothing(fresh: Service, hook: Heard) -> None:
    ways = Ways(event_webhooks=(hook.url,), event_secret=SECRET)
    messages.once(fresh.store, ways, night(later(days=1)))
    fresh.submit("d01")
    now = night(later(days=2))
    with fresh.store.db.write() as session:
        events.collect(session, ways.event_webhooks, now)
    assert outbox.claim(fresh.store.db, now) is not None, "and then the lights went out"
    assert outbox.claim(fresh.store.db, now) is None, "held"
    assert outbox.send_due(fresh.store.db, ways.send, now + outbox.HELD) == (1, 0)


def test_a_digest_a_day_by_mail_and_as_text(fresh: Service, hook: Heard, post: Any) -> None:
    receipt = fresh.submit("r01")
    with fresh.store.db.write() as session:
        session.execute(
            update(Task)
            .where(Task.department == "ecology", Task.state == "open")
            .values(due_on=dt.date(2026, 11, 27))
        )
    ways = Ways(
        mail_server=f"127.0.0.1:{post.server_address[1]}",
        mail_from="office@example.org",
        mail_security="plain",
        reminders=(("ecology", "eco@example.org"), ("committee", "chair@example.org")),
        text_webhook=hook.url,
    )
    early = WORKDAY.replace(hour=8, minute=0)
    messages.once(fresh.store, ways, early)
    messages.once(fresh.store, ways, dt.datetime(2026, 11, 29, 9, 0, tzinfo=CHINA))
    assert (post.letters, hook.got) == ([], []), "neither before its hour nor on a Sunday"
    for hour in (9, 10, 17):
        messages.once(fresh.store, ways, WORKDAY.replace(hour=hour))
    assert len(post.letters) == 2
    letters = [email.message_from_bytes(x, policy=email.policy.default) for x in post.letters]
    by = {m["To"]: m for m in letters}
    text = by["eco@example.org"].get_content()
    assert f"（{receipt['number']}）会审，2026-11-27 到期，已逾期 4 天" in text
    assert "生态环境部门：" in by["chair@example.org"].get_content()
    assert by["eco@example.org"]["Subject"] == "项目准入待办提醒 2026-12-01"
    ((_, sent),) = hook.got
    told = json.loads(sent)
    assert told["msgtype"] == "text"
    assert "生态环境部门：" in told["text"]["content"]
    messages.once(fresh.store, ways, WORKDAY + dt.timedelta(days=1))
    assert len(post.letters) == 4


def test_an_answer_of_a_robot_that_refuses_is_a_failure(fresh: Service, hook: Heard) -> None:
    hook.says = '{"errcode": 310000, "errmsg": "keywords not in content"}'
    with fresh.store.db.write() as session:
        outbox.put(session, WORKDAY, outbox.TEXT, hook.url, "s", "b", "one")
        assert not outbox.put(session, WORKDAY, outbox.TEXT, hook.url, "s", "b", "one")
    assert outbox.send_due(fresh.store.db, Ways().send, WORKDAY) == (0, 1)
    hook.says = '{"errcode": 0}'
    assert outbox.send_due(fresh.store.db, Ways().send, WORKDAY + outbox.AGAIN[0]) == (1, 0)


def test_what_is_overdue_is_told_and_supervised_by_rule(fresh: Service, hook: Heard) -> None:
    receipt = fresh.submit("r01")
    decision = receipt["decision"]
    with fresh.store.db.write() as session:
        session.execute(
            update(Task).where(Task.decision_id == decision).values(due_on=dt.date(2026, 1, 5))
        )
    ways = Ways(event_webhooks=(hook.url,), event_secret=SECRET)
    assert reminders.due_today(WORKDAY, fresh.store.calendar) == dt.date(2026, 12, 1)
    for day in range(2):
        messages.once(fresh.store, ways, WORKDAY + dt.timedelta(days=day))
        messages.once(fresh.store, ways, night(WORKDAY + dt.timedelta(days=day + 1)))
    told = [json.loads(b)["data"] for _, b in hook.got if json.loads(b)["type"] == "overdue"]
    assert all(described(head, text) for head, text in hook.got)
    mine = [d["task"] for d in told if d["decision"] == decision]
    with fresh.store.db.read() as session:
        tasks = session.scalars(select(Task.id).where(Task.decision_id == decision)).all()
        watched = session.scalars(
            select(Supervision.task_id).where(Supervision.task_id.in_(tasks))
        ).all()
    assert sorted(mine) == sorted(tasks)
    assert sorted(w for w in watched if w is not None) == sorted(tasks)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"remind_mail": ("ecology=a@b.cn",)}, "还要设 ADMISSION_MAIL_SERVER"),
        ({"remind_mail": ("a@b.cn",), "mail_server": "m", "mail_from": "x@y"}, "不是 部门=地址"),
        ({"event_webhooks": ("http://x/",)}, "还要设 ADMISSION_EVENT_SECRET"),
        ({"event_webhooks": ("x",), "event_secret": "s"}, "不是网址"),
    ],
)
def test_a_way_that_cannot_be_used_is_told(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_settings(**given)
