"""Files given with an opinion: how large, of what kind (told by their content), and in parts.

The kind is read off the content and must agree with the name, so that nobody opens a program that
calls itself a PDF. General libraries for this know no OFD (GB/T 33190, the format of Chinese official
documents) and do not look for macros, hence the short table here. A file is never held whole in
memory: it is spooled to disk on its way in and stored, sent and backed up in parts.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import AsyncIterable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO, Literal, cast

from starlette.concurrency import run_in_threadpool

from api.errors import Invalid
from api.transport.names import wrong_file

PART = 262_144
SPOOL = 1_000_000
# How many files of full size a page's form may carry at once.
FORM_FILES = 5
FIELD = "files"
KindName = Literal["pdf", "ofd", "docx", "xlsx", "pptx", "jpg", "png"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what people call it, its media type, how its name may end."""

    label: str
    media_type: str
    endings: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument."
KINDS: dict[str, Kind] = {
    "pdf": Kind("PDF", "application/pdf", ("pdf",)),
    "ofd": Kind("OFD 版式文件", "application/ofd", ("ofd",)),
    "docx": Kind("Word 文档", f"{_OFFICE}wordprocessingml.document", ("docx",)),
    "xlsx": Kind("Excel 表格", f"{_OFFICE}spreadsheetml.sheet", ("xlsx",)),
    "pptx": Kind("演示文稿", f"{_OFFICE}presentationml.presentation", ("pptx",)),
    "jpg": Kind("JPG 图片", "image/jpeg", ("jpg", "jpeg")),
    "png": Kind("PNG 图片", "image/png", ("png",)),
}
ZIPPED = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "ppt/presentation.xml": "pptx",
    "OFD.xml": "ofd",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What is taken: at most ``max_bytes`` for each file, and these kinds."""

    max_bytes: int
    kinds: tuple[KindName, ...]

    @property
    def words(self) -> str:
        """The kinds for people: PDF（.pdf）、…"""
        return "、".join(
            f"{KINDS[k].label}（{'、'.join(f'.{e}' for e in KINDS[k].endings)}）"
            for k in self.kinds
        )

    @property
    def accept(self) -> str:
        """The kinds for the ``accept`` of a file input."""
        return ",".join(f".{e}" for k in self.kinds for e in KINDS[k].endings)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has been looked at; ``digest`` is its SHA-256 in hexadecimal."""

    name: str
    media_type: str
    size: int
    digest: str
    file: IO[bytes]

    def parts(self) -> Iterator[bytes]:
        """The content in order, PART bytes each but for the last."""
        self.file.seek(0)
        while part := self.file.read(PART):
            yield part


def size_words(size: int) -> str:
    """Bytes as people read them: 10 MB, 1.5 MB, 1 kB."""
    for unit, name in ((1_000_000, "MB"), (1_000, "kB")):
        if size >= unit:
            return f"{round(size / unit, 2):g} {name}"
    return f"{size} 字节"


async def receive(stream: AsyncIterable[bytes], name: str, policy: Policy) -> Upload:
    """A file out of a request body. Raises Invalid; the caller closes ``file``."""
    spool = cast("IO[bytes]", tempfile.SpooledTemporaryFile(SPOOL))  # noqa: SIM115
    try:
        async for chunk in stream:
            await run_in_threadpool(spool.write, chunk)
        return await run_in_threadpool(inspect, spool, name, policy)
    except BaseException:
        spool.close()
        raise


def inspect(file: IO[bytes] | BinaryIO, name: str, policy: Policy) -> Upload:
    """Look at a file: its size, its SHA-256, what it is. Raises Invalid where it is not taken."""
    name = name.replace("\\", "/").rpartition("/")[2].strip()[:200]
    shown = f"附件“{name[:60]}”"
    if not name or wrong_file(name, "文件名"):
        raise Invalid(FIELD, "附件的文件名是空的，或含有不能使用的字符")
    size, digest = 0, hashlib.sha256()
    file.seek(0)
    while part := file.read(PART):
        size += len(part)
        digest.update(part)
        if size > policy.max_bytes:
            raise Invalid(FIELD, f"{shown}超过上限 {size_words(policy.max_bytes)}")
    if size == 0:
        raise Invalid(FIELD, f"{shown}是空的")
    kind = _kind_of(file, shown, policy)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in kind.endings:
        said = f"扩展名是 .{ending[:10]}" if ending else "文件名没有扩展名"
        raise Invalid(
            FIELD, f"{shown}{said}，内容却是{kind.label}", f"请把扩展名改为 .{kind.endings[0]}"
        )
    return Upload(
        name=name, media_type=kind.media_type, size=size, digest=digest.hexdigest(), file=file
    )


def _kind_of(file: IO[bytes], shown: str, policy: Policy) -> Kind:
    file.seek(0)
    head = file.read(1024)
    name: str | None = None
    if head.lstrip().startswith(b"%PDF-"):
        name = "pdf"
    elif head.startswith(b"\x89PNG\r\n\x1a\n"):
        name = "png"
    elif head.startswith(b"\xff\xd8\xff"):
        name = "jpg"
    elif head.startswith(b"PK\x03\x04"):
        name = _zipped(file, shown)
    elif head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        hint = "请取消密码，另存为 .docx 或 .xlsx，或转成 PDF"
        raise Invalid(FIELD, f"{shown}是旧版的或加了密码的 Office 文件", hint)
    if name is None or name not in policy.kinds:
        said = f"是{KINDS[name].label}" if name else "的内容认不出是哪一种文件"
        raise Invalid(FIELD, f"{shown}{said}，不能上传", f"可以上传：{policy.words}")
    return KINDS[name]


def _zipped(file: IO[bytes], shown: str) -> str | None:
    try:
        with zipfile.ZipFile(file) as archive:
            names: Iterable[str] = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Invalid(FIELD, f"{shown}不完整或已损坏", "请重新导出后再上传") from None
    inside = set(names)
    if any(n.lower().endswith("vbaproject.bin") for n in inside):
        raise Invalid(FIELD, f"{shown}带有宏", "请另存为不带宏的文件，或转成 PDF")
    return next((kind for part, kind in ZIPPED.items() if part in inside), None)
