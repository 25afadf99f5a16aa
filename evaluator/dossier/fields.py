"""The registry of dossier fields: label, unit, type, range, who supplies it.

One declared list (data/fields.yaml) from which the dossier model, the templates, the pages and the
rule checker are made. A rulebook directory may add fields in a ``fields.yaml`` of its own; it may
not change or drop one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from evaluator.dossier.lexicon import Lexicon, read_lexicon
from evaluator.problems.choices import suggest
from evaluator.problems.errors import Problems, RulebookError
from evaluator.reading.yaml.reader import Reader, word_of
from evaluator.reading.yaml.scan import YMap, YScalar, read_yaml
from evaluator.values.industries import TABLES, industry_label
from evaluator.values.units import ONE, Unit, UnitError, parse_unit, unit_hint


class FieldType(StrEnum):
    """What a field holds. ``record`` is a list of {key, value, unit} items."""

    STR = "str"
    DATE = "date"
    BOOL = "bool"
    INT = "int"
    DECIMAL = "decimal"
    ENUM = "enum"
    CODES = "codes"
    RECORD = "record"


# What adds up over projects, and is asked of those that move: land, tax, energy, jobs.
AMOUNTS = ("land_area", "annual_tax", "annual_energy", "employees")
TYPE_LABELS = {
    "str": "文字",
    "date": "日期",
    "bool": "是或否",
    "int": "整数",
    "decimal": "数字",
    "enum": "选项",
    "codes": "几个代码",
    "record": "清单，每项有名称、数值、单位",
}
KEYS = {
    "name": "字段名",
    "label": "中文名",
    "type": "类型",
    "group": "分组",
    "unit": "单位",
    "required": "必填",
    "min": "最小值",
    "max": "最大值",
    "values": "选项",
    "key": "每项的名称叫什么",
    "keys": "可写的名称",
    "format": "格式",
    "table": "代码表",
    "supplied_by": "由谁提供",
    "changeable": "能否改动",
    "note": "说明",
    "excerpt": "材料里怎么写它",
}
FILE_KEYS = {"fields": "字段", "groups": "分组", "departments": "部门", "applicant": "申报方"}
FORMATS = {"credit_code": "统一社会信用代码", "industry_code": "行业代码"}
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
NUMERIC = frozenset({FieldType.INT, FieldType.DECIMAL})


@dataclass(frozen=True, slots=True)
class Field:
    """One declared datum. ``values`` maps an enum's codes to labels; ``keys`` a record's."""

    name: str
    label: str
    type: FieldType
    group: str
    required: bool = False
    unit: Unit | None = None
    minimum: Fraction | None = None
    maximum: Fraction | None = None
    values: Mapping[str, str] = dataclass_field(default_factory=dict)
    key: str | None = None
    keys: Mapping[str, str] = dataclass_field(default_factory=dict)
    format: str | None = None
    table: str | None = None
    supplied_by: str | None = None
    changeable: bool = True
    note: str | None = None
    excerpt: Lexicon | None = None

    @property
    def numeric(self) -> bool:
        """Whether the value is a number with a unit."""
        return self.type in NUMERIC

    def admits(self, value: Fraction) -> bool:
        """Whether a number is within the field's bounds."""
        low, high = self.minimum, self.maximum
        return (low is None or value >= low) and (high is None or value <= high)


@dataclass(frozen=True, slots=True)
class Registry:
    """All fields in order, with the departments and groups they name.

    ``applicant`` is the one of the departments that only supplies and explains, and reviews
    nothing. ``references`` holds what a rule may name: every single-valued field, and for a record with
    closed keys one field for each key ("emissions.COD"). ``broken`` are declared, but wrongly.
    """

    fields: Mapping[str, Field]
    departments: Mapping[str, str]
    groups: Mapping[str, str]
    references: Mapping[str, Field]
    applicant: str | None = None
    broken: frozenset[str] = frozenset()

    @property
    def reviewers(self) -> Mapping[str, str]:
        """The departments that review: all but the applicant."""
        return {k: v for k, v in self.departments.items() if k != self.applicant}

    def label(self, name: str) -> str:
        """The Chinese label of a field or of one key of a record."""
        field = self.references.get(name) or self.fields.get(name)
        return field.label if field else name

    def row_words(self, dimension: str, words: Iterable[str]) -> str:
        """Keys of a table's row as a person reads them: "行业代码 C26", "化学需氧量"."""
        field = self.references.get(dimension) or self.fields.get(dimension)
        if field is not None:
            named = industry_label if field.table else str
            return f"{field.label} {'、'.join(field.values.get(w, named(w)) for w in words)}"
        # What a record's keys are has no label of its own; the keys have.
        keys = next((f.keys for f in self.fields.values() if f.key == dimension), {})
        return "、".join(keys.get(w, w) for w in words)

    def department(self, name: str) -> str:
        """The Chinese name of a department."""
        return self.departments.get(name, name)


def _references(fields: Mapping[str, Field]) -> dict[str, Field]:
    out: dict[str, Field] = {}
    for f in fields.values():
        out[f.name] = f
        for key, label in f.keys.items():
            name = f"{f.name}.{key}"
            out[name] = Field(
                name=name,
                label=f"{f.label}（{label}）",
                type=FieldType.DECIMAL,
                group=f.group,
                unit=f.unit,
                minimum=f.minimum,
                maximum=f.maximum,
                supplied_by=f.supplied_by,
                changeable=f.changeable,
            )
    return out


