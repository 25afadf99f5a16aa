"""docs/library.md: its Python runs as one program, its HTTP against the service, and prints this."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

import evaluator
from api.app import create_app
from tests.api.support import settings
from tests.support import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
TEXT = (ROOT / "docs" / "library.md").read_text("utf-8")


def curl(client: TestClient, line: str) -> httpx2.Response:
    """What a ``curl -d`` of the page is answered."""
    words = shlex.split(line)
    assert words[:2] == ["curl", "-s"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    name, _, value = options["-H"].partition(": ")
    return client.post(words[2], content=options["-d"].encode(), headers={name: value})


def test_the_page_as_one_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    printed = ""
    kinds: list[str] = []
    url = f"sqlite:///{tmp_path}/admission.db"
    with TestClient(create_app(settings(database_url=url))) as client:
        monkeypatch.setattr(httpx2, "post", client.post)
        for kind, body in BLOCK.findall(TEXT):
            kinds.append(kind)
            if kind == "python":
                with contextlib.redirect_stdout(io.StringIO()) as out:
                    exec(compile(body, "docs/library.md", "exec"), names)
                printed = out.getvalue()
            elif kind == "sh":
                answer = curl(client, body)
                assert answer.content == names["rulebook"].evaluate(names["dossier"]).canonical
            else:
                assert body == printed
    assert kinds.count("python") == kinds.count("text") == 5
    assert kinds.count("sh") == 1


def test_the_ten_lines_are_ten() -> None:
    code = BLOCK.findall(TEXT)[0][1]
    statements = compile(code, "docs/library.md", "exec", flags=0x400).body
    assert len(statements) + 2 <= 10


def test_the_page_names_what_there_is() -> None:
    table = TEXT.split("## 有什么")[1].split("\n- ")[0]
    rows = re.findall(r"^\| `(\w+)[`(](.*)", table, re.M)
    assert [name for name, _ in rows] == [
        "load_rulebook",
        "Rulebook",
        "Judgement",
        "Reason",
        "Citation",
        "Problem",
    ]
    ruleset = {"ruleset"}  # Set when a rulebook is made.
    for shown, words in rows[1:]:
        there = {*dir(getattr(evaluator, shown)), *getattr(evaluator, shown).__annotations__}
        named = {n for n in re.findall(r"`(\w+)(?:\([^`]*\))?`", words) if n.islower()}
        assert len(named) > 3
        assert named <= there | ruleset, named - there
