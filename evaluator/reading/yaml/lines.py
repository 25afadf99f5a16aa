"""Lines of a YAML text as the eye sees them, and what is told of a slip in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LEAD = re.compile(r" *(?:- +)*")
KEY = re.compile(r" *(?:- +)*[A-Za-z_][\w.]*:(?: |$)")
ITEM = re.compile(r" *(?:- |-$)")
MAX_LINES = 20_000  # More are not searched for what was begun far above.


@dataclass(frozen=True, slots=True)
class Slip:
    """What was done, 1-based where, and what to write instead."""

    line: int
    column: int
    what: str
    hint: str
    end_column: int | None = None


def line_at(lines: Sequence[str], number: int) -> str:
    return lines[number - 1] if 1 <= number <= len(lines) else ""


def indent_of(text: str) -> int:
    return len(text) - len(text.lstrip())


def line_above(lines: Sequence[str], number: int) -> int:
    """The last line before ``number`` that says something; 0 where there is none."""
    return next((n for n in range(number - 1, 0, -1) if line_at(lines, n).strip()), 0)


def says_something(text: str) -> bool:
    return bool(text.strip()) and not text.lstrip().startswith("#")
