"""What every engine offers: the status of each rule in force, for one dossier and date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Protocol

from evaluator.dossier.dossier import Profile
from evaluator.rulebook.verdict import Status


class Engine(Protocol):
    """An engine is made for one ruleset and must agree with the reference on every status."""

    name: str

    def statuses(self, profile: Profile, as_of: dt.date) -> Mapping[str, Status]:
        """The status of every rule in force on ``as_of``, by rule id.

        Raises InternalError where the engine broke a promise of its own.
        """
        ...
