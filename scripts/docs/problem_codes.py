"""Every problem code with its title, its reason and how to put it right; source of docs/errors.md.

page = pages()["E102"]          # title 键重复
python -m scripts.docs.problem_codes > docs/errors.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from evaluator.problems.errors import InternalError, Problems
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YList, YMap, read_yaml

FILE = "problem_codes.yaml"
HEAD = """# 问题代码

读规则、标准、申报材料和案例时发现的每个问题都有一个代码。代码不会改变含义，也不会重新使用。

- `E` 错误：规则集不能使用。`W` 提醒：能用，但多半不对。`D` 申报材料的错误。`C` 案例的错误。
- 每个问题都指出文件、行、列，并尽量给出改法。
- 本页由 `evaluator/data/problem_codes.yaml` 生成：`python -m scripts.docs.problem_codes > docs/errors.md`。
"""


@dataclass(frozen=True, slots=True)
class Page:
    """What a code means. ``wrong`` and ``right`` are YAML; ``fix`` is advice in words."""

    code: str
    group: str
    title: str
    why: str
    wrong: str | None
    right: str | None
    fix: str | None

    def render(self) -> str:
        """The code's section of docs/errors.md."""
        lines = [f"### {self.code} {self.title}", "", self.why]
        examples = (("错", self.wrong), ("对", self.right))
        points = [f"- {label}：`{text}`" for label, text in examples if text]
        if self.fix:
            points.append(f"- 改法：{self.fix}。")
        lines += ["", *points] if points else []
        return "\n".join(lines)


@lru_cache(maxsize=1)
def pages() -> Mapping[str, Page]:
    """All codes in the order of the documentation. Raises InternalError for a broken file."""
    text = resources.files("evaluator.data").joinpath(FILE).read_text("utf-8")
    problems = Problems()
    root = read_yaml(FILE, text, problems)
    found: dict[str, Page] = {}
    for page in _read(root, problems):
        if page.code in found:
            raise InternalError(f"{FILE}: {page.code} stands twice")
        found[page.code] = page
    if problems:
        raise InternalError("\n".join(p.render() for p in problems))
    return MappingProxyType(found)


def _read(root: Node | None, problems: Problems) -> Iterator[Page]:
    for item in root.items if isinstance(root, YList) else ():
        if not isinstance(item, YMap):
            continue
        r = Reader(item, problems, "一组")
        group = r.text("group", required=True) or ""
        for node in r.list_of("codes", required=True):
            if isinstance(node, YMap):
                p = Reader(node, problems, "代码")
                yield Page(
                    code=p.text("code", required=True) or "",
                    group=group,
                    title=p.text("title", required=True) or "",
                    why=p.text("why", required=True) or "",
                    wrong=p.text("wrong"),
                    right=p.text("right"),
                    fix=p.text("fix"),
                )
                p.finish()
        r.finish()


def render_docs() -> str:
    """The whole text of docs/errors.md."""
    parts = [HEAD]
    group = ""
    for page in pages().values():
        if page.group != group:
            group = page.group
            parts.append(f"## {group}\n")
        parts.append(page.render() + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(render_docs(), end="")
