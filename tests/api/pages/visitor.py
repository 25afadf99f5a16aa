"""A visitor of the pages, and what a download is called."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import unquote

from fastapi.testclient import TestClient

from scripts.seeding import PASSWORD
from tests.api.support import now

DRAFT = {
    "project_id": "T1",
    "project_name": "<script>alert(1)</script>",
    "submitted_on": "2026-11-24",
}


def saved_as(answer: Any) -> tuple[str, str]:
    """The file's name for browsers, and the one for what knows only ASCII."""
    said = answer.headers["content-disposition"]
    found = re.fullmatch(
        r"attachment; filename=\"([\w.-]+)\"; filename\*=UTF-8''([\w.%-]+)", said, re.A
    )
    assert found is not None, said
    return unquote(found[2], errors="strict"), found[1]


class Visitor:
    """A browser without scripts: keeps cookies, sends the token that the page gave out."""

    def __init__(self, app: Any) -> None:
        self.client = TestClient(app, raise_server_exceptions=False)
        self.store = app.state.store

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, data: dict[str, str], **more: Any) -> Any:
        found = re.search(r'name="csrf" value="([0-9a-f]*)"', self.get("/rules").text)
        assert found is not None
        seen = self.seen(path, data)
        return self.client.post(path, data={"csrf": found[1], **seen, **data}, **more)

    def seen(self, path: str, data: dict[str, str]) -> dict[str, str]:
        """What a form on a page that was just opened says it is on."""
        about = f"/projects/{data['number']}/" if data.get("number") else path
        text = now(self.store, "POST", about)
        return {"seen": text} if text else {}

    def log_in(self, name: str) -> Visitor:
        answer = self.post("/login", {"name": name, "password": PASSWORD, "next": "/"})
        assert answer.status_code == 200, answer.text
        return self


def inputs_of(text: str) -> dict[str, str]:
    """What a browser would send of the page's forms: hidden and text inputs, ticked boxes, choices."""
    out: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", text):
        named = re.search(r'name="([^"]*)"', tag)
        if named is None or 'type="file"' in tag:
            continue
        if 'type="checkbox"' in tag and " checked" not in tag:
            continue
        value = re.search(r'value="([^"]*)"', tag)
        out[named[1]] = html.unescape(value[1]) if value else ""
    for name, body in re.findall(r'<select [^>]*?name="([^"]*)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        out[name] = html.unescape(chosen[1]) if chosen else ""
    return out
