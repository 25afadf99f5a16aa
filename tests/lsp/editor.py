"""An editor that speaks to the language server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient
from pygls.uris import to_fs_path

from tests.support import run_async

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


def coded(code: str, found: list[lsp.Diagnostic]) -> list[lsp.Diagnostic]:
    return [d for d in found if d.code == code]


def errors(found: list[lsp.Diagnostic]) -> list[lsp.Diagnostic]:
    return [d for d in found if d.severity is lsp.DiagnosticSeverity.Error]
