"""Files on their way in: what they are, how large they may be."""

from __future__ import annotations

import hashlib
import io
import re

import pytest

from api.errors import Invalid
from api.transport.uploads import KINDS, Policy, inspect, size_words
from tests.api.files import PDF, PNG, archive, excel, word

LIMIT = 1_000_000
EVERY = Policy(LIMIT, tuple(KINDS))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("红线图.pdf", PDF, "application/pdf"),
        ("红线图.PDF", b"\r\n" + PDF, "application/pdf"),
        ("a.b.png", PNG, "image/png"),
        ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("意见.docx", word(), KINDS["docx"].media_type),
        ("表.xlsx", excel(), KINDS["xlsx"].media_type),
        ("批复.ofd", archive("OFD.xml", "Doc_0/Document.xml"), "application/ofd"),
        (
            "汇报.pptx",
            archive("[Content_Types].xml", "ppt/presentation.xml"),
            KINDS["pptx"].media_type,
        ),
        ("C:\\图\\a.png", PNG, "image/png"),
    ],
)
def test_a_kind_is_told_by_the_content(name: str, content: bytes, kind: str) -> None:
    found = inspect(io.BytesIO(content), name, EVERY)
    assert found.media_type == kind
    assert found.digest == hashlib.sha256(content).hexdigest()
    assert b"".join(found.parts()) == content
    assert "\\" not in found.name


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", b"", "是空的"),
        ("a.pdf", PNG, "扩展名是 .pdf，内容却是PNG 图片"),
        ("a", PDF, "文件名没有扩展名"),
        ("a.docx", archive("readme.txt"), "认不出是哪一种文件"),
        ("a.docx", archive("word/document.xml", "word/vbaProject.bin"), "带有宏"),
        ("a.docx", word()[:400], "不完整或已损坏"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "旧版的或加了密码"),
        ("a.exe", b"MZ\x90\0", "认不出是哪一种文件"),
        ("a.pdf", b"<html><script>", "认不出是哪一种文件"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "认不出是哪一种文件"),
        ("a.png\n", b"", "是空的"),
        ("a\x07.png", PNG, "不能使用的字符"),
        ("dir/", PNG, "文件名是空的"),
    ],
)
def test_what_is_not_taken_is_said_in_chinese(name: str, content: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=re.escape(said)):
        inspect(io.BytesIO(content), name, EVERY)


def test_only_the_kinds_of_the_setting_are_taken() -> None:
    policy = Policy(LIMIT, ("pdf", "jpg"))
    with pytest.raises(Invalid, match="是PNG 图片，不能上传") as refused:
        inspect(io.BytesIO(PNG), "a.png", policy)
    assert refused.value.hint == "可以上传：PDF（.pdf）、JPG 图片（.jpg、.jpeg）"
    assert policy.accept == ".pdf,.jpg,.jpeg"


def test_sizes_in_words() -> None:
    words = [size_words(n) for n in (10_000_000, 1_500_000, 200_000, 1_000, 999)]
    assert words == ["10 MB", "1.5 MB", "200 kB", "1 kB", "999 字节"]
