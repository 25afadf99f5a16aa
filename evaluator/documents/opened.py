"""A file of any kind as a document, or a clear refusal.

Nothing in a file is run and nothing it points at is fetched: macros, remote references and embedded
files are left alone. Archives that blow up, locked and damaged files are refused. ``reading`` calls
this in a process of its own.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from evaluator.documents.layout import Block, Document
from evaluator.problems.errors import DossierError, Problem
from evaluator.problems.source import Place, SourceText

MAX_BYTES = 30_000_000
MAX_PARTS = 2000
MAX_UNPACKED = 300_000_000
MAX_RATIO = 200
MAX_TEXT = 2_000_000
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
OFFICE = frozenset({".doc", ".wps", ".rtf", ".odt"})
BOOKS = {".xlsx": "xlsx", ".xls": "xls", ".et": "xls", ".ods": "ods"}
TEXTS = frozenset({".txt", ".md", ".markdown", ".text"})
PAGES = frozenset({".html", ".htm", ".xhtml", ".mht"})
KINDS = (".docx", ".pdf", *BOOKS, *sorted(OFFICE), *sorted(TEXTS), ".html", *sorted(PICTURES))
MACROS = {".docm": ".docx", ".dotm": ".docx", ".xlsm": ".xlsx", ".xltm": ".xlsx", ".xlsb": ".xlsx"}
_OLE = b"\xd0\xcf\x11\xe0"
_NO_OCR = "这是扫描件，没有文字；本机没有安装文字识别"
_INSTALL = "安装附加组件 [ocr]（pip install 'project-admission[ocr]'），或提供能选中文字的文件"


def refuse(name: str, code: str, message: str, hint: str | None = None) -> DossierError:
    """An error about a whole file."""
    return DossierError([Problem(code, message, Place(SourceText(name, "")), hint)])


def read_document(name: str, data: bytes) -> Document:
    """The document. Raises DossierError where it cannot be read."""
    if not data:
        raise refuse(name, "D130", "文件是空的")
    if len(data) > MAX_BYTES:
        raise refuse(
            name, "D130", f"文件超过 {MAX_BYTES // 1_000_000} MB", "分成几个文件，或删去图片"
        )
    suffix = Path(name).suffix.lower()
    reader = _reader(name, suffix)
    try:
        blocks, notes, pages = reader(name, data)
    except DossierError:
        raise
    except MemoryError:
        raise refuse(name, "D132", "文件太大，读的时候内存不够", "分成几个文件") from None
    except Exception as error:
        # Damaged files make every library fail in its own way; a clerk needs one sentence.
        what = type(error).__name__
        raise refuse(name, "D131", f"打不开：文件已损坏，或内容与后缀“{suffix}”不符（{what}）",
                     "用原来的软件打开后另存一份") from None  # fmt: skip
    document = Document(
        name, hashlib.sha256(data).hexdigest(), suffix.lstrip("."), tuple(blocks), pages, notes
    )
    if document.empty:
        raise refuse(name, "D133", "文件里没有文字", "是图片的，换能选中文字的文件或清楚的扫描件")
    return document


Read = tuple[list[Block], tuple[str, ...], int | None]
Reader = Callable[[str, bytes], Read]


def _reader(name: str, suffix: str) -> Reader:
    if suffix == ".docx":
        return _word
    if suffix == ".pdf":
        return _pdf
    if suffix in BOOKS:
        return _book
    if suffix in TEXTS:
        return _text
    if suffix in PAGES:
        return _page
    if suffix in PICTURES:
        return _picture
    if suffix in OFFICE:
        return _office
    if suffix in MACROS:
        raise refuse(name, "D130", "这是带宏的文件，不读", f"另存为不带宏的 {MACROS[suffix]}")
    what = f"不认识的文件格式“{suffix}”" if suffix else "文件名没有后缀，认不出格式"
    raise refuse(name, "D130", what, f"可用：{'、'.join(KINDS)}")


def check_archive(name: str, data: bytes) -> None:
    """Refuse an archive that is locked, damaged or would blow up."""
    if data.startswith(_OLE):
        raise refuse(name, "D131", "文件有密码，或是旧格式", "去掉密码后另存一份")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            size = sum(p.file_size for p in parts)
            blown = any(
                p.file_size > 10_000_000 and p.file_size > MAX_RATIO * max(1, p.compress_size)
                for p in parts
            )
            if len(parts) > MAX_PARTS or size > MAX_UNPACKED or blown:
                raise refuse(name, "D132", "文件解开后太大，不读", "删去图片和嵌入的文件")
            if any(p.flag_bits & 1 for p in parts):
                raise refuse(name, "D131", "文件有密码", "去掉密码后另存一份")
            if any(p.filename.lower().endswith("vbaproject.bin") for p in parts):
                raise refuse(name, "D130", "文件里有宏，不读", "另存为不带宏的 .docx 或 .xlsx")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as stream:
                        # INVARIANT: no document type, so no entity that expands or reaches outside.
                        if b"<!DOCTYPE" in stream.read(2000):
                            raise refuse(name, "D130", "文件里有不允许的内容（DOCTYPE）")
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError, ValueError):
        raise refuse(name, "D131", "打不开：文件已损坏", "用原来的软件打开后另存一份") from None


def _word(name: str, data: bytes) -> Read:
    from evaluator.documents.word import read_word

    check_archive(name, data)
    blocks = read_word(data)
    notes = _left_out(data)
    return list(blocks), notes, None


def _left_out(data: bytes) -> tuple[str, ...]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        names = archive.namelist()
    notes = []
    if any(n.startswith("word/media/") for n in names):
        notes.append("文档里的图片没有读")
    if any(n.startswith("word/embeddings/") for n in names):
        notes.append("文档里嵌入的文件没有读")
    return tuple(notes)


def _pdf(name: str, data: bytes) -> Read:
    from evaluator.documents import ocr
    from evaluator.documents.pdf import Locked, TooManyPages, read_pdf

    if b"%PDF-" not in data[:1024]:
        raise refuse(name, "D131", "打不开：内容不是 PDF", "用原来的软件另存一份")
    try:
        blocks, pictures, pages = read_pdf(data)
    except Locked:
        raise refuse(name, "D131", "PDF 有密码", "去掉密码后另存一份") from None
    except TooManyPages as error:
        raise refuse(
            name, "D132", f"PDF 有 {error.args[0]} 页，最多 300 页", "只留下写项目的几页"
        ) from None
    notes: list[str] = []
    if pictures and not ocr.installed():
        if not blocks:
            raise refuse(name, "D134", _NO_OCR, _INSTALL)
        notes.append(
            f"第 {'、'.join(map(str, pictures[:20]))} 页是图片，没有读：{_NO_OCR.partition('；')[2]}"
        )
    elif pictures:
        from evaluator.documents.scans import read_scans

        scanned = read_scans(data, pictures[: ocr.MAX_PICTURES])
        blocks = _in_order(blocks, scanned)
        if len(pictures) > ocr.MAX_PICTURES:
            notes.append(f"图片页有 {len(pictures)} 页，只识别了前 {ocr.MAX_PICTURES} 页")
        notes.append("扫描页的文字是识别出来的，请对照原件")
    return blocks, tuple(notes), pages


def _in_order(blocks: list[Block], scanned: list[Block]) -> list[Block]:
    return sorted([*blocks, *scanned], key=lambda b: b.spot.page or 0)


def _book(name: str, data: bytes) -> Read:
    from evaluator.documents.books import read_book

    kind = BOOKS[Path(name).suffix.lower()]
    if kind != "xls":
        check_archive(name, data)
    elif not data.startswith(_OLE):
        raise refuse(name, "D131", "打不开：内容不是 .xls 工作簿", "用 Excel 或 WPS 另存为 .xlsx")
    blocks, notes = read_book(name, data, kind)
    return list(blocks), notes, None


def _text(name: str, data: bytes) -> Read:
    from evaluator.documents.plain import decoded, read_text

    if b"\x00" in data[:4000] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse(name, "D131", "内容不是文字", "检查文件的后缀")
    text = decoded(data)
    if len(text) > MAX_TEXT:
        raise refuse(name, "D132", f"文字超过 {MAX_TEXT // 10_000} 万字", "只留下写项目的部分")
    return list(read_text(text)), (), None


def _page(name: str, data: bytes) -> Read:
    from evaluator.documents.plain import decoded, read_html

    match = re.search(rb"charset=[\"']?([\w-]+)", data[:2000])
    charset = (match[1].decode("ascii").lower() if match else "") or ""
    text = data.decode("gb18030") if charset.startswith("gb") else decoded(data)
    if len(text) > 5 * MAX_TEXT:
        raise refuse(name, "D132", "网页太大", "只留下写项目的部分")
    return list(read_html(text)), (), None


def _picture(name: str, data: bytes) -> Read:
    from evaluator.documents import ocr

    if not ocr.installed():
        raise refuse(name, "D134", "这是图片；本机没有安装文字识别", _INSTALL)
    return ocr.read_image(data), ("文字是识别出来的，请对照原件",), None


def _office(name: str, data: bytes) -> Read:
    from evaluator.documents.office import converted

    return _word(name, converted(name, data))
