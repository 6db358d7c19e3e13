"""The list of sums of what this server says it sends to browsers; the page /surum compares."""

from __future__ import annotations

from typing import Any

import flask

from whatstr import __version__, bundle
from whatstr.core.security import open_to_all
from whatstr.portal import api
from whatstr.portal.pages import SHELLS

_KEPT = "whatstr_bundle"


@api.get("/bundle")
@open_to_all
def published() -> dict[str, Any]:
    app = flask.current_app
    found: bundle.Bundle = app.extensions.get(_KEPT) or bundle.of_source(
        app._get_current_object(),  # type: ignore[attr-defined]
        SHELLS,
    )
    if not app.debug:  # files of a release do not change; those of a developer do
        app.extensions[_KEPT] = found
    return {
        "version": __version__,
        "root": found.root,
        "files": [
            {"path": path, "sha256": found.files[path], "url": bundle.address_of(path)}
            for path in sorted(found.files)
        ],
    }
