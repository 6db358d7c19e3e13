"""Staff accounts: invited, changed, locked, helped back in by an owner."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import flask
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from whatstr import settings_of
from whatstr.accounts import staff_changes, staff_factors, staff_links
from whatstr.accounts.models import StaffRole, StaffState, StaffUser
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.accounts.staff_sessions import live_staff_sessions
from whatstr.admin import access, conflicts, forms, labels
from whatstr.admin.views import EnumFilter, Register
from whatstr.core.crypto import matches, norm_email
from whatstr.core.db import session, transaction
from whatstr.core.errors import Conflict, DomainError
from whatstr.core.web import sentence


class People(Register):
    """Nobody changes their own account here: that is `account`."""

    name = lazy_gettext("Staff")
    lead = lazy_gettext("People of WhatsTR and what they may do.")
    search_hint = lazy_gettext("Full e-mail")
    read = P.STAFF_READ
    can_create = True
    create_permission = P.STAFF_WRITE
    create_label = lazy_gettext("Invite a colleague")
    details_template = "admin/person.html"
    list_template = "admin/people.html"
    column_list = ("display_name", "email_masked", "roles", "state", "signed_in_at")
    column_details_list = (*column_list, "language", "created_at")
    column_default_sort = "display_name"
    column_labels = {  # noqa: RUF012
        "display_name": lazy_gettext("Name"),
        "email_masked": lazy_gettext("E-mail"),
        "roles": lazy_gettext("Roles"),
        "state": lazy_gettext("State"),
        "signed_in_at": lazy_gettext("Last sign-in"),
        "language": lazy_gettext("Language"),
        "created_at": lazy_gettext("Since"),
    }
    column_formatters = labels.columns(
        roles=lambda row: labels.words_of(row.roles, StaffRole),
        language=lambda row: labels.language_name(row.language),
    )
    column_formatters_detail = column_formatters
    column_filters = (EnumFilter(StaffUser.state, lazy_gettext("State"), StaffState),)

    def exact(self, text: str) -> Any:
        return matches(StaffUser.email_ix, "staff_user.email", norm_email(text))

    def invitations(self) -> Sequence[Any]:
        """Invitations that nobody has followed yet, for the list's page."""
        return staff_links.open_invitations()

    def sessions(self, model: StaffUser) -> Sequence[Any]:
        """Where a person is signed in, for their page."""
        return live_staff_sessions(model.id)

    def factors(self, model: StaffUser) -> Sequence[Any]:
        """A person's second factors, for their page."""
        return staff_factors.factors(model.id)

    def may_change(self, model: StaffUser) -> bool:
        """Whether the person at the panel may change this one."""
        return access.may(P.STAFF_WRITE) and model.id != access.current_staff().staff_id

    @expose("/new/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def create_view(self) -> Any:
        """Invite somebody; the account is made when they follow the link."""
        if flask.request.method == "GET":
            return self._form()
        try:
            with transaction():
                staff_links.invite(
                    actor=access.actor(),
                    email=forms.text("email"),
                    name=forms.text("display_name"),
                    roles=forms.choices("roles", StaffRole),
                    language=forms.text("language"),
                    admin_url=settings_of()["WHATSTR_ADMIN_URL"],
                )
        except DomainError as error:
            session().expire_all()
            field = str(error.context.get("field", ""))
            return self._form(errors={field: [sentence(error)]}), error.status
        return forms.back(self.get_url(".index_view"), [], _("The invitation is on its way."))

    @expose("/edit/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def edit_view(self) -> Any:
        """Name, language and roles of a colleague."""
        person = self.get_one(flask.request.args.get("id"))
        if flask.request.method == "GET":
            return self._form(person)
        try:
            with transaction():
                staff_changes.change_staff(
                    actor=access.actor(),
                    staff_id=person.id,
                    name=forms.text("display_name"),
                    language=forms.text("language"),
                    roles=forms.choices("roles", StaffRole),
                    version=forms.number("version"),
                )
        except Conflict:
            session().expire_all()
            return self._conflict(self.get_one(person.id))
        except DomainError as error:
            session().expire_all()
            if error.context.get("field"):
                field = str(error.context["field"])
                return self._form(person, errors={field: [sentence(error)]}), error.status
            return forms.back(self.get_url(".details_view", id=person.id), [sentence(error)], "")
        return forms.back(self.get_url(".details_view", id=person.id), [], _("Saved."))

    def _conflict(self, person: StaffUser) -> Any:
        """Both versions side by side, before anything is overwritten."""
        said = [labels.word(role) for role in forms.choices("roles", StaffRole)]
        rows = [
            (_("Name"), person.display_name, forms.text("display_name")),
            (_("Language"), person.language, forms.text("language")),
            (_("Roles"), labels.words_of(person.roles, StaffRole), ", ".join(said)),
        ]
        here = self.get_url(".edit_view", id=person.id)
        again = conflicts.Again(
            url=here, label=_("Save what I sent"), seen={"version": str(person.version)}
        )
        return conflicts.page(rows, back=here, about=("staff_user", person.id), again=again)

    def _form(
        self, person: StaffUser | None = None, errors: dict[str, list[str]] | None = None
    ) -> str:
        page: str = self.render(
            "admin/staff_form.html",
            person=person,
            said=flask.request.form,
            said_roles=flask.request.form.getlist("roles"),
            errors=errors or {},
            roles=labels.options(StaffRole),
            list_url=self.get_url(".index_view"),
        )
        return page

    def links(self, model: StaffUser) -> Sequence[tuple[str, str]]:
        if not self.may_change(model):
            return ()
        return ((_("Change"), self.get_url(".edit_view", id=model.id)),)

    def verbs(self, model: StaffUser) -> Sequence[labels.Verb]:
        if not self.may_change(model):
            return ()
        if model.state is StaffState.LOCKED:
            return (self._unlock(model),)
        return (self._password(model), self._reset(model), self._lock(model))

    def _unlock(self, model: StaffUser) -> labels.Verb:
        return labels.Verb(
            url=self.get_url(".unlock", staff_id=model.id),
            label=_("Unlock"),
            title=_("Unlock %(name)s?", name=model.display_name),
            body=_("The person can sign in again with their password."),
            confirm=_("Unlock"),
        )

    def _password(self, model: StaffUser) -> labels.Verb:
        return labels.Verb(
            url=self.get_url(".password_link", staff_id=model.id),
            label=_("Send a password link"),
            title=_("Send %(name)s a link for a new password?", name=model.display_name),
            body=_("It goes to their e-mail and works once, for an hour."),
            confirm=_("Send the link"),
        )

    def _reset(self, model: StaffUser) -> labels.Verb:
        live = len(live_staff_sessions(model.id))
        return labels.Verb(
            url=self.get_url(".reset", staff_id=model.id),
            label=_("Reset the second factor"),
            title=_("Reset the second factor of %(name)s?", name=model.display_name),
            body=ngettext(
                "Passkeys, app and recovery codes are forgotten and %(num)s session ends. The "
                "person sets up a new factor at the next sign-in. Make sure that it is really "
                "them who ask.",
                "Passkeys, app and recovery codes are forgotten and %(num)s sessions end. The "
                "person sets up a new factor at the next sign-in. Make sure that it is really "
                "them who ask.",
                live,
            ),
            confirm=_("Reset"),
            danger=True,
            retype=model.display_name,
        )

    def _lock(self, model: StaffUser) -> labels.Verb:
        live = len(live_staff_sessions(model.id))
        return labels.Verb(
            url=self.get_url(".lock", staff_id=model.id),
            label=_("Lock"),
            title=_("Lock %(name)s?", name=model.display_name),
            body=ngettext(
                "The person cannot sign in, and %(num)s session ends at once.",
                "The person cannot sign in, and %(num)s sessions end at once.",
                live,
            ),
            confirm=_("Lock"),
            danger=True,
            retype=model.display_name,
        )

    def _carry_out(self, staff_id: uuid.UUID, which: int, change: Any, done: str) -> Any:
        person = self.get_one(staff_id)
        if not forms.confirmed():
            return self.ask(self.verbs(person), which)
        with forms.refusals() as said:
            change(actor=access.actor(), staff_id=staff_id)
        return forms.back(self.get_url(".details_view", id=staff_id), said, done)

    @expose("/<uuid:staff_id>/parola", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def password_link(self, staff_id: uuid.UUID) -> Any:
        def send(**named: Any) -> None:
            url = settings_of()["WHATSTR_ADMIN_URL"]
            staff_links.send_password_link(**named, admin_url=url)

        return self._carry_out(staff_id, 0, send, _("The link is on its way."))

    @expose("/<uuid:staff_id>/sifirla", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def reset(self, staff_id: uuid.UUID) -> Any:
        done = _("Forgotten. A new factor is set up at the next sign-in.")
        return self._carry_out(staff_id, 1, staff_changes.reset_factors, done)

    @expose("/<uuid:staff_id>/kilitle", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def lock(self, staff_id: uuid.UUID) -> Any:
        return self._carry_out(staff_id, 2, staff_changes.lock_staff, _("Account locked."))

    @expose("/<uuid:staff_id>/ac", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def unlock(self, staff_id: uuid.UUID) -> Any:
        return self._carry_out(staff_id, 0, staff_changes.unlock_staff, _("Account unlocked."))

    @expose("/<uuid:staff_id>/oturum/<uuid:session_id>", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def end_session(self, staff_id: uuid.UUID, session_id: uuid.UUID) -> Any:
        with forms.refusals() as said:
            staff_changes.end_session(
                actor=access.actor(), staff_id=staff_id, session_id=session_id
            )
        url = self.get_url(".details_view", id=staff_id)
        return forms.back(url, said, _("The session has ended."))

    @expose("/davet/<uuid:link_id>/geri", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.STAFF_WRITE, step_up=True)
    def withdraw(self, link_id: uuid.UUID) -> Any:
        """An invitation is taken back."""
        with forms.refusals() as said:
            staff_links.withdraw(actor=access.actor(), link_id=link_id)
        return forms.back(self.get_url(".index_view"), said, _("The invitation is taken back."))
