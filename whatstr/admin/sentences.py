"""Words for the refusals that staff meet."""

from __future__ import annotations

from flask_babel import gettext as _

from whatstr.core.errors import DomainError
from whatstr.core.i18n import money
from whatstr.core.web import Sentence

_FIELDS = {
    "actions": lambda e: _("Choose what to do. A dismissal or a warning stands alone."),
    "policy": lambda e: _("Choose a rule."),
    "campaign": lambda e: _("Choose a campaign."),
    "ground": lambda e: (
        _("Choose a ground.")
        if e.context.get("reason") == "unknown"
        else _("Ground and action do not fit: only a dismissal finds no breach.")
    ),
    "explanation": lambda e: _(
        "Explain the decision in at least %(min)s letters.", min=e.context.get("min", 20)
    ),
    "note": lambda e: _("Write the reason in at least %(min)s letters.", min=10),
    "reason": lambda e: _("Write the reason."),
    "roles": lambda e: _("Choose at least one role."),
    "email": lambda e: _("The e-mail address is not valid."),
    "password": lambda e: _(
        "The password needs at least %(min)s letters.", min=e.context.get("min", 14)
    ),
    "columns": lambda e: _("Choose at least one column."),
    "received_on": lambda e: _("Choose a day that is not in the future."),
    "customer": lambda e: _("There is no customer with this number."),
    "display_name": lambda e: _("Write a name of at most 80 letters."),
    "language": lambda e: _("Choose Turkish or English."),
    "again": lambda e: _("The two passwords differ."),
    "current": lambda e: _("The password is wrong."),
    "label": lambda e: _("Use at most 40 letters."),
    "code": lambda e: _("The code takes small letters, digits and _; it begins with a letter."),
    "amount_kurus": lambda e: _("Write the amount in lira, for example 299,00."),
    "price_kurus": lambda e: _("Write the amount in lira, for example 299,00."),
    "body": lambda e: _("Write at least a few words, and at most 4,000 letters."),
    "staff": lambda e: _("Choose a colleague who answers requests."),
    "phone": lambda e: _("The phone number is not valid."),
    "website": lambda e: _("The web address is not valid."),
    "tax_number": lambda e: _("The tax number does not check: 10 digits, or 11 for a person."),
    "name": lambda e: _("Write a name of at most 200 letters."),
    "body_tr": lambda e: _("Both languages are needed, at most 4,000 letters each."),
    "body_en": lambda e: _("Both languages are needed, at most 4,000 letters each."),
    "title_tr": lambda e: _("A title is needed in both languages."),
    "title_en": lambda e: _("A title is needed in both languages."),
}


def _invalid(error: DomainError) -> str:
    make = _FIELDS.get(str(error.context.get("field")))
    return str(make(error) if make else _("A value is missing or cannot be used."))


SENTENCES: dict[str, Sentence] = {
    "invalid_input": _invalid,
    "not_found": lambda e: _("There is no such record."),
    "not_allowed": lambda e: _("Your role does not allow this."),
    "not_signed_in": lambda e: _("Sign in first."),
    "conflict": lambda e: _(
        "Somebody else changed this in the meantime. Look again, then repeat your change."
    ),
    "illegal_transition": lambda e: _("That is not possible any more: the state has moved on."),
    "case_taken": lambda e: _("A colleague is working on this case."),
    "case_not_claimed": lambda e: _("Take the case first; your claim may have run out."),
    "second_person_needed": lambda e: _("A suspension needs a second person."),
    "staff_email_taken": lambda e: _("A colleague already has this e-mail address."),
    "own_staff_account": lambda e: _("Nobody changes their own roles or locks themselves out."),
    "own_export": lambda e: _("Who asked for an export cannot approve it."),
    "export_too_large": lambda e: _(
        "More than %(most)s rows cannot leave in one file.", most=e.context.get("most", 100000)
    ),
    "export_gone": lambda e: _("The file is gone or was never written. Ask for it again."),
    "own_disclosure": lambda e: _("Who recorded a demand cannot approve it."),
    "processor_known": lambda e: _("A processor has this name already."),
    "view_code_invalid": lambda e: _(
        "The code is wrong, used or too old. Ask the customer for a new one."
    ),
    "last_staff_owner": lambda e: _("Somebody has to be left who can give roles."),
    "last_factor": lambda e: _("This is the only second factor. Add another one first."),
    "link_invalid": lambda e: _("The link is used, withdrawn or too old. Ask for a new one."),
    "own_request": lambda e: _("Who asked for an exception cannot approve it."),
    "amount_not_defensible": lambda e: _(
        "The facts bear %(amount)s at most.", amount=money(int(e.context.get("maximum", 0)))
    ),
    "approval_expired": lambda e: _("The approvals are too old. The request needs new ones."),
    "payment_disputed": lambda e: _("The bank has this payment under dispute; refunds wait."),
    "payment_not_paid": lambda e: _("Nothing was taken for this payment."),
    "nothing_left": lambda e: _("The whole payment was given back already."),
    "exception_open": lambda e: _("This payment already has an open request."),
    "support_closed": lambda e: _("The request is closed. Open it again first."),
    "last_owner": lambda e: _("This is the only owner: somebody has to keep the account."),
    "member_email_taken": lambda e: _("Another member has this e-mail address."),
    "too_many": lambda e: _("Too many tries. Wait a while."),
    "unavailable": lambda e: _("The service is briefly unavailable. Try again."),
    "vault_format": lambda e: _("This report cannot be opened with the present desk key."),
}
