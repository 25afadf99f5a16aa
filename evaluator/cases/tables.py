"""Cases written as a table: what they share once, and a row for each.

    - rule: positive.land_output
      name: 各行业的下限
      dossier: {land_use_mode: new_industrial_land, land_area: 10}
      columns: [name, industry_code, annual_output, expect]
      rows:
        - [化纤恰为 600, C2822, 6000, satisfied]
        - [化纤差 0.01, C2822, 5999.9, violated]

A column is an item of a case (``expect``, ``as_of``, ``items.tax``, …) or a field of its dossier. Each row becomes
the node of an ordinary case, every value at the place where it was written; ``book`` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator

from evaluator.dossier.fields import Registry
from evaluator.problems.choices import suggest
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar

# What of a case may stand in a column; anything else is a field.
PARTS = frozenset(
    (
        "name",
        "expect",
        "as_of",
        "boundary",
        "stage",
        "routes",
        "points",
        "grade",
        "items",
        "scores",
        "missing",
        "verdict",
        "violated",
        "unknown_includes",
        "change",
    )
)
TABLE = ("columns", "rows")
ITEM = "items."  # A column of its own for one item of a scorecard: "items.tax".
Entries = tuple[tuple[YScalar, Node], ...]


def _is_part(column: YScalar) -> bool:
    return column.text in PARTS or column.text.startswith(ITEM)


def is_table(node: YMap) -> bool:
    """Whether a case is written as a table."""
    return any(node.get(key) is not None for key in TABLE)


def table_rows(node: YMap, registry: Registry, problems: Problems) -> Iterator[YMap]:
    """The cases of a table as nodes; nothing, with problems (C111, C112), where it is miswritten."""
    before = len(problems)
    r = Reader(node, problems, "案例表")
    columns = r.words("columns", required=True)
    rows = r.list_of("rows", required=True)
    shared = tuple((k, v) for k, v in node.entries if k.text not in TABLE)
    fields = [c for c in columns if not _is_part(c)]
    if node.get("name") is None:
        hint = "在 columns 上面加一行“name: 表名”；每行的名字写在 name 一栏"
        r.report("E201", "案例表缺少“name”，即整张表的名字", node.place, hint)
    _check_columns(columns, fields, node, registry, problems)
    if len(problems) > before:
        return
    for row in rows:
        if not isinstance(row, YList) or len(row.items) != len(columns):
            count = f"这一行有 {len(row.items)} 格" if isinstance(row, YList) else "这一行不是列表"
            message = f"{count}，表头有 {len(columns)} 格"
            hint = f"写作 [{', '.join(c.text for c in columns)}]，没填的写 null"
            problems.report("C112", message, row.place, hint)
            continue
        yield _case(dict(zip(columns, row.items, strict=True)), shared, registry, row.place)


def _check_columns(
    columns: tuple[YScalar, ...],
    fields: list[YScalar],
    node: YMap,
    registry: Registry,
    problems: Problems,
) -> None:
    known = registry.fields.keys() | registry.references.keys()
    for column in fields:
        if column.text not in known:
            hint = suggest(column.text, [*PARTS, *known])
            message = f"表头“{column.text}”不是字段，也不是案例的项"
            problems.report("C111", message, column.place, hint)
    dossier = node.get("dossier")
    inside = dossier if isinstance(dossier, YMap) else None
    for column in columns:
        where = node if _is_part(column) else inside
        if column.text != "name" and where is not None and where.get(column.text) is not None:
            message = f"“{column.text}”表头里有，表外又写了一次"
            problems.report("C111", message, column.place, "只写一处")
    if node.get("file") is not None and fields:
        message = f"材料取自文件时，“{fields[0].text}”不能作表头"
        hint = "改动的字段写在 change 一栏"
        problems.report("C111", message, fields[0].place, hint)


def _case(cells: dict[YScalar, Node], shared: Entries, registry: Registry, place: Place) -> YMap:
    by_name = {column.text: cell for column, cell in cells.items()}
    group = next((v for k, v in shared if k.text == "name"), None)
    entries = [(k, v) for k, v in shared if k.text not in ("name", "dossier")]
    entries += [(k, v) for k, v in cells.items() if k.text in PARTS and k.text != "name"]
    entries = _with_items(entries, cells)
    if isinstance(group, YScalar):
        words = _scalar(f"{group.text}：{_name(by_name)}", place)
        entries.append((_scalar("name", group.place), words))
    dossier = next(((k, v) for k, v in shared if k.text == "dossier"), None)
    fields = [(k, v) for k, v in cells.items() if not _is_part(k)]
    if dossier is not None and not isinstance(dossier[1], YMap):
        entries.append(dossier)  # Reported where the case is read.
    elif dossier is not None or fields or any(k.text == "rule" for k, _ in shared):
        base = dossier[1].entries if dossier and isinstance(dossier[1], YMap) else ()
        key = dossier[0] if dossier else _scalar("dossier", place)
        entries.append((key, YMap(_dossier(base, fields, registry), place)))
    return YMap(tuple(entries), place)


def _with_items(
    entries: list[tuple[YScalar, Node]], cells: dict[YScalar, Node]
) -> list[tuple[YScalar, Node]]:
    """The columns of single items put into ``items``; an empty cell expects nothing."""
    parts = [
        (_scalar(k.text.removeprefix(ITEM), k.place), v)
        for k, v in cells.items()
        if k.text.startswith(ITEM) and not (isinstance(v, YScalar) and v.value is None)
    ]
    if not parts:
        return entries
    old = next((v for k, v in entries if k.text == "items"), None)
    base = old.entries if isinstance(old, YMap) else ()
    key = _scalar("items", parts[0][0].place)
    rest = [(k, v) for k, v in entries if k.text != "items"]
    return [*rest, (key, YMap((*base, *parts), parts[0][1].place))]


def _name(cells: dict[str, Node]) -> str:
    given = cells.get("name")
    if isinstance(given, YScalar) and given.text:
        return given.text
    words = [
        "未填" if cell.value is None else cell.text
        for column, cell in cells.items()
        if column not in ("name", "expect", "verdict") and isinstance(cell, YScalar)
    ]
    return "、".join(words) or "（空）"


def _dossier(base: Entries, cells: list[tuple[YScalar, Node]], registry: Registry) -> Entries:
    """The shared fields and those of the row; "emissions.COD" becomes an entry of "emissions"."""
    out = dict(base)
    for column, cell in cells:
        record, _, key = column.text.partition(".")
        if not key:
            out[column] = cell
        elif not (isinstance(cell, YScalar) and cell.value is None and not cell.unclear):
            at = next((k for k in out if k.text == record), _scalar(record, column.place))
            old = out.get(at)
            what = registry.fields[record].key or "key"
            item = _entry(what, key, cell, column.place)
            items = old.items if isinstance(old, YList) else ()
            out[at] = YList((*items, item), cell.place)
    return tuple(out.items())


def merged(base: YMap, change: YMap, registry: Registry) -> YMap:
    """``base`` with the entries of ``change`` in place of its own; "emissions.COD" is one entry."""
    out = {k.text: (k, v) for k, v in base.entries}
    for key, value in change.entries:
        record, _, part = key.text.partition(".")
        old = out.get(record)
        if not part or key.text not in registry.references:
            out[key.text] = (key, value)
            continue
        what = registry.fields[record].key or "key"
        items = old[1].items if old is not None and isinstance(old[1], YList) else ()
        kept = tuple(i for i in items if not _is_entry(i, (what, "key"), part))
        if not (isinstance(value, YScalar) and value.value is None and not value.unclear):
            kept = (*kept, _entry(what, part, value, key.place))
        out[record] = (old[0] if old else key, YList(kept, value.place))
    return YMap(tuple(out.values()), change.place)


def _is_entry(node: Node, names: tuple[str, str], key: str) -> bool:
    words = [node.get(n) for n in names] if isinstance(node, YMap) else []
    return any(isinstance(f, YScalar) and f.text == key for f in words)


def _entry(what: str, key: str, value: Node, place: Place) -> YMap:
    parts = ((_scalar(what, place), _scalar(key, place)), (_scalar("value", place), value))
    return YMap(parts, value.place)


def _scalar(text: str, place: Place) -> YScalar:
    return YScalar(text, text, place)
