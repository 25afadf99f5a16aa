"""One rule as text, for tests of what is said about it."""

from __future__ import annotations

RULE = """
- id: positive.a
  title: 甲
  list: positive
  effect: refer
  departments: [tax]
  basis: [{basis}]
  require: {require}
"""


def rule(require: str, basis: str = "{source: law}", more: str = "") -> str:
    text = RULE.replace("{require}", require).replace("{basis}", basis)
    return text + "".join(f"  {line}\n" for line in more.splitlines())
