"""Every command that a document shows is one that there is, with options that it has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from api.commands.app import app
from tests.support import ROOT

FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`(admission [^`\n]+)`")
DOCUMENTS = sorted(
    p.relative_to(ROOT).as_posix()
    for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/**/*.md")]
    if p.name != "CHANGELOG.md"
)


def commands_in(text: str) -> Iterator[str]:
    """What stands after "admission" in code, to the end of the command."""
    for block in FENCE.findall(text):
        joined = re.sub(r"\\\n\s*", " ", block)
        for line in joined.splitlines():
            found = re.match(r"\s*(?:\$ )?(?:\S*/)?admission (.*)", line)
            if found:
                yield re.split(r"\s#|\s?[|>;]|&&", found[1])[0]
    for code in INLINE.findall(text):
        yield re.split(r"\s?[|>;]|&&", code.removeprefix("admission "))[0]


def wrong(line: str) -> str | None:
    """What is wrong with a command line, if anything."""
    try:
        words = shlex.split(line)
    except ValueError:
        return f"admission {line}: no command line"
    command: Any = get_command(app)
    at = []
    while words and hasattr(command, "list_commands") and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        inner = command.get_command(None, words[0])
        if inner is None:
            return f"admission {' '.join([*at, words[0]])}: no such command"
        command, at = inner, [*at, words.pop(0)]
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
    for word in words:
        option = word.partition("=")[0]
        if re.fullmatch(r"--?[a-z][\w-]*", option) and option not in known:
            return f"admission {' '.join(at)} has no {option}"
    return None


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_shown_is_there_with_its_options(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert [said for line in commands_in(text) if (said := wrong(line))] == []


def test_documents_show_commands_and_a_wrong_one_is_found() -> None:
    shown = [line for name in DOCUMENTS for line in commands_in((ROOT / name).read_text("utf-8"))]
    assert len(shown) > 80
    text = "```sh\nadmission rules chekc x\nadmission rules check x --qiet  # y\n```\n`admission serve --port 1`"
    assert [wrong(line) for line in commands_in(text)] == [
        "admission rules chekc: no such command",
        "admission rules check has no --qiet",
        None,
    ]
