"""Work that fails, for the processes that read; a module that loads at once."""


def fail(error: Exception) -> None:
    """Raise it."""
    raise error


def fail_unsendable() -> None:
    """Raise what no other process could make."""

    class Unsendable(Exception):
        pass

    raise Unsendable
