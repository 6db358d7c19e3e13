"""The staff's clicks in the panel."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Response, expect

from tests.journeys.service import Service
from tests.journeys.visitor import Visitor


class Desk:
    """One member of staff at the panel."""

    def __init__(self, visitor: Visitor, service: Service) -> None:
        self.visitor = visitor
        self.page = visitor.page
        self.service = service

    def sign_in(self, email: str) -> None:
        """From the sign-in page over the second factor to "my work"."""
        self.page.goto(f"{self.service.admin}/giris")
        self.page.locator("[name=email]").fill(email)
        self.page.locator("[name=password]").fill(self.service.staff_password)
        self.page.locator("form:has([name=password]) button[type=submit]").click()
        self.page.locator("#f-code").fill(self.service.staff_code(email))
        self.page.locator("form:has(#f-code) button[type=submit]").click()
        expect(self.page.locator(".rail")).to_be_attached()

    def take_up(self, text: str | re.Pattern[str]) -> None:
        """Open the entry of "my work" that says this; it may take seconds to be there."""
        wanted = self.page.locator(".queue-item").filter(has_text=text)

        def there() -> bool:
            self.page.goto(self.service.admin + "/")
            return wanted.count() > 0

        self.service.wait(f"{text} in the queue", there)
        wanted.first.click()
        self.page.wait_for_load_state()

    def form(self, ending: str) -> Locator:
        """The form that posts to an address with this ending."""
        return self.page.locator(f"form[action$='{ending}']")

    def agree(self, form: Locator) -> Response:
        """Send a form, say yes in its dialog if there is one; the answer of the server."""
        asks = form.evaluate("node => node.matches('[data-verb], [data-ask], [data-decision]')")
        if asks:  # before the page's script is there, the server asks on a page of its own
            expect(self.page.locator("html[data-panel=ready]")).to_be_attached()
        button = form.locator("button[type=submit]").first
        with self.page.expect_response(lambda one: one.request.method == "POST") as answer:
            button.click()
            if asks:
                dialog = self.page.get_by_role("dialog")
                expect(dialog).to_be_visible()
                dialog.locator("button[value=yes]").click()
        self.page.wait_for_load_state()
        return answer.value

    def verdicts(self) -> list[str]:
        """The stored verdict of each report on a case page, in the order shown."""
        return [
            one.get_attribute("data-status") or one.inner_text()
            for one in self.page.locator(".report-head .status").all()
        ]
