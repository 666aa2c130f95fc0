"""Tells people: by mail, or by a webhook to an address that the operator has allowed."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from typing import Annotated, ClassVar, Literal
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
from pydantic import BaseModel, ConfigDict, Field, RootModel

from playbooks.action import Occasion, Payload
from soc.core.errors import EngineError, InputError
from soc.core.i18n import Message, msg

_DRILL = "[DIỄN TẬP] "
Address = Annotated[str, Field(pattern=r"^[^@\s<>,;\"]+@[^@\s<>,;\"]+$", max_length=254)]
Line = Annotated[str, Field(min_length=1, max_length=1_000)]
Body = Annotated[str, Field(min_length=1, max_length=10_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MailParams(_Strict):
    """A mail in plain text."""

    by: Literal["mail"]
    to: tuple[Address, ...] = Field(min_length=1, max_length=20)
    subject: Line
    text: Body


class WebhookParams(_Strict):
    """A JSON document by POST: `{"incident", "subject", "text", "exercise", "key"}`."""

    by: Literal["webhook"]
    url: str
    subject: Line
    text: Body


class NotifyParams(RootModel[Annotated[MailParams | WebhookParams, Field(discriminator="by")]]):
    """Either of the two."""


class Notify:
    """Sends a message. What has been sent cannot be taken back, so there is no inverse.

    A repeated sending carries the same `Message-ID`, or `Idempotency-Key`: the receiver keeps one.

    Args:
        smtp_url: `smtp://host:port`, `smtp+starttls://host:port` or `smtps://host:port`; `?from=address` names the sender.
        webhooks: the addresses that may be called.
        transport: for tests; None = the network.
    """

    id: ClassVar[str] = "notify"
    params: ClassVar[type[BaseModel]] = NotifyParams
    harmless: ClassVar[bool] = True
    reversible: ClassVar[bool] = False

    def __init__(self, smtp_url: str, webhooks: frozenset[str], transport: httpx.BaseTransport | None = None) -> None:
        self.smtp_url, self.webhooks, self.transport = smtp_url, webhooks, transport

    def prepare(self, params: NotifyParams, occasion: Occasion) -> Payload:
        """The whole message, header lines included, as it will leave."""
        chosen = params.root
        if isinstance(chosen, MailParams):
            return Payload(", ".join(chosen.to), self._mail(chosen, occasion))
        return Payload(chosen.url, _document(chosen, occasion))

    def obstacle(self, payload: Payload) -> Message | None:
        """No mail server set, or an address that is not allowed."""
        if not _is_webhook(payload):
            return None if self.smtp_url else msg("chưa cấu hình máy chủ thư (smtp_url)")
        if payload.target in self.webhooks:
            return None
        return msg("địa chỉ {url} không có trong danh sách webhook được phép", url=payload.target)

    def perform(self, payload: Payload, occasion: Occasion, timeout_s: int) -> str:
        """Send the payload; the receipt is what the other side said."""
        obstacle = self.obstacle(payload)
        if obstacle is not None:
            raise InputError(obstacle, where=payload.target, advice=msg("xem lại cài đặt rồi lập kế hoạch mới"))
        if _is_webhook(payload):
            return self._post(payload, occasion.key, timeout_s)
        return self._send(payload, timeout_s)

    def undo(self, payload: Payload, occasion: Occasion, timeout_s: int) -> str:
        """Nothing: a message that has left cannot be taken back."""
        return ""

    def _mail(self, params: MailParams, occasion: Occasion) -> str:
        message = EmailMessage(policy=SMTP)
        message["From"] = _sender(self.smtp_url)
        message["To"] = ", ".join(params.to)
        message["Subject"] = (_DRILL if occasion.exercise else "") + params.subject
        message["Date"] = occasion.made  # of the plan, as the bytes are approved before they are sent
        message["Message-ID"] = f"<{occasion.key}@vonggac>"
        message.set_content(params.text)
        return message.as_bytes().decode()

    def _send(self, payload: Payload, timeout_s: int) -> str:
        to = payload.target.split(", ")
        try:
            with _smtp(self.smtp_url, timeout_s) as server:
                refused = server.sendmail(_sender(self.smtp_url), to, payload.body.encode(), ["BODY=8BITMIME"])
        except smtplib.SMTPRecipientsRefused as problem:
            raise InputError(msg("máy chủ thư từ chối mọi người nhận"), where=payload.target) from problem
        except (OSError, smtplib.SMTPException) as problem:
            raise EngineError(
                msg("không gửi được thư: {reason}", reason=str(problem)[:200]),
                where=urlsplit(self.smtp_url).netloc.rpartition("@")[2],
                advice=msg("kiểm tra máy chủ thư (smtp_url)"),
            ) from problem
        return f"accepted for {len(to) - len(refused)} of {len(to)}"

    def _post(self, payload: Payload, key: str, timeout_s: int) -> str:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        try:
            with httpx.Client(timeout=timeout_s, transport=self.transport, follow_redirects=False) as client:
                answer = client.post(payload.target, content=payload.body.encode(), headers=headers)
        except httpx.HTTPError as problem:
            raise EngineError(
                msg("không gọi được webhook: {reason}", reason=str(problem)[:200]), where=payload.target
            ) from problem
        return _judged(answer, payload.target)


def _is_webhook(payload: Payload) -> bool:
    return payload.target.startswith(("http://", "https://"))


def _document(params: WebhookParams, occasion: Occasion) -> str:
    document = {
        "incident": occasion.incident,
        "subject": (_DRILL if occasion.exercise else "") + params.subject,
        "text": params.text,
        "exercise": occasion.exercise,
        "key": occasion.key,
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def _judged(answer: httpx.Response, url: str) -> str:
    """The receipt for a 2xx; EngineError where another attempt may help (429, 5xx), else InputError."""
    if answer.is_success:
        return f"HTTP {answer.status_code}"
    kind = EngineError if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error else InputError
    raise kind(msg("webhook trả lời HTTP {status}", status=answer.status_code), where=url)


def _sender(smtp_url: str) -> str:
    given = parse_qs(urlsplit(smtp_url).query).get("from")
    return given[0] if given else "vonggac@localhost"


def _smtp(smtp_url: str, timeout_s: int) -> smtplib.SMTP:
    url = urlsplit(smtp_url)
    make: Callable[..., smtplib.SMTP] = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
    server = make(url.hostname or "", url.port or 0, timeout=timeout_s)
    if url.scheme == "smtp+starttls":
        server.starttls()
    if url.username:
        server.login(url.username, url.password or "")
    return server
