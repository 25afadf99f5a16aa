"""A finding is ``applies_when`` ⇒ ``require``, in three-valued logic."""

from __future__ import annotations

import pytest

from evaluator.rulebook.verdict import Status, status_of

S, V, U, N = Status.SATISFIED, Status.VIOLATED, Status.UNKNOWN, Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("applies", "required", "status"),
    [
        (True, True, S),
        (True, False, V),
        (True, None, U),
        (False, True, N),
        (False, False, N),
        (False, None, N),
        (None, True, S),
        (None, False, U),
        (None, None, U),
    ],
)
def test_status_is_applies_implies_require(
    applies: bool | None, required: bool | None, status: Status
) -> None:
    assert status_of(applies, required) is status
