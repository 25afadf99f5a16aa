"""Why a request is refused, whoever makes it: the reasons that pages and routes turn into answers."""

from __future__ import annotations


class StoreError(Exception):
    """A refusal, as one Chinese sentence."""


class Denied(StoreError):
    """The actor may not do or see this."""


class Missing(StoreError):
    """There is no such record."""


class Conflict(StoreError):
    """The record is not in the state that this needs."""


class Changed(Conflict):
    """What was acted upon is no longer what was seen; ``changes`` tells what happened since."""

    def __init__(self, detail: str, changes: tuple[str, ...] = ()) -> None:
        self.changes = changes
        super().__init__(detail)


class Invalid(StoreError):
    """What was given cannot be recorded; ``field`` names the part at fault."""

    def __init__(self, field: str, detail: str, hint: str | None = None) -> None:
        self.field, self.detail, self.hint = field, detail, hint
        super().__init__(detail)

    def __reduce__(self) -> tuple[type[Invalid], tuple[str, str, str | None]]:
        return type(self), (self.field, self.detail, self.hint)


class Unreadable(StoreError):
    """A stored ruleset that this program cannot read: nothing can be judged by it."""


class Locked(Exception):
    """The database cannot be written now."""


class Unmigrated(Exception):
    """The database's structure is not the one this program needs."""


class Newer(Unmigrated):
    """The database was written by a newer program."""


class NotAnswering(Exception):
    """The database did not answer within the time that a start waits for it."""


class Unusable(Exception):
    """A file, directory or port that the settings name cannot be used; one line for each."""
