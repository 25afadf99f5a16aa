"""A standard's value changed by a form: the new period written, the former one closed the day before.

    amended(text, criterion, Amendment(from_=2027-01-01, source=…, values={2: "18"}, …))

The former period stays with what it rests on. A row that does not change keeps, in the new period, the
document that it came from. A text that was misread is corrected where it stands (``correction``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluator.amend.splice import CannotSplice, Patch, Spliced, patched, plain
from evaluator.problems.errors import Problems
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar, read_yaml
from evaluator.rulebook.criteria import DAY, Criterion, Kind, Period, Provenance, Row
from evaluator.values.numbers import exact_text


@dataclass(frozen=True, slots=True)
class Document:
    """A document that the rulebook does not cite yet."""

    id: str
    title: str
    number: str | None = None
    issuer: str | None = None
    in_force: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """New values of rows by their number, from a day on, and what they rest on.

    ``document`` is a new one, to be listed under its id; ``correction`` says that the same text was
    misread, and then nothing else changes.
    """

    start: dt.date
    values: Mapping[int, Fraction]
    source: str
    clause: str | None
    verified: bool
    note: str | None = None
    document: Document | None = None
    correction: str | None = None


def period_to_amend(criterion: Criterion, start: dt.date) -> Period:
    """The period that a new one from ``start`` on is taken out of. Raises CannotSplice."""
    if criterion.kind is Kind.LIST:
        raise CannotSplice("名录在 criteria.yaml 里修改")
    period = next((p for p in criterion.periods if p.covers(start)), None)
    if period is None:
        raise CannotSplice(f"{start.isoformat()} 没有可以接续的一段，请在 criteria.yaml 里写")
    if period.gap is not None or not period.rows:
        raise CannotSplice("那一段没有数值，请在 criteria.yaml 里写")
    return period


def amended(text: str, criterion: Criterion, change: Amendment) -> str:
    """criteria.yaml with the change. Raises CannotSplice where it is written in an unusual way."""
    period = period_to_amend(criterion, change.start)
    spliced = Spliced(text)
    root = _root(text)
    item = _item(root, criterion, period)
    if change.correction is not None:
        patches = list(_corrected(spliced, item, change))
    else:
        if period.start == change.start:
            raise CannotSplice(
                f"{change.start.isoformat()} 起已有一段；换一天，或在 criteria.yaml 里改那一段"
            )
        patches = [*_closed(spliced, item, change), _opened(spliced, item, period, change)]
        if change.document is not None:
            patches.append(_listed(spliced, root, change.document))
    return patched(text, patches)


def _root(text: str) -> YMap:
    root = read_yaml("criteria.yaml", text, Problems())
    if not isinstance(root, YMap):
        raise CannotSplice("criteria.yaml 读不了")
    return root


def _item(root: YMap, criterion: Criterion, period: Period) -> YMap:
    """The node of the period among the criterion's ``values``."""
    table = root.get("criteria")
    node = table.get(criterion.id) if isinstance(table, YMap) else None
    values = node.get("values") if isinstance(node, YMap) else None
    for item in values.items if isinstance(values, YList) else ():
        if (item.place.line, item.place.column) == (period.place.line, period.place.column):
            assert isinstance(item, YMap)
            return item
    raise CannotSplice(f"criteria.yaml 里找不到“{criterion.id}”的这一段")


# --- closing the former period ----------------------------------------------------------------


def _closed(spliced: Spliced, item: YMap, change: Amendment) -> Iterator[Patch]:
    last = (change.start - DAY).isoformat()
    flow = spliced.flow(item)
    until = item.get("until")
    if until is not None:
        yield Patch(spliced.at(until.place), spliced.end_of(until, inside=flow), last)
        return
    start = item.get("from")
    assert isinstance(start, YScalar)
    end = spliced.end_of(start, inside=flow)
    if flow:
        yield Patch(end, end, f", until: {last}")
        return
    assert start.place.line is not None
    key = next(k for k, _ in item.entries if k.text == "from")
    after = spliced.block_end(start.place, 10**6)
    yield spliced.inserted(after, [" " * _column(key) + f"until: {last}"])


def _column(node: Node) -> int:
    return (node.place.column or 1) - 1


# --- the new one ------------------------------------------------------------------------------


