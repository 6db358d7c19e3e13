"""The panel of the real web role, driven from Python."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.vault.worker.panel import Panel
from whatstr.core.security import PANEL_CSP

PASSWORD = "Çok uzun bir parola 42"


def blank() -> tuple[str, dict[str, str]]:
    """A page of the panel without a module of its own, which would act on a session by itself."""
    page = "<!doctype html><html lang=tr><title>t</title></html>"
    return page, {"Content-Security-Policy": PANEL_CSP}


class RealPanel(Panel):
    """The panel on an empty page of the real web role."""

    def __init__(self, page: Page, address: str, email: str) -> None:
        super().__init__(page, f"{address}/bos", None)  # type: ignore[arg-type]
        self.email = email

    def sign_up(self) -> str:
        prepared = self.call("enrol.prepare", password=PASSWORD)
        answers = [prepared["groups"][i] for i in prepared["ask"]]
        self.call("code.confirm", answers=answers)
        documents = self.call("config")["documents"]
        profile = {"organization_name": "Örnek Ltd", "contact_name": "Zeynep Kaya",
                   "email": self.email, "phone": "05301112233"}  # fmt: skip
        said = self.call("enrol.finish", profile=profile, documents=documents, language="tr")
        return str(said["organization"])
