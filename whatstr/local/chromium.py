"""Finds the Chromium that the browser journeys drive; run as a program, installs it if it may.

Debian's package is the one thing the tests take from outside the lock files: Playwright's own
browser is a download that many networks refuse.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is the same engine without windows, which costs a third less."""
_PACKAGES = ("chromium-headless-shell", "chromium")
"""Debian's, tried in turn: not every release has the first."""
_BANNER = "=" * 78


def find_chromium() -> Path | None:
    """WHATSTR_CHROMIUM when it is set, else the first known program on the path, else None."""
    named = os.environ.get("WHATSTR_CHROMIUM")
    if named:
        return Path(named) if os.access(named, os.X_OK) else None
    found = (shutil.which(name) for name in _NAMES)
    return next((Path(path) for path in found if path), None)


def install_chromium() -> bool:
    """Install Debian's package; False when this is not root, not Debian, or apt fails."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print("Installing Chromium for the browser journeys …", flush=True)
    if not _apt("update", "--quiet"):
        return False
    # Without a font a page has no text, and the package only recommends one.
    install = ("install", "--yes", "--quiet", "--no-install-recommends", "fonts-liberation")
    return any(_apt(*install, package) for package in _PACKAGES) and find_chromium() is not None


def _apt(*arguments: str) -> bool:
    done = subprocess.run(
        ["apt-get", *arguments],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = " ".join(("apt-get", *arguments))
        print(f"`{words}` failed:\n{done.stdout[-2000:]}", file=sys.stderr)
    return done.returncode == 0


def launch_arguments() -> list[str]:
    """Command line for a browser that talks to this machine alone and asks nobody for updates."""
    arguments = [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    ]
    # Chromium's sandbox refuses to run as root.
    return ["--no-sandbox", *arguments] if os.geteuid() == 0 else arguments


def _warn() -> None:
    named = os.environ.get("WHATSTR_CHROMIUM")
    reason = f"WHATSTR_CHROMIUM={named} cannot be run" if named else "there is no Chromium here"
    print(
        f"{_BANNER}\nTHE BROWSER JOURNEYS DO NOT RUN: {reason}.\n"
        "Install it (Debian: apt-get install chromium) or name one with WHATSTR_CHROMIUM.\n"
        f"{_BANNER}",
        file=sys.stderr,
    )


def main(arguments: list[str]) -> int:
    """Exit status 0 when there is a Chromium; `--missing` only repeats the warning."""
    if "--missing" in arguments:
        _warn()
        return 0
    if find_chromium() is None and not (
        os.environ.get("WHATSTR_CHROMIUM") is None and install_chromium()
    ):
        _warn()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
