"""A campaign while its page is open: a cheap answer, and cheaper still when nothing changed.

Pages ask every few seconds instead of holding a stream: a web process has a handful of threads,
and each stream would keep one for as long as somebody looks (decision 0008).
"""

from __future__ import annotations

import hashlib
import json
import math
import uuid
from typing import Any

import flask
from werkzeug.http import quote_etag

from whatstr.accounts.permissions import Permission
from whatstr.campaigns import queries
from whatstr.campaigns.models import MessageStatus
from whatstr.campaigns.progress_board import Failure, board
from whatstr.core.i18n import language
from whatstr.lines.error_policy import rule_for
from whatstr.portal import api
from whatstr.portal.access import member_access, organization_id
from whatstr.portal.shown_campaigns import show_state, standstill_of

_OPEN = (MessageStatus.PENDING, MessageStatus.HANDING)


@api.get("/campaigns/<uuid:campaign_id>/progress")
@member_access(Permission.CAMPAIGNS_READ)
def read_progress(campaign_id: uuid.UUID) -> Any:
    watched = queries.watched(organization_id(), campaign_id)
    snapshot = board(flask.current_app.extensions).look(campaign_id)
    at = queries.progress(watched.campaign, snapshot)
    told = {
        **show_state(
            watched.campaign,
            counts=at.counts,
            standing=standstill_of(watched),
            rate=at.rate,
            seconds_left=at.seconds_left,
        ),
        "leaving": _leaving(at, watched.throughput),
        "failures": [show_failure(one) for one in snapshot.failures],
    }
    return _conditional(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode())


def _leaving(at: queries.Progress, throughput: int) -> int:
    """How many messages may still reach Meta after a pause: it takes less than a second, and what
    is in hand at that moment may be on its way (sending design, "A slice")."""
    left = sum(at.counts[status] for status in _OPEN)
    return min(left, max(math.ceil(throughput), at.counts[MessageStatus.HANDING]))


def show_failure(failure: Failure) -> dict[str, Any]:
    """A reason why messages did not arrive, with what to do."""
    status, code, count = failure
    rule = rule_for(code or 0)
    return {
        "status": status,
        "code": code,
        "count": count,
        "action": rule.action,
        "sentence": rule.sentence(language()),
    }


def _conditional(body: bytes) -> flask.Response:
    """The answer, or 304 for whoever has it already."""
    mark = hashlib.blake2b(body, digest_size=12).hexdigest()
    if mark in flask.request.if_none_match:
        response = flask.Response(status=304)
    else:
        response = flask.Response(body, mimetype="application/json")
    response.headers["ETag"] = quote_etag(mark)
    return response
