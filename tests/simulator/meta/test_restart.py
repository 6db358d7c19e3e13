from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.simulator.meta.stage import CALM, LINE, WABA, Receiver, message, until
from whatstr.simulator.meta import MetaConfig, MetaSimulator, run_in_thread, seed

AUTH = {"Authorization": f"Bearer {seed.TOKEN}"}
ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The simulator as a process; it and its address."""
    command = [sys.executable, "-m", "whatstr.simulator.meta", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            yield running, json.loads(running.stdout.readline())["url"]
        finally:
            running.kill()


def test_a_restart_keeps_what_was_owed(tmp_path: Path) -> None:
    async def play() -> None:
        receiver = await Receiver().start()
        receiver.answers = [500] * 1000
        config = MetaConfig(webhook_url=receiver.url, settings=CALM, data=tmp_path)
        async with MetaSimulator(config) as meta, aiohttp.ClientSession(headers=AUTH) as http:
            await http.post(f"{meta.url}/v25.0/{WABA}/subscribed_apps")
            for number in range(5):
                body = message(f"+90532123450{number}", f"m{number}")
                answer = await http.post(f"{meta.url}/v25.0/{LINE}/messages", json=body)
                assert answer.status == 200
            refuses = {"phone_number_id": LINE, "from": "905321234599", "text": "DUR"}
            await http.post(f"{meta.url}/_sim/inbound", json=refuses)
            made = await (await http.post(f"{meta.url}/_sim/lines", json={"name": "Ege"})).json()
            meta.world.set_stopped(seed.BUSINESS_ID, "905321234598", stop=True)
            await until(lambda: not meta.outcomes.planned and bool(receiver.bodies))
        receiver.bodies.clear()
        receiver.answers.clear()
        async with MetaSimulator(config) as meta:
            assert meta.webhooks.pending
            await until(lambda: not meta.webhooks.pending and not meta.outcomes.planned)
            assert {len(found) for found in meta.world.by_opaque.values()} == {1}
            assert len(meta.world.messages) == 5
            assert all(m.reached for m in meta.world.messages.values())
            assert meta.world.wabas[made["id"]].name == "Ege"
            assert made["tokens"][0] in meta.world.tokens
            assert (seed.BUSINESS_ID, "905321234599") in meta.world.opt_outs
            assert (seed.BUSINESS_ID, "905321234598") in meta.world.stopped
            assert meta.world.window_open(LINE, "905321234599", meta.outcomes.now())
        told = {(s["biz_opaque_callback_data"], s["status"]) for s in receiver.statuses}
        assert {opaque for opaque, _ in told} == {f"m{n}" for n in range(5)}
        assert [m["text"]["body"] for m in receiver.written] == ["DUR"]
        assert receiver.runner is not None
        await receiver.runner.cleanup()

    asyncio.run(play())


def test_what_was_accepted_survives_a_kill(tmp_path: Path) -> None:
    slow = json.dumps({**CALM, "sent_ms": 600_000})

    async def send(url: str) -> None:
        async with aiohttp.ClientSession(headers=AUTH) as http:
            await http.post(f"{url}/v25.0/{WABA}/subscribed_apps")
            posts = [
                http.post(f"{url}/v25.0/{LINE}/messages", json=message(f"+9053212{n:05d}", f"m{n}"))
                for n in range(40)
            ]
            answers = await asyncio.gather(*posts)
            assert {answer.status for answer in answers} == {200}

    with process("--data", str(tmp_path), "--settings", slow) as (running, url):
        asyncio.run(send(url))
        running.send_signal(signal.SIGKILL)
    with run_in_thread(MetaConfig(data=tmp_path, settings=CALM)) as meta:
        kept = meta.simulator.world
        assert sorted(kept.by_opaque) == sorted(f"m{n}" for n in range(40))
        assert kept.wabas[WABA].subscribed


def test_the_process_stops_cleanly_and_refuses_a_taken_port(tmp_path: Path) -> None:
    with process("--port", "0") as (running, url):
        with urllib.request.urlopen(f"{url}/_sim/health", timeout=5) as answer:
            assert json.load(answer)["ok"]
        port = url.rsplit(":", 1)[1]
        second = subprocess.run(
            [sys.executable, "-m", "whatstr.simulator.meta", "--port", port],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1 and "cannot start" in second.stderr
        assert "Traceback" not in second.stderr
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0


def test_in_a_thread_for_tests_that_are_not_asynchronous() -> None:
    meta = run_in_thread()
    with urllib.request.urlopen(f"{meta.url}/_sim/seed", timeout=5) as answer:
        shown: dict[str, Any] = json.load(answer)
    assert shown["businesses"][0]["wabas"][0]["tokens"] == [seed.TOKEN]
    meta.close()
    meta.close()
