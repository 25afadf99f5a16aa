"""JSON Lines as SQL: what each line gives for each field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.portfolio.intake.sources import Source
from evaluator.portfolio.sql import text, texts

WRAP = "dossier"
OWN = ("row_id", "line", "fault", "ok", "doc", "map", "given", "types", "line_fault", "line_reason")
NUMBERS = ("UBIGINT", "BIGINT", "DOUBLE")
TYPES = {
    FieldType.STR: ("VARCHAR",),
    FieldType.ENUM: ("VARCHAR",),
    FieldType.DATE: ("VARCHAR",),
    FieldType.BOOL: ("BOOLEAN", "VARCHAR"),
    FieldType.CODES: ("ARRAY",),
    FieldType.RECORD: ("ARRAY",),
    FieldType.INT: (*NUMBERS, "VARCHAR"),
    FieldType.DECIMAL: (*NUMBERS, "VARCHAR"),
}


@dataclass(frozen=True)
class Documents:
    """SQL over the table of lines of a source."""

    source: Source
    registry: Registry

    def select(self, wanted: str, spec: Mapping[str, object]) -> str:
        """SELECT ``wanted`` over row_id, fault, ok, doc (JSON), given (its keys), types (of the fields
        and ``extra`` keys, NULL where absent), and one column for each key of ``spec``."""
        doc = "line::JSON"
        if self.source.wrapped:
            doc = f"coalesce(line::JSON->{text(WRAP)}, line::JSON)"
        names = [*self.registry.fields, *self.source.extra]
        paths = texts(f'$."{n}"' for n in names)
        given = f", unnest(json_transform(map, {text(json.dumps(spec))}))" if spec else ""
        return (
            f"SELECT {wanted} FROM (SELECT row_id, line, fault, ok, doc, json_keys(map) AS given, "
            f"json_type(map, [{paths}]) AS types{given} FROM (SELECT *, "
            "CASE WHEN json_type(doc) = 'OBJECT' THEN doc ELSE '{}' END AS map FROM (SELECT *, "
            f"CASE WHEN ok THEN {doc} ELSE '{{}}' END AS doc FROM (SELECT *, json_valid(line) AS ok "
            f"FROM {self.source.lines}))))"
        )

    def others(self) -> str:
        """SQL for the keys that are neither fields nor extra; NULL where there is none."""
        known = texts((*self.registry.fields, *self.source.extra))
        others = f"list_filter(given, lambda k: NOT list_contains([{known}], k))"
        # A key twice makes the line one of those in doubt, and so stands here once.
        return f"CASE WHEN len(given) > list_count(types) THEN {others} END"

    def parts(self) -> list[tuple[str, Field, str]]:
        """Name, field and SQL of the type of every field."""
        fields = self.registry.fields.items()
        return [(n, f, f"types[{i}]") for i, (n, f) in enumerate(fields, 1)]
