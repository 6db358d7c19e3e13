"""The staff panel: Flask-Admin as the frame, workplaces of our own, registers, verbs."""

from __future__ import annotations

from urllib.parse import urlsplit

import flask
from flask_admin import Admin

from whatstr import settings_of
from whatstr.core import web
from whatstr.core.errors import NotAllowed
from whatstr.core.security import admin_csp, nonce
from whatstr.extensions import SESSION_LOADER, csrf, login_manager


def init_app(app: flask.Flask) -> None:
    from whatstr.admin import (
        access,
        flask_admin_words,
        frame,
        second_factor,  # noqa: F401 - has doors
        sentences,
        simulator_page,
    )
    from whatstr.admin.home import Home
    from whatstr.admin.registers import views as registers
    from whatstr.admin.signin import doors
    from whatstr.admin.workplaces import views as workplaces

    # Our pages send no referrer at all, so the origin is checked instead (below).
    app.config["WTF_CSRF_SSL_STRICT"] = False
    csrf.init_app(app)
    login_manager.init_app(app)
    login_manager.session_protection = None
    app.extensions[SESSION_LOADER] = access.load_staff
    networks = access.read_networks(settings_of(app).get("WHATSTR_STAFF_NETWORKS") or "")
    if networks:
        app.before_request(access.only_from(networks))
    app.before_request(_same_origin)
    app.after_request(web.set_csp(admin_csp))
    app.context_processor(frame.context)
    app.register_blueprint(doors)
    flask_admin_words.install()
    panel = Admin(
        app,
        name="WhatsTR",
        url="/",
        index_view=Home(endpoint="admin", url="/"),
        csp_nonce_generator=nonce,
    )
    stand_in = simulator_page.address(settings_of(app))
    if stand_in:
        panel.add_view(simulator_page.Simulator(stand_in))
    for view in (*workplaces(), *registers()):
        panel.add_view(view)
    for view in panel._views:
        web.gate(app, view.blueprint.name)
    web.register_sentences(app, sentences.SENTENCES)


def _same_origin() -> None:
    """A form of another page cannot reach the panel, even with a token it got hold of. Our own
    pages send `Origin: null`, since they send no referrer: then the browser's own word counts."""
    request = flask.request
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    origin = request.headers.get("Origin", "null")
    site = request.headers.get("Sec-Fetch-Site", "none")
    foreign = origin != "null" and urlsplit(origin).netloc != request.host
    if foreign or site not in ("same-origin", "none"):
        raise NotAllowed("origin")
