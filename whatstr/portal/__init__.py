"""The customer's shell: page shells without customer data, and the JSON API under /api.

How an API module is written: import `api` from here and `member_access`, `current_member`,
`actor` from `whatstr.portal.access`, the readers of a request from `whatstr.portal.inputs`; wrap
each service in `transaction()`. `SENTENCES` of the module maps the error codes of its domain to
words (`dict[str, Callable[[DomainError], str]]`), `REASONS` the reasons of InvalidInput. Then put
the module's name into `MODULES`.
"""

from __future__ import annotations

import importlib
import uuid
from types import ModuleType

import flask
from werkzeug.routing import BaseConverter

from whatstr.core.security import PANEL_CSP, check_origin
from whatstr.core.web import register_sentences, set_csp
from whatstr.extensions import SESSION_LOADER, csrf, login_manager

api = flask.Blueprint("api", __name__, url_prefix="/api")
shells = flask.Blueprint("portal", __name__)
# The origin check below stands in for form tokens, which a JSON API has none of.
csrf.exempt(api)
api.before_request(check_origin)
shells.after_request(set_csp(PANEL_CSP))


class IdConverter(BaseConverter):
    """`<uuid:…>` in a path: 32 lower-case hex digits, as everywhere in the API."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> uuid.UUID:
        return uuid.UUID(hex=value)

    def to_url(self, value: uuid.UUID) -> str:
        return value.hex


MODULES = (
    "api_accounts",
    "api_billing",
    "api_bundle",
    "api_campaigns",
    "api_config",
    "api_departures",
    "api_documents",
    "api_line_health",
    "api_lines",
    "api_lists",
    "api_member",
    "api_members",
    "api_progress",
    "api_records",
    "api_rekey",
    "api_requests",
    "api_second_factor",
    "api_sending",
    "api_statements",
    "api_support",
    "api_views",
)


def _modules() -> list[ModuleType]:
    return [importlib.import_module(f"{__name__}.{name}") for name in MODULES]


def init_app(app: flask.Flask) -> None:
    from whatstr.portal import access, sentences
    from whatstr.portal import pages as _routes  # noqa: F401 - registers its routes

    loaded = _modules()
    app.url_map.converters["uuid"] = IdConverter
    if "csrf" not in app.extensions:
        csrf.init_app(app)
    login_manager.init_app(app)
    login_manager.session_protection = None
    app.extensions[SESSION_LOADER] = access.load_member
    app.register_blueprint(api)
    app.register_blueprint(shells)
    register_sentences(app, sentences.SENTENCES)
    for module in loaded:
        register_sentences(app, getattr(module, "SENTENCES", {}))
        sentences.add_reasons(getattr(module, "REASONS", {}))
