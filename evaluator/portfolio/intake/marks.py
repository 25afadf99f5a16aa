"""Values that a text alone would not tell, as marked texts of one column of a table."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

from evaluator.reading import cells
from evaluator.reading.cells import CellFault

# No text of a dossier may hold it. Before a value that is not of the JSON type in which its field is
# written (see postgres.table), a ratio of our own in a line, or what ``marked`` makes.
MARK = "\x1f"


def marked(value: object) -> str | None:
    """A value of a source without types as a text that ``read_cell`` takes for what it is."""
    try:
        meant = cells.meaning(value) if not isinstance(value, int) else value
    except CellFault as fault:
        return MARK + json.dumps({"fault": fault.message, "hint": fault.hint})
    if meant is None or isinstance(meant, str):
        return meant and (MARK + json.dumps({"text": meant}) if meant[:1] == MARK else meant)
    if isinstance(meant, bool):
        return MARK + json.dumps({"bool": meant})
    if isinstance(meant, dt.date):
        return meant.isoformat()
    if isinstance(meant, Decimal) and "E" in str(meant):
        return MARK + json.dumps({"number": str(meant)})
    return str(meant)


def marked_value(raw: str) -> object:
    """What ``marked`` has told of a value. Raises CellFault."""
    told = json.loads(raw)
    if "fault" in told:
        raise CellFault(told["fault"], told["hint"])
    if "number" in told:
        return Decimal(told["number"])
    return told.get("text", told.get("bool"))
