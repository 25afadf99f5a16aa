"""Reading mappings strictly: expected keys one by one, everything else is an unknown key.

The nodes come from ``scan``. What stock YAML 1.1 silently changes is an error
there: ``no`` is not false, ``010`` is not 8, a second key of the same name does not win; numbers
stay exact. Knows nothing of rules or dossiers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from evaluator.problems.choices import allowed, guess, key_labels, which
from evaluator.problems.errors import Problem, Problems
from evaluator.reading.yaml.scalar import full_width
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar


def plain(node: Node) -> object:
    """The node as plain Python data (dict, list, scalars)."""
    if isinstance(node, YScalar):
        return node.value
    if isinstance(node, YList):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node}


def word_of(node: Node, what: str, problems: Problems) -> str | None:
    """A non-empty text as written; None after reporting why it is not one.

    A number may stand for a word only where its text is the usual way to write it: ``1.10`` and
    ``1.1`` are one number but two words, and which is meant must not depend on who reads it.
    """
    if not isinstance(node, YScalar):
        problems.report("E202", f"{what}应是文字", node.place, _shape_hint(node))
        return None
    if node.unclear:
        return None
    if node.value is None or not node.text.strip():
        problems.report("E202", f"{what}不能是空的", node.place)
        return None
    value = node.value
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        usual = str(value) if isinstance(value, int) else f"{value.normalize():f}"
        if usual != node.text:
            message = f"“{node.text}”写作文字还是数不明确"
            problems.report("E104", message, node.place, "若是文字请加引号")
            return None
    return node.text


def _shape_hint(node: Node) -> str | None:
    if isinstance(node, YMap):
        return "文字里有“: ”时请给整段文字加引号"
    return None


class Reader:
    """Takes the expected keys of a mapping one by one; what is left over is an unknown key.

    All problems go to the shared list, so that one reading reports everything.
    """

    def __init__(
        self,
        node: YMap,
        problems: Problems,
        what: str,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """``labels`` are the Chinese names of keys that only this kind of mapping has."""
        self.node = node
        self.problems = problems
        self.report = problems.report
        self.what = what
        self._labels = labels
        self._missing: dict[str, Problem] = {}
        self._entries = {k.text: (k, v) for k, v in node.entries}
        self._asked: list[str] = []

    def given(self, key: str) -> bool:
        """Whether something is written under ``key``, be it good or bad."""
        entry = self._entries.get(key)
        return entry is not None and not (
            isinstance(entry[1], YScalar) and entry[1].text in ("", "null")
        )

    def take(self, key: str, *, required: bool = False) -> Node | None:
        """The value under ``key``; null counts as not there."""
        self._asked.append(key)
        entry = self._entries.get(key)
        node = entry[1] if entry else None
        if isinstance(node, YScalar) and node.value is None:
            if node.unclear:  # Reported when it was read.
                return None
            node = None
        if node is None and required:
            place = entry[0].place if entry else self.node.place
            message = f"{self.what}的“{key}”没有内容" if entry else f"{self.what}缺少“{key}”"
            problem = Problem("E201", message, place, None if entry else f"加上“{key}: …”")
            self.problems.append(problem)
            self._missing[key] = problem
        return node

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A non-empty text; plain numbers and dates without quotes are taken as written."""
        node = self.take(key, required=required)
        return None if node is None else word_of(node, f"“{key}”", self.problems)

    def word(self, key: str, *, required: bool = False) -> YScalar | None:
        """A single name with its place."""
        node = self.take(key, required=required)
        if node is None or word_of(node, f"“{key}”", self.problems) is None:
            return None
        return node if isinstance(node, YScalar) else None

    def boolean(self, key: str, default: bool) -> bool:
        """true or false."""
        node = self.take(key)
        if node is None:
            return default
        if not isinstance(node, YScalar) or not isinstance(node.value, bool):
            hint = "是写 true，否写 false，不加引号"
            self.report("E202", f"“{key}”应是 true 或 false{self._found(node)}", node.place, hint)
            return default
        return node.value

    def date(self, key: str, *, required: bool = False) -> dt.date | None:
        """A calendar date."""
        node = self.take(key, required=required)
        if node is None:
            return None
        if not isinstance(node, YScalar) or not isinstance(node.value, dt.date):
            message = f"“{key}”应是日期{self._found(node)}"
            self.report("E202", message, node.place, "写作 2024-01-01，不加引号")
            return None
        return node.value

    def integer(
        self, key: str, *, required: bool = False, low: int | None = None, high: int | None = None
    ) -> int | None:
        """A whole number from ``low`` to ``high``."""
        node = self.take(key, required=required)
        if node is None:
            return None
        value = node.value if isinstance(node, YScalar) else None
        if not isinstance(value, int) or isinstance(value, bool):
            self.report(
                "E202", f"“{key}”应是整数{self._found(node)}", node.place, "只写数字，不加引号"
            )
            return None
        if (low is not None and value < low) or (high is not None and value > high):
            self.report("E203", f"“{key}”不能是 {value}", node.place, f"应在 {low} 至 {high}")
            return None
        return value

    def choice(
        self, key: str, words: Mapping[str, str] | Iterable[str], *, required: bool = False
    ) -> str | None:
        """One of a closed list of words, given with what they mean where that has a name."""
        node = self.word(key, required=required)
        if node is None:
            return None
        labels = words if isinstance(words, Mapping) else dict.fromkeys(words, "")
        if node.text not in labels:
            hint = which(node.text, labels)
            self.report("E203", f"“{key}”不能是“{node.text}”", node.place, hint)
            return None
        return node.text

    def list_of(self, key: str, *, required: bool = False) -> tuple[Node, ...]:
        """The items of a list; empty where the key is not there. A required list has items."""
        node = self.take(key, required=required)
        if node is None:
            return ()
        if not isinstance(node, YList):
            hint = "写作 [甲, 乙]，或每项一行以“- ”开头"
            if isinstance(node, YScalar):
                wide = full_width(node.text)
                hint = wide.hint if wide else f"写作 [{node.text[:40]}]，或每项一行以“- ”开头"
            self.report("E202", f"“{key}”应是列表{self._found(node)}", node.place, hint)
            return ()
        if required and not node.items:
            self.report("E201", f"{self.what}的“{key}”是空的", node.place)
        return node.items

    def words(self, key: str, *, required: bool = False) -> tuple[YScalar, ...]:
        """A list of different single texts."""
        out: list[YScalar] = []
        seen: set[str] = set()
        for item in self.list_of(key, required=required):
            text = word_of(item, f"“{key}”的每一项", self.problems)
            if text is None or not isinstance(item, YScalar):
                continue
            if text in seen:
                self.report("E302", f"“{key}”里“{text}”写了两次", item.place, "只保留一处")
                continue
            seen.add(text)
            out.append(item)
        return tuple(out)

    def mapping(self, key: str, *, required: bool = False) -> YMap | None:
        """A nested mapping."""
        node = self.take(key, required=required)
        if node is None:
            return None
        if not isinstance(node, YMap):
            hint = "写作 {名称: 内容}，或另起几行，每行“名称: 内容”"
            self.report("E202", f"“{key}”应是键值表{self._found(node)}", node.place, hint)
            return None
        return node

    def _found(self, node: Node) -> str:
        if isinstance(node, YScalar):
            return f"，写的是“{node.text[:40]}”"
        return "，写的是列表" if isinstance(node, YList) else "，写的是键值表"

    def finish(self) -> None:
        """Report every key that nobody asked for."""
        for name, (key, _) in self._entries.items():
            if name not in self._asked:
                labels = key_labels(self._asked, self._labels)
                meant = guess(name, labels)
                hint = f"应写 {meant}；{allowed(labels)}" if meant else which(name, labels)
                shown = name.strip("“”")
                self.report("E204", f"{self.what}没有“{shown}”这一项", key.place, hint)
                # What was meant is written after all, under another name: one mistake, not two.
                lacking = self._missing.pop(meant or "", None)
                if lacking is not None:
                    self.problems[:] = [p for p in self.problems if p is not lacking]
