"""Every route and setting that the documents name is one that the program has."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute

from api.app import ROUTERS
from api.settings import Settings
from tests.support import ROOT

# `POST /projects/{id}/versions`, `GET/POST /drafts`; a list goes on with `、` and another path.
NAMED = re.compile(r"`((?:GET|POST|PUT|DELETE)(?:/(?:GET|POST|PUT|DELETE))*) (/[^`?\s]*)[^`]*`")
SETTING = re.compile(r"\bADMISSION_([A-Z][A-Z_]+)\b")
# Read by the tests, the build, the deployment and the command line: no settings of the service.
OTHERS = {"ENV_FILE", "COMMIT", "SERVER", "KEY", "APPROVER_KEY", "CACHE"}
DOCUMENTS = sorted(
    p.relative_to(ROOT).as_posix()
    for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    if p.name != "CHANGELOG.md"
)


def _bare(path: str) -> str:
    path = re.sub(r"\{[^}]*\}", "{}", path)
    return (
        path
        if path.startswith(("/api/v1", "/healthz", "/readyz", "/metrics"))
        else f"/api/v1{path}"
    )


SERVED = {
    (method, _bare(route.path))
    for module in ROUTERS
    for route in module.router.routes
    if isinstance(route, APIRoute)
    for method in route.methods
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_route_named_is_served(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    asked = {(m, _bare(p)) for methods, p in NAMED.findall(text) for m in methods.split("/")}
    assert asked - SERVED == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_setting_named_is_one(name: str) -> None:
    known = {field.upper() for field in Settings.model_fields} | OTHERS
    named = set(SETTING.findall((ROOT / name).read_text("utf-8")))
    assert {n for n in named if n not in known and not n.startswith("TEST")} == set()
