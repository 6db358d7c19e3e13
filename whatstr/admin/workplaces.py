"""The workplaces of the panel: pages of our own, where the daily work happens."""

from __future__ import annotations

from whatstr.admin.allowed_views import AllowedViews
from whatstr.admin.case_page import CasePage
from whatstr.admin.exception_desk import ExceptionDesk
from whatstr.admin.home import Figures
from whatstr.admin.machinery import Inbox, Queues
from whatstr.admin.matrix_page import Matrix
from whatstr.admin.organization_page import OrganizationPage
from whatstr.admin.own_account import OwnAccount
from whatstr.admin.search import Search
from whatstr.admin.support_page import SupportPage
from whatstr.admin.suppressions import Suppressions
from whatstr.admin.views import Page


def views() -> list[Page]:
    """Made anew for each application: Flask-Admin's views belong to one."""
    return [
        CasePage(endpoint="case", url="/vaka"),
        ExceptionDesk(endpoint="desk", url="/istisna"),
        OrganizationPage(endpoint="organization", url="/isletme"),
        Figures(endpoint="figures", url="/rakamlar"),
        Search(endpoint="search", url="/ara"),
        SupportPage(endpoint="support", url="/destek"),
        Suppressions(endpoint="suppressions", url="/engeller"),
        Queues(endpoint="queues", url="/kuyruklar"),
        Inbox(endpoint="inbox", url="/gelen"),
        AllowedViews(endpoint="looks", url="/musteri-gozu"),
        Matrix(endpoint="matrix", url="/yetkiler"),
        OwnAccount(endpoint="account", url="/hesabim"),
    ]
