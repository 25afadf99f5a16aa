"""Evidence against its log: every row, every content and every trigger, on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from api.commands.app import app as cli
from api.database.agreement_tables import Amendment
from api.database.review_tables import Commitment
from api.database.tables import AuditEntry, Decision
from api.store import audit, evidence, verifying
from api.store.preconditions import commitment_now
from api.store.projects import lookup
from api.store.promises import agreements
from api.store.promises.agreements import Signing
from api.store.work import SYSTEM
from tests.api.conftest import new_database
from tests.api.support import Service, unlock

runner = CliRunner()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A project reviewed, concluded and promised: a row of nearly every kind."""
    with (
        new_database(request, tmp_path_factory.mktemp("office")) as url,
        Service(url) as made,
    ):
        receipt = made.submit("r01")
        number = receipt["number"]
        for task in made.call("committee", "GET", f"/tasks?number={number}").json()["items"]:
            role = f"department:{task['department']}"
            if role not in made.keys:
                made.add(role)
            path = f"/tasks/{task['id']}"
            attached = made.call(
                role,
                "POST",
                f"{path}/attachments",
                params={"name": "a.pdf"},
                content=b"%PDF-1.7\n",
                headers={"content-type": "application/pdf"},
            ).json()["id"]
            body = {"opinion": "agree", "attachments": [attached]}
            assert made.call(role, "POST", f"{path}/opinion", json=body).status_code == 200
        unknown = made.undecided(receipt["decision"])
        due = {"text": "补办环评", "due_on": "2030-01-01", "department": "ecology"}
        body = {
            "outcome": "conditional",
            "reason": "同意",
            "undecided": unknown,
            "conditions": [due],
        }
        path = f"/decisions/{receipt['decision']}/conclusion"
        assert made.call("committee", "POST", path, json=body).status_code == 201
        promise = {"promises": [{"kind": "signed", "due_on": "2020-01-01"}]}
        path = f"/projects/{number}/commitments"
        kept = made.call("committee", "POST", path, json=promise).json()[0]["id"]
        path = f"/commitments/{kept}"
        assert (
            made.call("committee", "POST", f"{path}/supervision", json={"note": "请办"}).status_code
            == 201
        )
        body = {"on_date": "2020-01-02"}
        assert made.call("committee", "POST", f"{path}/reports", json=body).status_code == 204
        facts = {"place": "科创路 1 号"}
        path = f"/projects/{number}/facts"
        assert made.call("submitter", "PUT", path, json=facts).status_code == 200
        obstacle = {"kind": "land", "text": "缺指标", "department": "ecology"}
        obstacle |= {"due_on": "2199-01-01"}
        path = f"/projects/{number}/obstacles"
        assert made.call("submitter", "POST", path, json=obstacle).status_code == 201
        agree(made, number, receipt["decision"])
        yield made


def agree(made: Service, number: str, decision: int) -> None:
    """The agreement is signed, and one of its commitments is amended by two people."""
    started, later = dt.date(2026, 6, 1), dt.date(2026, 9, 1)
    with made.store.work(made.actors["committee"]) as work:
        ruleset = work.session.get_one(Decision, decision).ruleset
        judge = made.store.rulesets.past(work.session, ruleset)
        seen = lookup.seen(work.session, work.actor, number)
        signing = Signing("标准地 1 号", dt.date(2026, 1, 10), {"started": started})
        agreements.sign(work, judge, number, signing, seen)
    with made.store.work(made.actors["committee"]) as work:
        commitment = work.session.scalars(
            select(Commitment).where(Commitment.kind == "started")
        ).one()
        now = commitment_now(work.session, commitment)
        agreements.amend(work, commitment.id, later, None, "雨季", now)
    with made.store.work(made.actors["publisher"]) as work:
        amendment = work.session.scalars(select(Amendment)).one()
        agreements.decide(work, amendment.id, True, "", agreements.amendment_seen(amendment))


def broken(session: Session) -> list[str]:
    found = [b.detail for b in verifying.check(session).broken]
    return found + [b.detail for b in verifying.contents(session)]


def test_all_that_was_written_is_sealed_as_it_is(office: Service) -> None:
    with office.store.db.read() as session:
        checked = verifying.check(session)
        assert checked.broken == ()
        assert checked.notes == ()
        assert list(verifying.contents(session)) == []
        tables = {key.partition(":")[0] for key, _ in evidence.rows(session)}
    never = {"ruleset_texts", "publication_records", "proposals", "proposal_reviews"}
    assert tables == evidence.TABLES.keys() - never


