"""Two drafts judge the same stored decisions, in a process of their own."""

from __future__ import annotations

from typing import Any

from api.database.db import Database
from api.errors import Conflict
from api.judging.trial import between
from api.judging.workers import Workers
from api.store.proposals import reading
from api.store.proposals.stored import newest_rows
from evaluator.problems.errors import InputError

MOST = 1000  # Decisions; the newest.


def compared(
    db: Database, workers: Workers, source: str, one: int, other: int
) -> tuple[int, dict[str, Any]]:
    """How many decisions, and what the draft ``other`` says otherwise than ``one``, as
    ``Impact.to_dict``.

    ``source`` is who asks. Raises Missing, or Conflict for a draft that cannot be read.
    """
    with db.read() as session:
        texts = [reading.files_of(session, number) for number in (one, other)]
        rows = newest_rows(session, MOST)
    try:
        impact = workers.call(source, between, texts[0].layers, texts[1].layers, rows)
    except InputError as error:
        raise Conflict("两份提案中有一份的规则集有错误，改好以后再比较") from error
    return len(rows), impact
