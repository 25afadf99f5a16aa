"""Makes api/templates/agreement.docx, the Word template of the 标准地 agreement.

Only for starting over: the office edits the file itself in Word. Usage:
``python -m scripts.agreement_template api/templates/agreement.docx``.
"""

from __future__ import annotations

import sys
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from scripts.opinion_template import FOUR, HEAD, KAI, THREE, TITLE, field, font, line, table

STEPS = (
    "到期没有达到的，甲方书面通知限期整改；整改期满仍没有达到的，按差额比例扣减或者追回已兑现的扶持政策。",
    "投资强度、亩均税收低于承诺八成的，或者开工、投产逾期一年以上的，甲方可以按有偿使用合同的约定收取违约金，"
    "直至依法收回土地使用权。",
    "因政府原因、不可抗力或者政策调整没有达到的，双方协商变更，按本协议的变更程序办理。",
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
    centre = WD_ALIGN_PARAGRAPH.CENTER
    head = line(doc, "工业项目“标准地”投资建设协议", TITLE, Pt(22), False, centre)
    head.paragraph_format.line_spacing = Pt(36)
    line(doc, "协议编号：{{ paper }}", KAI, THREE, False, centre)
    line(doc, "")
    line(doc, "甲方：                    （政府或园区管理机构）", indent=False)
    line(doc, "乙方：{{ enterprise }}", indent=False)
    line(
        doc,
        "乙方投资建设{{ name }}（受理编号 {{ number }}，统一项目代码 {{ code }}），经{{ body }}{{ on }}研究同意准入。双方约定如下：",
    )
    line(doc, "一、项目", HEAD)
    line(doc, "建设地点：{{ place }}。建设内容和规模：{{ building }}。主要产品：{{ product }}。")
    line(doc, "二、控制指标", HEAD)
    line(
        doc,
        "乙方承诺达到下列指标。现行标准是{{ as_of }}有效的标准，承诺值和标准值不一致的，以承诺值为准。",
    )
    table(
        doc,
        ["序号", "指标", "乙方承诺", "现行标准", "依据"],
        "for f in standards",
        [
            "{{ f.number }}",
            "{{ f.title }}",
            "{{ f.committed }}",
            "{{ f.standard }}",
            "{{ f.basis }}",
        ],
        [11, 33, 34, 34, 44],
    )
    _when(doc, "example", "依据栏注明“示例值”的，签订前由甲方核对原文后更正。")
    line(doc, "三、投资、产出和排放", HEAD)
    table(
        doc,
        ["序号", "指标", "乙方承诺"],
        "for f in amounts",
        ["{{ f.number }}", "{{ f.title }}", "{{ f.committed }}"],
        [14, 72, 70],
    )
    line(doc, "四、期限", HEAD)
    line(doc, "{%p if milestones %}")
    table(
        doc,
        ["事项", "承诺", "期限"],
        "for c in milestones",
        ["{{ c.title }}", "{{ c.promised }}", "{{ c.due }}"],
        [50, 56, 50],
    )
    line(doc, "{%p else %}")
    line(doc, "签约、开工、投产、达效的期限在签订时填写：                                  。")
    line(doc, "{%p endif %}")
    line(doc, "{%p if conditions %}")
    line(doc, "五、准入条件", HEAD)
    table(
        doc,
        ["序号", "条件", "期限", "核验部门"],
        "for c in conditions",
        ["{{ c.number }}", "{{ c.text }}", "{{ c.due }}", "{{ c.department }}"],
        [14, 72, 36, 34],
    )
    line(doc, "{%p endif %}")
    line(doc, "{% if conditions %}六{% else %}五{% endif %}、没有达到的处理", HEAD)
    for text in STEPS:
        line(doc, text)
    line(doc, "{% if conditions %}七{% else %}六{% endif %}、核对和变更", HEAD)
    line(
        doc,
        "乙方按期如实填报实绩，甲方按作出准入决定时的同一套规则核对。承诺需要变更的，由乙方书面提出理由，经甲方批准后生效；变更前后的承诺都保留。",
    )
    line(doc, "")
    for text in ("甲方（印章）：", "乙方（印章）：", "签订日期：{{ signed_on }}"):
        line(doc, text, indent=False).paragraph_format.keep_with_next = True
    doc.save(path)


def _when(doc: Any, condition: str, text: str) -> None:
    line(doc, "{%p if " + condition + " %}")
    line(doc, text)
    line(doc, "{%p endif %}")


if __name__ == "__main__":
    main(*sys.argv[1:])
