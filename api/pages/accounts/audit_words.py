"""Entries of the audit log in words: actions, objects, and what stands in a record.

A code means what it means under its key, and a state what it means for its kind of object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from api.pages.frame.words import (
    OPINIONS,
    OUTCOMES,
    STATES,
    TASK_STATES,
    VERDICTS,
    role_label,
    stage_title,
    verdict_word,
)
from api.store.actions import ACTIONS
from api.store.evidence import SEALED
from api.store.projects.supplied import label_of
from api.store.promises.commitments import AMOUNTS, MILESTONES, title_of
from api.store.proposals.reading import STATES as PROPOSAL_STATES
from api.store.service.facts import LABELS as FACT_LABELS
from api.store.service.obstacles import KINDS as OBSTACLES
from evaluator.documents.draft import KINDS as SURENESS
from evaluator.rulebook.ast import Ruleset

SUBJECTS = {
    "account": "账号",
    "attachment": "附件",
    "audit": "审计日志",
    "commitment": "承诺",
    "database": "数据库",
    "condition": "条件",
    "conditions": "条件",
    "decision": "结论",
    "draft": "草稿",
    "evidence": "存证",
    "key": "密钥",
    "project": "项目",
    "proposal": "提案",
    "publication": "发布",
    "ruleset": "规则集",
    "task": "会审事项",
}
# What the records' keys mean; a key that is not here is shown as it is.
KEYS = FACT_LABELS | {
    "again": "重新登记",
    "acceptance": "受理",
    "accepted_on": "受理日",
    "action": "动作",
    "active": "启用",
    "actor": "账号",
    "addressee": "督办对象",
    "after": "从这一条之后",
    "answer_by": "要求办结的日期",
    "amendment": "变更编号",
    "approved": "批准",
    "approved_by": "批准人",
    "as_of": "判定日期",
    "as_of_reason": "另定判定日期的理由",
    "at": "时间",
    "attachment": "附件",
    "attachments": "附件",
    "authority": "批准依据",
    "base": "起草自第几次发布",
    "body": "作结论的机构",
    "broken_invariants": "不成立的不变式",
    "by": "谁",
    "channel": "渠道",
    "columns": "去掉的列",
    "comment": "意见",
    "decision": "结论编号",
    "department": "部门",
    "digest": "摘要",
    "display_name": "姓名",
    "document": "材料",
    "document_number": "批准文号",
    "dossier_digest": "材料摘要",
    "due_on": "期限",
    "effective_on": "生效日期",
    "errors": "错误",
    "estimated": "期限为估算",
    "evidence": "凭据",
    "exception": "例外",
    "external": "统一身份认证",
    "failed_cases": "不通过的案例",
    "file": "文件种类",
    "files": "文件",
    "from": "日期从",
    "identity": "规则集",
    "invariant": "不变式",
    "kind": "事项",
    "login": "登录",
    "lost": "丢失的行",
    "machine": "系统结论",
    "met": "已落实",
    "moved": "结论改变",
    "name": "名称",
    "names": "填了什么",
    "no_objection": "视为无异议",
    "note": "说明",
    "number": "编号",
    "on": "日期",
    "obstacle": "堵点编号",
    "opinion": "意见",
    "origins": "数据来源",
    "outcome": "结论",
    "overlap": "双方都改过",
    "override": "一事一议",
    "paper": "协议编号",
    "part": "看了什么",
    "person": "填报人",
    "place": "地点",
    "promised": "承诺",
    "publication": "第几次发布",
    "quote": "原文",
    "read_only": "只读",
    "reason": "理由",
    "received_note": "收到凭据",
    "request": "待确认编号",
    "revision": "稿",
    "revision_reason": "变更的理由",
    "revoked": "已撤销",
    "roles": "角色",
    "rollback": "回退到第几次发布",
    "rollback_to": "回退到第几次发布",
    "ruleset": "规则集",
    "run": "第几次检查",
    "sealed": "存证",
    "sha256": "材料的摘要",
    "silence_reason": "不再等候的理由",
    "silent": "不再等候的部门",
    "size": "字节",
    "source": "来源",
    "state": "状态",
    "stage": "环节",
    "stated_on": "材料自己写的日期",
    "structure": "结构版本",
    "subject": "对象",
    "supervision": "督办编号",
    "supplied": "部门填入",
    "task": "会审事项",
    "text": "文本摘要",
    "title": "标题",
    "to": "日期到",
    "undecided": "未判定项数",
    "value": "实绩",
    "verdict": "结论",
    "version": "版",
    "waivers": "豁免",
    "workdays": "工作日",
}
PARTS = {
    "compare": "与另一个比较",
    "decision": "结论",
    "letter": "决定书",
    "opinion": "意见书",
    "findings": "单项结论清单",
    "receipt": "决定凭证",
    "picture": "结论靠什么",
    "replay": "重新判定",
    "counterfactual": "怎样改才能准入",
}
# What a code means under these keys.
CODES: dict[str, Mapping[str, str]] = {
    "verdict": VERDICTS,
    "machine": VERDICTS,
    "outcome": OUTCOMES,
    "opinion": OPINIONS,
    "kind": SURENESS | OBSTACLES | {kind: title_of(kind) for kind in (*MILESTONES, *AMOUNTS)},
    "part": PARTS,
    "channel": {"online": "系统收到", "paper": "纸质材料"},
    "source": {"directory": "规则集目录", "service": "提案"},
    "action": ACTIONS,
}
# What a state means for a kind of object; a conclusion changes its project's.
STATES_OF = {"task": TASK_STATES, "proposal": PROPOSAL_STATES}
_HASH = re.compile("[0-9a-f]{64}")


def subject_words(subject: str) -> str:
    """ "project:ZR2026-000001" as "项目 ZR2026-000001"; long hashes are cut."""
    kind, _, name = subject.partition(":")
    word = SUBJECTS.get(kind, kind)
    return f"{word} {name[:12] if len(name) == 64 else name}".rstrip()


def record_words(value: Any, subject: str, ruleset: Ruleset) -> str:
    """A record about ``subject`` as pairs on one line, in words where there are words."""
    return "" if value is None else _said(value, "", subject.partition(":")[0], ruleset)


def _said(value: Any, key: str, about: str, ruleset: Ruleset) -> str:
    if value is None:
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if key == SEALED and isinstance(value, dict):
        return f"{len(value)} 行"
    if isinstance(value, dict):
        return "，".join(
            f"{KEYS.get(k, k)}：{_at_stage(value, k, ruleset) or _said(v, k, about, ruleset)}"
            for k, v in value.items()
        )
    if isinstance(value, list):
        return "、".join(_said(v, key, about, ruleset) for v in value) or "无"
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if _HASH.fullmatch(value):
        return f"{value[:12]}…"
    text = _word(value, key, about, ruleset)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _at_stage(record: dict[str, Any], key: str, ruleset: Ruleset) -> str:
    """A verdict as the stage of the same record calls it."""
    verdict, stage = record.get("verdict"), record.get("stage")
    if key != "verdict" or not (isinstance(verdict, str) and isinstance(stage, str)):
        return ""
    return verdict_word(ruleset, stage, verdict) if verdict in VERDICTS else ""


def _word(text: str, key: str, about: str, ruleset: Ruleset) -> str:
    """A code in words; any other text as it is."""
    registry = ruleset.registry
    if key in ("department", "silent"):
        return registry.department(text)
    if key == "stage":
        return stage_title(ruleset, text)
    if key == "roles":
        return role_label(text, registry.departments)
    if key == "state":
        return STATES_OF.get(about, STATES).get(text, text)
    if key == "names":
        return label_of(text, registry) if text.partition(".")[0] in registry.fields else text
    if key == "subject":
        return subject_words(text)
    if key == "part" and text.startswith("finding:"):
        rule = ruleset.rules.get(text.partition(":")[2])
        return f"单项结论 {rule.title if rule else text.partition(':')[2]}"
    return CODES.get(key, {}).get(text, text)
