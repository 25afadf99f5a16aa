"""What an administrator does to accounts: at once, or asked for where it takes a second one.

One answer for the API and the pages, whichever way it went.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.store import accounts, factors, seconds
from api.store.accounts import AccountOut
from api.store.passwords import Password
from api.store.seconds import RequestOut
from api.store.work import Work
from api.transport.seen import Seen


@dataclass(frozen=True, slots=True)
class Outcome:
    """The account as it is now.

    ``waiting`` is what a second administrator has to confirm first, None where it is done. ``password``
    is what is shown this once: the whole of a new one, or its first half while it waits.
    """

    account: AccountOut
    waiting: RequestOut | None = None
    password: str | None = None


def create(work: Work, name: str, display_name: str, roles: list[str], first: Password) -> Outcome:
    """A local account; its approving roles come with the second administrator. Raises Conflict, Invalid."""
    own = [r for r in roles if r not in seconds.APPROVING]
    view, password = accounts.create_account(work, name, display_name, own, first)
    waiting = None if own == roles else seconds.ask(work, seconds.ROLES, view.name, roles=roles)
    return Outcome(view, waiting, password)


def set_roles(work: Work, name: str, roles: list[str], seen: Seen) -> Outcome:
    """Other roles; asked for only, where roles that approve come or go. Raises Missing, Conflict."""
    if seconds.needs_second(work.session, name, roles):
        return _asked(work, seconds.ROLES, name, seen, roles=roles)
    return Outcome(accounts.set_roles(work, name, roles, seen))


def set_active(work: Work, name: str, active: bool, seen: Seen) -> Outcome:
    """Block an account, or let it in again; one that approves is let in by two. Raises Missing, Conflict."""
    if active and seconds.needs_second(work.session, name):
        return _asked(work, seconds.ACTIVE, name, seen, active=True)
    return Outcome(accounts.set_active(work, name, active, seen))


def reset_password(work: Work, name: str, first: Password, seen: Seen) -> Outcome:
    """A new password; the account's logins end. Of one that approves it takes two. Raises Missing, Conflict."""
    if seconds.needs_second(work.session, name):
        asked = _asked(work, seconds.PASSWORD, name, seen, password=first)
        return Outcome(asked.account, asked.waiting, seconds.first_half(first))
    text = accounts.change_password(work, name, first, seen=seen)
    return Outcome(accounts.view_of(accounts.get_account(work.session, name)), None, text)


def clear_factors(work: Work, name: str, seen: Seen) -> Outcome:
    """Take its second factors away, for who has lost them; of one that approves it takes two.

    Raises Missing, Conflict.
    """
    if seconds.needs_second(work.session, name):
        return _asked(work, seconds.FACTORS, name, seen)
    account = accounts.as_seen(work, name, seen)
    factors.clear(work, name)
    return Outcome(accounts.view_of(account))


def _asked(work: Work, kind: str, name: str, seen: Seen, **what: Any) -> Outcome:
    account = accounts.as_seen(work, name, seen)
    waiting = seconds.ask(work, kind, name, **what)
    return Outcome(accounts.view_of(account), waiting)
