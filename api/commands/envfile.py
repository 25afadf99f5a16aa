"""An environment file that a shell (``. file``) and systemd (``EnvironmentFile=``) read alike.

Both know more than is common to them: a shell puts values in for ``$NAME`` and wants spaces quoted,
systemd takes spaces and keeps ``$``. The forms read here mean the same to both.
"""

from __future__ import annotations

import re
from pathlib import Path

_LINE = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)="
    r"(?:(?P<plain>[^\s'\"\\$`;&|<>()*?\[\]{}!#~]*)|'(?P<single>[^']*)'|\"(?P<double>[^\"\\$`]*)\")[ \t]*"
)


def read_env_file(path: Path) -> tuple[dict[str, str], list[str]]:
    """The values of a file by name, and a line for each of its lines that cannot stand.

    Raises OSError, and UnicodeDecodeError for what is not UTF-8.
    """
    values: dict[str, str] = {}
    problems: list[str] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            problems.append(f"{path}:{number}：{_why(text)}")
            continue
        values[found["name"]] = found["plain"] or found["single"] or found["double"] or ""
    return values, problems


def _why(text: str) -> str:
    name, equals, value = text.partition("=")
    if text.startswith("export "):
        return "不要写 export，systemd 不认；写“名字=值”"
    if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return "应写“名字=值”，等号两边没有空格"
    if value.startswith("'") or "'" not in value:
        return f"{name} 的值里有空格或 shell 的特殊字符，整个值放进单引号：{name}='…'"
    return f"{name} 的值里有单引号，又有别的特殊字符，shell 和 systemd 读法不同，请换一个写法"
