"""The plan of the day in sentences: what holds the rest back, each with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from babel.dates import format_datetime, get_timezone
from babel.numbers import format_decimal
from flask_babel import gettext as _

from whatstr.campaigns.outlook import Outlook
from whatstr.campaigns.pacing import COUNTED_FOR, Wait, limit_at
from whatstr.campaigns.planning import Allowance
from whatstr.core.i18n import language
from whatstr.portal.inputs import show_instant

Limit = dict[str, Any]


def limits(found: Outlook, *, rate: int, now: datetime) -> list[Limit]:
    """Everything that makes the campaign slower than nothing but its line, the line last."""
    told = [_TELL[wait](found, now) for wait in _ORDER if wait in found.plan.waits]
    sentence = _("The line sends up to %(rate)s messages a second.", rate=number(rate))
    return [*told, {"code": "line_rate", "rate": rate, "sentence": sentence}]


def unfit(left: int) -> Limit:
    """That not all of it can go in time, and what helps."""
    sentence = _(
        "%(left)s messages do not fit into the 7 days that a campaign lasts. Send to fewer people, "
        "divide the list, or use a second portfolio's line.",
        left=number(left),
    )
    return {"code": "too_long", "messages": left, "sentence": sentence}


def canary(found: Outlook) -> str:
    """Why some go first, and what the rest waits for."""
    rows = number(found.canary_size)
    sentences: dict[str, str] = {
        "organization": _(
            "This is one of your first campaigns: %(rows)s messages go first, the rest follows "
            "once enough of them have arrived.",
            rows=rows,
        ),
        "line": _(
            "This line is new: %(rows)s messages go first, the rest follows once enough of them "
            "have arrived.",
            rows=rows,
        ),
        "template": _(
            "This template is new: %(rows)s messages go first, the rest follows once enough of "
            "them have arrived.",
            rows=rows,
        ),
        "quality": _(
            "Meta does not rate this line as good at present: %(rows)s messages go first, the "
            "rest follows once enough of them have arrived.",
            rows=rows,
        ),
    }
    return sentences[found.canary_reason or "organization"]


def waiting(code: Wait, *, until: datetime | None, zone: str) -> str:
    """What a campaign under way waits for, and until when."""
    at = _moment(until, zone) if until else ""
    sentences: dict[Wait, str] = {
        Wait.WINDOW: _("It goes on at %(at)s, when your send hours begin.", at=at),
        Wait.PORTFOLIO: _(
            "Meta's limit of people in 24 hours is used up; it goes on from %(at)s.", at=at
        ),
        Wait.RAMP_UP: _(
            "The slow start of your new account allows no more now; it goes on from %(at)s.", at=at
        ),
        Wait.CANARY: _(
            "The first messages are out; the rest waits until enough of them have arrived."
        ),
        Wait.QUEUE: _("An earlier campaign on this line goes first."),
        Wait.RETRY: _("Some messages are tried again at %(at)s.", at=at),
    }
    return sentences[code]


def _moment(value: datetime, zone: str) -> str:
    """Day and time where the organization is."""
    words: str = format_datetime(
        value, "d MMMM HH:mm", tzinfo=get_timezone(zone), locale=language()
    )
    return words


def number(value: int) -> str:
    shown: str = format_decimal(value, locale=language())
    return shown


def _people(found: Outlook, code: Wait, now: datetime) -> tuple[Allowance, int, int]:
    rule = next(one for one in found.allowances if one.code is code)
    limit = limit_at(rule.limits, now) or 0
    return rule, limit, sum(count for _at, count in rule.used)


def _portfolio(found: Outlook, now: datetime) -> Limit:
    rule, limit, used = _people(found, Wait.PORTFOLIO, now)
    frees = min((at + COUNTED_FOR for at, _count in rule.used), default=None)
    return {
        "code": Wait.PORTFOLIO,
        "limit": limit,
        "used": used,
        "free": max(0, limit - used),
        "frees_at": show_instant(frees),
        "sentence": _(
            "Meta allows your business portfolio %(limit)s people in 24 hours; %(free)s of them "
            "are free now. The limit grows by itself while quality is good.",
            limit=number(limit),
            free=number(max(0, limit - used)),
        ),
    }


def _ramp_up(found: Outlook, now: datetime) -> Limit:
    rule, limit, used = _people(found, Wait.RAMP_UP, now)
    steps = [step for step in rule.limits if step[0] > now]
    following = steps[0] if steps else (None, None)
    return {
        "code": Wait.RAMP_UP,
        "limit": limit,
        "used": used,
        "free": max(0, limit - used),
        "day": len(found.allowances[1].limits) - len(steps),
        "next_at": show_instant(following[0]),
        "next_limit": following[1],
        "sentence": _(
            "Your account is new and starts slowly to protect the line: %(limit)s people in the "
            "first 24 hours, more each day.",
            limit=number(limit),
        )
        if not used
        else _(
            "Your account is new and starts slowly to protect the line: %(limit)s people in 24 "
            "hours at present, more each day.",
            limit=number(limit),
        ),
    }


def _window(found: Outlook, now: datetime) -> Limit:
    window = found.hours.window
    opens = None if window.is_open(found.starts) else window.next_open(found.starts)
    return {
        "code": Wait.WINDOW,
        "from": window.start,
        "to": window.end,
        "time_zone": window.zone,
        "opens_at": show_instant(opens),
        "sentence": _(
            "Messages leave between %(start)s and %(end)s only (%(zone)s). You can change these "
            "hours in the settings.",
            start=window.start,
            end=window.end,
            zone=window.zone,
        ),
    }


def _queue(found: Outlook, now: datetime) -> Limit:
    until = found.plan.queue_until
    return {
        "code": Wait.QUEUE,
        "campaigns": len(found.queue),
        "messages": sum(found.queue),
        "until": show_instant(until),
        "sentence": _(
            "Other campaigns were launched before on this line: %(messages)s messages go first.",
            messages=number(sum(found.queue)),
        ),
    }


def _canary(found: Outlook, now: datetime) -> Limit:
    return {
        "code": Wait.CANARY,
        "rows": found.canary_size,
        "reason": found.canary_reason,
        "sentence": canary(found),
    }


_ORDER = (Wait.PORTFOLIO, Wait.RAMP_UP, Wait.WINDOW, Wait.QUEUE, Wait.CANARY)
_TELL: dict[Wait, Callable[[Outlook, datetime], Limit]] = {
    Wait.PORTFOLIO: _portfolio,
    Wait.RAMP_UP: _ramp_up,
    Wait.WINDOW: _window,
    Wait.QUEUE: _queue,
    Wait.CANARY: _canary,
}
