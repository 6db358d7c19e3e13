"""A small stand-in for web and sender, so that the vault's clients can be tried by themselves.

It keeps what docs/api.md says in memory, opens sealed requests and headers with the sender's
keys, and can lose connections on demand. The real server has its own tests.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from tests.vault.fake_accounts import Accounts, Stored
from tests.vault.fake_door import Door, route
from tests.vault.fake_world import KEY, Refuse, World
from whatstr.vault import wire


class Sending(Door):
    """Requests to the sender, notices, campaigns."""

    # -- requests, notices

    @route("GET", r"template-states")
    def template_states(self) -> Any:
        state = self.world.template_state
        return {"templates": {KEY: state} if state else {}}

    @route("POST", r"lines/(\w+)/label")
    def label(self, line: str) -> Any:
        return 204, None

    @route("POST", "requests")
    def post_request(self) -> Any:
        name = self.args["id"]
        answer = self.world.serve(self.organization, name, wire.unb64(self.args["seal"]))
        self.world.requests[name] = {"state": "answered", "answer": answer}
        return 202, {"id": name, "state": "waiting"}

    @route("GET", r"requests/(\w+)")
    def get_request(self, name: str) -> Any:
        return self.world.requests[name]

    @route("DELETE", r"requests/(\w+)")
    def delete_request(self, name: str) -> Any:
        del self.world.requests[name]
        return 204, None

    @route("GET", "notices")
    def get_notices(self) -> Any:
        return {"notices": [n for n in self.world.notices if n["_o"] == self.organization]}

    @route("DELETE", r"notices/(\w+)")
    def delete_notice(self, name: str) -> Any:
        self.world.notices[:] = [n for n in self.world.notices if n["id"] != name]
        return 204, None

    # -- campaigns

    @route("POST", r"campaigns/(\w+)/seal")
    def reseal(self, name: str) -> Any:
        self.world.campaigns[name].update(self.args, state="queued")
        return {"id": name, "state": "queued"}

    @route("POST", "campaigns")
    def post_campaign(self) -> Any:
        name = self.args["id"]
        fresh = {**self.args, "state": "uploading", "_o": self.organization, "parts": {}}
        stored = self.world.campaigns.setdefault(name, fresh)
        return 201, {"id": name, "state": "uploading", "have": sorted(stored["parts"])}

    @route("GET", r"campaigns/(\w+)/chunks")
    def campaign_chunks(self, name: str) -> Any:
        return {"have": sorted(self.world.campaigns[name]["parts"])}

    @route("PUT", r"campaigns/(\w+)/chunks/(\d+)")
    def put_chunk(self, name: str, no: str) -> Any:
        self.world.puts.append(f"job {no}")
        self.world.campaigns[name]["parts"][int(no)] = self.raw
        return 204, None

    @route("GET", r"campaigns/(\w+)/chunks/(\d+)")
    def get_chunk(self, name: str, no: str) -> Any:
        return self.world.campaigns[name]["parts"][int(no)]

    @route("POST", r"campaigns/(\w+)/commit")
    def commit(self, name: str) -> Any:
        stored = self.world.campaigns[name]
        missing = [no for no in range(stored["chunks"]) if no not in stored["parts"]]
        if missing:
            raise Refuse(422, "chunks_missing", missing=missing)
        stored["state"] = "scheduled" if stored["due_at"] else "queued"
        return {"state": stored["state"]}

    def shown(self, name: str) -> dict[str, Any]:
        if name not in self.world.campaigns:
            raise Refuse(404, "not_found")
        stored = self.world.campaigns[name]
        return {k: v for k, v in stored.items() if k not in ("parts", "header", "_o")}

    @route("GET", "campaigns")
    def get_campaigns(self) -> Any:
        return {"campaigns": [self.shown(name) for name in self.world.campaigns]}

    @route("GET", r"campaigns/(\w+)")
    def get_campaign(self, name: str) -> Any:
        return self.shown(name)

    @route("GET", r"campaigns/(\w+)/messages")
    def get_messages(self, name: str) -> Any:
        rows = self.world.campaigns[name].get("messages", [])
        after = int(self.args["after"])
        some = [row for row in rows if row[0] > after][:2]
        return {"rows": some, "next": some[-1][0] if len(some) == 2 else None}

    @route("GET", r"campaigns/(\w+)/failures")
    def get_failures(self, name: str) -> Any:
        return {"failures": [{"code": 131026, "count": 1, "action": "x", "sentence": "Yok."}]}


class FakeApi(Accounts, Stored, Sending):
    """The whole API."""


@contextmanager
def fake_api() -> Iterator[tuple[str, World]]:
    """The stand-in on a free port; gives its address and its memory."""
    world = World()
    handler = type("Handler", (FakeApi,), {"world": world})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