def _number(reader: Reader, key: str) -> Fraction | None:
    node = reader.take(key)
    if node is None:
        return None
    value = node.value if isinstance(node, YScalar) else None
    if not isinstance(value, (int, Decimal)) or isinstance(value, bool):
        written = f"，写的是“{node.text[:40]}”" if isinstance(node, YScalar) else ""
        reader.report("E202", f"“{key}”应是数{written}", node.place, "只写数字，不加引号和单位")
        return None
    return Fraction(value)


def _pairs(reader: Reader, key: str) -> Mapping[str, str]:
    node = reader.mapping(key)
    if node is None:
        return MappingProxyType({})
    out: dict[str, str] = {}
    for k, v in node:
        text = word_of(v, f"“{key}”里“{k}”的名称", reader.problems)
        if text is not None:
            out[k] = text
    return MappingProxyType(out)


def _parse_field(
    node: YMap, departments: Mapping[str, str], groups: Mapping[str, str], problems: Problems
) -> Field | None:
    r = Reader(node, problems, "字段", KEYS)
    name_node = r.word("name", required=True)
    name = name_node.text if name_node else None
    if name:
        r.what = f"字段“{name}”"
    if name_node and not FIELD_NAME.fullmatch(name_node.text):
        hint = "以小写字母开头，只用小写字母、数字和下划线"
        r.report("E312", f"字段名“{name}”不合写法", name_node.place, hint)
    label = r.text("label", required=True)
    kind = r.choice("type", TYPE_LABELS, required=True)
    group = r.choice("group", groups, required=True)
    unit: Unit | None = None
    unit_node = r.take("unit")
    if isinstance(unit_node, YScalar):
        try:
            unit = parse_unit(unit_node.text)
        except UnitError as error:
            r.report("E401", str(error), unit_node.place, unit_hint(unit_node.text))
    values = _pairs(r, "values")
    field = Field(
        name=name or "",
        label=label or "",
        type=FieldType(kind or "str"),
        group=group or "",
        required=r.boolean("required", False),
        unit=unit,
        minimum=_number(r, "min"),
        maximum=_number(r, "max"),
        values=values,
        key=r.text("key"),
        keys=_pairs(r, "keys"),
        format=r.choice("format", FORMATS),
        table=r.choice("table", TABLES),
        supplied_by=r.choice("supplied_by", departments),
        changeable=r.boolean("changeable", True),
        note=r.text("note"),
        excerpt=read_lexicon(r.take("excerpt"), r.what, values, problems),
    )
    r.finish()
    if field.numeric and field.unit is None:
        field = replace(field, unit=ONE)
    low, high = field.minimum, field.maximum
    if low is not None and high is not None and low > high:
        place = node.place_of("min")
        r.report("E317", f"字段“{name}”的 min 大于 max", place, "小的写 min，大的写 max")
    if field.type is FieldType.ENUM and not field.values and not r.given("values"):
        hint = "选项写作 values: {yes: 有, none: 无}，代码在前，中文在后"
        r.report("E201", f"字段“{name}”缺少“values”", node.place_of("type"), hint)
    return field if name and label and kind and group else None


def parse_registry(
    name: str, text: str, problems: Problems, base: Registry | None = None
) -> Registry | None:
    """Read a field file; with ``base``, its fields are added to those of the base."""
    root = read_yaml(name, text, problems)
    if not isinstance(root, YMap):
        if root is not None:
            problems.report("E202", "字段文件应是键值表", root.place, "以“fields:”开头")
        return base
    r = Reader(root, problems, "字段文件", FILE_KEYS)
    departments = {**(base.departments if base else {}), **_pairs(r, "departments")}
    applicant = r.choice("applicant", departments) or (base.applicant if base else None)
    groups = {**(base.groups if base else {}), **_pairs(r, "groups")}
    fields: dict[str, Field] = dict(base.fields) if base else {}
    broken: set[str] = set()
    for item in r.list_of("fields", required=True):
        if not isinstance(item, YMap):
            r.report("E202", "字段应是键值表", item.place, "以“- name:”开头，每行一项")
            continue
        field = _parse_field(item, departments, groups, problems)
        if field is None:
            named = item.get("name")
            broken |= {named.text} if isinstance(named, YScalar) else set()
            continue
        if field.name in fields:
            shipped = base is not None and field.name in base.fields
            hint = "字段只能增加，不能改动已有的；另取一个名字" if shipped else "只保留一处"
            r.report("E302", f"字段“{field.name}”已经有了", item.place_of("name"), hint)
            continue
        fields[field.name] = field
    r.finish()
    return Registry(
        MappingProxyType(fields),
        MappingProxyType(departments),
        MappingProxyType(groups),
        MappingProxyType(_references(fields)),
        applicant,
        frozenset(broken),
    )


@lru_cache(maxsize=1)
def base_text() -> str:
    """The text of the shipped field file."""
    return resources.files("evaluator.data").joinpath("fields.yaml").read_text("utf-8")


def base_registry(text: str | None = None) -> Registry:
    """The shipped fields; with ``text``, those of the field file that another version shipped.

    Raises RulebookError where that text cannot be read.
    """
    return _registry_of(base_text() if text is None else text)


@lru_cache(maxsize=8)
def _registry_of(text: str) -> Registry:
    problems = Problems()
    registry = parse_registry("fields.yaml", text, problems)
    if problems or registry is None:
        raise RulebookError(problems)
    return registry


def unknown_field(name: str, registry: Registry) -> str | None:
    """The hint for a field name that is not declared; labels are recognised too."""
    for field in registry.references.values():
        if field.label == name:
            return f"字段名是“{field.name}”"
    return suggest(name, registry.references)
