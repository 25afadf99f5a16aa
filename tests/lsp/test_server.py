"""The language server, driven as an editor drives it: what it shows while a rulebook is edited."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from lsprotocol import types as lsp

from tests.lsp.editor import STARTED, Editor, coded, drive, errors
from tests.support import METRICS, ROOT, RULES


def test_problems_while_typing(small: Path) -> None:
    """Told at their place in UTF-16, gone once mended; nothing is saved for it."""

    async def steps(editor: Editor) -> None:
        name = "rules/metrics.yaml"
        text = editor.open(name)
        assert errors(await editor.problems(name, lambda _: True)) == []
        # One character of two UTF-16 units stands before the mistake.
        wrong = text.replace("title: 亩均税收", "title: 亩均税收𠮷").replace(
            "[annual_tax,", "[anual_tax,"
        )
        editor.type(name, wrong)
        (problem,) = errors(await editor.problems(name, errors))
        line = wrong.split("\n")[problem.range.start.line].encode("utf-16-le")
        start, end = problem.range.start.character, problem.range.end.character
        assert line[2 * start : 2 * end].decode("utf-16-le") == "anual_tax"
        assert problem.code == "E301"
        assert "annual_tax" in problem.message
        editor.type(name, text)
        await editor.problems(name, lambda found: not errors(found))
        assert (small / name).read_text("utf-8") == METRICS

    drive(small, steps)


def test_a_change_is_told_where_it_breaks_something_else(small: Path) -> None:
    """A criterion renamed without saving: the rule that uses it is wrong, and right on closing."""

    async def steps(editor: Editor) -> None:
        text = editor.open("criteria.yaml")
        editor.open("rules/rules.yaml")
        unknown = partial(coded, "E304")
        await editor.problems("rules/rules.yaml", lambda found: not unknown(found))
        editor.type("criteria.yaml", text.replace("tax_floor:", "tax_limit:"))
        found = unknown(await editor.problems("rules/rules.yaml", unknown))
        lines = {RULES.split("\n")[d.range.start.line].strip() for d in found}
        assert "basis: [{criterion: tax_floor}]" in lines
        document = lsp.TextDocumentIdentifier(editor.uri("criteria.yaml"))
        editor.client.text_document_did_close(lsp.DidCloseTextDocumentParams(document))
        await editor.problems("rules/rules.yaml", lambda found: not unknown(found))

    drive(small, steps)


def test_a_case_that_fails_is_told_on_saving(small: Path) -> None:
    async def steps(editor: Editor) -> None:
        text = editor.open("criteria.yaml")
        name = "rules/rules.cases.yaml"
        await editor.problems("rules/rules.yaml", partial(coded, "C109"))
        text = text.replace("verified: true, value: 20}", "verified: true, value: 21}")
        editor.type("criteria.yaml", text)
        (small / "criteria.yaml").write_text(text, "utf-8")
        document = lsp.TextDocumentIdentifier(editor.uri("criteria.yaml"))
        editor.client.text_document_did_save(lsp.DidSaveTextDocumentParams(document))
        found = await editor.problems(name, partial(coded, "C110"))
        assert [(d.code, d.range.start.line) for d in found] == [("C110", 1)]
        assert "恰为" in found[0].message

    drive(small, steps)


def test_a_file_outside_a_rulebook_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [", "utf-8")

    async def steps(editor: Editor) -> None:
        text = editor.open("a.yaml")
        assert await editor.hover("a.yaml", text, "a") is None
        assert await editor.completions("a.yaml", text, "a: [") == {}
        assert editor.told == {}

    drive(tmp_path, steps)


def test_the_shipped_rulebook_has_nothing_to_show(tmp_path: Path) -> None:
    shutil.copy(ROOT / "criteria.yaml", tmp_path)
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")

    async def steps(editor: Editor) -> None:
        name = "rules/positive/output.yaml"
        editor.open(name)
        assert await editor.problems(name, lambda _: True) == []
        assert {u: f for u, f in editor.told.items() if f} == {}

    drive(tmp_path, steps)


def test_the_settings_in_the_guide_start_it() -> None:
    text = (ROOT / "docs" / "maintainers.md").read_text("utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    code = json.loads(block)
    words = [code["glspc.server.command"], *code["glspc.server.commandArguments"]]
    (lua,) = re.findall(r"cmd = \{ (.*?) \}", text)
    assert words == json.loads(f"[{lua}]") == ["admission", *STARTED]


def test_without_the_extra_it_says_what_to_install() -> None:
    blocked = "import sys; sys.modules['pygls'] = None; from evaluator.cli.app import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", blocked, "rules", "lsp"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 2
    assert "[lsp]" in done.stderr
    assert done.stdout == ""
