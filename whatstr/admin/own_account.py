"""A person's own account: second factors, recovery codes, sessions, password, language."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import flask
from flask_admin import expose
from flask_babel import gettext as _

from whatstr import settings_of
from whatstr.accounts import staff, staff_changes, staff_email, staff_factors, staff_sessions
from whatstr.accounts.models import StaffUser
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, second_factor
from whatstr.admin.views import Page
from whatstr.core.db import session, transaction
from whatstr.core.errors import InvalidInput


class OwnAccount(Page):
    """Endpoint `account`."""

    read = P.SELF

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        person = access.current_staff()
        page: str = self.render(
            "admin/account.html",
            user=session().get_one(StaffUser, person.staff_id),
            factors=staff_factors.factors(person.staff_id),
            codes_left=staff_factors.recovery_codes_left(person.staff_id),
            sessions=staff_sessions.live_staff_sessions(person.staff_id),
            this=person.session_id,
        )
        return page

    @expose("/dogrulama/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SELF, step_up=True)
    def factor(self) -> Any:
        """One more factor: a second passkey is the best spare key."""
        person = access.current_staff()
        if flask.request.method == "POST":
            with transaction():
                right = second_factor.add_factor(access.actor(), person.session_id, person.staff_id)
            if right:
                return forms.back(self.get_url(".index"), [], _("Added."))
            return self._factor_page(_("That was not the right code. Try the next one.")), 400
        return self._factor_page("")

    def _factor_page(self, error: str) -> str:
        person = access.current_staff()
        page: str = self.render(
            "admin/factor.html",
            offer=second_factor.offer(person.session_id, person.staff_id),
            error=error,
        )
        return page

    @expose("/dogrulama/<uuid:factor_id>/sil", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SELF, step_up=True)
    def remove_factor(self, factor_id: uuid.UUID) -> Any:
        with forms.refusals() as said:
            staff_factors.remove_factor(
                actor=access.actor(),
                staff_id=access.current_staff().staff_id,
                factor_id=factor_id,
            )
        return forms.back(self.get_url(".index"), said, _("Removed."))

    @expose("/kodlar", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SELF, step_up=True)
    def codes(self) -> Any:
        """New recovery codes, shown once."""
        with transaction():
            made = staff_factors.new_recovery_codes(
                actor=access.actor(), staff_id=access.current_staff().staff_id
            )
        return self.render(
            "admin/codes.html", codes=made, renewed=True, target=self.get_url(".index")
        )

    @expose("/oturum/<uuid:session_id>/bitir", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SELF)
    def end_session(self, session_id: uuid.UUID) -> Any:
        with forms.refusals() as said:
            staff_changes.end_session(
                actor=access.actor(),
                staff_id=access.current_staff().staff_id,
                session_id=session_id,
            )
        return forms.back(self.get_url(".index"), said, _("The session has ended."))

    @expose("/oturumlar/bitir", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SELF)
    def end_others(self) -> Any:
        person = access.current_staff()
        with forms.refusals() as said:
            staff_changes.end_sessions(
                actor=access.actor(), staff_id=person.staff_id, keep=person.session_id
            )
        return forms.back(self.get_url(".index"), said, _("Every other session has ended."))

    @expose("/parola", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SELF, step_up=True)
    def password(self) -> Any:
        """A new password; every other session ends."""
        person = access.current_staff()
        access.limits().staff_factor(
            staff=person.staff_id.hex, address=access.actor().address or ""
        )
        form = flask.request.form
        with forms.refusals() as said:
            if not staff.check_password(staff_id=person.staff_id, password=form.get("current", "")):
                raise InvalidInput("current", "wrong")
            if form.get("password") != form.get("again"):
                raise InvalidInput("again", "differs")
            staff.set_staff_password(
                actor=access.actor(),
                staff_id=person.staff_id,
                password=form.get("password", ""),
                keep=person.session_id,
            )
        return forms.back(self.get_url(".index"), said, _("Your password is changed."))

    @expose("/eposta", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SELF, step_up=True)
    def email(self) -> Any:
        """Another e-mail address; it changes once the link in its mailbox is followed."""
        person = access.current_staff()
        access.limits().staff_factor(
            staff=person.staff_id.hex, address=access.actor().address or ""
        )
        with forms.refusals() as said:
            staff_email.ask(
                actor=access.actor(),
                staff_id=person.staff_id,
                email=forms.text("email"),
                admin_url=settings_of()["WHATSTR_ADMIN_URL"],
            )
        done = _("A link is on its way to the new address. Nothing changes until you follow it.")
        return forms.back(self.get_url(".index"), said, done)

    @expose("/dil", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SELF)
    def language(self) -> Any:
        """The language of the panel and of e-mails; back to the page where it was chosen."""
        with forms.refusals() as said:
            staff_changes.set_own_language(
                staff_id=access.current_staff().staff_id, language=forms.text("language")
            )
        return forms.back(_in_own_language(access.here()), said, "")


def _in_own_language(target: str) -> str:
    """The page without a language in its address, which would be stronger than the choice."""
    parts = urlsplit(target)
    said = [(name, value) for name, value in parse_qsl(parts.query) if name != "lang"]
    return urlunsplit(parts._replace(query=urlencode(said)))
