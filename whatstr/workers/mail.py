"""Sending the e-mails that wait in `outbound_mail`."""

from __future__ import annotations

import json
import smtplib
import ssl
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import flask
import flask_babel
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr import settings_of
from whatstr.accounts.mail import MailKind
from whatstr.accounts.models import OutboundMail
from whatstr.core import clock, logs, queues
from whatstr.core.database import redis
from whatstr.core.db import session, transaction
from whatstr.core.errors import DomainError
from whatstr.workers.cron import MINUTE, Entry

log = logs.get_logger(__name__)
TIMETABLE = (Entry("mail.sweep", "mail", 2 * MINUTE),)
ATTEMPTS = 8
_TIMEOUT = 20
_LOCK = 300
_SWEEP_AFTER = timedelta(minutes=2)
_GIVE_UP = timedelta(days=3)
NO_SERVER = "no_mail_server"


class MailNotSent(DomainError):
    """The mail server did not take it; RQ tries again, then the sweep does."""

    code: ClassVar[str] = "mail_not_sent"
    status: ClassVar[int] = 503


@dataclass(frozen=True)
class Letter:
    """An e-mail claimed for sending, out of the database's hands."""

    id: uuid.UUID
    kind: MailKind
    language: str
    to: str
    values: Mapping[str, Any] = field(repr=False)
    created_at: datetime


@queues.task("mail.send")
def send_mail(mail_id: str) -> None:
    """Claim, send outside the transaction, note the outcome. A crash in between may send one
    e-mail twice; it never loses one."""
    lock = f"mail:{mail_id}"
    # Held by one worker at a time: the sweep may have put the same e-mail on the queue.
    if not redis().set(lock, 1, nx=True, ex=_LOCK):
        return
    try:
        _send(uuid.UUID(mail_id))
    finally:
        redis().delete(lock)


def _send(mail_id: uuid.UUID) -> None:
    with transaction():
        letter = claim(mail_id)
    if letter is None:
        return
    server = settings_of().get("MAIL_URL")
    failed = deliver(compose(letter), server) if server else NO_SERVER
    with transaction():
        settle(letter.id, failed)
    if failed and failed != NO_SERVER:
        raise MailNotSent(failed)


def claim(mail_id: uuid.UUID) -> Letter | None:
    """An unsent e-mail that nobody else holds, with one more attempt counted; else None."""
    row = (
        session()
        .scalars(
            sa.select(OutboundMail)
            .where(
                OutboundMail.id == mail_id,
                OutboundMail.sent_at.is_(None),
                OutboundMail.attempts < ATTEMPTS,
            )
            .options(undefer_group("pii"))
            .with_for_update(skip_locked=True)
        )
        .one_or_none()
    )
    if row is None:
        return None
    row.attempts += 1
    return Letter(
        row.id,
        MailKind(row.kind),
        row.language,
        row.to,
        json.loads(row.values_json),
        row.created_at,
    )


def settle(mail_id: uuid.UUID, failed: str | None) -> None:
    """Note the outcome. What was sent is forgotten: its values may open somebody's account."""
    row = session().get_one(OutboundMail, mail_id)
    if row.sent_at is not None:
        return
    if failed is None:
        row.sent_at, row.failed_code, row.values_json = clock.now(), None, "{}"
        log.info("mail.sent", mail=mail_id, kind=row.kind)
        return
    row.failed_code = failed
    if failed == NO_SERVER:
        row.attempts -= 1  # nothing was tried
    log.warning("mail.unsent", mail=mail_id, kind=row.kind, code=failed)


def compose(letter: Letter) -> EmailMessage:
    """Text and HTML from the templates of its kind, in the reader's language."""
    sender_name, sender = parseaddr(settings_of()["MAIL_FROM"])
    with flask_babel.force_locale(letter.language):
        values = {**letter.values, "language": letter.language}
        page = flask.current_app.jinja_env.get_template(f"email/{letter.kind}.html")
        context = page.new_context(values)
        subject = "".join(page.blocks["subject"](context)).strip()
        html = flask.render_template(f"email/{letter.kind}.html", **values)
        text = flask.render_template(f"email/{letter.kind}.txt", **values)
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message["From"] = Address(sender_name, addr_spec=sender)
    message["To"] = Address(addr_spec=letter.to)
    message["Date"] = letter.created_at
    message["Message-ID"] = make_msgid(letter.id.hex, domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def deliver(message: EmailMessage, server: str) -> str | None:
    """Hand over by SMTP; None, or a short code of what went wrong. Never raises: an SMTP error
    quotes addresses."""
    parts = urlsplit(server)
    host, secure = parts.hostname or "localhost", parts.scheme == "smtps"
    try:
        with _connect(host, parts.port or (465 if secure else 25), secure) as smtp:
            if not secure and smtp.has_extn("starttls"):
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo()
            if parts.username:
                smtp.login(unquote(parts.username), unquote(parts.password or ""))
            smtp.send_message(message)
    except smtplib.SMTPResponseException as error:
        return f"smtp_{error.smtp_code}"
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return f"smtp_{codes[0] if codes else 0}"
    except (smtplib.SMTPException, OSError) as error:
        return type(error).__name__
    return None


def _connect(host: str, port: int, secure: bool) -> smtplib.SMTP:
    if secure:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=context)
    smtp = smtplib.SMTP(host, port, timeout=_TIMEOUT)
    smtp.ehlo()
    return smtp


@queues.task("mail.sweep")
def sweep_mail() -> None:
    """Put on the queue what never reached it or was given up by it."""
    now = clock.now()
    with transaction():
        ids = (
            session()
            .scalars(
                sa.select(OutboundMail.id)
                .where(
                    OutboundMail.sent_at.is_(None),
                    OutboundMail.attempts < ATTEMPTS,
                    OutboundMail.created_at < now - _SWEEP_AFTER,
                    OutboundMail.created_at > now - _GIVE_UP,
                )
                .order_by(OutboundMail.created_at)
                .limit(200)
            )
            .all()
        )
        for mail_id in ids:
            queues.later("mail", "mail.send", mail_id, retries=0)
