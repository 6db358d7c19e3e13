"""What the sender does on a customer's sealed request (vault design, 13; docs/api.md).

Each operation gets a request that is already opened and proved. Calls to Meta are made outside
transactions; what cannot be done raises `Denied` or an error of Meta's client.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from whatstr.audiences.models import OptOutSource
from whatstr.core import clock
from whatstr.core.db import transaction
from whatstr.lines.cloud_api import CloudApi
from whatstr.lines.error_policy import rule_for
from whatstr.sending import (
    connecting,
    connections,
    context,
    health,
    notices,
    optouts,
    repinning,
    roots,
    template_health,
)
from whatstr.sending.connections import Connection, Pins
from whatstr.sending.refusals import Denied
from whatstr.sending.single import SingleOutcome, TestFile, send_test, send_text
from whatstr.vault import wire
from whatstr.vault.identity import is_number, is_user_id
from whatstr.vault.job_header import TemplateRef
from whatstr.vault.rpc import Op, Request, read_repin

MOST_NUMBERS = 10_000


def perform(request: Request) -> dict[str, Any]:
    """The result of a proved request."""
    operation = OPERATIONS.get(request.op)
    if operation is None:
        raise Denied("not_supported")
    return operation(request)


def _organization(request: Request) -> uuid.UUID:
    return uuid.UUID(bytes=request.account)


def _connection(request: Request) -> Connection:
    """The connection of the line that the request names, if it is the organization's."""
    line_id = connecting.line_id_of(request.args)
    with transaction():
        found = connections.open_connection(line_id)
    if found.organization_id != _organization(request):
        raise Denied("no_connection")
    return found


def _connect(request: Request) -> dict[str, Any]:
    pins = Pins(request.sign_pk, request.box_pk)
    wish = connecting.Wish.read(request.args, organization_id=_organization(request), pins=pins)
    result = asyncio.run(connecting.connect(wish))
    with transaction():
        return result | {"rebuild": not roots.complete(wish.organization_id)}


def _repin(request: Request) -> dict[str, Any]:
    with transaction():
        lines = repinning.repin(_organization(request), Pins(*read_repin(request)))
    return {"lines": lines}


def _disconnect(request: Request) -> dict[str, Any]:
    connection = _connection(request)
    asyncio.run(connecting.disconnect(connection))
    return {"line": connection.line_id.hex}


def _templates(request: Request) -> dict[str, Any]:
    connection = _connection(request)
    found = _ask(connection, lambda api: api.templates(connection.waba_id))
    with transaction():
        template_health.keep_all(connection, found)
    at = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    named = template_health.with_keys(connection.organization_id, found)
    return {"line": connection.line_id.hex, "at": at, "templates": named}


def _line_info(request: Request) -> dict[str, Any]:
    connection = _connection(request)
    data = _ask(connection, lambda api: api.phone_number(connection.phone_number_id))
    with transaction():
        values = health.keep(connection, data)
        health.heed(connection, values)
        health.lift_hold(connection, values)
    return connecting.described(connection, data)


def _test_send(request: Request) -> dict[str, Any]:
    connection, args = _connection(request), request.args
    with transaction():
        if not roots.complete(connection.organization_id):
            raise Denied("optout_index")
    template, params, extra = args.get("template"), args.get("params"), args.get("extra")
    to = args.get("to")
    if not isinstance(to, str) or not _is_recipient(to):
        raise Denied("bad_number")
    if not isinstance(template, dict) or not _texts(params) or not _is_extra(extra):
        raise Denied("bad_arguments")
    ref = TemplateRef(*(str(template.get(key, "")) for key in ("name", "lang", "id")))
    outcome = send_test(
        connection,
        template=ref,
        to=to,
        params=params or [],
        extra=extra or None,
        file=_file(args.get("media")),
    )
    return _told(outcome)


def _file(value: Any) -> TestFile | None:
    """`{mime, data}` of a test message's header, or None. Raises Denied."""
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"mime", "data"}:
        raise Denied("bad_arguments")
    return TestFile(wire.unb64(value["data"]), wire.text(value["mime"], 128))


def _answer(request: Request) -> dict[str, Any]:
    connection, to, text = _connection(request), request.args.get("to"), request.args.get("text")
    if not isinstance(to, str) or not _is_recipient(to):
        raise Denied("bad_number")
    if not isinstance(text, str) or not text.strip():
        raise Denied("bad_arguments")
    return _told(send_text(connection, to=to, text=text))


def _told(outcome: SingleOutcome) -> dict[str, Any]:
    result: dict[str, Any] = {"outcome": outcome.outcome}
    if outcome.code is not None:
        rule = rule_for(outcome.code)
        result |= {"code": outcome.code, "tr": rule.sentence_tr, "en": rule.sentence_en}
    return result


def _is_recipient(name: str) -> bool:
    return is_number(name) or is_user_id(name)


def _texts(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value))


def _is_extra(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict) and _texts(value.get("h")) and _texts(value.get("b"))
    )


def _change_opt_outs(request: Request) -> dict[str, Any]:
    numbers = request.args.get("numbers")
    # The last part of what a browser gives again after the index was lost; it may be empty.
    last = request.op is Op.OPTOUT_ADD and request.args.get("complete") is True
    if not isinstance(numbers, list) or not (0 if last else 1) <= len(numbers) <= MOST_NUMBERS:
        raise Denied("bad_arguments")
    if not all(isinstance(one, str) and _is_recipient(one) for one in numbers):
        raise Denied("bad_number")
    organization, now = _organization(request), clock.now()
    with transaction():
        if request.op is Op.OPTOUT_ADD:
            changed = optouts.add_own(organization, numbers, via=_via(request), at=now)
            if last:
                roots.rebuilt(organization)
            return {"changed": changed}
        lifted = optouts.take_back_own(organization, numbers, at=now)
        for number, via in lifted:
            if via is not OptOutSource.CUSTOMER:  # what a notice said, a notice takes back
                notices.leave(organization, "optout_lifted", now, {"from": number, "via": via})
    return {"changed": len(lifted)}


def _via(request: Request) -> OptOutSource:
    """How the people refused, where a browser gives again what it was told before."""
    try:
        return OptOutSource(request.args.get("via", OptOutSource.CUSTOMER))
    except ValueError:
        raise Denied("bad_arguments") from None


def _ask(connection: Connection, call: Callable[[CloudApi], Any]) -> Any:
    """One call to Meta as the connected business."""

    async def asked() -> Any:
        graph = context.graph_settings()
        async with aiohttp.ClientSession() as http:
            api = CloudApi(
                http, base_url=graph.base_url, version=graph.version, token=connection.token
            )
            return await call(api)

    return asyncio.run(asked())


OPERATIONS: Mapping[Op, Callable[[Request], dict[str, Any]]] = {
    Op.CONNECT: _connect,
    Op.DISCONNECT: _disconnect,
    Op.REPIN: _repin,
    Op.TEMPLATES: _templates,
    Op.LINE_INFO: _line_info,
    Op.TEST_SEND: _test_send,
    Op.ANSWER: _answer,
    Op.OPTOUT_ADD: _change_opt_outs,
    Op.OPTOUT_REMOVE: _change_opt_outs,
}
