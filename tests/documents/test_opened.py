"""What cannot be read is refused in a sentence; nothing in a file is run or fetched."""

from __future__ import annotations

import time
import zipfile
from io import BytesIO

import pytest

from evaluator.documents import ocr, office
from evaluator.documents.apart import apart
from evaluator.documents.opened import read_document
from evaluator.documents.reading import answer, read
from evaluator.dossier.fields import Registry, base_registry
from evaluator.problems.errors import DossierError
from tests.documents.builders import H, Made, P, build


def _docx(text: str = "总投资3亿元") -> bytes:
    return build(Made("x.docx", [H("项目"), P(text)], {}))


def _changed(data: bytes, extra: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename not in extra:
                new.writestr(part, old.read(part))
        for name, content in extra.items():
            new.writestr(name, content)
    return out.getvalue()


def _refusal(name: str, data: bytes) -> tuple[str, str]:
    with pytest.raises(DossierError) as caught:
        read_document(name, data)
    (problem,) = caught.value.problems
    return problem.code, problem.message


def test_an_archive_that_blows_up() -> None:
    bomb = _changed(_docx(), {"word/media/a.bin": b"\0" * 50_000_000})
    assert _refusal("炸弹.docx", bomb)[0] == "D132"


def test_an_entity_is_not_expanded() -> None:
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    code, message = _refusal("外引.docx", _changed(_docx(), {"word/document.xml": evil}))
    assert code == "D130"
    assert "DOCTYPE" in message


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("空.docx", b"", "D130"),
        ("坏.docx", b"PK\x03\x04 broken", "D131"),
        ("坏.pdf", b"%PDF-1.7 broken", "D131"),
        ("假.pdf", b"MZ not a pdf", "D131"),
        ("密.docx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "D131"),
        ("宏.docm", b"PK", "D130"),
        ("宏.xlsm", b"PK", "D130"),
        ("程序.exe", b"MZ", "D130"),
        ("二进制.txt", b"\x00\x01\x02" * 50, "D131"),
        ("空白.txt", b"  \n ", "D133"),
        ("假.xls", b"not a workbook", "D131"),
    ],
)
def test_refusals(name: str, data: bytes, code: str) -> None:
    assert _refusal(name, data)[0] == code


def test_ten_thousand_pages_are_not_begun() -> None:
    kids = " ".join(["3 0 R"] * 10_000)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count 10000 /Kids [{kids}] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
    ]
    out = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start = len(out)
    rows = "".join(f"{p:010} 00000 n \n" for p in places)
    out += f"xref\n0 4\n0000000000 65535 f \n{rows}trailer << /Size 4 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    code, message = _refusal("一万页.pdf", out)
    assert code == "D132"
    assert "10000 页" in message


def test_a_locked_pdf() -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption("secret", canPrint=0))
    canvas.drawString(100, 100, "hello")
    canvas.save()
    code, message = _refusal("密.pdf", out.getvalue())
    assert (code, message) == ("D131", "PDF 有密码")


def test_a_script_in_a_page_is_not_text() -> None:
    page = "<html><script>总投资=99亿元</script><p>总投资3亿元</p></html>".encode()
    (found,) = answer("页.html", page, base_registry())["dossiers"]
    assert [(e["field"], e["value"]) for e in found["excerpts"]] == [("total_investment", "30000")]


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed", lambda: False)
    monkeypatch.setattr(office, "office", lambda: None)
    assert _refusal("扫描.png", b"\x89PNG")[0] == "D134"
    code, message = _refusal("旧.doc", b"\xd0\xcf\x11\xe0")
    assert code == "D134"
    assert "LibreOffice" in message


def test_an_answer_names_its_problems_and_keeps_the_hash() -> None:
    bad = answer("坏.docx", b"x", base_registry())
    assert bad["dossiers"] == []
    assert bad["problems"][0]["code"] == "D131"
    good = answer("好.docx", _docx(), base_registry())
    assert len(good["sha256"]) == 64
    assert good["problems"] == []


def test_macros_under_an_innocent_name() -> None:
    macro = _changed(_docx(), {"word/vbaProject.bin": b"Sub AutoOpen()"})
    assert _refusal("报告.docx", macro)[0] == "D130"


def test_what_lies_elsewhere_is_not_fetched() -> None:
    """A picture and a template on another machine: the text is read, nobody is asked for them."""
    rels = (
        b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
        b'Target="http://127.0.0.1:9/t.dotm" TargetMode="External"/></Relationships>'
    )
    changed = _changed(_docx(), {"word/_rels/settings.xml.rels": rels})
    (found,) = answer("外链.docx", changed, base_registry())["dossiers"]
    assert [(e["field"], e["value"]) for e in found["excerpts"]] == [("total_investment", "30000")]


def _slow(name: str, _data: bytes, _registry: Registry) -> str:
    time.sleep(60)
    return name


def _greedy(_name: str, _data: bytes, _registry: Registry) -> int:
    return len(bytearray(8_000_000_000))


def test_the_command_too_reads_with_limits() -> None:
    registry = base_registry()
    assert apart(read, "好.docx", _docx(), registry).dossiers
    # Another process has to start first: on a busy machine that alone takes seconds.
    for work, seconds, said in ((_slow, 2, "秒没有读完"), (_greedy, 50, "内存不够")):
        with pytest.raises(DossierError) as caught:
            apart(work, "慢.docx", b"x", registry, seconds=seconds)
        assert (caught.value.problems[0].code, said in caught.value.problems[0].message) == (
            "D132",
            True,
        )
    with pytest.raises(DossierError) as caught:
        apart(read, "坏.docx", b"PK broken", registry)
    assert caught.value.problems[0].code == "D131"
