"""Publications: swapped under load, seen by every worker, dated, taken back; what is broken stays out."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from sqlalchemy import update
from typer.testing import CliRunner

from api.app import create_app, open_store
from api.commands.rulebundle import bundle_app
from api.database.proposal_tables import ProposalRun
from api.database.tables import Publication, StoredRuleset
from api.settings import Settings
from api.store.core import Store
from api.store.proposals import runs
from api.store.rulesets import current_publication
from api.store.work import SYSTEM, Actor
from api.workdays.china import today as china_today
from evaluator.cases.book import read_cases
from evaluator.cli.publish import publish_app
from evaluator.dossier.fields import base_text
from evaluator.problems.errors import Problems, RulebookError
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.transfer import read_text, write_text
from tests.api.support import Service, settings, sqlite_url
from tests.api.workbench import CASES, FILES, Bench, at, bench, dossier, write_rulebook
from tests.support import join_all, wait_until

ROOT = Path(__file__).parents[4]
LOWER = at("18")
LOWER_CASES = CASES.replace("2000,", "1800,").replace("1999,", "1799,")
BETWEEN = dossier(annual_tax=1850)  # refer before, pass after.


def in_days(days: int) -> str:
    return (china_today() + dt.timedelta(days=days)).isoformat()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bench]:
    with bench(sqlite_url(tmp_path), tmp_path / "rulebook") as found:
        yield found


@pytest.mark.parametrize("engine", ["reference", "durable"])
def test_no_request_fails_or_mixes_rulesets(tmp_path: Path, engine: str) -> None:
    url, directory = sqlite_url(tmp_path), tmp_path / "rulebook"
    with bench(url, directory, engine=engine) as desk:
        old = load_directory(directory).identity
        proposal = desk.approved(criteria=LOWER, rules_cases=LOWER_CASES)
        answers: list[tuple[int, str, str]] = []
        stop = threading.Event()

        def ask(kind: int) -> None:
            while not stop.is_set():
                if kind:
                    found = desk.service.call("submitter", "POST", "/projects", json=BETWEEN)
                    ruleset = found.json().get("ruleset", "")
                else:
                    found = desk.service.call(None, "POST", "/evaluations", json=BETWEEN)
                    ruleset = found.json().get("ruleset", {}).get("identity", "")
                answers.append((found.status_code, ruleset, found.json().get("verdict", "")))

        threads = [threading.Thread(target=ask, args=(n % 2,)) for n in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        new = desk.publish(proposal)["identity"]
        time.sleep(0.5)
        stop.set()
        join_all(threads)
        assert {status for status, _, _ in answers} <= {200, 201}
        assert {(r, v) for _, r, v in answers} == {(old, "refer"), (new, "pass")}


def test_every_worker_takes_it_over(tmp_path: Path, database_url: str) -> None:
    with bench(database_url, tmp_path / "rulebook") as desk:
        other = open_store(
            settings(
                database_url=database_url, rulebook=tmp_path / "rulebook", ruleset_check_seconds=0
            )
        )
        try:
            before = other.rulesets.current()
            made = desk.publish(desk.approved(criteria=LOWER, rules_cases=LOWER_CASES))
            other.rulesets.refresh()
            after = other.rulesets.current()
            assert after.ruleset.identity == made["identity"] != before.ruleset.identity
            # A request that began before still has the judge it began with.
            assert before.judge(before.read(BETWEEN)).evaluation.verdict.value == "refer"
        finally:
            other.close()


def test_a_later_date_comes_by_itself(desk: Bench) -> None:
    proposal = desk.approved(criteria=LOWER, rules_cases=LOWER_CASES)
    path = f"/proposals/{proposal}/publication"
    desk.refused(422, "publisher", "POST", path, json={"effective_on": in_days(-1)})
    desk.refused(422, "publisher", "POST", path, json={"effective_on": "明天"})
    made = desk.publish(proposal, effective_on=in_days(10))
    assert (made["state"], made["effective_on"]) == ("scheduled", in_days(10))
    assert desk.call("submitter", "POST", "/projects", json=BETWEEN)["verdict"] == "refer"
    today = china_today()
    with desk.service.store.db.read() as session:
        for days, expected in ((0, 1), (9, 1), (10, made["id"]), (11, made["id"])):
            found = current_publication(session, today + dt.timedelta(days=days))
            assert found is not None
            assert found.id == expected
    # The next one starts from it and cannot overtake it.
    rules = FILES["rules/rules.yaml"].replace("提高税收或核减用地", "提高税收")
    following = desk.approved(rules=rules)
    said = desk.refused(422, "publisher", "POST", f"/proposals/{following}/publication", json={})
    assert "不能更早" in said
    # A rollback published today takes the place of what was scheduled.
    back = desk.call("maintainer", "POST", "/rulesets/1/rollback", json={"reason": "依据撤销"})
    desk.work()
    desk.call("maintainer", "POST", f"/proposals/{back['id']}/submission")
    desk.approve(back["id"])
    assert desk.publish(back["id"])["state"] == "in_force"
    states = [p["state"] for p in desk.call("auditor", "GET", "/rulesets")["items"]]
    assert states == ["in_force", "past", "past"]


def test_a_rollback_is_a_publication(desk: Bench) -> None:
    desk.publish(desk.approved(criteria=LOWER, rules_cases=LOWER_CASES))
    assert desk.call("submitter", "POST", "/projects", json=BETWEEN)["verdict"] == "pass"
    back = desk.call("maintainer", "POST", "/rulesets/1/rollback", json={"reason": "依据撤销"})
    assert back["rollback_to"] == 1
    desk.refused(409, "publisher", "POST", f"/proposals/{back['id']}/approval", json={})
    desk.work()
    desk.call("maintainer", "POST", f"/proposals/{back['id']}/submission")
    desk.approve(back["id"])
    made = desk.publish(back["id"])
    assert (made["rollback_to"], made["reason"]) == (1, "依据撤销")
    assert desk.call("submitter", "POST", "/projects", json=BETWEEN)["verdict"] == "refer"
    files = desk.call("auditor", "GET", f"/rulesets/{made['id']}/files")
    assert {f["path"]: f["text"] for f in files} == FILES
    archive = desk.service.call("auditor", "GET", f"/rulesets/{made['id']}/archive")
    assert archive.content[:2] == b"PK"


def test_a_broken_directory_never_replaces_what_runs(tmp_path: Path) -> None:
    url, directory = sqlite_url(tmp_path), write_rulebook(tmp_path / "rulebook")
    given = settings(database_url=url, rulebook=directory)
    first = open_store(given)
    identity = first.rulesets.current().ruleset.identity
    first.close()
    (directory / "criteria.yaml").write_text("language: 1\ncriteria: [\n", "utf-8")
    with bench_again(url, directory) as service:
        assert service.store.rulesets.current().ruleset.identity == identity
        assert service.call(None, "POST", "/evaluations", json=BETWEEN).status_code == 200
        told = service.call("maintainer", "GET", "/rulesets/directory").json()
        assert (told["usable"], told["in_force"]) == (False, False)
        assert told["problems"][0]["file"] == "criteria.yaml"
        assert told["problems"][0]["line"]
    with pytest.raises(RulebookError):
        open_store(settings(database_url=f"sqlite:///{tmp_path}/empty.db", rulebook=directory))


@contextmanager
def bench_again(url: str, directory: Path) -> Iterator[Service]:
    service = Service(url, rulebook=directory, ruleset_check_seconds=0)
    try:
        yield service
    finally:
        service.store.close()


def test_what_cannot_be_loaded_never_replaces_what_runs(desk: Bench) -> None:
    before = desk.service.store.rulesets.current()
    with desk.service.store.work(SYSTEM) as work:
        bad = StoredRuleset(
            identity="0" * 64,
            profile_id="x",
            title="x",
            stored_at=work.now,
            fields=base_text(),
            layers=[["base", {"criteria.yaml": "language: 99"}]],
        )
        work.session.add(bad)
        work.session.flush()
        work.session.add(
            Publication(
                identity=bad.identity, source="service", published_by="x", published_at=work.now
            )
        )
    assert desk.service.store.rulesets.current() is before
    assert desk.service.call(None, "POST", "/evaluations", json=BETWEEN).status_code == 200


# --- the worker ----------------------------------------------------------------------------------


def wait_for(service: Service, proposal: int, seconds: float = 600) -> str:
    end = time.monotonic() + seconds
    while True:
        run = service.call("maintainer", "GET", f"/proposals/{proposal}/checks").json()
        if run["state"] not in ("queued", "running") or time.monotonic() > end:
            return str(run["label"])
        assert service.client.get("/healthz").status_code == 200
        time.sleep(0.2)


def test_the_worker_does_it_beside_the_requests(tmp_path: Path) -> None:
    directory = write_rulebook(tmp_path / "rulebook")
    with Service(sqlite_url(tmp_path), rulebook=directory) as service:
        made = service.call(
            "maintainer", "POST", "/proposals", json={"title": "改", "reason": "因为"}
        )
        assert made.json()["run"]["label"] in ("排队", "进行中")
        assert wait_for(service, made.json()["id"]) == "完成"


def test_a_run_whose_worker_died_is_taken_up_and_not_for_ever(desk: Bench) -> None:
    proposal = desk.draft()
    db = desk.service.store.db
    for attempt in range(runs.MAX_ATTEMPTS + 1):
        found = runs.claim(db)
        assert (found is not None) == (attempt < runs.MAX_ATTEMPTS)
        assert runs.claim(db) is None  # Nobody else takes what is being worked on.
        with db.write() as session:
            long_ago = dt.datetime.now(dt.UTC) - 2 * runs.SILENT
            session.execute(update(ProposalRun).values(beat_at=long_ago))
    run = desk.call("maintainer", "GET", f"/proposals/{proposal}/checks")
    assert run["label"] == "失败"
    assert "3 次" in run["error"]
    desk.call("maintainer", "POST", f"/proposals/{proposal}/checks")
    desk.work()
    assert desk.call("maintainer", "GET", f"/proposals/{proposal}/checks")["label"] == "完成"


def test_an_edit_makes_the_run_under_way_void(desk: Bench) -> None:
    proposal = desk.draft()
    db = desk.service.store.db
    run = runs.claim(db)
    assert run is not None
    desk.edit(proposal, criteria=LOWER, rules_cases=LOWER_CASES)
    assert not runs.beat(db, run)
    runs.execute(db, run)
    with db.read() as session:
        assert session.get_one(ProposalRun, run).state == "superseded"
    desk.work()
    assert desk.call("maintainer", "GET", f"/proposals/{proposal}")["blockers"] == []


# --- directory and service -----------------------------------------------------------------------


@contextmanager
def serving(directory: Path, url: str) -> Iterator[tuple[str, Store]]:
    """The service on a port, as it really runs."""
    app = create_app(
        Settings(
            database_url=url,
            rulebook=directory,
            log_level="ERROR",
            rate_limit=0,
            engine="reference",
            ruleset_check_seconds=0.2,
        )
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, name="the server")
    thread.start()
    wait_until(lambda: server.started or not thread.is_alive(), "the server has started")
    assert server.started, "the server ended instead of starting"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", app.state.store
    finally:
        server.should_exit = True
        join_all([thread])


def test_publish_and_pull_go_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.store import accounts, apikeys

    directory = write_rulebook(tmp_path / "rulebook")
    runner = CliRunner()
    with serving(directory, sqlite_url(tmp_path)) as (address, store):
        with store.work(SYSTEM) as work:
            view, _ = accounts.create_account(
                work, "clerk", "clerk", ["maintainer"], "a long password"
            )
        with store.work(Actor(view.id, "clerk", "clerk", frozenset({"maintainer"}))) as work:
            _, key = apikeys.create_key(work, "git", None, False, None)
        pulled = tmp_path / "pulled"
        refused = runner.invoke(bundle_app, ["pull", str(pulled), "--server", address])
        assert refused.exit_code == 1
        monkeypatch.setenv("ADMISSION_KEY", key)
        assert runner.invoke(bundle_app, ["pull", str(pulled), "--server", address]).exit_code == 0
        assert read_text(pulled) == read_text(directory)
        (pulled / "criteria.yaml").write_bytes(LOWER.encode())
        (pulled / "rules" / "rules.cases.yaml").write_bytes(LOWER_CASES.encode())
        words = ["--title", "下限改为 18", "--reason", "第三条修订", "--server", address]
        done = runner.invoke(publish_app, ["publish", str(pulled), *words])
        assert done.exit_code == 0, done.output
        assert "已送审" in done.output
        assert "18" in done.output
        (pulled / "criteria.yaml").write_text("criteria: [", "utf-8")
        broken = runner.invoke(publish_app, ["publish", str(pulled), *words])
        assert broken.exit_code == 1
        assert "没有交给服务" in broken.output


def test_layers_go_back_to_where_extends_leads(tmp_path: Path) -> None:
    layers, materials = read_text(ROOT / "profiles" / "longchang")
    top = write_text(layers, materials, tmp_path / "out")
    assert read_text(top) == (layers, materials)
    assert load_directory(top).identity == load_directory(ROOT / "profiles" / "longchang").identity
    assert "examples/d01-complete-good.yaml" in materials
    problems = Problems()
    cases = read_cases(load_directory(top), problems, top)
    assert problems == []
    assert cases.dossiers
    shipped = read_text(ROOT)
    assert "examples/d01-complete-good.yaml" in shipped[1]
    assert read_text(write_text(*shipped, tmp_path / "one")) == shipped
