"""What Word keeps out of plain paragraphs is read too: controls, insertions, boxes, tables in cells."""

from __future__ import annotations

from io import BytesIO

import docx
from docx.oxml import parse_xml

from evaluator.documents.layout import Paragraph, Table
from evaluator.documents.word import read_word

_W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
)


def _texts(*parts: str) -> list[str]:
    document = docx.Document()
    for n, part in enumerate(parts):
        document.element.body.insert(n, parse_xml(part.replace(">", f" {_W}>", 1)))
    out = BytesIO()
    document.save(out)
    return [b.text for b in read_word(out.getvalue()) if isinstance(b, Paragraph)]


def test_controls_and_insertions_are_text() -> None:
    assert _texts(
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>总投资：</w:t></w:r>"
        "<w:ins><w:r><w:t>3.2</w:t></w:r></w:ins><w:del><w:r><w:delText>9</w:delText></w:r></w:del>"
        "<w:sdt><w:sdtPr/><w:sdtContent><w:r><w:t>亿元</w:t></w:r></w:sdtContent></w:sdt>"
        "</w:p></w:sdtContent></w:sdt>"
    ) == ["总投资：3.2亿元"]


def test_boxes_of_every_age_are_ticked_or_not() -> None:
    assert _texts(
        '<w:p><w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="1"/></w14:checkbox></w:sdtPr>'
        "<w:sdtContent><w:r><w:t>x</w:t></w:r></w:sdtContent></w:sdt><w:r><w:t>新建 </w:t></w:r>"
        '<w:r><w:sym w:font="Wingdings" w:char="F0A8"/></w:r><w:r><w:t>扩建 </w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="1"/>'
        '<w:checked w:val="0"/></w:checkBox></w:ffData></w:fldChar></w:r><w:r><w:t>技改</w:t></w:r></w:p>'
    ) == ["☑新建 □扩建 □技改"]


def test_a_table_in_a_cell_comes_behind_its_own_with_the_label_beside_it() -> None:
    document = docx.Document()
    outer = document.add_table(1, 2)
    outer.cell(0, 0).text = "投资（万元）"
    inner = outer.cell(0, 1).add_table(2, 1)
    inner.cell(0, 0).text, inner.cell(1, 0).text = "总投资", "900"
    out = BytesIO()
    document.save(out)
    first, label, second = read_word(out.getvalue())
    assert isinstance(first, Table)
    assert isinstance(second, Table)
    assert label == Paragraph("投资（万元）", label.spot, 0)
    assert [[c.text for c in row] for row in second.rows] == [["总投资"], ["900"]]