FORGED = {
    # What is altered, and how it is told.
    "UPDATE decisions SET verdict = 'pass'": "决定与日志",
    "UPDATE decisions SET as_of = '2030-01-01'": "决定与日志",
    "UPDATE decisions SET result = '{}'": "内容被改动",
    "UPDATE decisions SET dossier = '{}'": "内容被改动",
    "DELETE FROM hits": "单项索引",
    "UPDATE opinions SET opinion = 'disagree'": "会审意见与日志",
    "DELETE FROM opinions": "会审意见不见了",
    "UPDATE conclusions SET outcome = 'reject'": "委员会结论与日志",
    "UPDATE commitments SET due_on = '2099-01-01'": "承诺与日志",
    "UPDATE reports SET on_date = '2019-01-01'": "实绩与日志",
    "UPDATE supervisions SET note = ''": "督办与日志",
    "UPDATE project_facts SET leader = 'x'": "项目概况与日志",
    "UPDATE obstacles SET solution = 'x'": "堵点与日志",
    "UPDATE agreements SET figures = '[]'": "协议与日志",
    "UPDATE amendments SET due_on = '2099-01-01'": "承诺的变更与日志",
    "UPDATE tasks SET state = 'withdrawn'": "会审事项与日志",
    "UPDATE projects SET state = 'rejected'": "项目与日志",
    "UPDATE attachments SET name = 'b.pdf'": "附件与日志",
    "UPDATE attachment_parts SET content = ''": "附件的内容",
    "UPDATE accounts SET roles = '[\"admin\",\"publisher\"]' WHERE name = 'submitter'": "账号与日志",
    "UPDATE accounts SET active = NOT active WHERE name = 'auditor'": "账号与日志",
    "UPDATE api_keys SET read_only = NOT read_only WHERE id = 1": "密钥与日志",
    "UPDATE rulesets SET fields = fields || ' '": "规则集",
    "UPDATE rulesets SET title = '另一个'": "规则集",
    "UPDATE publications SET published_by = 'nobody'": "发布与日志",
    "INSERT INTO accounts (id, name, display_name, roles, active, created_at) "
    "VALUES (999, 'x', 'x', '[\"admin\"]', true, '2026-01-01 00:00:00')": "没有登记",
}


@pytest.mark.parametrize("forged", FORGED)
def test_every_forged_row_is_found(office: Service, forged: str) -> None:
    """Only somebody with the database in their hands can do it; nothing is kept."""
    verb, *words = forged.split()
    table = words[1] if verb in ("INSERT", "DELETE") else words[0]
    with office.store.db.read() as session:
        if table in {*verifying.IMMUTABLE, *verifying.IMMUTABLE_REVIEW}:
            unlock(session, table)
        session.execute(text(forged))
        session.flush()
        found = broken(session)
        session.rollback()
    assert any(FORGED[forged] in f for f in found), found
    with office.store.db.read() as session:
        assert broken(session) == []


def test_a_trigger_that_is_gone_is_told(office: Service) -> None:
    with office.store.db.read() as session:
        unlock(session, "opinions")
        found = [b.detail for b in verifying.triggers(session)]
        session.rollback()
    assert found
    assert all("immutable_opinions" in f for f in found)


@pytest.mark.parametrize(
    ("hours", "said"), [(-3, "时钟被拨回"), (3, "还没有到")], ids=["back", "ahead"]
)
def test_time_only_goes_forward(office: Service, hours: int, said: str) -> None:
    with office.store.db.read() as session:
        last = audit.head(session)
        entry = AuditEntry(
            seq=last.seq + 1,
            at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours),
            actor="system",
            action="test",
            subject="test",
            previous=last.hash,
        )
        entry.hash = audit.entry_hash(entry)
        session.add(entry)
        session.flush()
        found = [b.detail for b in audit.verify(session)[1]]
        session.rollback()
    assert len(found) == 1
    assert said in found[0]


def test_rows_of_before_are_sealed_once_and_told(database_url: str) -> None:
    """A database of before there were seals: what is in it is sealed, and the log says so."""
    with Service(database_url) as service:
        decision = service.submit("r01")["decision"]
        with service.store.db.write() as session:
            unlock(session, "audit_log")
            session.execute(text("DELETE FROM audit_log"))
            session.execute(text("DELETE FROM counters WHERE name = 'evidence.structure'"))
        service.store.bring_forward()
        with service.store.db.read() as session:
            checked = verifying.check(session)
            told = [b.detail for b in checked.broken]
            assert all("触发器" in t for t in told), told
            (note,) = checked.notes
            assert "新登记" in note
            assert "重新登记 0 行" in note
            seq = audit.head(session).seq
        service.store.bring_forward()
        with service.store.db.read() as session:
            assert audit.head(session).seq == seq
        with service.store.db.write() as session:
            unlock(session, "decisions")
            session.execute(text(f"UPDATE decisions SET verdict = 'pass' WHERE id = {decision}"))
        service.store.bring_forward()
        with service.store.db.read() as session:
            assert any(f"第 {decision} 号决定与" in f for f in broken(session))


def test_what_is_changed_without_a_word_is_sealed_all_the_same(database_url: str) -> None:
    from api.database.tables import Account

    with Service(database_url) as service:
        with service.store.work(SYSTEM) as work:
            work.session.get_one(Account, 1).display_name = "改了"
        with service.store.db.read() as session:
            assert verifying.check(session).broken == ()
            last = session.get_one(AuditEntry, audit.head(session).seq)
            assert (last.action, list(last.after["sealed"])) == ("evidence.change", ["accounts:1"])


def test_the_command_checks_and_judges_again(tmp_path: Path, database_url: str) -> None:
    del tmp_path
    with Service(database_url) as service:
        decision = service.submit("r01")["decision"]
        for replay in ("0", "1", "all"):
            done = runner.invoke(
                cli, ["audit", "verify", "--replay", replay, "--database-url", database_url]
            )
            assert done.exit_code == 0, done.output
            assert f"重新判定 {0 if replay == '0' else 1} 次" in done.output
        assert runner.invoke(cli, ["audit", "verify", "--replay", "some"]).exit_code == 2
        with service.store.db.write() as session:
            unlock(session, "opinions")
            unlock(session, "decisions")
            session.execute(
                text(f"UPDATE decisions SET as_of = '2030-01-01' WHERE id = {decision}")
            )
        done = runner.invoke(cli, ["audit", "verify", "--database-url", database_url])
        assert done.exit_code == 1
        assert f"第 {decision} 号决定与日志" in done.output
        assert "触发器" in done.output
