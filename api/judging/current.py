"""The judge of the ruleset in force, as a dependency of routes and pages.

What judges takes ``CurrentJudge`` and is refused where the ruleset cannot be read; what shows records
or lets people in takes ``ReadingJudge`` and goes on.
"""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
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


async def fresh_judge(request: Request) -> Judge:
    """The same for code on the event loop."""
    judge: Judge | None = request.app.state.judges.held()
    if judge is None:
        # Threads of its own: those of the others may all be waiting for the database.
        lane = request.app.state.judging
        judge = await to_thread.run_sync(current_judge, request, limiter=lane)
    return judge


async def _reading(request: Request) -> Judge:
    judge: Judge | None = request.app.state.judges.held()
    if judge is None:
        lane = request.app.state.judging
        judge = await to_thread.run_sync(reading_judge, request, limiter=lane)
    return judge


CurrentJudge = Annotated[Judge, Depends(fresh_judge)]
ReadingJudge = Annotated[Judge, Depends(_reading)]
