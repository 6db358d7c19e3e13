"""`python -m whatstr.simulator.stripe`: one line when ready, quiet end, one sentence on trouble."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import requests

COMMAND = [sys.executable, "-m", "whatstr.simulator.stripe", "--api-key", "sk_test_k"]


def test_runs_until_told_and_keeps_its_state(tmp_path: Path) -> None:
    command = [*COMMAND, "--data", str(tmp_path / "stripe")]
    for count in (1, 2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                url = json.loads(process.stdout.readline())["url"]
                auth = ("sk_test_k", "")
                requests.post(f"{url}/v1/customers", data={"name": "a"}, auth=auth, timeout=10)
                found = requests.get(f"{url}/v1/customers", auth=auth, timeout=10).json()
                assert len(found["data"]) == count
            finally:
                process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            assert process.stdout.read() == ""


def test_taken_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "--port", port], capture_output=True, text=True, timeout=30, check=False
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"Stripe simulator: cannot start on 127.0.0.1:{port}: the port is taken.\n"
    )
