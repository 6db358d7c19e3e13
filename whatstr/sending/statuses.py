"""The way of a message by what Meta tells: late, twice and in any order (sending design, "Rows").

What a row shows is a function of the set of receipts that came, not of their order: each time is
the earliest told, the status is the highest in rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from whatstr.campaigns.models import MessageStatus
from whatstr.lines.cloud_api import is_code
from whatstr.lines.error_policy import Action, rule_for
from whatstr.sending.mref import mref_of_opaque
from whatstr.sending.webhook_values import instant, text_of

_S = MessageStatus
RANK: Mapping[MessageStatus, int] = {
    _S.HANDING: 1,
    _S.UNKNOWN: 2,
    _S.ACCEPTED: 3,
    _S.SENT: 4,
    _S.FAILED: 5,
    _S.DELIVERED: 6,
    _S.READ: 7,
}
"""`failed` is final but for what proves it wrong. A status that is not here (a row written off, or
waiting for its second try) is below all: what Meta tells of it really happened."""

_TOLD = {"sent": _S.SENT, "delivered": _S.DELIVERED, "read": _S.READ, "played": _S.READ}
CLOCKS_APART = timedelta(hours=1)
TIME_TO_SEND = timedelta(minutes=30)
"""Before the campaign's end, so that what is tried again is also sent."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One status of one message. The wamid is used for a look-up and never kept."""

    mref: bytes | None
    wamid: str
    status: MessageStatus
    at: datetime
    code: int | None
    recipient: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What a row knows of its way. `attempts` and `handed_at` are those of the latest try."""

    status: MessageStatus
    code: int | None = None
    accepted_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    failed_at: datetime | None = None
    attempts: int = 1
    handed_at: datetime | None = None
    not_before: datetime | None = None

    def after(self, receipt: Receipt) -> Progress:
        """With one more receipt."""
        if receipt.status in (_S.FAILED, _S.SENT) and self._is_old_news(receipt):
            return self
        field = f"{receipt.status}_at"
        known: datetime | None = getattr(self, field)
        times: dict[str, Any] = {field: receipt.at if known is None else min(known, receipt.at)}
        if self.accepted_at is None:
            # Meta tells only of what it took.
            times["accepted_at"] = receipt.at
        if RANK[receipt.status] > RANK.get(self.status, 0):
            return replace(self, status=receipt.status, code=receipt.code, **times)
        if self.status is _S.FAILED is receipt.status and receipt.code is not None:
            code = receipt.code if self.code is None else min(self.code, receipt.code)
            return replace(self, code=code, **times)
        return replace(self, **times)

    def _is_old_news(self, told: Receipt) -> bool:
        """What became of an earlier try, told again: the row waits for its next one, or has had
        it."""
        if self.status is _S.PENDING and self.failed_at is not None:
            return True
        handed = self.handed_at
        return self.attempts > 1 and handed is not None and told.at < handed - CLOCKS_APART

    def tried_again(self, *, until: datetime) -> Progress:
        """The row after a failure that may pass by tomorrow: waiting for one more try if that can
        be before `until`, else as it is."""
        if self.code is None or self.failed_at is None or self.status is not _S.FAILED:
            return self
        rule = rule_for(self.code)
        after = self.failed_at + timedelta(seconds=rule.wait_seconds)
        if rule.action is not Action.TOMORROW or self.attempts >= rule.tries:
            return self
        if after >= until - TIME_TO_SEND:
            return self
        return replace(
            self,
            status=_S.PENDING,
            not_before=after,
            attempts=self.attempts + 1,
            handed_at=None,
            accepted_at=None,
            sent_at=None,
        )


def read_status(entry: Any) -> Receipt | None:
    """One member of `statuses`; None for what says nothing about delivery."""
    if not isinstance(entry, dict):
        return None
    told = entry.get("status")
    status = _S.FAILED if told == "failed" else _TOLD.get(str(told))
    at = instant(entry.get("timestamp"))
    if status is None or at is None:
        return None
    return Receipt(
        mref=mref_of_opaque(entry.get("biz_opaque_callback_data")),
        wamid=text_of(entry.get("id")),
        status=status,
        at=at,
        code=_code(entry.get("errors")) if status is _S.FAILED else None,
        recipient=text_of(entry.get("recipient_id")),
        user_id=text_of(entry.get("recipient_user_id")),
    )


def _code(errors: Any) -> int | None:
    first = errors[0] if isinstance(errors, list) and errors else None
    code = first.get("code") if isinstance(first, dict) else None
    return code if is_code(code) else None
