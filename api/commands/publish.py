"""``admission db publish``: publishing in the database itself, where the service need not run.

It goes the way of every proposal: drafted by one person, checked, sent to review; approved and
published by another, here at once or later on the pages. Both say who they are by password or API
key. Only the first ruleset of an empty database needs nobody.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from api.access.security import allowed
from api.commands.database import db_app
from api.commands.terminal import Url, console, errors, store_at, told_in_a_line
from api.database.tables import Publication
from api.errors import Denied, Invalid
from api.jobs import Jobs
from api.settings import read_settings
from api.store import accounts, apikeys
from api.store.core import Store
from api.store.preconditions import of_proposal
from api.store.proposals import drafting, publishing, reading, runs
from api.store.proposals.text import Text, make_text
from api.store.rulesets import install
from api.store.work import SYSTEM, Actor
from api.transport.seen import Seen, read_seen
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import check_directory
from evaluator.rulebook.transfer import read_text

KEY, APPROVER_KEY = "ADMISSION_KEY", "ADMISSION_APPROVER_KEY"
POLL_SECONDS = 0.5
NEEDED = {"proposal.draft": "maintainer", "proposal.approve": "publisher"}


@db_app.command("publish")
def publish(
    directory: Annotated[Path, typer.Argument(help="规则集目录", exists=True, file_okay=False)],
    title: Annotated[str, typer.Option("--title", help="改什么，一句话")] = "",
    reason: Annotated[str, typer.Option("--reason", help="为什么改，依据什么")] = "",
    author: Annotated[
        str | None, typer.Option("--author", help=f"起草人的账号，问密码；或把密钥放在 {KEY}")
    ] = None,
    approver: Annotated[
        str | None,
        typer.Option(
            "--approver", help=f"批准人的账号，问密码；或把密钥放在 {APPROVER_KEY}；不写则只送审"
        ),
    ] = None,
    effective_on: Annotated[
        str | None,
        typer.Option("--effective-on", help="从哪一天起生效，如 2027-01-01；不写则为今天"),
    ] = None,
    retroactive: Annotated[
        str, typer.Option("--retroactive", help="改了以前的标准时批准人必写：为什么可以追溯")
    ] = "",
    database_url: Url = None,
) -> None:
    """直接在数据库里发布规则集（服务不必运行）：起草人提出并检查，另一人批准才发布。

    空库里的第一份规则集不用第二个人，审计日志里单独记明。
    """
    with told_in_a_line():
        people = author, approver
        _publish(directory, title, reason, people, effective_on, retroactive, database_url)


def _publish(
    directory: Path,
    title: str,
    reason: str,
    people: tuple[str | None, str | None],
    effective_on: str | None,
    retroactive: str,
    url: str | None,
) -> None:
    author, approver = people
    day = _day(effective_on)
    ruleset, problems = check_directory(directory)
    wrong = [p for p in problems if p.severity == "error"]
    for problem in wrong:
        errors.print(problem.render(), markup=False, highlight=False, soft_wrap=True)
    if wrong or ruleset is None:
        errors.print(f"{len(wrong)} 处错误，没有发布。", style="red")
        raise typer.Exit(1)
    with store_at(url) as store:
        if _is_empty(store):
            _install(store, ruleset)
            return
        drafter = _who(store, "起草人", author, KEY, "proposal.draft")
        second = None
        if approver is not None or os.environ.get(APPROVER_KEY):
            # Asked for before the checks, which take their time.
            second = _who(store, "批准人", approver, APPROVER_KEY, "proposal.approve")
            if second.account_id == drafter.account_id:
                raise Denied("批准人不能是起草人自己，请由另一人批准")
        layers, materials = read_text(directory)
        proposal, seen = _propose(store, drafter, title, reason, make_text(layers, materials))
        if second is None:
            console.print(f"提案 {proposal} 已送审，请另一人批准并发布。")
            return
        with store.work(second) as work:
            # What was sent to review here, and nothing that somebody wrote meanwhile.
            approved = of_proposal(
                publishing.approve(work, proposal, seen, retroactive=retroactive)
            )
        made = publishing.publish_proposal(store, second, proposal, approved, day)
        console.print(
            f"提案 {proposal} 由 {drafter.name} 起草、{second.name} 批准，已发布，"
            f"是第 {made.id} 次发布，自 {made.effective_on} 起生效。",
            soft_wrap=True,
            highlight=False,
        )


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(
            "effective_on", f"--effective-on 应是日期（如 2027-01-01），写的是“{text}”"
        ) from None


def _is_empty(store: Store) -> bool:
    with store.db.read() as session:
        return session.query(Publication.id).first() is None


def _install(store: Store, ruleset: Ruleset) -> None:
    with store.work(SYSTEM) as work:
        install(work, ruleset)
    console.print(
        f"首次安装规则集 {ruleset.identity[:12]}（{ruleset.title}）。库里原来没有规则集，"
        "不用第二人批准，已记入审计日志；以后的发布须由另一人批准。",
        soft_wrap=True,
        highlight=False,
    )


def _who(store: Store, what: str, name: str | None, variable: str, action: str) -> Actor:
    """The person, by key or password, who must be allowed ``action``. Raises Denied."""
    key = os.environ.get(variable)
    if name is None and not key:
        raise Denied(f"请说明{what}：写账号（问密码），或把{what}的密钥放在环境变量 {variable} 里")
    actor: Actor | None
    with store.db.read() as session:
        if name is None:
            actor = apikeys.by_key(session, (key or "").strip(), dt.datetime.now(dt.UTC))
        else:
            password = typer.prompt(f"{what} {name} 的密码", hide_input=True)
            actor = accounts.authenticate(store.db, name, password)
    if actor is None or actor.read_only:
        with store.work(SYSTEM) as work:
            work.log("login.fail", f"account:{(name or '（密钥）')[:100]}")
        raise Denied(f"{what}的账号、密码或密钥不对，或者密钥只能读取")
    if not allowed(actor, action):
        raise Denied(f"{what} {actor.name} 没有这个权限，需要角色 {NEEDED[action]}")
    return actor


def _propose(store: Store, drafter: Actor, title: str, reason: str, text: Text) -> tuple[int, Seen]:
    """A proposal, checked and sent to review: its number and state. Exits where something is in the way."""
    root = read_settings().root
    with store.work(drafter) as work:
        number = drafting.create(work, title, reason, root, text).id
    console.print(f"提案 {number} 已起草，正在检查（案例、证明、影响），可能要几分钟。")
    _check(store, number)
    with store.db.read() as session:
        view = reading.get(session, number)
        result = reading.run_of(session, number).result
    if "diff" in result:
        console.print(result["diff"]["text"], markup=False, highlight=False, soft_wrap=True)
    if view.blockers:
        for blocker in view.blockers:
            errors.print(f"还不能送审：{blocker}", style="red", markup=False, soft_wrap=True)
        errors.print(f"提案 {number} 留在库里，可以在网页上修改。")
        raise typer.Exit(1)
    with store.work(drafter) as work:
        sent = of_proposal(drafting.submit(work, number, read_seen(view.seen)))
    return number, sent


def _check(store: Store, number: int) -> None:
    """Do the runs that wait, unless a service does, until this proposal's has come to its end."""
    ended = (runs.DONE, runs.FAILED, runs.SUPERSEDED)
    jobs = Jobs(store)
    while True:
        worked = jobs.once()
        with store.db.read() as session:
            if reading.run_of(session, number).state in ended:
                return
        if not worked:
            time.sleep(POLL_SECONDS)
