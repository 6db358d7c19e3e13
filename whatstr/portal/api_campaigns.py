"""Campaigns over the API: upload, launch, steer, report."""

from __future__ import annotations

import uuid
from typing import Any

import flask
from flask_babel import gettext as _

from whatstr.accounts import documents
from whatstr.accounts.events import EventKind, record_event
from whatstr.accounts.permissions import Permission
from whatstr.audiences.policies import MAX_ROWS
from whatstr.campaigns import policies, queries, second_attempts, services, uploads
from whatstr.campaigns.models import CampaignKind
from whatstr.campaigns.pacing import LATE_LIMIT_MINUTES
from whatstr.core.db import transaction
from whatstr.core.errors import DomainError, InvalidInput
from whatstr.core.i18n import language
from whatstr.core.security import client_address, open_to_all
from whatstr.lines.error_policy import ERRORS
from whatstr.portal import api
from whatstr.portal.access import (
    actor,
    browser,
    current_member,
    key_version,
    member_access,
    organization_id,
)
from whatstr.portal.api_progress import show_failure
from whatstr.portal.inputs import (
    Data,
    b64_field,
    binary_body,
    box_field,
    choice,
    documents_field,
    field,
    id_field,
    instant_field,
    json_body,
    optional,
    query_integer,
    show_id,
    show_instant,
)
from whatstr.portal.sentences import Sentence
from whatstr.portal.shown_campaigns import show_campaign, standstill
from whatstr.vault import rekey
from whatstr.vault.box import BoxKind

_PAGE = 5000
_RECORD_LIMIT = 256 * 1024
_HEADER_LIMIT = 64 * 1024


@api.post("/campaigns")
@member_access(Permission.CAMPAIGNS_WRITE)
def create_campaign() -> Any:
    data = json_body()
    accepted = documents.check_accepted(documents_field(data), [documents.DocumentName.LAUNCH])
    with transaction():
        rekey.check_key(organization_id(), key_version())
        rekey.check_not_pinned(organization_id())
        made, fresh = uploads.create_campaign(
            actor=actor(),
            organization_id=organization_id(),
            launch=_launch(data),
            statement_version=accepted[0].version,
            language=language(),
        )
        have = queries.chunk_numbers(organization_id(), made.id)
    return {"id": show_id(made.id), "state": made.state, "have": have}, 201 if fresh else 200


@api.post("/campaigns/<uuid:campaign_id>/seal")
@member_access(Permission.CAMPAIGNS_WRITE)
def reseal_campaign(campaign_id: uuid.UUID) -> Any:
    data = json_body()
    with transaction():
        rekey.check_key(organization_id(), key_version())
        rekey.check_not_pinned(organization_id())
        found = uploads.reseal_campaign(
            actor=actor(),
            organization_id=organization_id(),
            campaign_id=campaign_id,
            kid=field(data, "kid", int, min=0, max=2**32 - 1),
            header=b64_field(data, "header", max=_HEADER_LIMIT),
        )
    return {"id": show_id(campaign_id), "state": found.state}


@api.put("/campaigns/<uuid:campaign_id>/chunks/<int:no>")
@member_access(Permission.CAMPAIGNS_WRITE)
def put_campaign_chunk(campaign_id: uuid.UUID, no: int) -> Any:
    data = binary_body(limit=policies.MAX_CHUNK_BYTES)
    with transaction():
        uploads.put_chunk(
            organization_id=organization_id(), campaign_id=campaign_id, no=no, data=data
        )
    return "", 204


@api.put("/campaigns/<uuid:campaign_id>/media/<int:no>/<int:piece>")
@member_access(Permission.CAMPAIGNS_WRITE)
def put_campaign_media(campaign_id: uuid.UUID, no: int, piece: int) -> Any:
    data = binary_body(limit=policies.MEDIA_PIECE_BYTES)
    with transaction():
        uploads.put_media(
            organization_id=organization_id(),
            campaign_id=campaign_id,
            no=no,
            piece=piece,
            data=data,
        )
    return "", 204


@api.get("/campaigns/<uuid:campaign_id>/chunks")
@member_access(Permission.CAMPAIGNS_READ)
def read_campaign_chunks(campaign_id: uuid.UUID) -> Any:
    return {"have": queries.chunk_numbers(organization_id(), campaign_id)}


@api.get("/campaigns/<uuid:campaign_id>/chunks/<int:no>")
@member_access(Permission.CAMPAIGNS_READ)
def read_campaign_chunk(campaign_id: uuid.UUID, no: int) -> Any:
    data = queries.chunk(organization_id(), campaign_id, no)
    return flask.Response(data, mimetype="application/octet-stream")


@api.post("/campaigns/<uuid:campaign_id>/commit")
@member_access(Permission.CAMPAIGNS_WRITE)
def commit_campaign(campaign_id: uuid.UUID) -> Any:
    with transaction():
        done = uploads.commit_campaign(
            actor=actor(), organization_id=organization_id(), campaign_id=campaign_id
        )
        member = current_member()
        record_event(
            kind=EventKind.LAUNCH,
            address=client_address(),
            browser=browser(),
            organization_id=member.organization_id,
            member_id=member.member_id,
        )
    return {"state": done.state}


@api.post("/campaigns/<uuid:campaign_id>/<any(pause, resume, cancel):verb>")
@member_access(Permission.CAMPAIGNS_WRITE)
def steer_campaign(campaign_id: uuid.UUID, verb: str) -> Any:
    act = {
        "pause": services.pause_campaign,
        "resume": services.resume_campaign,
        "cancel": services.cancel_campaign,
    }[verb]
    with transaction():
        act(actor=actor(), organization_id=organization_id(), campaign_id=campaign_id)
    return _answer(campaign_id)


