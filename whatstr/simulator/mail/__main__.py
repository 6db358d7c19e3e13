"""`python -m whatstr.simulator.mail`: prints one JSON line with its addresses when it is ready."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading

from whatstr.simulator.mail.server import MailSimulator


def main() -> int:
    """Run until SIGTERM or Ctrl-C; 1 with one sentence if it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m whatstr.simulator.mail", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=0)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        simulator = MailSimulator(smtp_port=given.smtp_port, http_port=given.port)
        simulator.start()
    except OSError as wrong:
        print(f"The mail simulator cannot start: {wrong.strerror}.", file=sys.stderr)
        return 1
    print(json.dumps({"url": simulator.url, "smtp_url": simulator.smtp_url}), flush=True)
    stop.wait()
    simulator.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
