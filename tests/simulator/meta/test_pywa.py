"""An independent client, pywa, sends through the simulator and reads its webhooks.

pywa's address of Meta is fixed in its code, so its HTTP client gets a transport that rewrites
the address. pywa reads the first entry, change and status of a webhook only: batches of one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from pywa import WhatsApp, filters, types
from pywa.errors import (
    TemplateNotExists,
    TemplateParamCountMismatch,
    TooManyMessages,
    WhatsAppError,
)
from pywa.types.templates import BodyText, QuickReplyButton, TemplateLanguage, TemplateStatus

from tests.simulator.meta.stage import CALM, LINE, WABA
from whatstr.simulator.meta import MetaConfig, MetaThread, run_in_thread, seed


class Rewriting(httpx.BaseTransport):
    """Sends what is meant for Meta to the simulator."""

    def __init__(self, url: str) -> None:
        self._url = httpx.URL(url)
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(
            scheme=self._url.scheme, host=self._url.host, port=self._url.port
        )
        request.headers["Host"] = self._url.netloc.decode()
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class Peer:
    """pywa on both sides: it sends, and a small server hands it the webhooks."""

    def __init__(self) -> None:
        self.updates: list[Any] = []
        self.arrived = threading.Condition()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                query = httpx.URL(self.path).params
                told, status = peer.wa.webhook_challenge_handler(
                    vt=query["hub.verify_token"], ch=query["hub.challenge"]
                )
                self.answer(status, told)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mark = self.headers["X-Hub-Signature-256"]
                refused = peer.wa.webhook_update_validator(body, mark)
                told, status = refused or peer.wa.webhook_update_handler(update=body)
                self.answer(status, told)

            def answer(self, status: int, text: str) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        host, port = self.server.server_address[:2]
        config = MetaConfig(
            webhook_url=f"http://{host!s}:{port}/",
            settings={**CALM, "webhook_batch": 1, "webhook_parallel": 1, "pair_burst": 3},
        )
        self.meta: MetaThread = run_in_thread(config)
        self.http = httpx.Client(mounts={"https://": Rewriting(self.meta.url)})
        self.wa = WhatsApp(
            phone_id=LINE,
            token=seed.TOKEN,
            session=self.http,
            server=None,
            verify_token=config.verify_token,
            app_id=config.app_id,
            app_secret=config.app_secret,
            waba_id=WABA,
            api_version=25.0,
        )
        self.wa.on_raw_update()(self._raw)
        self.wa.on_message(filters.true)(self._take)
        self.wa.on_message_status(filters.true)(self._take)
        self.wa.on_callback_button(filters.true)(self._take)
        self.wa.on_user_marketing_preferences(filters.true)(self._take)

        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def _raw(self, wa: WhatsApp, update: Any) -> None:
        pass

    def _take(self, wa: WhatsApp, update: Any) -> None:
        with self.arrived:
            self.updates.append(update)
            self.arrived.notify_all()

    def wait(self, wanted: type[Any], count: int = 1) -> list[Any]:
        """The first `count` updates of a kind; fails after five seconds."""

        def found() -> list[Any]:
            return [update for update in self.updates if isinstance(update, wanted)]

        with self.arrived:
            assert self.arrived.wait_for(lambda: len(found()) >= count, 5), self.updates
            return found()

    def close(self) -> None:
        # Let it hand over what it owes, so that no connection is cut in the middle.
        self.http.get(f"{self.meta.url}/_sim/webhooks?wait=5")
        self.meta.close()
        self.http.close()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    made.wa.api.send_raw_request("POST", f"/{WABA}/subscribed_apps")
    yield made
    made.close()


PERSON = "+905321234500"


def send(peer: Peer, to: str, **changes: Any) -> Any:
    """Send the seeded marketing template as pywa builds it."""
    given: dict[str, Any] = {
        "name": "hafta_sonu_firsati",
        "language": TemplateLanguage.TURKISH,
        "params": [
            BodyText.params("Ali", "%10"),
            QuickReplyButton.params(callback_data="optout", index=0),
        ],
        **changes,
    }
    return peer.wa.send_template(to=to, tracker="m1:abc", **given)


def test_statuses_come_back_with_the_opaque_text(peer: Peer) -> None:
    sent = send(peer, PERSON)
    told = peer.wait(types.MessageStatus, 3)
    assert {status.id for status in told} == {sent.id}
    assert [status.status.value for status in told] == ["sent", "delivered", "read"]
    assert {status.tracker for status in told} == {"m1:abc"}
    assert told[0].pricing.category.value == "marketing"
    assert told[0].from_user.wa_id == PERSON[1:]


def test_replies_and_taps_are_understood(peer: Peer) -> None:
    send(peer, "+905321234220")
    [message] = peer.wait(types.Message)
    assert message.text == "DUR" and message.from_user.wa_id == "905321234220"
    sent = send(peer, "+905321234230")
    [button] = peer.wait(types.CallbackButton)
    assert button.data == "optout" and button.reply_to_message.id == sent.id


def test_the_stop_switch_is_understood(peer: Peer) -> None:
    send(peer, "+905321234296")
    [preference] = peer.wait(types.UserMarketingPreferences)
    assert not preference and preference.from_user.wa_id == "905321234296"


def test_refusals_become_its_errors(peer: Peer) -> None:
    with pytest.raises(TemplateNotExists):
        send(peer, PERSON, name="yok")
    with pytest.raises(TemplateParamCountMismatch):
        send(peer, PERSON, params=[BodyText.params("Ali")])
    for _ in range(3):
        send(peer, PERSON)
    with pytest.raises(TooManyMessages):
        send(peer, PERSON)
    with pytest.raises(WhatsAppError, match="messaging_product"):
        peer.wa.api.send_raw_request("POST", f"/{LINE}/messages", json={"to": PERSON})


def test_lines_templates_media_and_profile(peer: Peer) -> None:
    line = peer.wa.get_business_phone_number()
    assert line.id == LINE and line.display_phone_number == "+90 850 555 00 01"
    listed = {template.name: template for template in peer.wa.get_templates()}
    assert listed["son_gunler"].status is TemplateStatus.PAUSED
    media = peer.wa.upload_media(media=b"\x89PNG" * 9, mime_type="image/png", filename="a.png")
    with httpx.Client(headers={"Authorization": f"Bearer {seed.TOKEN}"}) as plain:
        url = peer.wa.get_media_url(media.id)
        assert plain.get(url.url).content == b"\x89PNG" * 9
    peer.wa.update_business_profile(about="Çiçekçi")
    assert peer.wa.get_business_profile().about == "Çiçekçi"
    peer.wa.block_users([PERSON])
    with pytest.raises(WhatsAppError):
        peer.wa.api.get_template("1")
