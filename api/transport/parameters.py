"""Parameters that many routes and pages take."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any

from fastapi import Path, Query

from api.transport.problems import ProblemError

DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
DATE: dict[str, Any] = {"pattern": DAY, "json_schema_extra": {"format": "date"}}
Id = Annotated[int, Path(ge=1, le=2**53)]
Before = Annotated[int | None, Query(ge=1, le=2**53)]
Number = Annotated[str, Path(max_length=40, description="受理编号")]
Day = Annotated[str | None, Query(**DATE)]
AsOf = Annotated[str | None, Query(description="按哪一天的标准判定，缺省为受理日期", **DATE)]
Stage = Annotated[
    str | None,
    Query(max_length=80, description="按哪个环节评估（代码或名称），缺省为最后一个环节"),
]
From = Annotated[
    str | None, Query(alias="from", description="受理日不早于这一天（含），写作 2026-01-01", **DATE)
]
To = Annotated[
    str | None, Query(alias="to", description="受理日不晚于这一天（含），写作 2026-12-31", **DATE)
]
Since = Annotated[
    str | None,
    Query(
        alias="updated_since",
        max_length=40,
        description="只列这一时刻及以后有变化的，写作 2026-11-20T08:00:00Z 或带时差的 +08:00",
        json_schema_extra={"format": "date-time"},
    ),
]


def parse_moment(text: str | None, parameter: str) -> dt.datetime | None:
    """A moment with its zone out of a query parameter. Raises ProblemError 422."""
    if text is None:
        return None
    try:
        # A plus sign in a query string reads as a space where nobody wrote %2B.
        moment = dt.datetime.fromisoformat(text.replace(" ", "+"))
        if moment.tzinfo is None or not 1900 <= moment.year <= 2200:
            raise ValueError(text)
    except ValueError:
        detail = "应是带时区的时刻，写作 2026-11-20T08:00:00Z"
        raise ProblemError(
            422, "请求参数有误", [{"parameter": parameter, "detail": detail, "code": "A108"}]
        ) from None
    return moment.astimezone(dt.UTC)


def parse_day(text: str | None, parameter: str) -> dt.date | None:
    """A calendar date out of a query parameter. Raises ProblemError 422."""
    if text is None:
        return None
    try:
        if not re.fullmatch(DAY, text):
            raise ValueError(text)
        day = dt.date.fromisoformat(text)
        if not 1900 <= day.year <= 2200:
            raise ValueError(text)
    except ValueError:
        raise ProblemError(
            422,
            "请求参数有误",
            [{"parameter": parameter, "detail": "应是日期，写作 2024-01-01", "code": "A108"}],
        ) from None
    return day
