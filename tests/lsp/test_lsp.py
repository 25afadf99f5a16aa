"""The language server as an editor meets it: a process of its own, over stdio."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient
from pygls.uris import to_fs_path

from tests.support import CRITERIA, LABELS, METRICS, ROOT, RULES, run_async

ADMISSION = str(Path(sys.executable).with_name("admission"))
STARTED = ("rules", "lsp")
SECONDS = 60
CASES = """
- {rule: positive.tax, name: 恰为, expect: satisfied, boundary: true, dossier: {annual_tax: 200, land_area: 10}}
- {rule: positive.tax, name: 低于, expect: violated, dossier: {annual_tax: 199, land_area: 10}}
"""


class Editor:
    """A client with the problems it was last told of each file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client = LanguageClient("test", "1")
        self.told: dict[str, list[lsp.Diagnostic]] = {}
        self.news = asyncio.Event()
        self.versions: dict[str, int] = {}

        @self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def told(params: lsp.PublishDiagnosticsParams) -> None:
            self.told[params.uri] = list(params.diagnostics)
            self.news.set()

    async def start(self) -> None:
        await self.client.start_io(ADMISSION, *STARTED)
        await self.client.initialize_async(
            lsp.InitializeParams(lsp.ClientCapabilities(), root_uri=self.root.as_uri())
        )
        self.client.initialized(lsp.InitializedParams())

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()

    def uri(self, name: str) -> str:
        return (self.root / name).resolve().as_uri()

    def open(self, name: str, text: str | None = None) -> str:
        text = (self.root / name).read_text("utf-8") if text is None else text
        item = lsp.TextDocumentItem(self.uri(name), "yaml", 1, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        self.versions[name] = 1
        return text

    def type(self, name: str, text: str) -> None:
        self.versions[name] += 1
        document = lsp.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name))
        whole = lsp.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [whole]))

    async def problems(
        self, name: str, wanted: Callable[[list[lsp.Diagnostic]], object]
    ) -> list[lsp.Diagnostic]:
        """The problems of a file, once they are as wanted."""
        async with asyncio.timeout(SECONDS):
            while True:
                found = self.told.get(self.uri(name))
                if found is not None and wanted(found):
                    return found
                self.news.clear()
                await self.news.wait()

    def at(
        self, name: str, text: str, mark: str
    ) -> tuple[lsp.TextDocumentIdentifier, lsp.Position]:
        """Right after ``mark``, in UTF-16 units, as editors count."""
        before = text[: text.index(mark) + len(mark)]
        line = before.rpartition("\n")[2]
        position = lsp.Position(before.count("\n"), len(line.encode("utf-16-le")) // 2)
        return lsp.TextDocumentIdentifier(self.uri(name)), position

    async def completions(self, name: str, text: str, mark: str) -> dict[str, lsp.CompletionItem]:
        params = lsp.CompletionParams(*self.at(name, text, mark))
        found = await self.client.text_document_completion_async(params)
        assert isinstance(found, lsp.CompletionList)
        return {i.label: i for i in found.items}

    async def hover(self, name: str, text: str, mark: str) -> str | None:
        found = await self.client.text_document_hover_async(
            lsp.HoverParams(*self.at(name, text, mark))
        )
        if found is None:
            return None
        assert isinstance(found.contents, lsp.MarkupContent)
        return found.contents.value

    async def definition(self, name: str, text: str, mark: str) -> tuple[Path, str] | None:
        """The file, and what stands where the name is defined."""
        params = lsp.DefinitionParams(*self.at(name, text, mark))
        found = await self.client.text_document_definition_async(params)
        if found is None:
            return None
        assert isinstance(found, lsp.Location)
        path = Path(to_fs_path(found.uri) or "")
        start = found.range.start
        return path, path.read_text("utf-8").split("\n")[start.line][start.character :]


def drive(root: Path, steps: Callable[[Editor], Awaitable[None]]) -> None:
    async def run() -> None:
        editor = Editor(root)
        await editor.start()
        try:
            await steps(editor)
        finally:
            await editor.stop()

    run_async(run())


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The small rulebook of the tests, in a directory whose name has a space and Chinese in it."""
    root = tmp_path / "规则 集"
    (root / "rules").mkdir(parents=True)
    for name, text in (
        ("criteria.yaml", CRITERIA),
        ("rules/metrics.yaml", METRICS),
        ("rules/rules.yaml", RULES),
        ("rules/labels.yaml", LABELS),
        ("rules/rules.cases.yaml", CASES),
    ):
        (root / name).write_text(text, "utf-8")
    return root


def coded(code: str, found: list[lsp.Diagnostic]) -> list[lsp.Diagnostic]:
    return [d for d in found if d.code == code]


def errors(found: list[lsp.Diagnostic]) -> list[lsp.Diagnostic]:
    return [d for d in found if d.severity is lsp.DiagnosticSeverity.Error]


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


COMPLETED: list[tuple[str, str, str, str]] = [
    ("rules/rules.yaml", "- id: positive.x\n  require: {metric: la", "land_tax", "亩均税收"),
    (
        "rules/rules.yaml",
        "- id: positive.x\n  require: {metric: land_tax, at_least: {criterion: ",
        "tax_floor",
        "亩均税收下限",
    ),
    (
        "rules/rules.yaml",
        "- id: positive.x\n  require:\n    field: land_use_mode\n    equals: ",
        "stock_land",
        "盘活存量用地",
    ),
    ("rules/rules.yaml", "- id: positive.x\n  departments:\n    - t", "tax", "税务部门"),
    ("rules/rules.yaml", "- id: positive.x\n  effect: ", "refer", "提交会审"),
    ("rules/rules.yaml", "- id: positive.x\n  ", "departments", "负责部门，第一个牵头"),
    ("rules/rules.yaml", "- id: positive.x\n  applies_when: {", "known", ""),
    ("rules/metrics.yaml", "- {id: x, formula: {divide: [annual_tax, ", "land_area", "用地面积"),
    ("rules/rules.cases.yaml", "- {rule: ", "positive.tax", "亩均税收"),
    (
        "rules/rules.cases.yaml",
        "- {rule: positive.tax, name: 甲, dossier: {annual_tax: 3, ",
        "land_area",
        "用地面积",
    ),
    ("rules/rules.cases.yaml", "- {rule: positive.tax, expect: ", "violated", "不符合"),
    (
        "criteria.yaml",
        "criteria:\n  tax_floor:\n    values:\n      - {from: 2020-01-01, source: ",
        "law",
        "测试办法",
    ),
    ("criteria.yaml", "criteria:\n  tax_floor:\n    kind: ", "floor", "下限"),
]


def test_completion_where_the_text_does_not_read_yet(small: Path) -> None:
    async def steps(editor: Editor) -> None:
        for name in (
            "criteria.yaml",
            "rules/rules.yaml",
            "rules/metrics.yaml",
            "rules/rules.cases.yaml",
        ):
            editor.open(name)
        await editor.problems("rules/rules.yaml", lambda _: True)
        for name, text, label, title in COMPLETED:
            editor.type(name, text)
            found = await editor.completions(name, text, text)
            assert label in found, (text, list(found)[:9])
            assert (found[label].detail or "") == title, text
            edit = found[label].text_edit
            assert isinstance(edit, lsp.TextEdit)
            line = text.rpartition("\n")[2]
            taken = line[edit.range.start.character : edit.range.end.character]
            assert label.startswith(taken)
            assert edit.new_text.rstrip(": ") == label
        text = "- id: positive.x\n  effect: "
        editor.type("rules/rules.yaml", text)
        assert set(await editor.completions("rules/rules.yaml", text, text)) == {
            "reject",
            "refer",
            "advise",
        }

    drive(small, steps)


def test_what_a_name_means_and_where_it_is_defined(small: Path) -> None:
    async def steps(editor: Editor) -> None:
        name = "rules/rules.yaml"
        text = editor.open(name)
        cases = editor.open("rules/rules.cases.yaml")
        await editor.problems(name, lambda _: True)
        criterion = await editor.hover(name, text, "at_least: {criterion: tax_fl")
        assert criterion is not None
        for said in (
            "亩均税收下限",
            "2020-01-01 起",
            "20 万元/亩/年",
            "《测试办法》（测〔2024〕1号）第三条",
        ):
            assert said in criterion
        metric = await editor.hover(name, text, "require: {metric: land_t")
        assert metric is not None
        assert "达产年税收 ÷ 用地面积" in metric
        field = await editor.hover("rules/rules.cases.yaml", cases, "dossier: {annual_")
        assert field is not None
        assert "达产年税收" in field
        assert "万元/年" in field
        rule = await editor.hover("rules/rules.cases.yaml", cases, "rule: positive.t")
        assert rule is not None
        assert "亩均税收不低于“亩均税收下限”" in rule
        assert await editor.hover(name, text, "  requi") == "要求什么；不满足即不符合"
        assert await editor.hover(name, text, "title: 亩") is None
        for file, whole, mark, target, start in (
            (name, text, "at_least: {criterion: tax_fl", "criteria.yaml", "tax_floor:"),
            (name, text, "require: {metric: land_t", "rules/metrics.yaml", "{id: land_tax"),
            ("rules/rules.cases.yaml", cases, "rule: positive.t", name, "id: positive.tax"),
        ):
            found = await editor.definition(file, whole, mark)
            assert found is not None
            assert found[0] == (small / target).resolve()
            assert found[1].startswith(start)
        found = await editor.definition("rules/rules.cases.yaml", cases, "dossier: {annual_")
        assert found is not None
        assert found[1].startswith("annual_tax, label: 达产年税收")

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
