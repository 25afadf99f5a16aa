"""A file as bytes and text: what cannot be opened, is too large or is not UTF-8 is a DossierError.

Knows the formats that dossiers come in by suffix, and recognises by content what was misnamed.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from evaluator.problems.errors import DossierError, Problem
from evaluator.problems.source import Place, SourceText

FileSource = str | os.PathLike[str] | tuple[str, bytes]

MAX_BYTES = 50_000_000
SUFFIXES = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "workbook",
    ".xls": "workbook",
    ".ods": "workbook",
    ".csv": "csv",
    ".tsv": "csv",
}
_HINT = "可用：.yaml、.json、.jsonl、.xlsx、.xls、.ods、.csv、.tsv"
_ADVICE = {
    ".et": "用 WPS 打开，另存为 .xlsx",
    ".xlsm": "打开后另存为不含宏的 .xlsx",
}
_OLE = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"


def _failed(code: str, message: str, place: Place, hint: str | None = None) -> DossierError:
    return DossierError([Problem(code, message, place, hint)])


def _whole(name: str) -> Place:
    return Place(SourceText(name, ""))


def kind_of(source: FileSource) -> str:
    """yaml, json, jsonl, workbook or csv, by suffix. Raises DossierError for any other."""
    name = source[0] if isinstance(source, tuple) else os.fspath(source)
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        if not isinstance(source, tuple):
            open_file(source)[1].close()  # What is not there, or a directory, is told as that.
        what = f"不认识的文件格式“{suffix}”" if suffix else "文件名没有后缀，认不出格式"
        raise _failed("D114", what, _whole(name), _ADVICE.get(suffix, _HINT))
    return SUFFIXES[suffix]


def open_file(source: FileSource) -> tuple[str, BinaryIO]:
    """The name and an open stream. Raises DossierError where it is no readable file."""
    if isinstance(source, tuple):
        return source[0], BytesIO(source[1])
    path = Path(source)
    place = _whole(str(source))
    try:
        if path.is_dir():
            raise _failed("D111", "这是一个目录，不是文件", place, "写出其中一个文件的名字")
        if path.exists() and not path.is_file():
            raise _failed("D111", "这不是普通文件", place)
        return str(source), path.open("rb")
    except FileNotFoundError:
        raise _failed("D111", "没有这个文件", place) from None
    except PermissionError:
        raise _failed("D111", "没有权限读这个文件", place) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "路径无效"
        raise _failed("D111", f"文件打不开（{reason}）", place) from None


def read_bytes(source: FileSource) -> tuple[str, bytes]:
    """The name and the whole content, at most MAX_BYTES. Raises DossierError."""
    name, stream = open_file(source)
    with stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        hint = "分成几个文件，或用 .jsonl 一行一份"
        raise _failed("D111", f"文件超过 {MAX_BYTES // 1_000_000} MB", _whole(name), hint)
    return name, data


def check_text(name: str, data: bytes) -> None:
    """Raise DossierError for the beginning of a file that is a workbook or UTF-16."""
    if data.startswith((_ZIP, _OLE)):
        what = " Excel 工作簿" if data.startswith(_ZIP) else "旧版 Excel（.xls）或加密的文件"
        hint = "后缀改为 .xlsx" if data.startswith(_ZIP) else "去掉密码，另存为 .xlsx"
        raise _failed("D114", f"内容是{what}，与后缀不符", _whole(name), hint)
    # Text of no other encoding has a NUL among its first two bytes.
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:2]:
        raise _failed("D112", "文件是 UTF-16 编码", _whole(name), "另存为 UTF-8 编码")


def decode(name: str, data: bytes, first_line: int = 1) -> str:
    """The text of UTF-8 bytes, without a byte order mark. Raises DossierError for anything else."""
    check_text(name, data)
    try:
        return data.decode("utf-8-sig" if first_line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = first_line + data.count(b"\n", 0, error.start)
        place = Place(SourceText(name, ""), line)
        raise _failed("D112", _encoding(data), place, "用记事本等打开，另存为 UTF-8 编码") from None


def _encoding(data: bytes) -> str:
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return "不是 UTF-8 编码的文本文件"
    common = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return "文件是 GBK 编码，不是 UTF-8" if common else "不是 UTF-8 编码的文本文件"
