"""How well a set is read: ``python -m tests.documents.measure fifth``; what is ticked counts as exact.

A field that is ticked and not in the truth counts as wrong; one whose truth is None may be told or not.
"""

from __future__ import annotations

import sys
from collections import Counter
from importlib import import_module

from evaluator.documents.reading import read
from evaluator.dossier.fields import base_registry
from tests.documents.builders import Made, build


def measure(documents: list[Made], told: list[str]) -> Counter[str]:
    """Counts of exact, found, soft, soft found, ticked, right and traps; misses go to ``told``."""
    out: Counter[str] = Counter()
    for made in documents:
        reading = read(made.name, build(made), base_registry())
        several = bool(made.project)
        for project, truth in (made.project or {None: made.truth}).items():
            found = [
                e
                for d in reading.dossiers
                if not several or d.project == project
                for e in d.excerpts
            ]
            for name, wanted in truth.items():
                if wanted is None:
                    continue
                kind, value = wanted if isinstance(wanted, tuple) else ("exact", wanted)
                here = [e for e in found if e.field == name]
                sort = "exact" if kind == "exact" else "soft"
                hit = any((e.value, e.kind) == (value, kind) for e in here)
                hit = hit and (kind != "exact" or any(e.ticked and e.value == value for e in here))
                out[sort] += 1
                out[f"{sort} found"] += hit
                if not hit:
                    got = [(e.value, e.kind, e.ticked) for e in here]
                    told.append(f"MISS  {made.name} {project or ''} {name} {value} {kind}: {got}")
            for e in found:
                if not e.ticked or (several and e.field == "project_name"):
                    continue
                wanted = truth.get(e.field)
                if wanted is None and e.field in truth:
                    continue
                out["ticked"] += 1
                out["right"] += e.value == wanted
                trap = e.value in made.traps.get(e.field, ())
                out["traps"] += trap
                if e.value != wanted:
                    word = "TRAP " if trap else "WRONG"
                    told.append(
                        f"{word} {made.name} {e.field} {e.value} ({wanted}): {e.quote[:80]}"
                    )
    return out


def main() -> None:
    """Print the figures of the named sets."""
    for name in sys.argv[1:]:
        told: list[str] = []
        n = measure(import_module(f"tests.documents.{name}").DOCUMENTS, told)
        print("\n".join(told))
        print(
            f"{name}: precision {n['right']}/{n['ticked']}, recall {n['exact found']}/{n['exact']}, "
            f"soft {n['soft found']}/{n['soft']}, traps {n['traps']}"
        )


if __name__ == "__main__":
    main()
