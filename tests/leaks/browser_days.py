"""Days lived through in a real browser: by clicking where a person clicks, through the page's own
Worker where the click is another test's matter. What it types is planted like everything else."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.service import Service
from tests.leaks import cast, customer_days, key_days, other_days
from tests.leaks.days import Days, chromium
from tests.leaks.loud_stack import LoudStack


def live(stack: LoudStack, *, folder: Path) -> Days:
    """From sign-up to the recovered vault, with everybody who has to do with it."""
    service = Service(stack)
    with chromium(folder) as browser:
        days = Days(service, browser, folder)
        portal = days.portal()
        code = customer_days.sign_up(days, portal)
        line, number = customer_days.connect(days, portal)
        many = {"file": cast.BROWSER_FILE, "name": cast.BROWSER_LIST, "whose": "person"}
        customer_days.bring(days, portal, people=customer_days.PEOPLE, **many)
        few = {"file": cast.MASTERS_FILE, "name": cast.MASTERS_LIST, "whose": "master"}
        customer_days.bring(days, portal, people=cast.MASTERS, **few)
        customer_days.edit(days, portal)
        customer_days.campaigns(days, portal, line)
        other_days.recipients(days, portal, line)
        customer_days.picture(days, portal)
        customer_days.answers(days, portal)
        customer_days.ask_support(days, portal)
        customer_days.drawer(days, portal)
        other_days.guest(days, portal)
        other_days.report(days, number)
        other_days.staff(days, portal)
        key_days.passwords(days, portal, code)
        key_days.second_step(days, portal)
        key_days.leaving(days)
        for visitor in days.visitors:
            assert visitor.complaints == [], visitor.complaints
    service.tidy()
    return days
