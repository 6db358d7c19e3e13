"""What every web process does with a request: deny by default, headers, ids, plain errors."""

from __future__ import annotations

from collections.abc import Callable

import flask
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from whatstr.config import Settings
from whatstr.core import logs
from whatstr.core.errors import DomainError
from whatstr.core.security import PUBLIC_CSP, access_of, request_id

log = logs.get_logger(__name__)
Sentence = Callable[[DomainError], str]
PAGES = (400, 401, 403, 404, 405, 409, 413, 429, 500, 503)


def is_api() -> bool:
    """Whether the caller speaks JSON."""
    return flask.request.path.startswith("/api/")


def set_csp(policy: str | Callable[[], str]) -> Callable[[Response], Response]:
    """An after_request function for a blueprint with a policy of its own."""

    def apply(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy() if callable(policy) else policy
        return response

    return apply


def _deny_by_default() -> None:
    """A view that names no access rule is not reachable, whatever it does."""
    endpoint = flask.request.endpoint
    if endpoint is None:
        return  # 404 and 405 are raised by the router
    if endpoint == "static" or endpoint.endswith(".static"):
        return
    if flask.request.blueprint in flask.current_app.extensions["whatstr_gated"]:
        return
    if access_of(flask.current_app.view_functions[endpoint]) is None:
        flask.abort(403)


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", PUBLIC_CSP)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
    headers["X-Request-Id"] = request_id()
    if flask.request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    if not flask.request.path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    return response


def sentence(error: DomainError) -> str:
    """The words for an error in the reader's language; shells register them by code."""
    found: dict[str, Sentence] = flask.current_app.extensions["whatstr_sentences"]
    if error.code in found:
        return found[error.code](error)
    return str(
        _("This cannot be done now. Nothing was changed. Please try again or write to support.")
    )


def _of_status(status: int) -> str:
    """What happened, where an error has a status and no words of its own; the same as its page
    says."""
    if status == 404:
        return str(_("The address is wrong, or what stood here has been removed."))
    if status == 405:
        return str(
            _(
                "The page was asked for in a way that it does not support. This happens when a "
                "form's address is opened directly."
            )
        )
    if status == 413:
        return str(_("What you sent is larger than this page accepts."))
    if status == 503:
        return str(_("A part of the service does not answer right now."))
    if status >= 500:
        return str(_("An error of ours stopped this request. It has been recorded."))
    if status == 403:
        return str(_("Your account does not have the permission that this page asks for."))
    return str(
        _(
            "A part of the request was missing or could not be read. An old page or a form that "
            "stood open for long can be the cause."
        )
    )


def _answer(status: int, code: str, message: str, context: dict[str, object]) -> Response:
    if is_api():
        words = {"code": code, "message": message or _of_status(status), "ref": request_id()}
        body = {"error": {**context, **words}}
        response = flask.jsonify(body)
        response.status_code = status
    else:
        page = status if status in PAGES else 500 if status >= 500 else 400
        text = flask.render_template(
            f"errors/{page}.html", reference=request_id(), code=code, message=message
        )
        response = flask.make_response(text, status)
    retry = context.get("retry_after")
    if retry is not None:
        response.headers["Retry-After"] = str(retry)
    return response


def _on_domain_error(error: DomainError) -> Response:
    log.info("request.refused", code=error.code, status=error.status)
    return _answer(error.status, error.code, sentence(error), dict(error.context))


def _on_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if isinstance(error.response, Response):
        return error.response
    code = "csrf" if isinstance(error, CSRFError) else f"http_{status}"
    response = _answer(status, code, "", {})
    for name, value in error.get_headers():
        if name in ("Allow", "Location", "Retry-After"):
            response.headers[name] = value
    return response


def _on_stale(error: Exception) -> Response:
    return _answer(
        409,
        "conflict",
        _("Somebody else changed this in the meantime. Reload to see it, then repeat your change."),
        {},
    )


def _on_database_away(error: Exception) -> Response:
    log.error("database.away", error=type(error).__name__)
    return _answer(503, "unavailable", _("The service is briefly unavailable. Try again."), {})


def _on_crash(error: Exception) -> Response:
    flask.current_app.logger.exception("crash")
    log.error("request.crashed", error=type(error).__name__)
    return _answer(500, "crash", "", {})


def register_sentences(app: flask.Flask, sentences: dict[str, Sentence]) -> None:
    """Add words for error codes. A code is registered once."""
    known: dict[str, Sentence] = app.extensions["whatstr_sentences"]
    doubled = set(known) & set(sentences)
    if doubled:
        raise ValueError(f"sentences registered twice: {sorted(doubled)}")
    known.update(sentences)


def gate(app: flask.Flask, blueprint: str) -> None:
    """Declare that every view of a blueprint asks for its permission by itself (Flask-Admin)."""
    app.extensions["whatstr_gated"].add(blueprint)


def _begin_log() -> None:
    logs.begin(request=request_id())


def _end_log(error: BaseException | None) -> None:
    logs.begin()


def init_app(app: flask.Flask, settings: Settings) -> None:
    # Browsers send no Referer from our pages (Referrer-Policy), so forms cannot be asked for one;
    # their token is bound to the session cookie and lives as long as it does.
    app.config.update(WTF_CSRF_SSL_STRICT=False, WTF_CSRF_TIME_LIMIT=None)
    app.extensions["whatstr_sentences"] = {}
    app.extensions["whatstr_gated"] = set()
    hops = int(settings.get("WHATSTR_PROXIES") or 0)
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.before_request(_begin_log)
    app.teardown_request(_end_log)
    app.before_request(_deny_by_default)
    app.after_request(_headers)
    app.register_error_handler(DomainError, _on_domain_error)
    app.register_error_handler(StaleDataError, _on_stale)
    for away in (OperationalError, PoolTimeout):
        app.register_error_handler(away, _on_database_away)
    for status in default_exceptions:
        if status >= 400:
            app.register_error_handler(status, _on_http_error)
    app.register_error_handler(Exception, _on_crash)
