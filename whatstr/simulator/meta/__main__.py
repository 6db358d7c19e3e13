"""`python -m whatstr.simulator.meta`: prints one JSON line with the address when it is ready."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import signal
import sys
from pathlib import Path

import uvloop

from whatstr.simulator.meta.server import MetaConfig, MetaSimulator


def _config(arguments: list[str] | None) -> MetaConfig:
    defaults = MetaConfig()
    parser = argparse.ArgumentParser(prog="whatstr.simulator.meta", description=__doc__)
    parser.add_argument("--host", default=defaults.host)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--data", type=Path, help="folder to remember in; without it, nothing is")
    parser.add_argument("--app-id", default=defaults.app_id)
    parser.add_argument("--app-secret", default=defaults.app_secret)
    parser.add_argument("--verify-token", default=defaults.verify_token)
    parser.add_argument("--webhook-url", help="the app's webhook address")
    parser.add_argument("--settings", default="{}", help="settings to begin with, as JSON")
    given = parser.parse_args(arguments)
    try:
        settings = json.loads(given.settings)
    except ValueError:
        parser.error("--settings is not JSON")
    return MetaConfig(
        app_id=given.app_id,
        app_secret=given.app_secret,
        verify_token=given.verify_token,
        webhook_url=given.webhook_url,
        host=given.host,
        port=given.port,
        data=given.data,
        settings=settings,
    )


async def _serve(config: MetaConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with MetaSimulator(config) as simulator:
        print(json.dumps({"url": simulator.url}), flush=True)
        await stop.wait()


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or Ctrl-C; 1 with one sentence if it cannot start."""
    config = _config(arguments)
    # Messages are kept, so they are no rubbish: by default Python looked through all of them every
    # few thousand objects and answered nobody meanwhile, for seconds on a busy machine.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        uvloop.run(_serve(config))
    except (OSError, ValueError) as wrong:
        print(f"The Meta simulator cannot start: {wrong}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
