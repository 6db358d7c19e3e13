"""Static files under an address that names what they are, so that browsers may keep them for good.

A page of the panel is made of some fifty small files. At addresses that stay the same a browser
asks for each of them again at every page, which takes a phone two seconds; here it asks for none.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

import flask
from werkzeug import Response

from whatstr.core.security import open_to_all

STATIC = Path(__file__).parents[1] / "static"
FOREVER = "public, max-age=31536000, immutable"
_NAMED = re.compile(
    r'\bfrom\s*"(\.[^"]+)"|\bimport\s*\(?"(\.[^"]+)"'
    r'|new URL\("(\.[^"]+\.mjs)", import\.meta\.url\)'
)
"""How a module of ours names another: imported, imported later, or run as a Worker."""
_VERSION = re.compile(r"[0-9a-f]{16}")


def files() -> list[str]:
    """Paths within the static folder, sorted."""
    found = (path for path in STATIC.rglob("*") if path.is_file())
    return sorted(path.relative_to(STATIC).as_posix() for path in found)


@cache
def address() -> str:
    """Where this process shows the static folder: 16 hex digits stand for every byte in it, as it
    was when the process asked first."""
    every = hashlib.sha256()
    for path in files():
        digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()
        every.update(f"{digest}  {path}\n".encode())
    return f"/static/{every.hexdigest()[:16]}"


@cache
def modules(entry: str) -> tuple[str, ...]:
    """Every module that one needs, itself first: paths within the static folder. A page that names
    them all has them after one round trip, not after one for each step from module to module."""
    found: dict[str, None] = {}
    waiting = [STATIC / entry]
    while waiting:
        at = waiting.pop()
        path = at.relative_to(STATIC).as_posix()
        if path not in found:
            found[path] = None
            text = at.read_text(encoding="utf-8")
            waiting += [
                (at.parent / next(filter(None, one))).resolve() for one in _NAMED.findall(text)
            ]
    return tuple(found)


@open_to_all
def of_any_release(filename: str) -> Response:
    """A page that was opened before a release asks at the address of its own time, and programs
    may name none: both get the files of today, and ask again each time."""
    first, _, rest = filename.partition("/")
    return flask.current_app.send_static_file(rest if _VERSION.fullmatch(first) else filename)


def _keep(response: flask.Response) -> flask.Response:
    inside = flask.request.path.startswith(f"{flask.current_app.static_url_path}/")
    if inside and response.status_code in (200, 206, 304):
        response.headers["Cache-Control"] = FOREVER
        # Flask-Login looks into the session of every request. These answers do not depend on it:
        # with "Vary: Cookie" a browser would ask for all of them again whoever signs in.
        flask.session.accessed = False
    return response


def init_app(app: flask.Flask) -> None:
    """The application was made with `static_url_path=address()`."""
    app.add_url_rule("/static/<path:filename>", "of_any_release", of_any_release)
    app.after_request(_keep)
    app.jinja_env.globals["modules"] = modules
