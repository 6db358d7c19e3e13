"""The base of every staff view, with the traps of Flask-Admin 2.2 closed (staff design, "traps").

`Gated` asks for permissions by itself (its blueprints are declared with `web.gate`); `Page` is a
workplace of our own; `Register` is a read-only list of one table with filters and exact search.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

import flask
from flask_admin import BaseView, expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.contrib.sqla.filters import FilterEqual
from flask_admin.form import BaseForm
from werkzeug.wrappers import Response

from whatstr.accounts.permissions import StaffPermission
from whatstr.admin import access, labels
from whatstr.admin.listing import PLACES, Listing
from whatstr.core.db import db
from whatstr.core.errors import NotSignedIn


class Gated(BaseView):  # type: ignore[misc]
    """`read` is needed to see anything of the view; each POST names its own permission."""

    read: ClassVar[StaffPermission | None] = None

    def is_accessible(self) -> bool:
        person = access.signed_in()
        return person is not None and (self.read is None or person.may(self.read))

    def _handle_view(self, name: str, **kwargs: Any) -> Response | None:
        person = access.signed_in()
        if person is None:
            if flask.request.method == "GET":
                target = flask.request.full_path.rstrip("?")
                return flask.redirect(flask.url_for("staff.sign_in", next=target))
            raise NotSignedIn()
        access.speak(flask.request.args.get("lang") or person.language)
        try:
            access.admit(getattr(type(self), name), read=self.read, endpoint=self.endpoint)
        except access.StepUpNeeded:
            back = access.safe_target(flask.request.form.get("back"))
            return flask.redirect(flask.url_for("staff.prove", next=back))
        return None

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Once: the stock method catches a TypeError of the view and calls it again (#2358)."""
        return fn(self, *args, **kwargs)


class Page(Gated):
    """A workplace: its methods render their own templates."""


class EnumFilter(FilterEqual):  # type: ignore[misc]
    """One value of an enum, chosen from its labels; an empty choice filters nothing."""

    def __init__(self, column: Any, name: Any, kind: type[Any]) -> None:
        super().__init__(column, name, options=lambda: labels.options(kind))
        self.kind = kind

    def validate(self, value: str) -> bool:
        return value == "" or value in {str(one) for one in self.kind}

    def clean(self, value: str) -> Any:
        return self.kind(value) if value else None

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query if value is None else query.filter(self.get_column(alias) == value)


