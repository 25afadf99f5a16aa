"""Where each value of a dossier came from: typed by whom, or a document, its place and sentence.

Kept with how a version came in (``acceptance``), so that it is sealed, logged and part of the receipt.
Only what is not typed by who submitted the version has an entry: what was read from a document, and
what an earlier person had typed and this one left as it was. A value that is changed has its new
person's origin, whatever it had before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy.orm import Session

from api.database.tables import Account, Decision
from api.judging.judge import Judge
from api.store.projects.supplied import KEY as SUPPLIED
from api.store.projects.supplied import same
from api.store.work import SYSTEM, Actor, Work
from evaluator.dossier.fields import Registry

KEY = "origins"
# What is kept of a place in a document.
PLACE = ("document", "sha256", "place", "quote", "kind")
STAMPED = frozenset({"submitted_on"})


def names_in(dossier: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    """The names of a dossier's values: a field, or an entry of a record as ``emissions.COD``."""
    for name, value in dossier.items():
        if name in registry.fields and registry.fields[name].key and isinstance(value, list):
            yield from (f"{name}.{e['key']}" for e in value)
        elif name not in STAMPED:
            yield name


def from_documents(
    given: Mapping[str, Mapping[str, str]], person: Actor, now: dt.datetime
) -> list[dict[str, Any]]:
    """The entries of values that a person took over from documents."""
    taken = {"person": person.display_name, "at": now.isoformat(timespec="seconds")}
    out: dict[tuple[str, ...], dict[str, Any]] = {}
    for name, place in given.items():
        told = {k: str(place[k]) for k in PLACE if place.get(k)}
        entry = out.setdefault(tuple(told.values()), {**told, **taken, "names": []})
        entry["names"].append(name)
    return list(out.values())


def carried(
    before: Mapping[str, Any] | None,
    typed: Mapping[str, str] | None,
    unchanged: Iterable[str],
) -> list[dict[str, Any]]:
    """The entries of the version before, for the values that are still what they were.

    ``typed`` is the person of that version and when; None where the same person acts again.
    """
    left = [*unchanged]
    filled = {n for e in (before or {}).get(SUPPLIED, ()) for n in e["names"]}
    left = [n for n in left if n not in filled]  # ``supplied`` tells of them.
    out = []
    for was in (before or {}).get(KEY, ()):
        names = [n for n in was["names"] if n in left]
        if names:
            out.append({**was, "names": names})
            left = [n for n in left if n not in names]
    if typed is not None and left:
        out.append({**typed, "names": left})
    return out


def entries(
    given: Mapping[str, Mapping[str, str]],
    person: Actor,
    now: dt.datetime,
    names: list[str],
    kept: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """All entries of a version; what was just taken over counts before what was carried."""
    fresh = {n: o for n, o in given.items() if n in names}
    out = from_documents(fresh, person, now)
    for was in kept:
        left = [n for n in was["names"] if n not in fresh]
        if left:
            out.append({**was, "names": left})
    return out


def of_version(
    work: Work,
    given: Mapping[str, Mapping[str, str]],
    before: Decision | None,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    judge: Judge,
) -> list[dict[str, Any]]:
    """The entries of the version that the actor hands in; ``given`` was taken over from documents."""
    registry = judge.ruleset.registry
    kept = []
    if before is not None:
        typed = None
        if before.decided_by != work.actor.account_id:
            at = before.decided_at.isoformat(timespec="seconds")
            typed = {"person": person_of(work.session, before), "at": at}
        kept = carried(before.acceptance, typed, unchanged(old, new, registry))
    return entries(given, work.actor, work.now, [*names_in(new, registry)], kept)


def person_of(session: Session, decision: Decision) -> str:
    """Who submitted a version."""
    account = session.get(Account, decision.decided_by)
    return account.display_name if account is not None else SYSTEM.display_name


def unchanged(old: Mapping[str, Any], new: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    """The names of the values that are what they were."""
    return (n for n in names_in(new, registry) if same(n, old, new))


def shown(acceptance: Any, dossier: Mapping[str, Any]) -> Any:
    """How a version came in, for who sees only a part of its dossier: of the entries, what is there."""
    if not isinstance(acceptance, dict) or KEY not in acceptance:
        return acceptance
    own = []
    for entry in acceptance[KEY]:
        names = [n for n in entry["names"] if n.partition(".")[0] in dossier]
        if names:
            own.append({**entry, "names": names})
    rest = {k: v for k, v in acceptance.items() if k != KEY}
    return rest | ({KEY: own} if own else {})


def in_words(entry: Mapping[str, Any]) -> str:
    """An entry without its names, as a sentence."""
    if "document" not in entry:
        return f"{entry['person']}填写"
    quote = f"：“{entry['quote']}”" if entry.get("quote") else ""
    return f"《{entry['document']}》{entry['place']}{quote}（{entry['person']}采用）"


def by_name(acceptance: Any, person: str, names: Iterable[str]) -> dict[str, str]:
    """Where each value came from, in words; ``person`` submitted the version."""
    told = acceptance if isinstance(acceptance, dict) else {}
    out = {n: in_words(e) for e in told.get(KEY, ()) for n in e["names"]}
    out |= {n: f"{e['person']}填入" for e in told.get(SUPPLIED, ()) for n in e["names"]}
    return {n: out.get(n, f"{person}填写") for n in names}
