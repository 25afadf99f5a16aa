"""Dossiers met so far with the status of every rule: most questions about pairs end here."""

from __future__ import annotations

from collections.abc import Mapping

from evaluator.dossier.dossier import Profile
from evaluator.prove.solve import Side
from evaluator.rulebook.verdict import Status


class Pool:
    """Every added dossier is judged once by the reference engine."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.seen: list[tuple[Profile, Mapping[str, Status]]] = []

    def add(self, profile: Profile) -> None:
        """Judge and keep a dossier."""
        self.seen.append((profile, self.side.statuses(profile)))
