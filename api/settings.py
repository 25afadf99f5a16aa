"""Settings, read from environment variables that start with ``ADMISSION_``.

The defaults are the embedded service: SQLite in ``var/``, local accounts, 127.0.0.1.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.transport.uploads import KindName
from api.transport.validation import validation_entries
from evaluator.rulebook.shipped import rulebook_path

PREFIX = "ADMISSION_"
# What stands in these must not be repeated in a message.
SECRET = frozenset({"database_url", "oidc_client_secret", "mail_password", "event_secret"})


# Names that start alike and are no settings: keys for commands, what processes tell each other, tests.
OTHERS = frozenset(
    {"KEY", "APPROVER_KEY", "SERVER", "RULEBOOK_KEYS", "CACHE", "JOB_RUN", "REQUIRE_POSTGRES"}
)
FOR_TESTS = "TEST_"


def _listed(value: Any) -> Any:
    """A list as an environment file may hold it: a JSON list, or words with commas between.

    A shell takes the quotes within an unquoted ``["pdf"]``; what is left of it is read the same.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            if not text.endswith("]") or '"' in text:
                return value
            text = text[1:-1]
    return [word for word in re.split(r"[\s,，、]+", text) if word]


Listed = BeforeValidator(_listed)
Days = Annotated[tuple[dt.date, ...], NoDecode, Listed]
RoleName = Literal[
    "submitter", "committee", "department", "maintainer", "publisher", "auditor", "admin"
]


class SettingsError(Exception):
    """A setting that cannot be used, in Chinese, one line for each."""


