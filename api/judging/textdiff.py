"""Two texts side by side, as rows for a table."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One row: line numbers and texts; ``kind`` is same, changed, added, removed or gap."""

    kind: str
    old_number: int | None = None
    old: str = ""
    new_number: int | None = None
    new: str = ""


def side_by_side(old: str, new: str) -> list[Line]:
    """What differs, with a few lines around it; a gap stands for what is the same."""
    a, b = old.splitlines(), new.splitlines()
    out: list[Line] = []
    for group in difflib.SequenceMatcher(None, a, b, autojunk=False).get_grouped_opcodes(CONTEXT):
        if out or group[0][1]:
            out.append(Line("gap"))
        for tag, i1, i2, j1, j2 in group:
            for n in range(max(i2 - i1, j2 - j1)):
                left, right = i1 + n < i2, j1 + n < j2
                kind = (
                    "same"
                    if tag == "equal"
                    else "changed"
                    if left and right
                    else "removed"
                    if left
                    else "added"
                )
                out.append(
                    Line(
                        kind=kind,
                        old_number=i1 + n + 1 if left else None,
                        old=a[i1 + n] if left else "",
                        new_number=j1 + n + 1 if right else None,
                        new=b[j1 + n] if right else "",
                    )
                )
    return out
