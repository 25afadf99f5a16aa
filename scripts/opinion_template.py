"""Makes api/templates/opinion.docx, the Word template of the opinion, in the layout of GB/T 9704.

Only for starting over: the office edits the file itself in Word. Usage:
``python -m scripts.opinion_template api/templates/opinion.docx``.
"""

from __future__ import annotations

import sys
from typing import Any

from docx import Document
from docx.enum.section import WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

BODY, TITLE, HEAD, KAI = "仿宋_GB2312", "方正小标宋简体", "黑体", "楷体_GB2312"
THREE, FOUR, SMALL = Pt(16), Pt(14), Pt(12)


def font(run: Any, name: str, size: Any, bold: bool = False) -> None:
    run.font.name = "Times New Roman"
    run.font.size = size
    run.bold = bold
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


def line(
    doc: Any, text: str, name: str = BODY, size: Any = THREE, indent: bool = True, align: Any = None
) -> Any:
    paragraph = doc.add_paragraph()
    shape = paragraph.paragraph_format
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(28)
    shape.space_before = shape.space_after = Pt(0)
    if indent:
        shape.first_line_indent = Pt(32)
    if align is not None:
        paragraph.alignment = align
    font(paragraph.add_run(text), name, size)
    return paragraph


def field(paragraph: Any, code: str) -> None:
    """A field such as the page number."""
    for kind in ("begin", None, "end"):
        run = paragraph.add_run()
        font(run, "宋体", FOUR)
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = code
        run._element.append(mark)


def cell(target: Any, text: str, head: bool = False) -> None:
    paragraph = target.paragraphs[0]
    paragraph.paragraph_format.line_spacing = Pt(18)
    font(paragraph.add_run(text), HEAD if head else BODY, SMALL)


def table(doc: Any, heads: list[str], loop: str, cells: list[str], widths: list[int]) -> None:
    """A table whose rows repeat; its head stands on every page."""
    made = doc.add_table(rows=4, cols=len(heads))
    made.style = "Table Grid"
    made.alignment = WD_TABLE_ALIGNMENT.CENTER
    made.autofit = False
    for at, head in enumerate(heads):
        cell(made.rows[0].cells[at], head, True)
        cell(made.rows[2].cells[at], cells[at])
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    made.rows[0]._tr.get_or_add_trPr().append(repeat)
    whole = OxmlElement("w:cantSplit")
    made.rows[2]._tr.get_or_add_trPr().append(whole)
    cell(made.rows[1].cells[0], "{%tr " + loop + " %}")
    cell(made.rows[3].cells[0], "{%tr endfor %}")
    for at, width in enumerate(widths):
        made.columns[at].width = Mm(width)
    for row in made.rows:
        for at, width in enumerate(widths):
            row.cells[at].width = Mm(width)


def each(doc: Any, loop: str, text: str) -> None:
    """A paragraph that repeats."""
    line(doc, "{%p for " + loop + " %}")
    line(doc, text)
    line(doc, "{%p endfor %}")


