"""Groups of rules that an exemption switches off, and rules that a profile drops.

    - unless: {field: national_major_project, equals: true}
      if_missing: ask            # or not_exempt
      rules: [...]
    - {drop: positive.land_tax, note: 本市另有规定}

A rule may have ``unless`` of its own, too. What a missing answer to the exemption means is always
written: ``ask``, the rule waits for it where it is not met; ``not_exempt``, as long as it is not
known to hold it does not, which no rule that rejects may say.
"""

from __future__ import annotations

from evaluator.problems.choices import which
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar
from evaluator.rulebook import ast, walk
from evaluator.rulebook.grammar.conditions import parse_condition
from evaluator.rulebook.grammar.names import Names

IF_MISSING = {"ask": "没填就要补", "not_exempt": "没填按没有豁免"}
GROUP = ("unless", "if_missing")


def unfolded(node: YList, names: Names) -> tuple[YList, tuple[YScalar, ...]]:
    """The entries of a rule file with every group as its single rules, and the names to drop."""
    items: list[Node] = []
    dropped: list[YScalar] = []
    for item in node.items:
        if isinstance(item, YMap) and item.get("drop") is not None and item.get("id") is None:
            r = Reader(item, names.problems, "要去掉的规则")
            word = r.word("drop", required=True)
            r.text("note")
            r.finish()
            dropped += [] if word is None else [word]
        elif isinstance(item, YMap) and item.get("rules") is not None:
            items += _group(item, names)
        else:
            items.append(item)
    return YList(tuple(items), node.place), tuple(dropped)


def _group(node: YMap, names: Names) -> list[Node]:
    r = Reader(node, names.problems, "一组规则")
    rules = r.list_of("rules", required=True)
    shared = [(k, v) for k, v in node.entries if k.text in GROUP]
    for key in GROUP:
        r.take(key, required=True)
    r.text("note")
    r.finish()
    out: list[Node] = []
    for rule in rules:
        if not isinstance(rule, YMap):
            out.append(rule)
            continue
        for key in GROUP:
            if rule.get(key) is not None:
                message = f"整组写了“{key}”，这条规则又写了一次"
                names.report("E207", message, rule.place_of(key), "只写一处")
        own = [(k, v) for k, v in rule.entries if k.text not in GROUP]
        out.append(YMap((*own, *shared), rule.place))
    return out


def drop(
    words: tuple[YScalar, ...], below: dict[str, str], own: frozenset[str], what: str, names: Names
) -> tuple[str, ...]:
    """Those of ``words`` that name something of a layer below; reports the others (E338)."""
    out: list[str] = []
    for word in words:
        if word.text in own:
            message = f"{what}“{word.text}”在这一层又写又去掉"
            names.report("E338", message, word.place, "要改就只写新的，同名的会替换下面的")
        elif word.text not in below:
            names.report(
                "E338",
                f"没有{what}“{word.text}”可以去掉",
                word.place,
                which(word.text, below) if below else "只能去掉所依据的规则集里有的",
            )
        else:
            out.append(word.text)
    return tuple(out)


def exempted(
    r: Reader, applies: ast.Condition | None, effect: str | None, names: Names
) -> ast.Condition | None:
    """``applies`` without the projects that ``unless`` exempts; None for all projects."""
    node = r.take("unless")
    missing = r.choice("if_missing", IF_MISSING, required=node is not None)
    if node is None:
        if missing is not None:
            names.report("E204", "没有 unless 就不用写 if_missing", r.node.place_of("if_missing"))
        return applies
    unless = parse_condition(node, names)
    if unless is None or missing is None:
        return applies
    if missing == "not_exempt" and effect == ast.Effect.REJECT:
        message = "不予准入的规则不能把没填的豁免当作没有：补充材料不得推翻不予准入"
        names.report("E601", message, r.node.place_of("if_missing"), "写 if_missing: ask")
        return applies
    held = unless if missing == "ask" else _surely(unless, True, names)
    outside = ast.NotOf(held, node.place)
    return outside if applies is None else ast.AllOf((applies, outside), node.place)


def _surely(condition: ast.Condition, truth: bool, names: Names) -> ast.Condition:
    """That the condition is known to be ``truth``: never unknown for want of an answer."""
    match condition:
        case ast.AllOf(items=items) | ast.AnyOf(items=items):
            parts = tuple(_surely(item, truth, names) for item in items)
            every = isinstance(condition, ast.AllOf) is truth
            return (ast.AllOf if every else ast.AnyOf)(parts, condition.place)
        case ast.NotOf(item=item):
            return _surely(item, not truth, names)
        case _:
            fields = dict.fromkeys(walk.named("field", condition, metrics=names.metrics))
            known = tuple(ast.Known(name, condition.place) for name in fields)
            held = condition if truth else ast.NotOf(condition, condition.place)
            return ast.AllOf((*known, held), condition.place)
