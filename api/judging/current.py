"""The judge of the ruleset in force, as a dependency of routes and pages.

What judges takes ``CurrentJudge`` and is refused where the ruleset cannot be read; what shows records
or lets people in takes ``ReadingJudge`` and goes on.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.judging.judge import Judge


def current_judge(request: Request) -> Judge:
    """The judge of the ruleset in force."""
    judge: Judge = request.app.state.judges.current()
    return judge


def reading_judge(request: Request) -> Judge:
    """The judge in force, or one for labels only where that cannot be read: nobody is judged by it."""
    judge: Judge = request.app.state.judges.reading()
    return judge


CurrentJudge = Annotated[Judge, Depends(current_judge)]
ReadingJudge = Annotated[Judge, Depends(reading_judge)]
