"""Where a value on the form came from: a sentence of a document, carried from page to page.

Hidden inputs ``from.<name>`` beside the form's own. What the person changed, or what has no origin,
was typed by who submits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.datastructures import FormData

PREFIX = "from."
KEYS = ("document", "sha256", "place", "quote", "read", "kind")
LONGEST = 2000
MOST = 300


def packed(origin: Mapping[str, str]) -> str:
    """An origin as the text of a hidden input."""
    return json.dumps({k: origin[k] for k in KEYS if k in origin}, ensure_ascii=False)


def carried(form: FormData) -> dict[str, str]:
    """The hidden inputs of a posted form, those that can be read."""
    out: dict[str, str] = {}
    for name, value in form.items():
        if name.startswith(PREFIX) and isinstance(value, str) and len(out) < MOST:
            key = name.removeprefix(PREFIX)
            if read(value) is not None:
                out[key] = value
    return out


def read(text: str) -> dict[str, str] | None:
    """An origin out of its text; None for anything else."""
    if len(text) > LONGEST:
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    if not isinstance(data, dict) or not {"document", "sha256", "place"} <= data.keys():
        return None
    return {k: str(data[k])[:400] for k in KEYS if k in data}


def told(origins: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What is kept with a version: the origin of each value that is still as it was read.

    What the person changed is the person's own, whatever sentence it was read from.
    """
    out: dict[str, dict[str, str]] = {}
    for name, text in origins.items():
        origin = read(text)
        if origin is not None and name in typed and typed[name] == origin.get("read"):
            out[name] = origin
    return out


def still(origins: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    """The hidden inputs for the values that are still as they were read."""
    kept = told(origins, typed)
    return {name: text for name, text in origins.items() if name in kept}


def sentences(origins: Mapping[str, str]) -> dict[str, str]:
    """Each origin in words, for the form: 《简讯.txt》第 3 行："…"."""
    out: dict[str, str] = {}
    for name, text in origins.items():
        origin = read(text)
        if origin is not None:
            out[name] = f"《{origin['document']}》{origin['place']}：“{origin.get('quote', '')}”"
    return out
