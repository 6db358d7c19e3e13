"""A member's authenticator app: shown, proved, turned off."""

from __future__ import annotations

from typing import Any

import segno
from flask_babel import gettext as _

from whatstr.accounts import second_factor
from whatstr.accounts.permissions import Permission
from whatstr.accounts.signin import WrongPassword
from whatstr.core.db import transaction
from whatstr.portal import api
from whatstr.portal.access import actor, current_member, limits, member_access, pepper
from whatstr.portal.api_accounts import PROOF_SIZE
from whatstr.portal.inputs import b64_field, field, json_body
from whatstr.portal.sentences import Sentence


@api.get("/totp")
@member_access(Permission.SELF)
def read_totp() -> dict[str, Any]:
    return {"on": second_factor.is_on(current_member().member_id)}


@api.post("/totp/offer")
@member_access(Permission.SELF)
def offer_totp() -> dict[str, Any]:
    made = second_factor.offer(current_member().member_id)
    picture = segno.make(made.address, error="m")
    return {
        "secret": made.secret,
        "qr": picture.svg_data_uri(scale=5, border=3, light="#fff"),
    }


@api.post("/totp")
@member_access(Permission.SELF)
def turn_totp_on() -> tuple[str, int]:
    data, member = json_body(), current_member()
    limits().password(member=member.member_id.hex)
    with transaction():
        second_factor.turn_on(
            actor=actor(),
            member_id=member.member_id,
            secret=field(data, "secret", str, max=64),
            code=field(data, "code", str, max=16),
        )
    return "", 204


@api.post("/totp/off")
@member_access(Permission.SELF)
def turn_totp_off() -> tuple[str, int]:
    member = current_member()
    limits().password(member=member.member_id.hex)
    auth = b64_field(json_body(), "auth", size=PROOF_SIZE)
    with transaction():
        done = second_factor.turn_off(
            actor=actor(), member_id=member.member_id, auth=auth, pepper=pepper()
        )
    if not done:
        raise WrongPassword()
    return "", 204


SENTENCES: dict[str, Sentence] = {
    "wrong_code": lambda e: _(
        "This is not the code that your app shows now. Wait for the next one and type it."
    ),
    "second_factor_on": lambda e: _(
        "A second step is on already. Turn it off with your password first."
    ),
    "code_needed": lambda e: _("Type the six digits that your authenticator app shows now."),
    "code_wrong": lambda e: _(
        "The code is wrong or was used already. Wait for the next one in your app."
    ),
}
