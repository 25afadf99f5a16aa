"""How messages go out: by e-mail, as text to DingTalk or WeCom, as a signed event to another system.

Events are signed by the rules of Standard Webhooks (standardwebhooks.com): ``webhook-id``,
``webhook-timestamp`` and ``webhook-signature: v1,<base64 of HMAC-SHA256>`` over "id.timestamp.body".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import time
from dataclasses import dataclass
from email.message import EmailMessage

import httpx2

from api.store.messages.outbox import EVENT, MAIL, NotSent, Sending

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Ways:
    """Where messages go, as the office has set it. ``reminders`` by department, "committee" among them."""

    mail_server: str | None = None
    mail_from: str | None = None
    mail_user: str | None = None
    mail_password: str | None = None
    mail_security: str = "starttls"
    reminders: tuple[tuple[str, str], ...] = ()
    text_webhook: str | None = None
    event_webhooks: tuple[str, ...] = ()
    event_secret: str = ""

    @property
    def any(self) -> bool:
        """Whether anything goes out at all."""
        return bool(self.reminders or self.text_webhook or self.event_webhooks)

    def send(self, sending: Sending) -> None:
        """Send one message. Raises NotSent."""
        try:
            if sending.way == MAIL:
                self._mail(sending)
            elif sending.way == EVENT:
                _post(sending.target, sending.body, self._signed(sending))
            else:
                _text(sending)
        except (OSError, smtplib.SMTPException, httpx2.HTTPError) as error:
            raise NotSent(f"{type(error).__name__}：{error}") from None

    def _mail(self, sending: Sending) -> None:
        if self.mail_server is None or self.mail_from is None:
            raise NotSent("没有设置邮件服务器和发件人")
        host, _, port = self.mail_server.partition(":")
        message = EmailMessage()
        message["From"], message["To"] = self.mail_from, sending.target
        message["Subject"] = sending.subject
        message["Message-ID"] = f"<{sending.id}.outbox@{self.mail_from.rpartition('@')[2]}>"
        message.set_content(sending.body)
        made = smtplib.SMTP_SSL if self.mail_security == "tls" else smtplib.SMTP
        standard = 465 if self.mail_security == "tls" else 25
        with made(host, int(port or standard), timeout=SECONDS) as server:
            if self.mail_security == "starttls":
                server.starttls()
            if self.mail_user:
                server.login(self.mail_user, self.mail_password or "")
            server.send_message(message)

    def _signed(self, sending: Sending) -> dict[str, str]:
        moment, id_ = str(int(time.time())), f"msg_{sending.id}"
        return {
            "content-type": "application/json; charset=utf-8",
            "webhook-id": id_,
            "webhook-timestamp": moment,
            "webhook-signature": signature(self.event_secret, id_, moment, sending.body),
        }


def signature(secret: str, id_: str, moment: str, body: str) -> str:
    """The signature of an event, which its reader makes again with the same secret."""
    made = hmac.new(secret.encode(), f"{id_}.{moment}.{body}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(made.digest()).decode()}"


def _post(url: str, body: str, headers: dict[str, str]) -> str:
    with httpx2.Client(timeout=SECONDS) as client:
        answer = client.post(url, content=body.encode(), headers=headers)
        answer.raise_for_status()
        return answer.text


def _text(sending: Sending) -> None:
    """The text message of DingTalk's and WeCom's robots: the same shape, and an answer that tells."""
    content = f"{sending.subject}\n{sending.body}"
    body = json.dumps({"msgtype": "text", "text": {"content": content}}, ensure_ascii=False)
    told = _post(sending.target, body, {"content-type": "application/json; charset=utf-8"})
    try:
        code = json.loads(told).get("errcode", 0)
    except (ValueError, AttributeError):
        return
    if code:
        raise NotSent(f"对方答 errcode {code}")
