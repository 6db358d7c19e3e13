"""Connecting a line: what the Meta login proves, and keeping what came of it (vault design, 4, 13).

A customer's keys are pinned here for the first time, so everything that Meta can vouch for is
asked of Meta: that the token is one for our app, that it opens the account, that the number is
one of that account.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from whatstr.audit.services import SYSTEM, record
from whatstr.core import clock
from whatstr.core.db import notify, session, transaction
from whatstr.core.logs import get_logger
from whatstr.lines.cloud_api import CloudApi, CloudApiError
from whatstr.lines.models import Line, LineState
from whatstr.sending import (
    connections,
    context,
    health,
    portfolio,
    repinning,
    template_health,
)
from whatstr.sending.connections import Connection, PinMismatch, Pins
from whatstr.sending.line_changes import change_line
from whatstr.sending.refusals import Denied
from whatstr.vault import wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.signed import Label, sign

log = get_logger(__name__)

SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")
_ID = re.compile(r"[0-9]{1,32}")
_PIN = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Wish:
    """The arguments of `connect`."""

    organization_id: uuid.UUID
    line_id: uuid.UUID
    waba_id: str
    phone_number_id: str
    pins: Pins
    code: str = field(default="", repr=False)
    redirect_uri: str = ""
    token: str = field(default="", repr=False)
    pin: str = field(default="", repr=False)

    @classmethod
    def read(cls, args: Mapping[str, Any], *, organization_id: uuid.UUID, pins: Pins) -> Wish:
        """Read and check. Raises Denied."""
        wish = cls(
            organization_id=organization_id,
            line_id=line_id_of(args),
            waba_id=_text(args, "waba_id"),
            phone_number_id=_text(args, "phone_number_id"),
            pins=pins,
            code=_text(args, "code", 4_096),
            redirect_uri=_text(args, "redirect_uri", 1_024),
            token=_text(args, "token", 4_096),
            pin=_text(args, "pin", 6),
        )
        method = args.get("method")
        given = {"code": wish.code, "token": wish.token}.get(str(method))
        if not given or not _ID.fullmatch(wish.waba_id) or not _ID.fullmatch(wish.phone_number_id):
            raise Denied("bad_arguments")
        if wish.pin and not _PIN.fullmatch(wish.pin):
            raise Denied("bad_pin")
        return replace(wish, code="") if method == "token" else replace(wish, token="")


def line_id_of(args: Mapping[str, Any]) -> uuid.UUID:
    """The line that a request names. Raises Denied."""
    try:
        return uuid.UUID(bytes=wire.id_bytes(args.get("line")))
    except VaultFormatError:
        raise Denied("bad_arguments") from None


def _text(args: Mapping[str, Any], name: str, limit: int = 64) -> str:
    value = args.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise Denied("bad_arguments")
    return value.strip()


async def connect(wish: Wish) -> dict[str, Any]:
    """Prove, register, subscribe, keep. The result of the operation. Raises Denied and what the
    client of Meta raises. Commits by itself, and only once everything was proved."""
    wish, earlier = _before(wish)
    graph = context.graph_settings()
    async with aiohttp.ClientSession() as http:

        def api(token: str) -> CloudApi:
            return CloudApi(http, base_url=graph.base_url, version=graph.version, token=token)

        token = wish.token or await api("").exchange_code(
            app_id=graph.app_id,
            app_secret=graph.app_secret,
            code=wish.code,
            redirect_uri=wish.redirect_uri,
        )
        meta = api(token)
        await _proved(wish, token, meta)
        data = await meta.phone_number(wish.phone_number_id)
        pin = wish.pin or (earlier.pin if earlier else "")
        if data.get("status") != "CONNECTED" or data.get("platform_type") != "CLOUD_API":
            # A line without a code of its own gets one: Meta asks for it at every registration.
            pin = pin or f"{secrets.randbelow(1_000_000):06d}"
            await meta.register(wish.phone_number_id, pin)
            data = await meta.phone_number(wish.phone_number_id)
        await meta.subscribe(wish.waba_id)
        templates = await meta.templates(wish.waba_id)
        owner = await portfolio.owner_of(meta, wish.waba_id)
    connection = Connection(
        line_id=wish.line_id,
        organization_id=wish.organization_id,
        waba_id=wish.waba_id,
        phone_number_id=wish.phone_number_id,
        token=token,
        pin=pin,
        sign_pk=wish.pins.sign_pk,
        box_pk=wish.pins.box_pk,
    )
    if earlier is not None and earlier.pins == wish.pins:
        # What a re-key left to campaigns under way stays theirs.
        connection = replace(connection, previous=earlier.previous, kept=earlier.kept)
    with transaction():
        if repinning.stale(wish.organization_id):
            _forget_stale(connection)
        _keep(connection, data)
        portfolio.keep(connection.line_id, owner)
        template_health.keep_all(connection, templates)
    named = template_health.with_keys(connection.organization_id, templates)
    return {**described(connection, data), "templates": named}


def _before(wish: Wish) -> tuple[Wish, Connection | None]:
    """What is known of the line. A number that the organization had connected keeps its line, so
    that a stop of our desk stays on it."""
    with transaction():
        known = connections.find_by_phone_number_id(wish.phone_number_id)
        if known is not None:
            if known.organization_id != wish.organization_id:
                raise Denied("line_taken")
            wish = replace(wish, line_id=known.line_id)
        owner = session().scalar(sa.select(Line.organization_id).where(Line.id == wish.line_id))
        if owner not in (None, wish.organization_id):
            raise Denied("bad_arguments")
        if owner is not None and known is None and _is_another_number(wish):
            raise Denied("other_number")
        if repinning.stale(wish.organization_id):
            # Only a line from before shows that this is the same business (vault design, 4).
            if known is None:
                raise Denied("reconnect_first")
        else:
            pins = connections.pins(wish.organization_id)
            if pins is not None and pins != wish.pins:
                raise Denied("pin_mismatch")
    return wish, known


def _is_another_number(wish: Wish) -> bool:
    """Whether the line is connected, with another number than the wished one."""
    try:
        found = connections.open_connection(wish.line_id)
    except connections.NoConnection:
        return False
    return found.phone_number_id != wish.phone_number_id


async def _proved(wish: Wish, token: str, meta: CloudApi) -> None:
    """The token is for our app, opens this account, and the number is one of it."""
    graph = context.graph_settings()
    about = await meta.debug_token(token, app_token=f"{graph.app_id}|{graph.app_secret}")
    if about.get("is_valid") is not True or str(about.get("app_id")) != graph.app_id:
        raise Denied("token_invalid")
    if not set(SCOPES) <= set(about.get("scopes") or ()):
        raise Denied("scopes_missing")
    for grant in about.get("granular_scopes") or ():
        if isinstance(grant, dict) and grant.get("scope") in SCOPES:
            # Without target_ids Meta means every account that the token's owner has.
            targets = grant.get("target_ids")
            if targets is not None and wish.waba_id not in {str(one) for one in targets}:
                raise Denied("other_account")
    numbers = await meta.phone_numbers(wish.waba_id)
    if wish.phone_number_id not in {str(one.get("id")) for one in numbers}:
        raise Denied("other_account")


def _keep(connection: Connection, data: Mapping[str, Any]) -> None:
    now, line_id = clock.now(), connection.line_id
    values = health.line_values(dict(data))
    session().execute(
        insert(Line)
        .values(
            id=line_id,
            organization_id=connection.organization_id,
            state=LineState.CONNECTED,
            connected_at=now,
            **values,
        )
        .on_conflict_do_nothing()
    )
    change_line(line_id, values | {"connected_at": now})
    # Connecting mends a hold; what our staff paused stays paused until they release it.
    session().execute(
        sa.update(Line)
        .where(Line.id == line_id, Line.state != LineState.PAUSED)
        .values(state=LineState.CONNECTED, state_reason=None, hold_code=None, hold_until=None)
        .execution_options(synchronize_session=False)
    )
    try:
        connections.store_connection(connection)
    except PinMismatch:
        raise Denied("pin_mismatch") from None
    record(
        actor=SYSTEM,
        verb="line.connected",
        subject_kind="line",
        subject_id=line_id,
        organization_id=connection.organization_id,
    )
    notify("whatstr_sender", line_id.hex)
    log.info("line.connected", line=line_id)


def _forget_stale(connection: Connection) -> None:
    """The first line after a reset: the others were pinned to keys that nobody has any more. They
    are connected again one by one; a pause of ours stays on its number."""
    for other in connections.all_of(connection.organization_id):
        if other.line_id != connection.line_id:
            _forget(replace(other, sign_pk=connection.sign_pk, box_pk=connection.box_pk))


def described(connection: Connection, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the customer is told of a line, with the statement that WEB may keep: only what the
    sender signed becomes the line's number and name."""
    values = health.line_values(dict(data))
    number = str(data.get("display_phone_number", ""))[:32]
    name = str(data.get("verified_name", ""))[:256]
    body = {
        "v": 1,
        "account": connection.organization_id.hex,
        "line": connection.line_id.hex,
        "display_number": number,
        "verified_name": name,
    }
    statement = sign(Label.LINE_LABEL, wire.dump(body), context.keyring().ident_sk)
    return {
        "line": connection.line_id.hex,
        "display_number": number,
        "verified_name": name,
        "quality": values.get("quality", "UNKNOWN"),
        "limit_tier": values.get("limit_tier"),
        "throughput": values.get("throughput", health.STANDARD),
        "status": values.get("meta_status"),
        "statement": wire.b64(statement),
    }


