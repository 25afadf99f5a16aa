"""The acceptance day (受理日): stamped at receipt, never chosen by whoever applies.

The day that a dossier states is replaced by the day of receipt, and told. Two exceptions, both the
committee's, both with a reason, both kept with the decision and in the audit log: what was handed in
on paper was received on the day an official records, within limits; and a dossier may be judged as
of another day than that of its acceptance.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from api.errors import Denied, Invalid
from api.store.work import Actor
from evaluator.dossier.dossier import Profile

SUBMITTED = "submitted_on"
OFFICIAL = "committee"
ONLINE, PAPER = "online", "paper"


@dataclass(frozen=True, slots=True)
class Days:
    """What an official asks: the day a paper dossier was received, the day to judge it as of."""

    received_on: dt.date | None = None
    received_note: str = ""
    as_of: dt.date | None = None
    as_of_reason: str = ""

    def told(self) -> list[str | None]:
        """The same as JSON data."""
        days = (self.received_on, self.as_of)
        return [
            *(d.isoformat() if d else None for d in days),
            self.received_note,
            self.as_of_reason,
        ]


NO_DAYS = Days()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """When a dossier was accepted and what its day of judgement rests on; kept with the decision.

    ``stated_on`` is what the dossier itself said, where that was another day.
    """

    accepted_on: dt.date
    channel: str
    stated_on: dt.date | None
    days: Days

    @property
    def as_of(self) -> dt.date:
        """The day whose law applies."""
        return self.days.as_of or self.accepted_on

    def told(self) -> dict[str, Any]:
        """As JSON data, without what is not there."""
        data: dict[str, Any] = {
            "accepted_on": self.accepted_on.isoformat(),
            "channel": self.channel,
            "stated_on": self.stated_on.isoformat() if self.stated_on else None,
            "received_note": self.days.received_note or None,
            "as_of_reason": self.days.as_of_reason or None,
        }
        return {k: v for k, v in data.items() if v is not None}


def stamped(raw: Any, today: dt.date) -> Any:
    """A dossier as JSON data with a day in it, so that it can be read where it states none."""
    if isinstance(raw, dict) and raw.get(SUBMITTED) in (None, ""):
        return {**raw, SUBMITTED: today.isoformat()}
    return raw


def accept(
    profile: Profile,
    actor: Actor,
    days: Days,
    today: dt.date,
    paper_days: int,
    before: dt.date | None = None,
) -> tuple[Profile, Acceptance]:
    """The dossier with its acceptance day in it, and how that came about.

    ``before`` is the acceptance day of the version before. Raises Denied for days that only the
    committee may name, Invalid for days that it may not name either, or names without a reason.
    """
    _check(actor, days, today, paper_days, before)
    accepted = days.received_on or today
    stated = profile.submitted_on if profile.submitted_on != accepted else None
    channel = PAPER if days.received_on else ONLINE
    acceptance = Acceptance(accepted, channel, stated, days)
    return profile.with_value(SUBMITTED, accepted), acceptance


def _check(
    actor: Actor, days: Days, today: dt.date, paper_days: int, before: dt.date | None
) -> None:
    if days == NO_DAYS:
        return
    if OFFICIAL not in actor.roles:
        raise Denied(
            "受理日由系统按收到的当天确定，申报人不能指定。纸质材料的收到日期（received_on）"
            "和另定的判定日期（as_of）由委员会填写并说明理由"
        )
    if days.received_on is not None:
        _check_paper(days.received_on, today, paper_days, before)
        if not days.received_note.strip():
            raise Invalid("received_note", "登记纸质材料的收到日期须写明凭据，如收文编号")
    elif days.received_note.strip():
        raise Invalid("received_on", "写了收到凭据，没有写收到日期")
    if days.as_of is not None:
        if days.as_of > today:
            raise Invalid("as_of", f"判定日期 {days.as_of} 还没有到", f"最晚是今天（{today}）")
        if not days.as_of_reason.strip():
            raise Invalid("as_of_reason", "按受理日以外的日期判定须写明理由")
    elif days.as_of_reason.strip():
        raise Invalid("as_of", "写了另定判定日期的理由，没有写判定日期")


def _check_paper(
    received: dt.date, today: dt.date, paper_days: int, before: dt.date | None
) -> None:
    earliest = today - dt.timedelta(days=paper_days)
    if received > today:
        raise Invalid("received_on", f"收到日期 {received} 还没有到", f"最晚是今天（{today}）")
    if received < earliest:
        raise Invalid(
            "received_on",
            f"收到日期 {received} 太早：纸质材料须在收到后 {paper_days} 天内登记",
            f"最早是 {earliest}",
        )
    if before is not None and received < before:
        raise Invalid("received_on", f"收到日期 {received} 早于上一版的受理日", f"最早是 {before}")
