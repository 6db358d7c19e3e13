"""The client of Meta against the simulator, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import pytest
from aiohttp import web

from whatstr.lines import cloud_api
from whatstr.lines.cloud_api import CloudApi, GraphError, NotSent, OutcomeUnknown
from whatstr.sending import posting, unread
from whatstr.simulator.meta import MetaThread, seed

T = TypeVar("T")
BODY = b'{"messaging_product": "whatsapp", "to": "+905321112233", "type": "text"}'


def call(url: str, use: Callable[[CloudApi], Awaitable[T]], *, token: str = seed.TOKEN) -> T:
    async def run() -> T:
        async with aiohttp.ClientSession() as session:
            return await use(CloudApi(session, base_url=url, version="v25.0", token=token))

    return asyncio.run(run())


def against(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Send one message to a server that behaves as `handler` says."""

    async def run() -> Any:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handler)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with aiohttp.ClientSession() as session:
                api = CloudApi(session, base_url=url, version="v25.0", token="t")
                return await api.send("1", BODY)
        finally:
            await runner.cleanup()

    return asyncio.run(run())


def test_it_reads_lines_and_every_page_of_templates(meta: MetaThread) -> None:
    line = call(meta.url, lambda api: api.phone_number(seed.LINE_IDS[0]))
    templates = call(meta.url, lambda api: api.templates(seed.WABA_ID))
    numbers = call(meta.url, lambda api: api.phone_numbers(seed.WABA_ID))
    health = call(meta.url, lambda api: api.health(seed.LINE_IDS[0]))

    assert line["status"] == "CONNECTED"
    assert len({one["id"] for one in templates}) == len(templates) >= 4
    assert {one["id"] for one in numbers} == set(seed.LINE_IDS)
    assert health["can_send_message"] in {"AVAILABLE", "BLOCKED"}


def test_pages_are_followed_by_cursor(meta: MetaThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whatstr.lines.cloud_api.PAGE", 1)

    templates = call(meta.url, lambda api: api.templates(seed.WABA_ID))

    assert len({one["name"] for one in templates}) >= 4


def test_a_template_is_found_by_its_whole_name(meta: MetaThread) -> None:
    found = call(meta.url, lambda api: api.template(seed.WABA_ID, "siparis_yolda", "tr"))
    part = call(meta.url, lambda api: api.template(seed.WABA_ID, "siparis", "tr"))

    assert found is not None
    assert found["components"][0]["type"] == "BODY"
    assert part is None


def test_a_wrong_token_is_refused_by_number(meta: MetaThread) -> None:
    with pytest.raises(GraphError) as raised:
        call(meta.url, lambda api: api.phone_number(seed.LINE_IDS[0]), token="wrong")

    assert raised.value.number == 190
    assert "wrong" not in str(raised.value)


def test_webhooks_are_asked_for_and_ended(meta: MetaThread) -> None:
    call(meta.url, lambda api: api.subscribe(seed.WABA_ID))
    assert meta.simulator.world.wabas[seed.WABA_ID].subscribed
    call(meta.url, lambda api: api.unsubscribe(seed.WABA_ID))
    assert not meta.simulator.world.wabas[seed.WABA_ID].subscribed


def test_details_stay_out_of_what_is_logged() -> None:
    error = GraphError(131009, details="+905321112233 is bad")

    assert "9053" not in str(error) + repr(error) + repr(error.context)


def test_no_connection_is_not_sent() -> None:
    with pytest.raises(NotSent):
        call("http://127.0.0.1:1", lambda api: api.send("1", BODY))


def test_a_connection_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its person may refuse meanwhile: a message leaves soon after the last look, or not at all."""
    waits = cloud_api._TIMEOUT
    assert unread.LATE.total_seconds() + posting.LOOK_SECONDS + (waits.connect or 99) < 10
    monkeypatch.setattr(cloud_api, "_TIMEOUT", aiohttp.ClientTimeout(total=30, connect=0.2))
    with socket.socket() as server, socket.socket() as first:
        server.bind(("127.0.0.1", 0))
        server.listen(0)  # room for one, who is never let in
        first.connect(server.getsockname())
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(NotSent):
            call(url, lambda api: api.send("1", BODY))


async def _drop(request: web.Request) -> web.StreamResponse:
    await request.read()
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def _no_words(request: web.Request) -> web.StreamResponse:
    return web.Response(status=502, text="<html>bad gateway</html>")


async def _no_code(request: web.Request) -> web.StreamResponse:
    return web.json_response({"error": {"message": "?"}}, status=500)


async def _moved(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"})


@pytest.mark.parametrize("handler", [_drop, _no_words, _no_code, _moved])
def test_without_words_of_meta_the_outcome_is_unknown(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> None:
    with pytest.raises(OutcomeUnknown):
        against(handler)


async def _odd_success(request: web.Request) -> web.StreamResponse:
    return web.Response(status=201, text="thank you")


def test_any_2xx_is_accepted() -> None:
    accepted = against(_odd_success)

    assert (accepted.wamid, accepted.wa_id) == (None, None)


async def _server_error(request: web.Request) -> web.StreamResponse:
    return web.json_response({"error": {"code": 131000}}, status=500)


def test_a_code_decides_whatever_the_status() -> None:
    with pytest.raises(GraphError) as raised:
        against(_server_error)

    assert raised.value.number == 131000