class Settings(BaseSettings):
    """Every setting of the service; docs/operations.md explains them to operators."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    rulebook: Path | None = Field(
        default=None, description="规则集目录；不设则用随程序发布的规则集"
    )
    engine: Literal["durable", "reference"] = Field(default="durable", description="判定引擎")
    database_url: str = Field(default="sqlite:///var/admission.db", description="数据库地址")
    database_pool: int = Field(default=10, ge=1, le=200, description="数据库连接池大小")
    database_wait: int = Field(
        default=60, ge=0, le=3600, description="启动时数据库还没有应答，最多等几秒"
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_body_bytes: int = Field(default=2_000_000, ge=1_000, description="请求体字节上限")
    max_attachment_bytes: int = Field(
        default=10_000_000, ge=1_000, le=500_000_000, description="每个会审附件的字节上限"
    )
    attachment_types: Annotated[tuple[KindName, ...], NoDecode, Listed] = Field(
        default=("pdf", "ofd", "docx", "xlsx", "jpg", "png"), description="会审附件的文件类型"
    )
    rate_limit: int = Field(default=6_000, ge=0, description="每个来源每分钟请求数上限，0 为不限")
    shared_directory: Path | None = Field(
        default=None, description="同一台机器上几个进程共用的临时目录（限流、登录失败次数）"
    )
    batch_limit: int = Field(
        default=300_000_000, ge=1_000, description="批量预评估的请求体字节上限"
    )
    batch_rows: int = Field(default=1_000_000, ge=1, description="批量预评估一次最多几份材料")
    batch_concurrency: int = Field(
        default=2, ge=1, le=64, description="每个进程同时进行的批量预评估，再多答 503"
    )
    batch_memory: str = Field(
        default="1GB", pattern=r"^[0-9]+(MB|GB)$", description="每个批量预评估的内存上限"
    )
    batch_seconds: int = Field(
        default=900, ge=1, description="一次批量预评估从开始上传到发完最多几秒"
    )
    batch_directory: Path | None = Field(
        default=None, description="批量预评估的临时文件放在哪里；不设则为系统的临时目录"
    )
    impact_directory: Path | None = Field(
        default=None,
        description="已有材料的列式副本（算提案影响用）放在哪里；不设则在 SQLite 库文件旁，PostgreSQL 则为 var/impact",
    )
    open_evaluation: bool = Field(default=True, description="预评估（不存档）是否免登录")
    connections: int = Field(
        default=1_000, ge=2, description="每个进程最多几个连接，一个来源至多占一半"
    )
    head_seconds: float = Field(default=10, gt=0, description="请求头最多几秒要收全")
    body_seconds: float = Field(
        default=20, gt=0, description="等请求体最多几秒，每收到 BODY_RATE 字节多等一秒"
    )
    body_rate: int = Field(default=1_000, ge=1, description="请求体至少每秒几字节")
    answer_seconds: float = Field(default=60, gt=0, description="对方不收答复，最多等几秒")
    grace_seconds: int = Field(default=30, ge=1, description="停止时等进行中的请求最多几秒")
    worker_processes: int = Field(
        default=2, ge=1, le=64, description="每个进程配几个读文件的进程（不可信的文件在其中读）"
    )
    worker_seconds: float = Field(
        default=10, gt=0, le=600, description="读一份文件最多几秒，超过即终止"
    )
    worker_memory: int = Field(
        default=1_000_000_000,
        ge=300_000_000,
        description="每个读文件的进程的内存（地址空间）上限，字节",
    )
    document_processes: int = Field(
        default=1, ge=1, le=16, description="每个进程配几个读 Word、PDF 等材料的进程"
    )
    document_seconds: float = Field(
        default=90, gt=0, le=600, description="读一份 Word、PDF 等材料最多几秒，超过即终止"
    )
    document_memory: int = Field(
        default=2_000_000_000,
        ge=300_000_000,
        description="读 Word、PDF 等材料的进程的内存（地址空间）上限，字节；识别扫描件要 1.5 GB",
    )
    memo_bytes: int = Field(default=64_000_000, ge=0, description="预评估答复缓存的字节上限")
    session_hours: int = Field(default=12, ge=1, le=720, description="登录有效小时数")
    session_idle_minutes: int = Field(
        default=120, ge=1, le=43_200, description="登录多少分钟没有用就失效"
    )
    reauth_minutes: int = Field(
        default=30,
        ge=0,
        le=1440,
        description="批准、发布、改账号之前多少分钟内要输入过密码，0 为不要",
    )
    second_factor: Annotated[tuple[RoleName, ...], NoDecode, Listed] = Field(
        default=(), description="这些角色的本地账号登录要有第二重验证，如 admin,publisher,committee"
    )
    hosts: Annotated[tuple[str, ...], NoDecode, Listed] = Field(
        default=(), description="只应答写给这些主机名的请求，如 zhunru.example.gov.cn；不设则都应答"
    )
    cookie_secure: bool = Field(default=False, description="会话 Cookie 只在 HTTPS 下发送")
    trust_forwarded: bool = Field(
        default=False, description="来源地址取自反向代理的 X-Forwarded-For"
    )
    public_url: str = Field(default="http://127.0.0.1:8000", description="对外地址，用于登录回跳")
    log_format: Literal["json", "text"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    oidc_issuer: str | None = Field(
        default=None, description="统一身份认证的 issuer 地址；不设则只用本地账号"
    )
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_scope: str = Field(
        default="openid profile", pattern=r"(^|\s)openid(\s|$)", description="登录时请求的范围"
    )
    oidc_acr: str = Field(
        default="",
        max_length=500,
        description="要求统一身份认证达到的强度（acr），几个用空格分开，达到一个即可；空着不查",
    )
    oidc_roles_claim: str = Field(default="roles", description="身份令牌中列出角色的声明")
    signing_key: Path | None = Field(
        default=None, description="签名密钥文件（admission audit key 生成）"
    )
    checkpoint_seconds: int = Field(
        default=3600, ge=10, le=7 * 86400, description="审计日志的链头每隔几秒另存一次"
    )
    checkpoint_file: Path | None = Field(default=None, description="链头追加到这个文件")
    checkpoint_syslog: str | None = Field(
        default=None, max_length=200, description="链头送到 syslog：主机:端口，或本机的套接字路径"
    )
    checkpoint_webhook: str | None = Field(
        default=None, max_length=500, pattern="^https?://", description="链头 POST 到这个地址"
    )
    checkpoint_authority: str | None = Field(
        default=None,
        max_length=500,
        pattern="^https?://",
        description="链头先送到这个时间戳服务（RFC 3161）盖时间戳",
    )
    review_workdays: int = Field(default=5, ge=1, le=250, description="会审办理期限（工作日）")
    silent_department: Literal["supervision", "no_objection"] = Field(
        default="supervision",
        description="部门逾期不答：转督办（委员会写明理由可以不再等候），或视为无异议",
    )
    mail_server: str | None = Field(
        default=None, max_length=200, description="发提醒邮件的服务器：主机，或主机:端口"
    )
    mail_security: Literal["starttls", "tls", "plain"] = Field(
        default="starttls", description="与邮件服务器之间怎样加密"
    )
    mail_from: str | None = Field(default=None, max_length=200, description="发件人地址")
    mail_user: str | None = Field(default=None, max_length=200, description="邮件服务器的账号")
    mail_password: SecretStr | None = Field(default=None, description="邮件服务器的密码")
    remind_mail: Annotated[tuple[str, ...], NoDecode, Listed] = Field(
        default=(), description="每日提醒发给谁：部门=地址，如 ecology=a@b.cn；committee 为委员会"
    )
    remind_webhook: str | None = Field(
        default=None,
        max_length=500,
        pattern="^https?://",
        description="每日提醒也发到这个钉钉或企业微信机器人",
    )
    event_webhooks: Annotated[tuple[str, ...], NoDecode, Listed] = Field(
        default=(), description="判定、结论、逾期时通知这些地址（POST，带签名）"
    )
    event_secret: SecretStr | None = Field(default=None, description="通知的签名密钥")
    paper_days: int = Field(
        default=30, ge=0, le=366, description="纸质材料的收到日期最多可补登记到几天前"
    )
    holidays: Path | None = Field(
        default=None, description="本单位的节假日安排文件（.yaml 或 .json）"
    )
    holidays_off: Days = Field(default=(), description="另定的放假日期")
    holidays_on: Days = Field(default=(), description="另定的上班日期")
    ruleset_check_seconds: float = Field(default=1.0, ge=0, description="多久核对一次生效规则集")

    @property
    def root(self) -> Path:
        """The directory of the rulebook: the one that is set, else the one shipped."""
        return rulebook_path(self.rulebook)

    @property
    def https(self) -> bool:
        """Whether people reach the service by HTTPS alone."""
        return self.public_url.lower().startswith("https://")

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies travel by HTTPS alone: as set, or as the public address says."""
        return self.cookie_secure or self.https


