"""Makes api/templates/letter.docx, the Word template of the letter on a conclusion, by GB/T 9704.

Only for starting over: the office edits the file itself in Word. Usage:
``python -m scripts.letter_template api/templates/letter.docx``.
"""

from __future__ import annotations

import sys

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from scripts.opinion_template import (
    FOUR,
    HEAD,
    KAI,
    THREE,
    TITLE,
    each,
    field,
    font,
    line,
    table,
)


def main(path: str) -> None:
    doc = Document()
    section = doc.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    font(foot.add_run("— "), "宋体", FOUR)
    field(foot, "PAGE")
    font(foot.add_run(" —"), "宋体", FOUR)
    centre, right = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
    head = line(doc, "{{ title }}", TITLE, Pt(22), False, centre)
    head.paragraph_format.line_spacing = Pt(36)
    line(doc, "编号：{{ number }}（第 {{ version }} 版）", KAI, THREE, False, centre)
    line(doc, "")
    line(doc, "{{ enterprise }}：", indent=False)
    line(
        doc,
        "你单位申报的{{ name }}（项目编号 {{ project_id }}），经{{ body }}{{ on }}研究，决定：{{ act }}。",
    )
    _when(doc, "revised", "{{ revised }}")
    line(doc, "一、理由", HEAD)
    line(doc, "{{ reason }}")
    _when(
        doc,
        "override",
        "本决定与系统预审结论不同，属一事一议。批准依据：{{ authority }}（{{ document_number }}）。",
    )
    line(doc, "{%p if conditions %}")
    line(doc, "二、准入条件", HEAD)
    table(
        doc,
        ["序号", "条件", "期限", "核验部门"],
        "for c in conditions",
        ["{{ c.number }}", "{{ c.text }}", "{{ c.due }}", "{{ c.department }}"],
        [14, 72, 36, 34],
    )
    line(doc, "到期没有落实的，可以变更或者撤回本决定。")
    line(doc, "{%p endif %}")
    line(doc, "{% if conditions %}三{% else %}二{% endif %}、系统预审情况", HEAD)
    line(
        doc,
        "申报材料按{{ as_of }}有效的标准预审，系统预审结论为“{{ machine }}”，供研究参考。",
    )
    each(doc, "f in breached", "{{ f.title }}（{{ f.effect }}）：{{ f.message }}")
    _when(
        doc,
        "undecided",
        "作出决定时还有 {{ undecided }} 项没有判定：{{ undecided_text }}。",
    )
    _when(doc, "silent", "{{ silent }}")
    _when(doc, "basis", "依据：{{ basis | join('；') }}。")
    line(doc, "{%p if outcome in ('reject', 'conditional') %}")
    line(doc, "{% if conditions %}四{% else %}三{% endif %}、权利告知", HEAD)
    line(
        doc,
        "对本决定不服的，可以自收到本决定书之日起六十日内依法申请行政复议，也可以自收到本决定书之日起六个月内依法向人民法院提起行政诉讼。",
    )
    line(doc, "{%p endif %}")
    line(doc, "")
    for text in ("{{ body }}（印章）", "{{ on }}"):
        line(doc, text, indent=False, align=right).paragraph_format.keep_with_next = True
    doc.save(path)


def _when(doc: object, condition: str, text: str) -> None:
    line(doc, "{%p if " + condition + " %}")
    line(doc, text)
    line(doc, "{%p endif %}")


if __name__ == "__main__":
    main(*sys.argv[1:])
