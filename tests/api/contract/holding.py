"""Whether an answer is what the contract says: everything sent is declared, everything promised is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from api.openapi.document import examples
from api.openapi.tidy import each_operation

Schema = dict[str, Any]
# Data of any kind by their nature: what an audit entry tells of, and a table by rules.
OPEN = ("EntryOut.before", "EntryOut.after", "RunResult.impact", "ComparisonOut.impact")


class Contract:
    """The document, ready to hold answers against it."""

    def __init__(self, document: Schema) -> None:
        self.document = document
        self.schemas: dict[str, Schema] = document["components"]["schemas"]
        self._made: dict[str, Draft202012Validator] = {}

    def answer_of(self, operation: Schema) -> Schema | None:
        """The schema of an operation's successful JSON answer."""
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/json")
            if status.startswith("2") and content:
                schema: Schema = content["schema"]
                return schema
        return None

    def wrong(self, value: Any, schema: Schema, place: str = "") -> Iterator[str]:
        """Where a value is not as its schema says, or says more."""
        if not self._fits(value, schema):
            yield f"{place}: {str(value)[:80]}"
        yield from self._undeclared(value, schema, place)

    def _fits(self, value: Any, schema: Schema) -> bool:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._made:
            whole = {**schema, "components": self.document["components"]}
            self._made[key] = Draft202012Validator(whole)
        return self._made[key].is_valid(value)

    def _undeclared(self, value: Any, schema: Schema, place: str) -> Iterator[str]:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            schema = next((o for o in options if self._fits(value, o)), options[0])
            yield from self._undeclared(value, schema, place)
        elif isinstance(value, list):
            for item in value:
                yield from self._undeclared(item, schema.get("items", {}), f"{place}[]")
        elif isinstance(value, dict):
            more = schema.get("additionalProperties")
            for name, part in value.items():
                inner = schema.get("properties", {}).get(name, more)
                if inner is None:
                    yield f"{place}.{name} is not declared"
                elif isinstance(inner, dict):
                    yield from self._undeclared(part, inner, f"{place}.{name}")


def anything(name: str, schema: Any) -> Iterator[str]:
    """The places of a schema that say nothing of what can stand there."""
    told = set(schema) - {"title", "description", "examples"} if isinstance(schema, dict) else set()
    if not told or (schema.get("type") == "array" and "items" not in schema):
        yield name
        return
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from anything(name, option)
    if "items" in schema:
        yield from anything(f"{name}[]", schema["items"])
    if "additionalProperties" in schema and schema["additionalProperties"] is not False:
        yield from anything(f"{name}{{}}", schema["additionalProperties"])
    for part, inner in schema.get("properties", {}).items():
        yield from anything(f"{name}.{part}", inner)


def undescribed(name: str, schema: Schema) -> Iterator[str]:
    """The properties, however deep, that are not described in Chinese."""
    for part, inner in schema.get("properties", {}).items():
        if str(inner.get("description", "")).isascii():
            yield f"{name}.{part}"
        yield from undescribed(f"{name}.{part}", inner)
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from undescribed(name, inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from undescribed(name, schema[key])


def wanting(document: Schema, kept: Schema) -> list[str]:
    """What the contract still has to say of the schemas and operations that are in ``kept`` too."""
    out: list[str] = []
    for name, schema in document["components"]["schemas"].items():
        if name in kept["components"]["schemas"]:
            out += [f"{place} is not described" for place in undescribed(name, schema)]
            open_ = [p for p in anything(name, schema) if not p.startswith(OPEN)]
            out += [f"{place} can be anything" for place in open_]
    contract = Contract(document)
    for path, method, operation in each_operation(document):
        if method not in kept["paths"].get(path, {}):
            continue
        name = operation["operationId"]
        for parameter in operation.get("parameters", ()):
            if str(parameter.get("description", "")).isascii():
                out.append(f"{name}: parameter {parameter['name']} is not described")
        if contract.answer_of(operation) is not None and name not in examples():
            out.append(
                f"{name} has no example: give journey.py a step, run scripts.docs.api_examples"
            )
    return out
