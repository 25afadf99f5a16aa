"""What ``make run`` puts into an empty database, and that it never touches another."""

from __future__ import annotations

from pathlib import Path

from api.app import open_store
from api.commands.demo import fill_empty
from api.pages.assess.examples import FEATURED
from api.settings import Settings
from api.store import accounts


def test_an_empty_service_gets_accounts_and_judged_projects_once(tmp_path: Path) -> None:
    store = open_store(Settings(database_url=f"sqlite:///{tmp_path / 'demo.db'}"))
    try:
        made = fill_empty(store)
        assert {a.name for a in made} == {"committee", "ecology", "maintainer", "publisher"}
        assert len({a.password for a in made}) == len(made)
        assert fill_empty(store) == []
        with store.db.read() as session:
            assert len(accounts.list_accounts(session)) == len(made)
            count = session.connection().exec_driver_sql("select count(*) from decisions").scalar()
        assert count == len(FEATURED)
    finally:
        store.close()
