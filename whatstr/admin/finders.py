"""What the search console looks up, each kind by its own index and within a few rows."""

from __future__ import annotations

from collections.abc import Sequence

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import customer_finders as customers
from whatstr.admin import record_finders as records
from whatstr.admin.finding import Finder

FINDERS: Sequence[Finder] = (
    Finder("email", P.ORGANIZATIONS_READ, customers.by_email, personal=True),
    Finder("phone", P.ORGANIZATIONS_READ, customers.by_phone, personal=True),
    Finder("tax_number", P.ORGANIZATIONS_READ, customers.by_tax_number, personal=True),
    Finder("line_number", P.ORGANIZATIONS_READ, customers.by_line_number, personal=True),
    Finder("customer_number", P.ORGANIZATIONS_READ, customers.by_customer_number),
    Finder("name", P.ORGANIZATIONS_READ, customers.by_name, personal=True),
    Finder("support", P.SUPPORT_READ, records.by_support_number),
    Finder("case", P.CASES_READ, records.by_case),
    Finder("report", P.CASES_READ, records.by_report),
    Finder("payment", P.PAYMENTS_READ, records.by_payment),
    Finder("refund", P.PAYMENTS_READ, records.by_refund),
    Finder("exception", P.EXCEPTIONS_READ, records.by_exception),
    Finder("id", P.ORGANIZATIONS_READ, records.by_id),
    Finder("message", P.ORGANIZATIONS_READ, records.by_message),
    Finder("staff_email", P.STAFF_READ, customers.by_staff_email, personal=True),
)