def read_settings(**given: Any) -> Settings:
    """The settings of the environment, with ``given`` over them. Raises SettingsError, which names
    every one that cannot be used, is not known, or lacks another.
    """
    lines = _unknown(os.environ)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join([*lines, *_wrong(error)])) from None
    lines += _lacking(settings)
    if lines:
        raise SettingsError("\n".join(lines))
    return settings


def _wrong(error: ValidationError) -> Iterator[str]:
    mistakes = error.errors(include_url=False)
    for entry, one in zip(validation_entries(mistakes), mistakes, strict=True):
        name = str(one["loc"][0])
        value = "" if name in SECRET else f"，写的是“{str(one['input'])[:80]}”"
        hint = f"。{entry['hint']}" if entry.get("hint") else ""
        yield f"设置 {PREFIX}{name.upper()} 不能用：{entry['detail']}{value}{hint}"


def _unknown(environment: Iterable[str]) -> list[str]:
    """A line for each name that starts like a setting and is none."""
    lines = []
    for full in sorted(environment):
        name = full.upper().removeprefix(PREFIX)
        known = name.lower() in Settings.model_fields or name in OTHERS
        if not full.upper().startswith(PREFIX) or known or name.startswith(FOR_TESTS):
            continue
        near = difflib.get_close_matches(name, [n.upper() for n in Settings.model_fields], 1)
        hint = f"。是不是 {PREFIX}{near[0]}？" if near else "。全部设置见 docs/operations.md"
        lines.append(f"没有 {full[:80]} 这个设置{hint}")
    return lines


def _lacking(settings: Settings) -> list[str]:
    """A line for each setting that says nothing without another."""
    lines = []
    secret = settings.oidc_client_secret
    if settings.oidc_issuer and not settings.oidc_client_id:
        lines.append(f"设置了 {PREFIX}OIDC_ISSUER，还要设 {PREFIX}OIDC_CLIENT_ID")
    lines += _lacking_ways(settings)
    if not settings.oidc_issuer and (settings.oidc_client_id or secret):
        lines.append(f"设置了 {PREFIX}OIDC_CLIENT_ID 或 _SECRET，还要设 {PREFIX}OIDC_ISSUER")
    return lines


def _lacking_ways(settings: Settings) -> Iterator[str]:
    """A line for each way out for messages that lacks what it needs."""
    if settings.remind_mail and not (settings.mail_server and settings.mail_from):
        yield f"设置了 {PREFIX}REMIND_MAIL，还要设 {PREFIX}MAIL_SERVER 和 {PREFIX}MAIL_FROM"
    for one in settings.remind_mail:
        if not re.fullmatch(r"[a-z_]+=[^@\s=]+@[^@\s=]+", one):
            yield f"{PREFIX}REMIND_MAIL 里的“{one[:80]}”不是 部门=地址，如 ecology=a@b.cn"
    if settings.event_webhooks and not settings.event_secret:
        yield f"设置了 {PREFIX}EVENT_WEBHOOKS，还要设 {PREFIX}EVENT_SECRET"
    for url in settings.event_webhooks:
        if not url.startswith(("http://", "https://")):
            yield f"{PREFIX}EVENT_WEBHOOKS 里的“{url[:80]}”不是网址"
