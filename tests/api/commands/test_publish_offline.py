"""Publishing in the database itself: the first ruleset by nobody, every other by two persons."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from api.app import create_app, open_store
from api.commands.app import app as cli
from api.database.db import Database
from api.errors import Conflict
from api.jobs import Jobs
from api.store import accounts, apikeys, audit
from api.store.core import Store
from api.store.proposals import runs
from api.store.rulesets import install
from api.store.work import SYSTEM, Actor
from evaluator.rulebook.load import load_directory
from tests.api.store.proposals.test_proposals import LOWER, LOWER_CASES
from tests.api.support import ROOT, settings
from tests.api.workbench import write_rulebook

runner = CliRunner()
PEOPLE = {"li": ["maintainer"], "wang": ["publisher"], "both": ["maintainer", "publisher"]}
WORDS = ["--title", "下限改为 18", "--reason", "第三条修订"]
PAST = ["--retroactive", "原文一直如此"]


class Office:
    """A database with the small rulebook in force, three people, and a changed directory."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url, self.old = url, write_rulebook(directory / "old")
        self.new = write_rulebook(directory / "new", criteria=LOWER, **{"rules.cases": LOWER_CASES})
        done = self.run(self.old)
        assert done.exit_code == 0, done.output
        self.keys: dict[str, str] = {}
        with self.store() as store:
            for name, roles in PEOPLE.items():
                with store.work(SYSTEM) as work:
                    view, _ = accounts.create_account(
                        work, name, name, roles, f"password of {name}"
                    )
                actor = Actor(view.id, name, name, frozenset(roles))
                with store.work(actor) as work:
                    _, self.keys[name] = apikeys.create_key(work, "tests", None, False, None)

    def run(self, directory: Path, *options: str, typed: str = "", **environment: str) -> Any:
        """The command."""
        given = ["db", "publish", str(directory), *options, "--database-url", self.url]
        return runner.invoke(cli, given, input=typed, env=environment)

    def store(self) -> Any:
        from contextlib import closing

        return closing(Store(Database(self.url), "reference"))

    def rows(self, query: str) -> list[Any]:
        with self.store() as store, store.db.read() as session:
            return [tuple(r) for r in session.execute(text(query))]


