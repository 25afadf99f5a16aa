"""Accounts and stored projects for screenshots and browser tests: real examples, really judged."""

from __future__ import annotations

from functools import partial

from api.pages.assess.examples import FEATURED
from api.store import accounts
from api.store.core import Store
from api.store.projects import submissions
from api.store.projects.submissions import Submission
from api.store.work import SYSTEM, Actor
from evaluator.dossier.files import read_dossiers
from evaluator.rulebook.shipped import examples_path

PASSWORD = "long enough to type"
PEOPLE = {
    "clerk": ("王办事员", ["submitter"]),
    "chair": ("李主任", ["committee"]),
    "ecology": ("张科长", ["department:ecology"]),
    "maintainer": ("孙维护", ["maintainer"]),
    "publisher": ("周发布", ["publisher"]),
    "auditor": ("赵审计", ["auditor"]),
}


def people(store: Store) -> dict[str, Actor]:
    """One account for each kind of user."""
    out = {}
    for name, (display, roles) in PEOPLE.items():
        with store.work(SYSTEM) as work:
            made, _ = accounts.create_account(work, name, display, roles, PASSWORD)
        out[name] = Actor(made.id, made.name, made.display_name, frozenset(made.roles))
    return out


def submit_examples(store: Store, actor: Actor, slugs: tuple[str, ...] = FEATURED) -> list[str]:
    """Submit example projects; their 受理编号."""
    registry = store.rulesets.current().ruleset.registry
    numbers = []
    for slug in slugs:
        profile = read_dossiers(examples_path() / f"{slug}.yaml", registry)[0]
        # As if it had come in on the day that it states: the examples are about that day's law.
        real = store.day
        store.day = partial(getattr, profile, "submitted_on")
        try:
            asked = Submission(profile.to_dict(registry))
            numbers.append(submissions.submit(store, actor, asked).number)
        finally:
            store.day = real
    return numbers
