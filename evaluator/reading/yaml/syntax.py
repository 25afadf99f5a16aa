"""What libyaml finds wrong, said in Chinese at the place where the mistake was made."""

from __future__ import annotations

import re

import yaml

from evaluator.problems.errors import Problem
from evaluator.problems.source import Place, SourceText
from evaluator.reading.yaml.slips import Failure, find_slip

_BREAK = re.compile(r"\r\n|\r|\n")
_MARKER = re.compile(r"^(?:<{7}|>{7})(?= |$)", re.M)

# Outside YAML's printable set, or invisible: text direction marks, zero-width and odd spaces.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa1-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff"
    "\u3000-\ud7ff\ue000-\ufefe\uff00-\uffef\U00010000-\U0010ffff]"
)


def find_forbidden(source: SourceText) -> Problem | None:
    """The first invisible or disallowed character (E108)."""
    bad = _FORBIDDEN.search(source.text)
    return _character_problem(source, bad) if bad else None


def _character_problem(source: SourceText, bad: re.Match[str]) -> Problem:
    before = split_lines(source.text[: bad.start()])
    place = Place(source, len(before), len(before[-1]) + 1)
    code = ord(bad[0])
    kind = "不间断空格" if code == 0xA0 else "看不见的或不允许的字符"
    return Problem("E108", f"{kind} U+{code:04X}", place, "删掉这个字符，或换成普通空格")


def split_lines(text: str) -> list[str]:
    """The lines of a text as YAML and editors count them."""
    return _BREAK.split(text)


_TAB = ("缩进用了制表符", "缩进用空格，不用制表符")
_PAIR = ("括号没有配对，或缺少逗号", "检查 [ ] 和 { } 是否成对，各项之间用半角逗号")
_INDENT = ("缩进与上文不一致", "同一层的各行要从同一列开始")
# What libyaml says → our sentence and a hint.
_SYNTAX: tuple[tuple[str, tuple[str, str]], ...] = (
    (
        "mapping values are not allowed",
        (
            "此处不该出现冒号",
            "冒号后面的文字里又出现了“: ”就给整段文字加引号；否则检查上一行和缩进",
        ),
    ),
    ("found a tab character", _TAB),
    ("could not find expected ':'", ("此处缺少冒号", "写作“名称: 内容”，或检查缩进")),
    ("found unexpected end of stream", ("引号没有配对", "给文字补上后引号")),
    ("found unexpected document indicator", ("引号没有配对", "给文字补上后引号")),
    ("did not find expected ',' or", _PAIR),
    ("did not find expected '-' indicator", _INDENT),
    ("did not find expected key", _INDENT),
    ("did not find expected node content", ("此处缺少内容", "检查括号、逗号和缩进")),
    (
        "did not find expected <document start>",
        ("此处不该有内容", "检查缩进；一个文件只放一份文档，去掉多余的“...”"),
    ),
    ("block sequence entries are not allowed", ("此处不能开始列表", "列表的“- ”另起一行")),
    (
        "unknown escape character",
        ("双引号里有不认识的转义", "“\\”在双引号里有特殊含义，请改用单引号"),
    ),
    ("found character that cannot start any token", ("此字符不能放在开头", "若是文字请加引号")),
    ("exceeded maximum nesting depth", ("嵌套过深", "检查括号是否成对")),
    ("alphabetic or numeric character", ("“&”“*”不能这样写", "若是文字请加引号")),
    ("found incompatible YAML document", ("不支持这个 YAML 版本", "删掉 %YAML 一行")),
    ("did not find expected comment or line break", ("“|”或“>”后面不能接文字", "文字从下一行开始")),
)


def find_marker(source: SourceText) -> Problem | None:
    """A merge that was not finished (E109): a conflict marker left at the beginning of a line."""
    found = _MARKER.search(source.text)
    if found is None:
        return None
    line = len(split_lines(source.text[: found.start()]))
    place = Place(source, line, 1, len(found[0]) + 1)
    hint = "留下要的一边，删掉 <<<<<<<、=======、>>>>>>> 三行"
    return Problem("E109", "合并没有做完，冲突的记号还在", place, hint)


def syntax_problem(source: SourceText, error: yaml.MarkedYAMLError) -> Problem:
    """A syntax error (E101), at the slip that made it where that is a familiar one."""
    mark, context = error.problem_mark or error.context_mark, error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    start = (context.line + 1, context.column + 1) if context else None
    flow = "flow" in str(error.context)
    raw = str(error.problem)
    slip = find_slip(split_lines(source.text), Failure(line, column, start, raw, flow))
    if slip is not None:
        place = Place(source, slip.line, slip.column, slip.end_column)
        return Problem("E101", f"YAML 写法有误：{slip.what}", place, slip.hint)
    if start and (flow or not source.line(line).strip()):
        # Noticed only later, or at the end of the text: where it began helps more.
        line, column = start
    what, hint = next((v for key, v in _SYNTAX if key in raw), ("写法有误", "检查缩进、冒号和引号"))
    return Problem("E101", f"YAML 写法有误：{what}", Place(source, line, column), hint)
