"""``rules/stages.yaml``: the stages of a rulebook, in the order in which a project goes through them.

    - id: lead
      title: 线索初筛
      words: {pass: 可以跟进, refer: 补充后再看, reject: 不予跟进}
      fields: [enterprise_name]

A profile's file replaces that of the rulebook below it, whole.
"""

from __future__ import annotations

from types import MappingProxyType

from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YList, YMap
from evaluator.rulebook.grammar.names import Names
from evaluator.rulebook.stage import Stage
from evaluator.rulebook.verdict import VERDICT_LABELS, Verdict

STAGES_FILE = "stages.yaml"


def parse_stages(node: Node, names: Names) -> tuple[Stage, ...]:
    """Read one file of stages; what is wrong is reported, and then nothing of it may judge."""
    if not isinstance(node, YList):
        names.report("E202", "环节文件应是列表，每项以“- id:”开头", node.place)
        return ()
    if not node.items:
        names.report("E201", "环节文件是空的", node.place, "至少写一个环节，或删掉文件")
    return names.once((_stage(item, names) for item in node.items), "环节")


def _stage(node: Node, names: Names) -> Stage | None:
    if not isinstance(node, YMap):
        names.report("E202", "环节应是键值表，以“- id:”开头", node.place)
        return None
    before = len(names.problems)
    r = Reader(node, names.problems, "环节")
    id_ = r.word("id", required=True)
    title = r.text("title", required=True)
    words = r.mapping("words", required=True)
    fields = [w.text for w in r.words("fields") if names.field(w)]
    note = r.text("note")
    r.finish()
    said: dict[Verdict, str] = {}
    if words is not None:
        labels = {v.value: label for v, label in VERDICT_LABELS.items()}
        inner = Reader(words, names.problems, "环节的 words", labels)
        for verdict in Verdict:
            said[verdict] = inner.text(verdict.value, required=True) or ""
        inner.finish()
    if id_ is None or title is None or not names.check_id(id_, "环节"):
        return None
    if names.problems.wrong(before):
        return None
    return Stage(id_.text, title, MappingProxyType(said), tuple(fields), note, node.place)
