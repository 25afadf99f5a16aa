"""Templates to responses: one environment, the security headers, what every page needs."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.access.security import allowed, store_of
from api.pages.frame import words
from api.pages.frame.parts import help_for
from api.pages.frame.session import actor_of, csrf_token, wants_big
from api.store.seconds import to_confirm
from api.store.todo import supplements, waiting_tasks
from api.store.work import Actor
from api.workdays.china import today
from evaluator.values.industries import industry_label

HERE = Path(__file__).parents[2]
STATIC = HERE / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates, always escaped; an unknown name is an error, never an empty place."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "amount": words.amount,
        "day": words.chinese_date,
        "time": words.chinese_time,
        "digits": words.digits,
        "unit": words.plain_unit,
        "citation": words.citation,
        "industry": industry_label,
    }
    env.globals |= {
        "EFFECTS": words.EFFECTS,
        "LISTS": words.LISTS,
        "LIGHTS": words.LIGHTS,
        "STATUSES": words.STATUSES,
        "VERDICTS": words.VERDICTS,
        "stage_title": words.stage_title,
        "verdict_word": words.verdict_word,
        "STATES": words.STATES,
        "TASK_STATES": words.TASK_STATES,
        "TASK_LIGHTS": words.TASK_LIGHTS,
        "OPINIONS": words.OPINIONS,
        "OUTCOMES": words.OUTCOMES,
        "CONCLUSION_LIGHTS": words.CONCLUSION_LIGHTS,
        "asset": _asset,
    }
    return env


@lru_cache(maxsize=32)
def _asset(name: str) -> str:
    """The address of a built asset, with its content's hash so that it can be kept for long."""
    path = STATIC / name
    tag = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "0"
    return f"/static/{name}?v={tag}"


def _counts(request: Request, actor: Actor | None) -> dict[str, int]:
    """What waits, beside the navigation: what one's department is to answer, what one is to supplement,
    what one is to confirm as the second administrator."""
    if actor is None or not (actor.departments or actor.roles & {"submitter", "admin"}):
        return {}
    with store_of(request).db.read() as session:
        out = {}
        if actor.departments:
            out["/tasks"] = waiting_tasks(session, actor, today())[0]
        if "submitter" in actor.roles:
            out["/projects"] = supplements(session, actor)
        if "admin" in actor.roles:
            out["/accounts"] = to_confirm(session, actor, dt.datetime.now(dt.UTC))
    return out


def page(
    request: Request,
    template: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page. Its template sees the actor, the CSRF token and where it is, besides ``context``."""
    actor = actor_of(request)
    text = (
        environment()
        .get_template(template)
        .render(
            actor=actor,
            csrf=csrf_token(request),
            big=wants_big(request),
            path=request.url.path,
            help_at=help_for(request.url.path),
            trouble=store_of(request).rulesets.trouble(),
            may=lambda action: actor is not None and allowed(actor, action),
            nav=_counts(request, actor),
            **context,
        )
    )
    return HTMLResponse(
        text,
        status,
        {
            "Content-Security-Policy": CSP,
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )
