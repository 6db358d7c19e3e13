"""Landing page and documents."""

from __future__ import annotations

import re

import flask
from sqlalchemy import select
from werkzeug.wrappers import Response

from whatstr import ROOT
from whatstr.billing.queries import plans_on_sale
from whatstr.core.db import session
from whatstr.core.i18n import language
from whatstr.core.security import open_to_all
from whatstr.privacy.processors import listed_processors
from whatstr.public import public

_DOCUMENTS = {"/kosullar": "terms", "/gizlilik": "privacy"}
_PAGES = {"/guvenlik": "security", "/cerezler": "cookies"}
_LIST_LIFE = 600  # seconds
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")


@public.get("/")
@open_to_all
def landing() -> str:
    turkish = language() == "tr"
    plans = [
        {
            "title": plan.title_tr if turkish else plan.title_en,
            "description": plan.description_tr if turkish else plan.description_en,
            "price_kurus": plan.price_kurus,
            "credits": plan.credits,
            "interval": plan.interval,
        }
        for plan in plans_on_sale()
    ]
    return flask.render_template("public/landing.html", plans=plans)


@public.get("/islemciler")
@open_to_all
def processors() -> Response:
    """Who works for us, from the register that staff keep. Caches hold the page for ten minutes;
    after that they ask again and are told that nothing changed."""
    rows = listed_processors()
    answer = flask.make_response(flask.render_template("public/processors.html", rows=rows))
    if "lang" not in flask.request.args:  # that one sets a cookie
        answer.cache_control.public = True
        answer.cache_control.max_age = _LIST_LIFE
        answer.vary.update(("Accept-Language", "Cookie"))
        answer.add_etag()
        answer.make_conditional(flask.request)
    return answer


def _page(template: str) -> str:
    return flask.render_template(f"public/{template}.html")


def _document(template: str) -> str:
    """A document, in an older version with `?v=`."""
    version = flask.request.args.get("v", "")
    texts = ROOT / "templates" / "public" / "legal"
    known = _VERSION.fullmatch(version) and (texts / f"{template}-{version}.tr.html").exists()
    return flask.render_template(f"public/{template}.html", version=version if known else None)


def _route(path: str, name: str, *, document: bool) -> None:
    @open_to_all
    def show() -> str:
        return _document(name) if document else _page(name)

    public.add_url_rule(path, name, show, methods=["GET"])


for _path, _name in _PAGES.items():
    _route(_path, _name, document=False)
for _path, _name in _DOCUMENTS.items():
    _route(_path, _name, document=True)
_route("/tercihler", "preferences", document=False)


@public.get("/health")
@open_to_all
def health() -> str:
    """200 once the database answers."""
    session().execute(select(1))
    return "ok"
