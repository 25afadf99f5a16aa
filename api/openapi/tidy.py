"""The document as generators of clients need it: what pydantic writes besides is taken out.

A property's ``title`` repeats its name, and generators name classes after it; a ``default`` of a
property makes it required in TypeScript; a null that is merely never sent makes every reader test for
it. What a property means is in ``words.toml``, by its name: one name means one thing everywhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

Schema = dict[str, Any]


@cache
def words() -> dict[str, dict[str, str]]:
    """What is said of tags, parameters and properties: ``properties`` by name or by Schema.name."""
    return tomllib.loads(files("api.openapi").joinpath("words.toml").read_text("utf-8"))


def tidy(document: Schema) -> None:
    """Make the document fit for generators, and describe what it leaves undescribed."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        schema["title"] = name
        _properties(name, schema)
        if name.endswith("Out") or "enum" not in schema:
            _closed(schema)
    _same_words(schemas)
    said = words()["parameters"]
    for _, _, operation in each_operation(document):
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _given(parameter["schema"])
            key = f"{operation['operationId']}.{parameter['name']}"
            described = said.get(key) or said.get(parameter["name"])
            if described and not parameter.get("description"):
                parameter["description"] = described
        # The docstrings are for whoever works on the code; what they say is in the summary.
        if (operation.get("description") or "").isascii():
            operation.pop("description", None)


def each_operation(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    """Path, method and operation of each operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _given(schema: Schema) -> Schema:
    """A parameter's schema: what is not given is left out, and never null."""
    schema.pop("title", None)
    told = [inner for inner in schema.pop("anyOf", ()) if inner.get("type") != "null"]
    return (
        {**told[0], **schema} if len(told) == 1 else {**schema, **({"anyOf": told} if told else {})}
    )


def _properties(owner: str, schema: Schema) -> None:
    """Describe the properties of a schema and of what lies within it; drop titles and defaults."""
    said = words()["properties"]
    for name, part in schema.get("properties", {}).items():
        title = part.pop("title", None)
        default = part.pop("default", None)
        for inner in part.get("anyOf", ()):
            inner.pop("title", None)
            if owner == "Dossier" and "description" in inner:
                # A field of the form says it inside its alternatives.
                part.setdefault("description", inner.pop("description"))
        if not part.get("description"):
            described = said.get(f"{owner}.{name}") or said.get(name)
            if described is None and title and not str(title).isascii():
                described = str(title)
            if described:
                part["description"] = described
        if default not in (None, "", [], {}) and "缺省" not in part.get("description", ""):
            part["description"] = f"{part.get('description', '')}；缺省为 {_shown(default)}"
        for inner in _within(part):
            _properties(f"{owner}.{name}", inner)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _within(part: Schema) -> Iterator[Schema]:
    """The schemas that a schema is made of, itself first."""
    if "properties" in part:
        yield part
    for inner in (*part.get("anyOf", ()), *part.get("oneOf", ())):
        yield from _within(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            part[key].pop("title", None)
            yield from _within(part[key])


def _closed(schema: Schema) -> None:
    """A docstring is for whoever works on the code."""
    if str(schema.get("description", "")).isascii():
        schema.pop("description", None)


# Where an answer repeats what a request could say, or another answer says, it has the same words.
SAME = {
    ("OpinionOut", "opinion"): ("OpinionIn", "opinion"),
    ("ConclusionOut", "outcome"): ("ConclusionIn", "outcome"),
}


def _same_words(schemas: dict[str, Schema]) -> None:
    for (owner, name), (other, asked) in SAME.items():
        found = schemas[other]["properties"][asked].get("enum")
        if found and "enum" not in schemas[owner]["properties"][name]:
            schemas[owner]["properties"][name]["enum"] = found
