"""What pydantic finds wrong, in Chinese, as the ``errors`` entries of a problem."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_VALIDATION = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项",
    "string_too_long": "文字过长",
    "string_too_short": "文字过短",
    "string_pattern_mismatch": "写法不对",
    "string_type": "应是文字",
    "int_parsing": "应是整数",
    "int_type": "应是整数",
    "bool_parsing": "应是 true 或 false",
    "bool_type": "应是 true 或 false",
    "list_type": "应是列表",
    "tuple_type": "应是列表",
    "dict_type": "应是一组键值",
    "model_attributes_type": "应是一组键值",
    "greater_than_equal": "数过小",
    "less_than_equal": "数过大",
    "enum": "不在可用的值之内",
    "literal_error": "不在可用的值之内",
    "json_invalid": "不是有效的 JSON",
    "date_from_datetime_inexact": "应是日期，写作 2024-01-01",
    "date_from_datetime_parsing": "应是日期，写作 2024-01-01",
    "date_parsing": "应是日期，写作 2024-01-01",
}


# What is chosen from a list or follows a pattern: the refusal says what was found.
_CHOSEN = ("enum", "literal_error", "string_pattern_mismatch")
# What each pattern of a parameter or a body asks for; nobody is shown the pattern itself.
PATTERNS = {
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "写作 2024-01-01",
    "^[A-Ta-t][0-9]{0,4}$": "写门类字母（A 至 T）加最多 4 位数字，如 C、C39、C3985",
    r"^[\x21-\x7e]+$": "用英文字母、数字和符号，不含空格",
    "^[0-9a-f]{64}$": "64 位十六进制数，小写",
    "^[0-9a-f]{16}$": "16 位十六进制数，小写；原样写列表里的编号",
}
_QUOTED = re.compile("'([^']*)'")


def validation_entries(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """pydantic's errors as ``errors`` entries with Chinese words."""
    out: list[dict[str, Any]] = []
    for error in errors:
        loc = [str(part) for part in error.get("loc", ())]
        kind = str(error.get("type", ""))
        detail = _VALIDATION.get(kind, "内容不合要求")
        context = error.get("ctx") or {}
        limits = [
            limit
            for k, v in context.items()
            if k in ("expected", "ge", "le", "max_length", "min_length")
            # pydantic writes a choice as 'a', 'b' or 'c'.
            for limit in (_QUOTED.findall(str(v)) if k == "expected" else None) or [str(v)]
        ]
        chosen = kind in ("enum", "literal_error") and loc[:1] == ["query"]
        entry: dict[str, Any] = {"detail": detail, "code": "A114" if chosen else "A422"}
        if limits:
            entry["hint"] = f"可用：{'、'.join(limits)}"
        elif context.get("pattern") in PATTERNS:
            entry["hint"] = PATTERNS[context["pattern"]]
        if loc and loc[0] in ("query", "path", "header", "cookie"):
            entry["parameter"] = ".".join(loc[1:])
            if kind in _CHOSEN:
                entry["detail"] = f"“{str(error.get('input', ''))[:40]}”{detail}"
        else:
            parts = loc[1:] if loc and loc[0] == "body" else loc
            entry["pointer"] = "".join(f"/{p.replace('~', '~0').replace('/', '~1')}" for p in parts)
        out.append(entry)
    return out
