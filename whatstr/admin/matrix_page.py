"""Who may do what: the matrix of permissions and roles, as the code has it."""

from __future__ import annotations

from typing import Any

from flask_admin import expose

from whatstr.accounts.models import StaffRole
from whatstr.accounts.permissions import STAFF_PERMISSIONS, StaffPermission
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin.permission_words import WORDS
from whatstr.admin.views import Page


class Matrix(Page):
    """Endpoint `matrix`. Everybody may know the rules."""

    read = P.SELF

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        page: str = self.render(
            "admin/matrix.html",
            roles=list(StaffRole),
            rows=[
                (
                    permission,
                    WORDS[permission],
                    [permission in STAFF_PERMISSIONS[role] for role in StaffRole],
                )
                for permission in StaffPermission
            ],
        )
        return page