def _opened(spliced: Spliced, item: YMap, period: Period, change: Amendment) -> Patch:
    head = [f"from: {change.start.isoformat()}"]
    if period.end is not None:
        head.append(f"until: {period.end.isoformat()}")
    head += list(_basis(change))
    rows = period.rows
    alone = len(rows) == 1 and not rows[0].keys
    line = spliced.line(item.place.line or 1)
    indent = line.rfind("-", 0, _column(item))
    if indent < 0 or line[:indent].strip():
        body = [f"value: {_number(change.values.get(rows[0].number, rows[0].value))}"]
        if not alone:
            raise CannotSplice("这个标准的各段写在一行里，请在 criteria.yaml 里写")
        end = spliced.end_of(item, inside=True)
        return Patch(end, end, f", {{{', '.join([*head, *body])}}}")
    if alone and rows[0].unit is not None and item.get("rows") is None:
        body = [f"value: {_number(change.values.get(rows[0].number, rows[0].value))}"]
    else:
        body = ["rows:", *(f"  - {_row(row, change, item)}" for row in rows)]
    lines = [f"{'- ' if n == 0 else '  '}{text}" for n, text in enumerate([*head, *body])]
    after = spliced.block_end(item.place, indent)
    return spliced.inserted(after, [" " * indent + text for text in lines])


def _basis(change: Amendment) -> Iterator[str]:
    yield f"source: {change.source}"
    if change.clause:
        yield f"clause: {plain(change.clause)}"
    yield f"verified: {str(change.verified).lower()}"
    if change.note:
        yield f"note: {plain(change.note)}"


def _row(row: Row, change: Amendment, item: YMap) -> str:
    """A row of the new period; one that stays says what it rests on as before."""
    parts = [f"{d}: {_words(words)}" for d, words in row.keys.items()]
    new = change.values.get(row.number)
    parts.append(f"value: {_number(row.value if new is None else new)}")
    node = _row_node(item, row)
    if node is not None and isinstance(unit := node.get("unit"), YScalar):
        parts.append(f"unit: {plain(unit.text)}")
    if new is None or new == row.value:
        parts += _as_before(row.provenance)
    return "{" + ", ".join(parts) + "}"


def _row_node(item: YMap, row: Row) -> YMap | None:
    rows = item.get("rows")
    nodes = rows.items if isinstance(rows, YList) else ()
    found = nodes[row.number - 1] if 0 < row.number <= len(nodes) else None
    return found if isinstance(found, YMap) else None


def _as_before(given: Provenance) -> Iterator[str]:
    yield f"source: {given.source.id}"
    if given.clause:
        yield f"clause: {plain(given.clause)}"
    yield f"verified: {str(given.verified).lower()}"
    if given.note:
        yield f"note: {plain(given.note)}"
    if given.correction:
        yield f"correction: {plain(given.correction)}"


def _words(words: tuple[str, ...]) -> str:
    written = [w if w.isdecimal() and str(int(w)) == w else plain(w) for w in words]
    return written[0] if len(written) == 1 else f"[{', '.join(written)}]"


def _number(value: Fraction) -> str:
    return exact_text(value)


# --- a misreading -------------------------------------------------------------------------------


def _corrected(spliced: Spliced, item: YMap, change: Amendment) -> Iterator[Patch]:
    """The value replaced where it stands, with what was misread beside it."""
    assert change.correction is not None
    for number, value in change.values.items():
        node = item if item.get("value") is not None else None
        rows = item.get("rows")
        if node is None and isinstance(rows, YList):
            found = rows.items[number - 1]
            node = found if isinstance(found, YMap) else None
        written = node.get("value") if node is not None else None
        if node is None or written is None:
            raise CannotSplice("找不到这一行的值")
        flow = spliced.flow(node)
        end = spliced.end_of(written, inside=flow)
        yield Patch(spliced.at(written.place), end, _number(value))
        told, said = node.get("correction"), plain(change.correction)
        if told is not None:
            yield Patch(spliced.at(told.place), spliced.end_of(told, inside=flow), said)
        elif flow:
            yield Patch(end, end, f", correction: {said}")
        else:
            after = spliced.block_end(written.place, 10**6)
            yield spliced.inserted(
                after, [" " * _column(node.entries[0][0]) + f"correction: {said}"]
            )


# --- a new document -----------------------------------------------------------------------------


def _listed(spliced: Spliced, root: YMap, document: Document) -> Patch:
    """The document as the last of ``sources``."""
    body = [f"title: {plain(document.title)}"]
    body += [f"number: {plain(document.number)}"] if document.number else []
    body += [f"issuer: {plain(document.issuer)}"] if document.issuer else []
    body += [f"in_force: {document.in_force.isoformat()}"] if document.in_force else []
    sources = root.get("sources")
    if sources is None:
        key = next(k for k, _ in root.entries if k.text == "criteria")
        lines = ["sources:", f"  {document.id}:", *(f"    {line}" for line in body)]
        return spliced.inserted(spliced.at(key.place), lines)
    if not isinstance(sources, YMap) or not sources.entries or spliced.flow(sources):
        raise CannotSplice("sources 写在一行里，请在 criteria.yaml 里加上文件")
    key, _ = sources.entries[-1]
    indent = _column(sources.entries[0][0])
    after = spliced.block_end(key.place, indent)
    lines = [" " * indent + f"{document.id}:", *(" " * (indent + 2) + line for line in body)]
    return spliced.inserted(after, lines)
