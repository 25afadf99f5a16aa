"""The language server: problems while typing, meanings, completion, definitions, over stdio.

    admission rules lsp

One Book for each rulebook directory that has an open file. Checks run in a thread of their own, a
moment after the last change; what an older text gave is not shown.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from evaluator.lsp.book import Book, rulebook_of
from evaluator.lsp.where import Spot, spot
from evaluator.problems.errors import Problem
from evaluator.problems.source import Place

At = lsp.HoverParams | lsp.DefinitionParams | lsp.CompletionParams
PAUSE = 0.3  # Seconds after the last keystroke.
SEVERITY = {"error": lsp.DiagnosticSeverity.Error, "warning": lsp.DiagnosticSeverity.Warning}


class RulebookServer(LanguageServer):
    """``books`` by directory; ``turn`` counts the changes of each, ``shown`` its files with problems."""

    def __init__(self) -> None:
        super().__init__("admission", "1")
        self.books: dict[Path, Book] = {}
        self.turn: defaultdict[Path, int] = defaultdict(int)
        self.shown: defaultdict[Path, set[Path]] = defaultdict(set)
        self.lock = asyncio.Lock()

    def book(self, uri: str) -> tuple[Book, Path] | None:
        """The rulebook that a document belongs to, and the document's path."""
        name = to_fs_path(uri)
        root = rulebook_of(Path(name)) if name else None
        if name is None or root is None:
            return None
        return self.books.setdefault(root, Book(root)), Path(name).resolve()

    def spot(self, params: At) -> tuple[Book, str, Spot] | None:
        """The rulebook, the file's name in it and the surroundings of a position."""
        held = self.book(params.text_document.uri)
        if held is None:
            return None
        book, path = held
        document = self.workspace.get_text_document(params.text_document.uri)
        at = document.position_from_client_units(params.position)
        name = path.relative_to(book.root).as_posix()
        return book, name, spot(document.source, at.line, at.character)

    async def changed(self, uri: str, *, closed: bool = False, cases: bool = False) -> None:
        """Take over a document's text and, once typing rests, show what is wrong."""
        held = self.book(uri)
        if held is None:
            return
        book, path = held
        if closed:
            book.edited.pop(path, None)
        else:
            book.edited[path] = self.workspace.get_text_document(uri).source
        self.turn[book.root] += 1
        turn = self.turn[book.root]
        if not (cases or closed):
            await asyncio.sleep(PAUSE)
        async with self.lock:
            if turn != self.turn[book.root]:
                return
            problems = await asyncio.to_thread(book.check, cases=cases)
        if turn == self.turn[book.root]:
            self.show(book, problems)

    def show(self, book: Book, problems: list[tuple[Path, Problem]]) -> None:
        """Publish the problems of every file, and of those that have none any more."""
        by_file: dict[Path, list[lsp.Diagnostic]] = {p: [] for p in self.shown[book.root]}
        by_file |= {p: [] for p in book.edited}
        for path, problem in problems:
            by_file.setdefault(path, []).append(self.diagnostic(book, problem))
        self.shown[book.root] = {p for p, shown in by_file.items() if shown}
        for path, shown in by_file.items():
            uri = from_fs_path(str(path))
            if uri:
                self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, shown))

    def diagnostic(self, book: Book, problem: Problem) -> lsp.Diagnostic:
        """A problem as editors take it; the hint stands in the message."""
        notes = [
            lsp.DiagnosticRelatedInformation(lsp.Location(uri, self.range(place)), text)
            for text, place in problem.notes
            if (uri := from_fs_path(str(book.path(place.source.name))))
        ]
        return lsp.Diagnostic(
            range=self.range(problem.place),
            message=problem.message + (f"\n提示：{problem.hint}" if problem.hint else ""),
            severity=SEVERITY[problem.severity],
            code=problem.code,
            source="admission",
            related_information=notes or None,
        )

    def range(self, place: Place) -> lsp.Range:
        """A place in the client's units; without a column, its whole line."""
        if place.line is None:
            return lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))
        text = place.source.line(place.line).rstrip("\n")
        start = (place.column or 1) - 1
        end = place.end_column - 1 if place.end_column else len(text)
        units = self.workspace.position_codec.client_num_units
        line = place.line - 1
        return lsp.Range(
            lsp.Position(line, units(text[:start])), lsp.Position(line, units(text[:end]))
        )


server = RulebookServer()


@server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
async def opened(ls: RulebookServer, params: lsp.DidOpenTextDocumentParams) -> None:
    await ls.changed(params.text_document.uri, cases=True)


@server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
async def edited(ls: RulebookServer, params: lsp.DidChangeTextDocumentParams) -> None:
    await ls.changed(params.text_document.uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
async def saved(ls: RulebookServer, params: lsp.DidSaveTextDocumentParams) -> None:
    await ls.changed(params.text_document.uri, cases=True)


@server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
async def closed(ls: RulebookServer, params: lsp.DidCloseTextDocumentParams) -> None:
    await ls.changed(params.text_document.uri, closed=True)


@server.feature(lsp.TEXT_DOCUMENT_HOVER)
def hover(ls: RulebookServer, params: lsp.HoverParams) -> lsp.Hover | None:
    where = ls.spot(params)
    if where is None:
        return None
    book, file, at = where
    text = book.hover(file, at)
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text)) if text else None


@server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
def definition(ls: RulebookServer, params: lsp.DefinitionParams) -> lsp.Location | None:
    where = ls.spot(params)
    target = where[0].definition(where[2]) if where else None
    uri = from_fs_path(str(target.path)) if target else None
    if target is None or uri is None:
        return None
    # Names stand before any character that counts twice, so that code points will do.
    at = lsp.Position(target.line, target.column)
    return lsp.Location(uri, lsp.Range(at, at))


@server.feature(
    lsp.TEXT_DOCUMENT_COMPLETION,
    lsp.CompletionOptions(trigger_characters=[" ", "[", "{", ",", "."]),
)
def complete(ls: RulebookServer, params: lsp.CompletionParams) -> lsp.CompletionList:
    where = ls.spot(params)
    if where is None:
        return lsp.CompletionList(False, [])
    book, file, at = where
    line = ls.workspace.get_text_document(params.text_document.uri).lines[params.position.line]
    units = ls.workspace.position_codec.client_num_units
    replaced = lsp.Range(
        lsp.Position(params.position.line, units(line[: at.start])), params.position
    )
    kind = lsp.CompletionItemKind.Property if at.role == "key" else lsp.CompletionItemKind.Value
    return lsp.CompletionList(
        False,
        [
            # Found by its Chinese title, too.
            lsp.CompletionItem(
                label=name,
                kind=kind,
                detail=title or None,
                filter_text=f"{name} {title}",
                text_edit=lsp.TextEdit(replaced, f"{name}: " if at.role == "key" else name),
            )
            for name, title in book.complete(file, at).items()
        ],
    )


def main() -> None:
    """Serve one editor over stdin and stdout."""
    server.start_io()