def main(path: str) -> None:
    doc = Document()
    fonts = doc.styles["Normal"].element.get_or_add_rPr()
    language = OxmlElement("w:lang")
    for key, value in (("w:val", "en-US"), ("w:eastAsia", "zh-CN")):
        language.set(qn(key), value)
    fonts.append(language)
    section = doc.sections[0]
    section.start_type = WD_SECTION.NEW_PAGE
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    font(foot.add_run("— "), "宋体", FOUR)
    field(foot, "PAGE")
    font(foot.add_run(" —"), "宋体", FOUR)
    head = section.header.paragraphs[0]
    head.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    font(head.add_run("{{ number }}　规则集 {{ identity[:12] }}"), "宋体", Pt(9))

    centre = WD_ALIGN_PARAGRAPH.CENTER
    line(
        doc, "项目准入预审意见书", TITLE, Pt(22), False, centre
    ).paragraph_format.line_spacing = Pt(36)
    line(doc, "编号：{{ number }}", KAI, THREE, False, centre)
    line(doc, "")
    line(doc, "{{ enterprise }}：", indent=False)
    line(
        doc,
        "{{ name }}（项目编号 {{ project_id }}）的申报材料，已按“{{ ruleset }}”在{{ as_of }}有效的标准审查。现将预审意见告知如下。",
    )
    line(doc, "一、预审结论", HEAD)
    line(doc, "{{ sentence }}{% if stage %}（{{ stage }}环节）{% endif %}")
    line(
        doc,
        "共审查 {{ counts.violated + counts.unknown + counts.satisfied }} 项：不符合 {{ counts.violated }} 项，材料不足 {{ counts.unknown }} 项，符合 {{ counts.satisfied }} 项；另有 {% if counts.advice %}{{ counts.advice }} 项只作建议、{% endif %}{{ counts.not_applicable }} 项不适用于本项目。",
    )
    each(doc, "line in routes", "{{ line }}")
    line(doc, "二、不符合的事项和依据", HEAD)
    line(doc, "{%p if reasons %}")
    table(
        doc,
        ["序号", "事项", "要求", "申报", "依据", "责任部门"],
        "for r in reasons",
        [
            "{{ r.number }}",
            "{{ r.title }}（{{ r.effect }}）{% if r.gap %}，{{ r.gap }}{% endif %}",
            "{{ r.required }}",
            "{{ r.value }}",
            "{{ r.basis }}",
            "{{ r.departments }}",
        ],
        [14, 36, 25, 24, 35, 22],
    )
    line(doc, "{%p if example_note %}")
    line(doc, "{{ example_note }}", size=SMALL)
    line(doc, "{%p endif %}")
    line(doc, "{%p else %}")
    line(doc, "没有不符合的事项。")
    line(doc, "{%p endif %}")
    line(doc, "三、需要补充的材料", HEAD)
    each(doc, "line in asked", "{{ line }}")
    line(doc, "{%p if lacks %}")
    line(doc, "下列 {{ missing }} 项没有填报，请由相应单位提供：")
    each(doc, "l in lacks", "{{ l.title }}（{{ l.count }} 项）：{{ l.fields }}。")
    line(doc, "{%p else %}")
    line(doc, "材料齐全。")
    line(doc, "{%p endif %}")
    line(doc, "四、补正建议", HEAD)
    each(doc, "c in changes", "{{ c }}。")
    each(doc, "r in reasons if r.remedy", "{{ r.title }}：{{ r.remedy }}。")
    line(doc, "{%p if not changes and not reasons %}")
    line(doc, "{% if lacks %}补齐第三部分所列材料后重新提交。{% else %}无。{% endif %}")
    line(doc, "{%p endif %}")
    line(doc, "五、部门意见", HEAD)
    each(doc, "v in reviews", "{{ v.department }}：{{ v.text }}（{{ v.by }}，{{ v.on }}）")
    line(doc, "{%p if not reviews %}")
    line(doc, "尚无部门意见。")
    line(doc, "{%p endif %}")
    line(doc, "{%p if origins %}")
    line(doc, "六、申报数据的来源", HEAD)
    each(doc, "o in origins", "{{ o }}。")
    line(doc, "{%p endif %}")
    line(doc, "{% if origins %}七{% else %}六{% endif %}、权利告知", HEAD)
    line(
        doc,
        "本意见书由系统依照公布的标准作出，供评审机构会审参考，不是行政决定。申请人对认定的事实、适用的标准有异议的，可以向受理单位陈述、申辩并提交证据，也可以要求由工作人员会审，不以系统结论为唯一依据。",
    )
    rights = "对行政机关依法作出的不予准入决定不服的，可以自收到决定书之日起六十日内依法申请行政复议，也可以自收到决定书之日起六个月内依法向人民法院提起行政诉讼。"
    signed = [
        line(doc, rights),
        line(doc, ""),
        line(doc, "（受理单位印章）", indent=False, align=WD_ALIGN_PARAGRAPH.RIGHT),
        line(doc, "{{ made }}", indent=False, align=WD_ALIGN_PARAGRAPH.RIGHT),
    ]
    for paragraph in signed[:-1]:  # Seal and date stand on the page where the text ends.
        paragraph.paragraph_format.keep_together = True
        paragraph.paragraph_format.keep_with_next = True
    line(doc, "")
    note = "规则集标识 {{ identity }}；{% if digest %}结论摘要 {{ digest }}；{% endif %}判定时间 {{ made_at }}。凭以上标识可以重新判定，核对结论是否一致。"
    line(doc, note, size=SMALL, indent=False).paragraph_format.line_spacing = Pt(18)
    doc.save(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
