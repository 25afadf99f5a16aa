"""The contract as it is kept, and what of it another one breaks.

``python -m scripts.docs.api_contract`` writes ``tests/api/contract/kept.json``: once for each version
that is given out, and between them where operations were added. Until the next one, whatever is changed
has to leave every client of it working. What does not yet say all of itself is named and not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.app import create_app
from tests.api.contract.holding import wanting
from tests.api.support import ROOT, settings, sqlite_url

KEPT = ROOT / "tests" / "api" / "contract" / "kept.json"
SAID = frozenset({"description", "summary", "examples", "example", "title", "tags", "x-roles"})
Schema = dict[str, Any]


def main() -> None:
    """Write the contract of this program."""
    with TemporaryDirectory() as directory:
        app = create_app(settings(database_url=sqlite_url(Path(directory))))
        try:
            document = app.openapi()
        finally:
            app.state.store.close()
    was = json.loads(KEPT.read_text("utf-8"))
    broken = list(breaks(was, bare(document)))
    if broken:
        raise SystemExit("\n".join(broken))
    lacking = wanting(document, document)
    print("\n".join(lacking))
    document = whole(document, lacking)
    text = json.dumps(bare(document), ensure_ascii=False, sort_keys=True, indent=None)
    KEPT.write_text(text.replace('}, "', '},\n"') + "\n", "utf-8")
    print(f"{KEPT.relative_to(ROOT)}: {len(document['paths'])} paths")


def whole(document: Schema, lacking: list[str]) -> Schema:
    """The document without the operations that lack something, or answer or take what does."""
    names = {re.split(r"[ .:\[{]", line, maxsplit=1)[0] for line in lacking}
    schemas = document["components"]["schemas"]
    poor, more = names & schemas.keys(), True
    while more:
        found = {n for n, s in schemas.items() if n not in poor and _named(s) & poor}
        poor, more = poor | found, bool(found)
    paths = {
        path: {
            method: operation
            for method, operation in methods.items()
            if operation["operationId"] not in names and not _named(operation) & poor
        }
        for path, methods in document["paths"].items()
    }
    return {
        **document,
        "paths": {path: methods for path, methods in paths.items() if methods},
        "components": {
            **document["components"],
            "schemas": {n: s for n, s in schemas.items() if n not in poor},
        },
    }


def _named(node: Any) -> set[str]:
    """The schemas that a part of the document refers to."""
    found = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(node))
    return set(found)


def bare(node: Any, named: bool = False) -> Any:
    """The document without what is only said; ``named``: the keys are names, not keywords."""
    if isinstance(node, list):
        return [bare(n) for n in node]
    if not isinstance(node, dict):
        return node
    return {
        k: bare(v, not named and k in ("properties", "schemas"))
        for k, v in node.items()
        if named or k not in SAID
    }


def breaks(old: Schema, new: Schema) -> Iterator[str]:
    """What a client of ``old`` would meet in ``new`` that it does not expect, one sentence each."""
    for path, methods in old["paths"].items():
        for method, was in methods.items():
            now = new["paths"].get(path, {}).get(method)
            where = f"{method.upper()} {path}"
            if now is None:
                yield f"{where} is gone"
                continue
            if now["operationId"] != was["operationId"]:
                yield f"{where} is called {now['operationId']}, was {was['operationId']}"
            yield from _parameters(where, was, now, old, new)
            yield from _bodies(where, was, now, old, new)
            yield from _answers(where, was, now, old, new)


def _parameters(where: str, was: Schema, now: Schema, old: Schema, new: Schema) -> Iterator[str]:
    before = {(p["in"], p["name"]): p for p in was.get("parameters", ())}
    after = {(p["in"], p["name"]): p for p in now.get("parameters", ())}
    for key in before.keys() - after.keys():
        yield f"{where} no longer takes {key[1]}"
    for key, parameter in after.items():
        required = parameter.get("required", False)
        if required and not before.get(key, {}).get("required", False):
            yield f"{where} now demands {key[1]}"
        if key in before:
            schemas = before[key]["schema"], parameter["schema"]
            yield from _narrowed(f"{where} {key[1]}", *schemas, old, new, set())


def _bodies(where: str, was: Schema, now: Schema, old: Schema, new: Schema) -> Iterator[str]:
    before = was.get("requestBody", {}).get("content", {})
    after = now.get("requestBody", {}).get("content", {})
    if after and not before:
        yield f"{where} now demands a body"
    for kind, content in before.items():
        if kind not in after:
            yield f"{where} no longer takes {kind}"
            continue
        schemas = content.get("schema", {}), after[kind].get("schema", {})
        yield from _narrowed(f"{where} body", *schemas, old, new, set())


def _answers(where: str, was: Schema, now: Schema, old: Schema, new: Schema) -> Iterator[str]:
    for status, response in was["responses"].items():
        if not status.startswith("2"):
            continue
        told = now["responses"].get(status)
        if told is None:
            yield f"{where} no longer answers {status}"
            continue
        for kind, content in response.get("content", {}).items():
            if kind not in told.get("content", {}):
                yield f"{where} no longer answers {kind}"
                continue
            schemas = content.get("schema", {}), told["content"][kind].get("schema", {})
            yield from _lost(f"{where} answer", *schemas, old, new, set())


def _resolved(schema: Schema, document: Schema) -> tuple[str | None, Schema]:
    name = schema.get("$ref", "").rpartition("/")[2] or None
    return name, document["components"]["schemas"][name] if name else schema


def _options(schema: Schema) -> list[Schema]:
    return schema.get("anyOf") or schema.get("oneOf") or [schema]


def _kinds(schema: Schema, document: Schema) -> set[str]:
    found: set[str] = set()
    for option in _options(schema):
        _, inner = _resolved(option, document)
        if inner is not option:
            found |= _kinds(inner, document)
        elif "type" in inner:
            found |= {inner["type"]} if isinstance(inner["type"], str) else {*inner["type"]}
    return found


def _words(schema: Schema) -> set[Any] | None:
    words = [set(o["enum"]) for o in _options(schema) if "enum" in o]
    return set().union(*words) if words else None


Pair = tuple[Schema, list[Schema]]


def _pairs(was: Schema, now: Schema, old: Schema, new: Schema, seen: set[Any]) -> Iterator[Pair]:
    """The objects of a schema, each with those of another that may stand for it now."""
    first, before = _resolved(was, old)
    second, after = _resolved(now, new)
    if first and (first, second) in seen:
        return
    seen.add((first, second))
    left = [_resolved(o, old)[1] for o in _options(before)]
    right = [_resolved(o, new)[1] for o in _options(after)]
    for one in left:
        if "properties" in one:
            yield one, [other for other in right if "properties" in other]
        for key in ("items", "additionalProperties"):
            others = [o[key] for o in right if isinstance(o.get(key), dict)]
            if isinstance(one.get(key), dict) and others:
                yield from _pairs(one[key], others[0], old, new, seen)


def _best(
    pair: Pair, told: Callable[[Schema, Schema, set[Any]], Iterator[str]], seen: set[Any]
) -> list[str]:
    """What is said of an object and the one that stands for it best; nothing where one does well."""
    one, others = pair
    found: list[str] | None = None
    for other in others:
        said = list(told(one, other, set(seen)))
        if found is None or len(said) < len(found):
            found = said
    return found or []


def _lost(
    where: str, was: Schema, now: Schema, old: Schema, new: Schema, seen: set[Any]
) -> Iterator[str]:
    """What an answer no longer gives, or gives as something else."""
    if _kinds(now, new) - _kinds(was, old):
        yield f"{where} can be {sorted(_kinds(now, new) - _kinds(was, old))}"

    def told(one: Schema, other: Schema, known: set[Any]) -> Iterator[str]:
        for name, part in one["properties"].items():
            there = other["properties"].get(name)
            if there is None:
                yield f"{where} has no {name} any more"
                continue
            if name in one.get("required", ()) and name not in other.get("required", ()):
                yield f"{where} may lack {name}"
            yield from _lost(f"{where}.{name}", part, there, old, new, known)

    for pair in _pairs(was, now, old, new, seen):
        yield from _best(pair, told, seen)


def _narrowed(
    where: str, was: Schema, now: Schema, old: Schema, new: Schema, seen: set[Any]
) -> Iterator[str]:
    """What a request may no longer say, or now has to."""
    if _kinds(was, old) - _kinds(now, new):
        yield f"{where} can no longer be {sorted(_kinds(was, old) - _kinds(now, new))}"
    allowed, before = _words(now), _words(was)
    if allowed is not None and (before is None or before - allowed):
        yield f"{where} no longer takes {sorted(map(str, (before or set()) - allowed))}"

    def told(one: Schema, other: Schema, known: set[Any]) -> Iterator[str]:
        for name in set(other.get("required", ())) - set(one.get("required", ())):
            yield f"{where} now demands {name}"
        for name, part in one["properties"].items():
            there = other["properties"].get(name)
            if there is None:
                yield f"{where} no longer takes {name}"
            else:
                yield from _narrowed(f"{where}.{name}", part, there, old, new, known)

    for pair in _pairs(was, now, old, new, seen):
        yield from _best(pair, told, seen)


if __name__ == "__main__":
    main()