@api.get("/campaigns")
@member_access(Permission.CAMPAIGNS_READ)
def read_campaigns() -> Any:
    found = queries.campaigns(organization_id())
    standing = standstill()
    return {
        "campaigns": [show_campaign(one, counts=counts, standing=standing) for one, counts in found]
    }


@api.get("/campaigns/<uuid:campaign_id>")
@member_access(Permission.CAMPAIGNS_READ)
def read_campaign(campaign_id: uuid.UUID) -> Any:
    return _answer(campaign_id)


@api.get("/campaigns/<uuid:campaign_id>/messages")
@member_access(Permission.CAMPAIGNS_READ)
def read_messages(campaign_id: uuid.UUID) -> Any:
    limit = query_integer("limit", _PAGE, min=1, max=_PAGE)
    after = query_integer("after", -1, min=-1, max=MAX_ROWS)
    rows = queries.message_rows(organization_id(), campaign_id, after=after, limit=limit)
    shown = [
        [row, status, code, *(show_instant(time) for time in times)]
        for row, status, code, *times in rows
    ]
    return {"rows": shown, "next": rows[-1].row if len(rows) == limit else None}


@api.get("/campaigns/<uuid:campaign_id>/failures")
@member_access(Permission.CAMPAIGNS_READ)
def read_failures(campaign_id: uuid.UUID) -> Any:
    found = queries.failures(organization_id(), campaign_id)
    return {"failures": [show_failure(one) for one in found]}


@api.get("/campaigns/<uuid:campaign_id>/resendable")
@member_access(Permission.CAMPAIGNS_READ)
def read_resendable(campaign_id: uuid.UUID) -> Any:
    return {"rows": second_attempts.rows_to_resend(organization_id(), campaign_id)}


@api.delete("/campaigns/<uuid:campaign_id>")
@member_access(Permission.CAMPAIGNS_WRITE)
def delete_campaign(campaign_id: uuid.UUID) -> Any:
    with transaction():
        services.delete_campaign(
            actor=actor(), organization_id=organization_id(), campaign_id=campaign_id
        )
    return "", 204


@api.get("/error-codes")
@open_to_all
def error_codes() -> Any:
    return {
        "codes": {
            str(code): {
                "action": rule.action,
                "scope": rule.scope,
                "sentence": rule.sentence(language()),
            }
            for code, rule in ERRORS.items()
        }
    }


def _launch(data: Data) -> uploads.Launch:
    media = field(data, "media", list, max=4)
    if any(type(pieces) is not int for pieces in media):
        raise InvalidInput("media", "wrong_type")
    return uploads.Launch(
        id=id_field(data, "id"),
        line_id=id_field(data, "line"),
        kind=choice(data, "kind", CampaignKind),
        rows=field(data, "rows", int, min=1),
        chunks=field(data, "chunks", int, min=1),
        media=media,
        due_at=instant_field(data, "due_at") if data.get("due_at") else None,
        expires_at=instant_field(data, "expires_at"),
        kid=field(data, "kid", int, min=0, max=2**32 - 1),
        header=b64_field(data, "header", max=_HEADER_LIMIT),
        jk_wrap=box_field(data, "jk_wrap", BoxKind.KEY_JOB, max=1024),
        record=box_field(data, "record", BoxKind.RECORD, max=_RECORD_LIMIT),
        late_limit_minutes=optional(data, "late_limit_minutes", int) or LATE_LIMIT_MINUTES,
        resend_of=id_field(data, "resend_of") if data.get("resend_of") else None,
    )


def _answer(campaign_id: uuid.UUID) -> dict[str, Any]:
    found = queries.campaign(organization_id(), campaign_id)
    at = queries.progress(found)
    return show_campaign(
        found,
        counts=at.counts,
        standing=standstill(),
        rate=at.rate,
        seconds_left=at.seconds_left,
    )


def _credits(error: DomainError) -> str:
    return str(
        _(
            "This campaign needs %(needed)s credits and %(available)s are free. Buy a plan, or "
            "send to fewer people; the upload is kept.",
            needed=error.context.get("needed", ""),
            available=error.context.get("available", ""),
        )
    )


SENTENCES: dict[str, Sentence] = {
    "not_resendable": lambda e: str(
        _("There is no second attempt of this campaign: it is not over, or is one itself.")
    ),
    "insufficient_credits": _credits,
    "line_not_ready": lambda e: str(
        _("This line cannot send now. Open the lines page to see why and what to do.")
    ),
    "campaign_settling": lambda e: str(
        _("The last messages of this campaign are being counted. Please try again in a minute.")
    ),
    "organization_suspended": lambda e: str(
        _(
            "Sending is stopped for your account by our abuse desk. The statement of reasons says "
            "why and how to answer."
        )
    ),
}
REASONS: dict[str, Sentence] = {
    "out_of_range": lambda e: str(_("This number is outside what is allowed.")),
    "wrong_count": lambda e: str(_("The parts do not fit the number of rows. Please try again.")),
    "too_far_ahead": lambda e: str(
        _("A campaign can start at most %(days)s days ahead.", days=e.context.get("days", 30))
    ),
    "in_the_past": lambda e: str(_("This time has passed. Please choose a later one.")),
    "not_consecutive": lambda e: str(_("The list is damaged. Reload the page and save it again.")),
    "too_few": lambda e: str(_("The list is damaged. Reload the page and save it again.")),
}