class TextFilter(FilterEqual):  # type: ignore[misc]
    """One of a few known texts; an empty choice filters nothing, anything else finds nothing."""

    def __init__(self, column: Any, name: Any, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(column, name, options=lambda: [(key, str(word)) for key, word in pairs])
        self.known = {key for key, _word in pairs}

    def validate(self, value: str) -> bool:
        return value == "" or value in self.known

    def clean(self, value: str) -> Any:
        return value or None

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query if value is None else query.filter(self.get_column(alias) == value)


class Register(Gated, Listing, ModelView):  # type: ignore[misc]
    """A table as a list. What a subclass does not name is not shown."""

    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    simple_list_pager = True
    page_size = 50
    can_set_page_size = False
    action_disallowed_list = ("delete",)
    list_template = "admin/list.html"
    details_template = "admin/details.html"
    create_template = edit_template = "admin/form.html"
    column_display_actions = False
    column_editable_list: ClassVar[Sequence[str]] = ()
    column_searchable_list: ClassVar[Sequence[str]] = ()
    column_sortable_list: ClassVar[Sequence[str]] = ()
    column_export_list: ClassVar[Sequence[str]] = ()
    column_type_formatters = column_type_formatters_detail = labels.FORMATTERS
    column_details_list: ClassVar[Sequence[str] | None] = None
    name: ClassVar[Any]
    lead: ClassVar[Any] = ""
    search_hint: ClassVar[Any] = ""
    exact_is_personal: ClassVar[bool] = False
    heading_column: ClassVar[str] = ""
    """The column that names a row on its page; the first one where none is said."""
    create_permission: ClassVar[StaffPermission | None] = None
    create_label: ClassVar[Any] = ""

    def __init__(self, model: type[Any], **kwargs: Any) -> None:
        if self.column_details_list is None:
            self.column_details_list = self.column_list  # type: ignore[misc]
        super().__init__(model, db, name=type(self).name, **kwargs)

    # Forms are written by hand where there are any: the stock ones offer every column.
    def scaffold_form(self) -> type[BaseForm]:
        return BaseForm  # type: ignore[no-any-return]

    def scaffold_list_form(self, *args: Any, **kwargs: Any) -> type[BaseForm]:
        return BaseForm  # type: ignore[no-any-return]

    # Without @expose these have no route: inline edit saves even where editing is off (#2129), a
    # deletion dies at one click under our policy (#2556), exports are unlimited.
    def ajax_update(self) -> Any:
        flask.abort(404)

    def ajax_lookup(self) -> Any:
        flask.abort(404)

    def delete_view(self) -> Any:
        flask.abort(404)

    def action_view(self) -> Any:
        flask.abort(404)

    def export(self, export_type: str) -> Any:
        flask.abort(404)

    def create_view(self) -> Any:
        flask.abort(404)

    def edit_view(self) -> Any:
        flask.abort(404)

    @expose("/details/")  # type: ignore[untyped-decorator]
    def details_view(self) -> Any:
        """One row, of those that the list would show."""
        model = self.get_one(flask.request.args.get("id"))
        return self.render(
            self.details_template,
            model=model,
            details_columns=self._details_columns,
            get_value=self.get_detail_value,
            list_url=self.get_url(".index_view"),
        )

    def get_one(self, id: Any) -> Any:  # noqa: A002 - Flask-Admin's name
        """The row within `get_query`, or 404; the stock method ignores the query (#1739)."""
        column = self.model.__mapper__.primary_key[0]
        value: Any
        try:
            value = int(str(id)) if column.type.python_type is int else uuid.UUID(str(id))
        except ValueError:
            flask.abort(404)
        if isinstance(value, int) and not 0 <= value < 2**63:
            flask.abort(404)
        found = self.get_query().filter(column == value).one_or_none()
        if found is None:
            flask.abort(404)
        return found

    def _get_list_extra_args(self) -> Any:
        """Another order begins at its first row; a column that is not there sorts nothing."""
        args = super()._get_list_extra_args()
        args.page = 0
        args.extra_args = {k: v for k, v in args.extra_args.items() if k not in PLACES}
        if args.sort is not None and not 0 <= args.sort < len(self._list_columns):
            args.sort = None
        return args

    # Search is exact, by number or by blind index: subclasses say what a text may match.
    def exact(self, text: str) -> Any:
        """The condition for an exact search, or None where the text can match nothing."""
        return None

    def init_search(self) -> bool:
        """Never by address: what is looked for may be personal, so it is sent to the console."""
        return False

    def has_exact(self) -> bool:
        return type(self).exact is not Register.exact

    def row_url(self, model: Any) -> str:
        """Where a row leads; also asked for by the search console."""
        return flask.url_for(f"{self.endpoint}.details_view", id=self.get_pk_value(model))

    def heading(self, model: Any) -> str:
        """What names a row on its page, where no column does."""
        return ""

    def verbs(self, model: Any) -> Sequence[labels.Verb]:
        """What the person at the panel may do to a row, for its page."""
        return ()

    def links(self, model: Any) -> Sequence[tuple[str, str]]:
        """Further pages about a row: label and address."""
        return ()

    def may_create(self) -> bool:
        return bool(self.can_create) and (
            self.create_permission is not None and access.may(self.create_permission)
        )

    def ask(self, verbs: Sequence[labels.Verb], index: int) -> Any:
        """The consequences, before a verb that was sent without a yes (no script, or a stray
        click): nothing has happened yet."""
        if index >= len(verbs):
            flask.abort(409)
        return self.render("admin/confirm.html", verb=verbs[index], back=access.here())

    def chosen(self, index: int) -> str:
        """What the list is filtered by now."""
        return flask.request.args.get(f"flt{index}_{index}", "")

    def filter_url(self, index: int, value: str) -> str:
        """The list with one filter only."""
        return f"{self.get_url('.index_view')}?{urlencode({f'flt{index}_{index}': value})}"
