"""One policy for the texts that people are known by: accounts, files, paths.

A name must be what it looks like. Controls, bidirectional marks, characters without width and what
NFKC would turn into something else are refused, and so is a name that reads as the system's own.
"""

from __future__ import annotations

import re
import unicodedata

# Cc controls, Cf bidi and zero width, Co private, Cs surrogates, Zl and Zp line ends.
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
# Signs without width that are letters or marks to Unicode.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
_ACCOUNT = re.compile(r"[A-Za-z0-9._@+·\-\u3007\u3400-\u9fff\U00020000-\U0003ffff]+")
_RESERVED = frozenset({"system", "系统", "系統"})
_LIKE = str.maketrans("0135$@|!", "olessali")
# Letters of other scripts that look like those of "system".
_CONFUSED = str.maketrans(
    {"\u0455": "s", "\u0443": "y", "\u04af": "y", "\u0442": "t", "\u03c4": "t"}
    | {"\u0435": "e", "\u0454": "e", "\u03b5": "e", "\u043c": "m", "\u03bc": "m"}
)


def hidden(text: str) -> str | None:
    """What of a text is not seen, or not what it seems, as a code point; None where nothing is."""
    for sign in text:
        if unicodedata.category(sign) in _HIDDEN or sign in _BLANK:
            return f"U+{ord(sign):04X}"
    return None


def wrong_text(text: str, what: str) -> str | None:
    """Why a text cannot be a name people read, as a sentence; None where it can."""
    sign = hidden(text)
    if sign is not None:
        return f"{what}里有看不见的字符（{sign}），请删去"
    return None


def wrong_file(name: str, what: str) -> str | None:
    """The same for the name of a file, where no sign may stand for a separator either."""
    for sign in name:
        plain = unicodedata.normalize("NFKC", sign)
        if plain != sign and plain in "/\\.":
            return f"{what}里的“{sign}”是变形的“{plain}”，请改用后者"
    return wrong_text(name, what)


def wrong_path(path: str, what: str) -> str | None:
    """The same for the path of a rulebook's file, which must be its own NFKC form."""
    plain = unicodedata.normalize("NFKC", path)
    if plain != path:
        return f"{what}里有全角或变形的字符，请写作“{plain[:80]}”"
    return wrong_text(path, what)


def wrong_account(name: str) -> str | None:
    """Why a text cannot be the name of an account, as a sentence; None where it can."""
    wrong = wrong_text(name, "账号名")
    if wrong is not None:
        return wrong
    if not _ACCOUNT.fullmatch(name):
        sign = next(c for c in name if not _ACCOUNT.fullmatch(c)) if name else ""
        return (
            f"账号名只能用汉字、英文字母、数字和 . _ - @ +，“{sign}”不行"
            if sign
            else "账号名是空的"
        )
    if reserved(name):
        return f"账号名“{name[:40]}”与系统自己的名字相同或相像，请另取一个"
    return None


def wrong_display(name: str) -> str | None:
    """Why a text cannot be what an account is called on pages, as a sentence; None where it can."""
    wrong = wrong_text(name, "姓名")
    if wrong is None and reserved(name):
        return f"姓名“{name[:40]}”与系统自己的名字相同或相像，请另写"
    return wrong


def reserved(name: str) -> bool:
    """Whether a name reads as that of the system itself."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name)).casefold()
    bare = "".join(c for c in plain if unicodedata.category(c)[0] in "LN" or c in "$@|!")
    latin = bare.translate(_CONFUSED)
    return bool({bare, latin, latin.translate(_LIKE)} & _RESERVED)
