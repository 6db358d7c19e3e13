"""The command: says where it listens in one JSON line, then runs until SIGTERM."""

import argparse
import asyncio
import errno
import json
import signal
import sys
from pathlib import Path

from whatstr.simulator.stripe.server import Server


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m whatstr.simulator.stripe")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, help="folder that keeps the state over restarts")
    parser.add_argument("--api-key", action="append", required=True, help="may be repeated")
    parser.add_argument("--webhook-url")
    parser.add_argument("--webhook-secret")
    return parser.parse_args()


async def _run(given: argparse.Namespace) -> None:
    server = Server(
        api_keys=given.api_key,
        folder=given.data,
        webhook_url=given.webhook_url,
        webhook_secret=given.webhook_secret,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    url = await server.start(host=given.host, port=given.port)
    print(json.dumps({"url": url}), flush=True)
    await stopping.wait()
    await server.stop()


def main() -> int:
    """Run it; 1 and one sentence when it cannot listen or keep its state."""
    given = _arguments()
    try:
        asyncio.run(_run(given))
    except OSError as wrong:
        place = f"{given.host}:{given.port}"
        why = "the port is taken" if wrong.errno == errno.EADDRINUSE else wrong.strerror
        print(f"Stripe simulator: cannot start on {place}: {why}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
