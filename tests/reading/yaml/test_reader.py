"""Strict YAML: what is read, what is refused and where, and that nothing else can happen."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evaluator.problems.choices import suggest
from evaluator.problems.errors import Problem, Problems
from evaluator.problems.source import Place, SourceText, display_width, printable
from evaluator.reading.yaml import scan
from evaluator.reading.yaml.reader import Reader, plain
from evaluator.reading.yaml.scan import YList, YMap, YScalar, read_kept, read_yaml


def read(text: str) -> tuple[object, list[Problem]]:
    """The plain data of a text and its problems."""
    problems = Problems()
    node = read_yaml("t.yaml", text, problems)
    return (None if node is None else plain(node)), problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20", 20),
        ("-3", -3),
        ("0.50", Decimal("0.50")),
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("2024-02-29", dt.date(2024, 2, 29)),
        ("C3985", "C3985"),
        ("'no'", "no"),
        ('"010"', "010"),
        ("noon", "noon"),
        ("20 亩", "20 亩"),
        ("3.2.1", "3.2.1"),
        ("一（二）", "一（二）"),
        ("①", "①"),
        ("十２", "十２"),
        ("|\n  20", "20\n"),
        (">-\n  a\n  b", "a b"),
        ("-", "-"),
        ("+", "+"),
        ("…", "…"),
        ("1公顷", "1公顷"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    data, problems = read(f"- a\n- {text}\n" if text != "-" else "[a, '-']")
    assert problems == []
    assert isinstance(data, list)
    assert data[1] == value
    assert type(data[1]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "No",
        "YES",
        "y",
        "N",
        "on",
        "OFF",
        "True",
        "FALSE",
        "Null",
        "~",
        "010",
        "00",
        "0o17",
        "0x1F",
        "0b1",
        "1:30",
        "12:30:45",
        "1e3",
        "1.5E-7",
        "1_000",
        "1,000",
        "1，000",
        ".5",
        "5.",
        ".inf",
        "-.INF",
        ".nan",
        "nan",
        "2024-1-5",
        "2024-02-30",
        "2024-01-01T00:00:00",
        "2024/01/05",
        "2024年1月5日",
        "2024.1.5",
        "1234-01-01",
        "9999-12-31",
        "１２",
        "1" * 37,
        "0." + "1" * 40,
    ],
)
def test_unclear_scalars(text: str) -> None:
    data, problems = read(f"key: {text}\n")
    assert [p.code for p in problems] == ["E104"]
    assert problems[0].hint
    assert (problems[0].place.line, problems[0].place.column) == (1, 6)
    assert data == {"key": None}


def test_bom_and_line_ends() -> None:
    assert read("\ufeffa: 1\r\nb: 2\r\n") == ({"a": 1, "b": 2}, [])
    assert read("a: 1\rb: 2\r") == ({"a": 1, "b": 2}, [])
    _, problems = read("a: 1\r\nb: no\r\n")
    assert problems[0].place.line == 2
    assert problems[0].render().splitlines()[1] == "    2 | b: no"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "E107"),
        ("# nothing\n", "E107"),
        ("---\n---\n", "E101"),
        ("a: [", "E101"),
        ("a: b: c", "E101"),
        ("\ta: 1", "E101"),
        ("a: 1\na: 2", "E102"),
        ("? [a]\n: 1", "E103"),
        ("? {a: 1}\n: 1", "E103"),
        ("a: !x 1", "E106"),
        ("!!map {a: 1}", "E106"),
        ("a: !!binary aGk=", "E106"),
        ("a: ! 5", "E106"),
        ("!!str a: 1", "E106"),
        ("a: &x {b: 1}\nc: {<<: *x}", "E106"),
        ("*x", "E101"),
        ("a: *x\nb: &x 1", "E101"),
        ("&x {a: *x}", "E105"),
        ("&x [[*x]]", "E105"),
        ("[" * 100 + "]" * 100, "E105"),
        ("[" * 5000, "E101"),
        ("{a: " * 60 + "1" + "}" * 60, "E105"),
        ("- " * 3000 + "a", "E105"),
        ("a: 1\x00", "E108"),
        ("a: \x1b[31m", "E108"),
        ("a: \u202e1", "E108"),
        ("a\u200b: 1", "E108"),
        ("a:\u00a01", "E108"),
        ("a: \ud800", "E108"),
        ("a: 1\u2028b: 2", "E108"),
        ("a: 1\x85", "E108"),
        ("a: 1\n\ufeffb: 2", "E108"),
        ('a: "\\q"', "E101"),
        ("%YAML 3.0\n--- a", "E101"),
        ("a: 'x", "E101"),
        ("a\nb: c", "E101"),
        ("- a\nb: c", "E101"),
        ("a: @b", "E101"),
        ("a: `b`", "E101"),
    ],
)
def test_refused(text: str, code: str) -> None:
    _, problems = read(text)
    assert code in [p.code for p in problems]
    for problem in problems:
        assert problem.render()
        assert problem.to_dict()["line"] >= 1
        assert any("\u4e00" <= c <= "\u9fff" for c in problem.message)


def laughs(width: int, depth: int) -> str:
    """The billion laughs: each line names the one before ``width`` times."""
    lines = ["- &a0 [lol]"]
    lines += [f"- &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, depth)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        laughs(10, 10),
        laughs(2, 39),
        laughs(1000, 3),
        "- &a " + "x" * 1_000_000 + "\n" + "- *a\n" * 1000,
        "- &a {b: 1}\n" + "- *a\n" * 60_000,
    ],
)
def test_expansion_is_bounded(text: str) -> None:
    _, problems = read(text)
    assert [p.code for p in problems] == ["E105"]


def test_anchors_within_bounds() -> None:
    assert read("a: &x {b: [1, 2]}\nc: *x\nd: [*x, *x]") == (
        {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": [{"b": [1, 2]}, {"b": [1, 2]}]},
        [],
    )


def test_duplicate_key_names_the_first() -> None:
    _, problems = read("甲: 1\n乙: 2\n甲: 3\n")
    assert problems[0].render() == (
        "t.yaml:3:1: E102 键“甲”重复\n"
        "    3 | 甲: 3\n"
        "      | ^^\n"
        "  另见 t.yaml:1:1: 第一处\n"
        "  提示：只保留一处"
    )


@pytest.mark.parametrize(
    ("text", "column", "end", "pad", "carets"),
    [
        ("abc", 2, 3, 1, 1),
        ("甲乙丙", 2, 3, 2, 2),
        ("a甲b乙", 4, 5, 4, 2),
        ("标题：no", 4, 6, 6, 2),
        ("e\u0301x", 3, 4, 1, 1),
        ("😀x", 2, 3, 2, 1),
        ("abc", 4, None, 3, 1),
        ("\tab", 2, 3, 1, 1),
    ],
)
def test_carets(text: str, column: int, end: int | None, pad: int, carets: int) -> None:
    excerpt = Place(SourceText("t", text), 1, column, end).excerpt()
    assert excerpt is not None
    marks = excerpt.splitlines()[1].removeprefix("      | ")
    assert marks == " " * pad + "^" * carets


def test_long_lines_are_cut_around_the_place() -> None:
    text = "甲" * 500 + "错" + "乙" * 500
    excerpt = Place(SourceText("t", text), 1, 501, 502).excerpt()
    assert excerpt is not None
    line, marks = excerpt.splitlines()
    assert len(line) < 200
    assert line.startswith("    1 | …甲")
    assert line.endswith("乙…")
    at = line.index("错")
    assert display_width(line[:at]) == len(marks) - 2


def test_messages_cannot_steer_a_terminal() -> None:
    place = Place(SourceText("t", "a\x1b[2Jb"), 1, 1)
    shown = Problem("E101", "坏\x1b[31m\u202e" + "长" * 1000, place, "提示\x07").render()
    assert printable(shown.replace("\n", "")) == shown.replace("\n", "")
    assert len(shown) < 700


def test_suggest() -> None:
    assert suggest("land_aera", ["land_area", "land_use_mode"]) == "是否想写“land_area”？"
    assert suggest("x" * 1_000_000, ["land_area"]) is None
    assert suggest("甲，乙", ["land_area"]) == "逗号和冒号要用半角，后面加一个空格"
    assert suggest("zzz", ["land_area"]) is None


def reader(text: str) -> tuple[Reader, list[Problem]]:
    """A Reader over a mapping."""
    problems = Problems()
    node = read_yaml("t.yaml", text, problems)
    assert isinstance(node, YMap)
    return Reader(node, problems, "表"), problems


@pytest.mark.parametrize(
    ("text", "method", "codes"),
    [
        ("a: 1", "text", []),
        ("a: ''", "text", ["E202"]),
        ("a: '  '", "text", ["E202"]),
        ("a: [1]", "text", ["E202"]),
        ("a: {b: 1}", "text", ["E202"]),
        ("a: 1.10", "text", ["E104"]),
        ("a: +5", "text", ["E104"]),
        ("a: 1.1", "text", []),
        ("a: no", "text", ["E104"]),
        ("a:", "text", ["E201"]),
        ("b: 1", "text", ["E201", "E204"]),
        ("a: 1", "date", ["E202"]),
        ("a: '2024-01-01'", "date", ["E202"]),
        ("a: 2024-01-01", "date", []),
        ("a: 1.5", "integer", ["E202"]),
        ("a: true", "integer", ["E202"]),
        ("a: 7", "integer", []),
        ("a: x", "list_of", ["E202"]),
        ("a: []", "list_of", ["E201"]),
        ("a: [1]", "list_of", []),
        ("a: [x, [z]]", "words", ["E202"]),
        ("a: [x, x]", "words", ["E302"]),
        ("a: [x, null]", "words", ["E202"]),
        ("a: [x]", "mapping", ["E202"]),
        ("a: x", "mapping", ["E202"]),
        ("a: {}", "mapping", []),
    ],
)
def test_reader(text: str, method: str, codes: list[str]) -> None:
    r, problems = reader(text)
    getattr(r, method)("a", required=True)
    r.finish()
    assert sorted(p.code for p in problems) == codes


def test_reader_choice_and_bounds() -> None:
    r, problems = reader("a: refuse\nb: 99\nc: 1\n")
    assert r.choice("a", ("reject", "refer")) is None
    assert r.integer("b", low=0, high=12) is None
    r.finish()
    assert [p.code for p in problems] == ["E203", "E203", "E204"]
    assert problems[2].message == "表没有“c”这一项"


ALPHABET = st.sampled_from(
    [*"ab1: -[]{},#&*!|>'\"%@`?\n\t \u3000：，甲0.~<=", "\r\n", "\ufeff", "\x00", "\u2028"]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(ALPHABET, max_size=60).map("".join))
@example("- &a [*a]")
@example("? &a\n: *a")
@example("&a : *a")
@example("!!omap [a: 1]")
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is written gives data, or problems with places that can be shown; never both nothing."""
    problems = Problems()
    node = read_yaml("t.yaml", text, problems)
    assert isinstance(node, (YScalar, YList, YMap)) or problems
    for problem in problems:
        assert problem.code.startswith("E10")
        assert problem.place.line is not None
        assert problem.render()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_quoted_text_is_kept(text: str) -> None:
    """A text between single quotes comes back as it was, or is refused for a character in it."""
    data, problems = read(
        "a: '" + text.replace("'", "''").replace("\n", "").replace("\r", "") + "'"
    )
    if not problems:
        assert data == {"a": text.replace("\n", "").replace("\r", "")}
    else:
        assert {p.code for p in problems} == {"E108"}


def test_what_is_read_again_is_the_same_with_its_problems() -> None:
    text = "a: no\nb: [1, 2"
    first, again, anew = Problems(), Problems(), Problems()
    node = read_kept("t.yaml", text, first)
    assert read_kept("t.yaml", text, again) is node
    assert read_yaml("t.yaml", text, anew) == node
    assert first == again == anew != []
    # Under another name it is another file: its problems stand there.
    elsewhere = Problems()
    read_kept("u.yaml", text, elsewhere)
    assert {p.place.source.name for p in elsewhere} == {"u.yaml"}


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[str, str], object] = {}
    monkeypatch.setattr(scan, "_kept", kept)
    monkeypatch.setattr(scan, "MAX_KEPT", 100)
    for n in range(30):
        read_kept("t.yaml", f"a: {n:010}x", Problems())
        assert 0 < sum(len(text) for _, text in kept) <= 100
    assert isinstance(read_kept("t.yaml", f"a: {'b' * 100}", Problems()), YMap)
    assert sum(len(text) for _, text in kept) <= 100