@pytest.fixture(autouse=True)
def _in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks are made here; that they have a process of their own, ``test_two_persons_publish`` tries."""
    if request.function is not test_two_persons_publish:
        monkeypatch.setattr(Jobs, "_supervise", lambda _, db, run_id: runs.execute(db, run_id))


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Office:
    """An office with one publication and another on its way."""
    return Office(database_url, tmp_path)


def test_the_first_installation_is_the_only_exception_and_on_record(office: Office) -> None:
    (entry,) = office.rows("SELECT actor, after FROM audit_log WHERE action = 'ruleset.install'")
    assert entry[0] == "system"
    assert "没有第二人批准" in entry[1]
    again = office.run(office.new, *WORDS)
    assert again.exit_code == 2
    assert "请说明起草人" in again.output
    assert len(office.rows("SELECT id FROM publications")) == 1
    with office.store() as store, pytest.raises(Conflict), store.work(SYSTEM) as work:
        install(work, load_directory(office.new))


def test_two_persons_publish(office: Office) -> None:
    done = office.run(
        office.new,
        *WORDS,
        "--author",
        "li",
        "--approver",
        "wang",
        *PAST,
        typed="password of li\npassword of wang\n",
    )
    assert done.exit_code == 0, done.output
    assert "20 万元/亩/年 → 18 万元/亩/年" in done.output
    assert "由 li 起草、wang 批准" in done.output
    assert "password of" not in done.output
    (row,) = office.rows("SELECT drafted_by, approved_by, reason FROM publication_records")
    assert row == ("li", "wang", "第三条修订")
    (last,) = office.rows("SELECT identity, source FROM publications ORDER BY id DESC LIMIT 1")
    assert last == (load_directory(office.new).identity, "service")
    actions = [a for (a,) in office.rows("SELECT action FROM audit_log ORDER BY seq")]
    assert actions.count("ruleset.install") == 1
    wanted = [
        "proposal.checked",
        "proposal.submit",
        "proposal.approve",
        "ruleset.publish",
        "proposal.publish",
    ]
    assert [a for a in actions[actions.index("proposal.checked") :] if a in wanted] == wanted
    with office.store() as store, store.db.read() as session:
        assert audit.verify(session)[1] == ()


def test_keys_serve_as_well(office: Office) -> None:
    keys = {"ADMISSION_KEY": office.keys["li"], "ADMISSION_APPROVER_KEY": office.keys["wang"]}
    done = office.run(office.new, *WORDS, *PAST, **keys)
    assert done.exit_code == 0, done.output
    assert office.rows("SELECT drafted_by, approved_by FROM publication_records") == [
        ("li", "wang")
    ]


def test_without_the_second_person_it_is_a_proposal(office: Office) -> None:
    done = office.run(office.new, *WORDS, ADMISSION_KEY=office.keys["li"])
    assert done.exit_code == 0, done.output
    assert "请另一人批准并发布" in done.output
    assert office.rows("SELECT state, drafted_by FROM proposals") == [("review", "li")]
    assert len(office.rows("SELECT id FROM publications")) == 1


@pytest.mark.parametrize(
    ("options", "typed", "said"),
    [
        (
            ["--author", "li", "--approver", "wang"],
            "password of li\nwrong password\n",
            "批准人的账号、密码",
        ),
        (["--author", "nobody"], "password of li\n", "起草人的账号、密码"),
        (["--author", "wang"], "password of wang\n", "需要角色 maintainer"),
        (
            ["--author", "li", "--approver", "li"],
            "password of li\npassword of li\n",
            "需要角色 publisher",
        ),
        (
            ["--author", "both", "--approver", "both"],
            "password of both\npassword of both\n",
            "另一人",
        ),
        (["--author", "li", "--effective-on", "明年"], "", "--effective-on 应是日期"),
    ],
)
def test_who_may_not_is_refused(office: Office, options: list[str], typed: str, said: str) -> None:
    refused = office.run(office.new, *WORDS, *options, typed=typed)
    assert refused.exit_code == 2, refused.output
    assert said in refused.output
    assert office.rows("SELECT id FROM proposals") == []
    assert len(office.rows("SELECT id FROM publications")) == 1


def test_what_does_not_hold_is_not_published(office: Office, tmp_path: Path) -> None:
    keys = {"ADMISSION_KEY": office.keys["li"], "ADMISSION_APPROVER_KEY": office.keys["wang"]}
    failing = write_rulebook(tmp_path / "failing", criteria=LOWER)
    refused = office.run(failing, *WORDS, **keys)
    assert refused.exit_code == 1
    assert "案例不通过" in refused.output
    (tmp_path / "failing" / "criteria.yaml").write_text("criteria: [", "utf-8")
    broken = office.run(failing, *WORDS, **keys)
    assert broken.exit_code == 1
    assert "criteria.yaml" in broken.output
    assert len(office.rows("SELECT id FROM publications")) == 1


def test_a_start_with_another_directory_publishes_nothing(
    office: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    before = office.rows("SELECT identity FROM publications")
    given = settings(database_url=office.url, rulebook=office.new, log_level="WARNING")
    from api.transport.telemetry import configure_logging

    configure_logging("WARNING", "json")
    store = open_store(given)
    assert store.rulesets.current().ruleset.identity == before[0][0]
    store.close()
    assert office.rows("SELECT identity FROM publications") == before
    assert "is not taken" in capfd.readouterr().err
    configure_logging("ERROR", "json")


def test_nothing_else_in_the_program_publishes() -> None:
    callers = set()
    for path in (ROOT / "api").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "api.store.rulesets":
                callers |= {path.name for name in node.names if name.name == "publish"}
            elif isinstance(node, ast.ImportFrom) and node.module == "api.store":
                # By the whole module, its use would not be seen here.
                assert all(name.name != "rulesets" for name in node.names), path
    assert callers == {"publishing.py"}


def test_a_ruleset_that_this_program_cannot_read_is_followed_by_one_it_can(
    office: Office,
) -> None:
    # As if an earlier program had stored it, whose language gave it another identity.
    with office.store() as store, store.db.write() as session:
        session.execute(
            text(
                "INSERT INTO rulesets (identity, profile_id, title, layers, fields, stored_at) "
                "SELECT :new, profile_id, title, layers, fields, stored_at FROM rulesets"
            ),
            {"new": "f" * 64},
        )
        session.execute(
            text(
                "INSERT INTO publications (id, identity, source, published_by, published_at) "
                "SELECT 2, :new, source, published_by, published_at FROM publications"
            ),
            {"new": "f" * 64},
        )
        if not store.db.sqlite:
            session.execute(text("SELECT setval(pg_get_serial_sequence('publications', 'id'), 2)"))
    given = settings(database_url=office.url, rulebook=office.new)
    app = create_app(given)
    assert "admission db publish" in str(app.state.store.rulesets.trouble())
    app.state.store.close()
    keys = {"ADMISSION_KEY": office.keys["li"], "ADMISSION_APPROVER_KEY": office.keys["wang"]}
    done = office.run(office.new, *WORDS, *PAST, **keys)
    assert done.exit_code == 0, done.output
    store = open_store(given)
    assert store.rulesets.current().ruleset.identity == load_directory(office.new).identity
    store.close()
