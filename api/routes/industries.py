"""GB/T 4754-2017 by code and by name."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.transport.answers import answer
from api.transport.schemas import problems
from evaluator.documents.industry import by_product
from evaluator.values.industries import FOUND, industries, level, search_industries

router = APIRouter(prefix="/api/v1", tags=["evaluations"])


class IndustryOut(BaseModel):
    """One entry of the table."""

    code: str
    name: str
    level: str = Field(description="门类、大类、中类或小类")


@router.get(
    "/industries",
    summary="按名称或代码查国民经济行业分类",
    description="GB/T 4754-2017 全表，不含第 1 号修改单。写名称里的字，几个词用空格隔开；也可以写产品的常用叫法（如“锂电池”），或代码的开头。",
    response_model=list[IndustryOut],
    responses=problems(422, 503),
)
def search_industry_codes(
    q: Annotated[str, Query(min_length=1, max_length=60, description="名称里的字，或代码的开头")],
    limit: Annotated[int, Query(ge=1, le=200)] = FOUND,
) -> Response:
    """Entries whose names have every word, whole names first; then what makes the product so called."""
    hits = dict(search_industries(q, limit))
    hits |= {c: industries()[c] for c in by_product(q) if c not in hits}
    return answer(
        [{"code": c, "name": n, "level": level(c)} for c, n in list(hits.items())[:limit]]
    )