async def disconnect(connection: Connection) -> None:
    """Forget the line's token. Meta's webhooks of the account end with its last line."""
    graph = context.graph_settings()
    with transaction():
        others = [
            one
            for one in connections.connections_of_account(connection.waba_id)
            if one.line_id != connection.line_id
        ]
    if not others and connection.token:
        async with aiohttp.ClientSession() as http:
            meta = CloudApi(
                http, base_url=graph.base_url, version=graph.version, token=connection.token
            )
            try:
                await meta.unsubscribe(connection.waba_id)
            except CloudApiError as error:
                log.warning("line.still_subscribed", line=connection.line_id, reason=error.code)
    with transaction():
        _forget(connection)


def _forget(connection: Connection) -> None:
    line_id = connection.line_id
    state = session().scalar(sa.select(Line.state).where(Line.id == line_id).with_for_update())
    if state is LineState.PAUSED:
        # The number stays tied to the paused line: connecting it again must not lift the pause.
        connections.replace_sealed(replace(connection, token="", pin=""))
    else:
        connections.delete_connection(line_id)
        change_line(
            line_id,
            {
                "state": LineState.DISCONNECTED,
                "state_reason": None,
                "hold_code": None,
                "hold_until": None,
            },
        )
    record(
        actor=SYSTEM,
        verb="line.disconnected",
        subject_kind="line",
        subject_id=line_id,
        organization_id=connection.organization_id,
    )
    notify("whatstr_sender", line_id.hex)
    log.info("line.disconnected", line=line_id)
