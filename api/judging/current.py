"""The judge of the ruleset in force, as a dependency of routes and pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.judging.judge import Judge


def current_judge(request: Request) -> Judge:
    """The judge of the ruleset in force."""
    judge: Judge = request.app.state.judges.current()
    return judge


CurrentJudge = Annotated[Judge, Depends(current_judge)]
