"""What has changed since a place, for systems that keep a copy."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access.security import require, store_of
from api.store import changefeed
from api.store.changefeed import ChangePage, Kind
from api.store.work import Actor
from api.transport.answers import answer
from api.transport.paging import Cursor, Limit
from api.transport.schemas import READS

router = APIRouter(prefix="/api/v1/changes", tags=["changes"])
Reader = Annotated[Actor, require("read")]
DESCRIPTION = """从 `cursor` 之后按先后列出项目、决定、会审事项、委员会结论、承诺、督办的变化，只列看得到的。
不写 `cursor` 从头开始。每次把答复的 `next` 存下来，下次放在 `cursor` 里；`more` 为 true 马上再要，为 false 过一会儿再来。
每条只说什么变了，内容用里面的编号去读。同一次办理的几条变化不分在两页，所以一页可以略多于 `limit`。"""


@router.get(
    "",
    summary="从某处以来的变化",
    description=DESCRIPTION,
    response_model=ChangePage,
    responses=READS,
)
def list_changes(
    request: Request,
    actor: Reader,
    kind: Annotated[Kind | None, Query(description="只要这一类的变化")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """What changed, oldest first."""
    kinds = () if kind is None else (kind,)
    with store_of(request).db.read() as session:
        return answer(changefeed.find(session, actor, cursor, limit, kinds))
