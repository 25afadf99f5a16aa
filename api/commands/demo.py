"""What a newcomer finds in an empty service: demonstration accounts and real example projects.

Nothing is ever added to a database that has an account: the passwords are random and shown once. The
database is marked, and served with ``--demo`` only: it never becomes the one that decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from api.database.db import Database
from api.database.tables import Account, Counter
from api.errors import Conflict
from api.pages.assess.examples import FEATURED
from api.store import accounts
from api.store.core import Store
from api.store.projects import submissions
from api.store.projects.acceptance import Days
from api.store.projects.submissions import Submission
from api.store.work import SYSTEM, Actor
from evaluator.dossier.files import read_dossiers
from evaluator.rulebook.shipped import examples_path

# A row of ``counters``: it goes with backups, and no earlier program minds it.
MARK = "demo"
ACCOUNTS = (
    ("committee", "预审委员会（演示）", ["committee"]),
    ("ecology", "生态环境部门（演示）", ["department:ecology"]),
    ("maintainer", "规则维护（演示）", ["maintainer"]),
    ("publisher", "规则发布（演示）", ["publisher"]),
)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account that was made, with the password that is shown this once."""

    name: str
    display_name: str
    password: str


def is_demo(db: Database) -> bool:
    """Whether ``--demo`` filled this database; before it left a mark, its committee tells."""
    with db.read() as session:
        if session.get(Counter, MARK) is not None:
            return True
        query = select(Account.id).where(Account.display_name == ACCOUNTS[0][1])
        return session.scalar(query.limit(1)) is not None


def check_kind(store: Store, demo: bool) -> None:
    """Raises Conflict for a demonstration without ``--demo``, or ``--demo`` on what is none."""
    if not demo and is_demo(store.db):
        raise Conflict(
            "这是 --demo 建的演示库，账号和项目都是演示用的，不能转为正式使用："
            "正式运行请换一个空库（ADMISSION_DATABASE_URL），继续演示请加 --demo"
        )
    if demo and not is_demo(store.db):
        with store.db.read() as session:
            if accounts.list_accounts(session):
                raise Conflict("库里已有正式的账号，不能加 --demo：去掉 --demo，或换一个空库来演示")


def fill_empty(store: Store) -> list[DemoAccount]:
    """Accounts and judged example projects for a database without accounts; else nothing."""
    with store.db.read() as session:
        if accounts.list_accounts(session):
            return []
    with store.work(SYSTEM) as work:
        work.session.add(Counter(name=MARK, last=1))
        work.log("demo.fill", "database", None, None)
    made: list[DemoAccount] = []
    actors: list[Actor] = []
    for name, display, roles in ACCOUNTS:
        with store.work(SYSTEM) as work:
            view, password = accounts.create_account(work, name, display, roles)
        made.append(DemoAccount(name, display, password))
        actors.append(Actor(view.id, view.name, view.display_name, frozenset(view.roles)))
    registry = store.rulesets.current().ruleset.registry
    for slug in FEATURED:
        (profile,) = read_dossiers(examples_path() / f"{slug}.yaml", registry)
        days = Days(as_of=profile.submitted_on, as_of_reason="演示项目，按示例材料的日期判定")
        asked = Submission(profile.to_dict(registry), days=days)
        submissions.submit(store, actors[0], asked)
    return made
