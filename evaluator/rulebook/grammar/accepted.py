"""``accepted`` in criteria.yaml: warnings of the checks that the maintainer lets stand, and why.

    accepted:
      - {code: W921, names: [negative.low_tax], reason: 示范值，采用前由本市发文确认, until: 2027-12-31}

Which warnings there are is settled where checks are run (``checks.accepting``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YMap
from evaluator.rulebook.ast import Acceptance
from evaluator.rulebook.grammar.names import Names

WARNING = re.compile(r"W\d{3}")


def parse_accepted(nodes: Iterable[Node], names: Names) -> tuple[Acceptance, ...]:
    """Read the entries; each name of an entry is an acceptance of its own."""
    out: dict[tuple[str, str], Acceptance] = {}
    for node in nodes:
        for acceptance in _entry(node, names):
            first = out.setdefault((acceptance.code, acceptance.name), acceptance)
            if first is not acceptance:
                message = f"{acceptance.code} 的“{acceptance.name}”接受了两次"
                notes = (("第一处", first.place),)
                names.report("E302", message, acceptance.place, "只保留一处", notes)
    return tuple(out.values())


def _entry(node: Node, names: Names) -> Iterable[Acceptance]:
    if not isinstance(node, YMap):
        hint = "写作 {code: W921, names: [规则编号], reason: 理由}"
        names.report("E202", "“accepted”的每一项应是键值表", node.place, hint)
        return
    r = Reader(node, names.problems, "“accepted”的一项")
    code = r.word("code", required=True)
    about = r.words("names", required=True)
    reason = r.text("reason", required=True)
    until = r.date("until")
    r.finish()
    if code is not None and not WARNING.fullmatch(code.text):
        hint = "错误必须改正；能接受的只有提醒（W 开头）"
        names.report("E925", f"“{code.text}”不是提醒，不能接受", code.place, hint)
        return
    if code is not None and reason is not None:
        for word in about:
            yield Acceptance(code.text, word.text, reason, until, word.place)
