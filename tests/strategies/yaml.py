"""Data as the YAML that the strict reader takes."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any as Json


def write_yaml(value: Json) -> str:
    """Flow-style YAML that the strict reader takes: texts quoted, dates and numbers plain."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {write_yaml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(write_yaml(v) for v in value) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (int, dt.date)):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
