"""100,000 rows sealed in a real browser, uploaded and committed: the wait of a customer's launch.

Chromium runs the vault's Worker against the service's own web process (granian), and a sender
publishes the key that is sealed to. The list is there already; sealing it anew for the sender is
what a launch does.
"""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page, Route, sync_playwright

from benchmarks.measure import Result, machine, main
from tests.chaos.customer import confirm_and_grant
from tests.chaos.servers import Mortals
from tests.services import private_folder
from tests.vault.test_browser_and_web import RealPanel
from tests.vault.worker.panel import CONSENT
from whatstr.core.security import PANEL_CSP
from whatstr.local.chromium import find_chromium, launch_arguments
from whatstr.local.stack import url
from whatstr.simulator.meta import seed

ROWS, MOST = 100_000, 10.0
MAPPING = {
    "header": [],
    "body": [{"from": "name", "fallback": "müşterimiz"}, {"from": "field", "index": 0}],
    "buttons": [],
}


def _blank(route: Route) -> None:
    """A page of the panel without a module of its own."""
    page = "<!doctype html><html lang=tr><title>t</title></html>"
    headers = {"Content-Security-Policy": PANEL_CSP}
    route.fulfill(status=200, content_type="text/html", headers=headers, body=page)


def launch(service: Mortals, page: Page, rows: int) -> tuple[float, float]:
    """Seconds of the launch, and of saving the list before it."""
    address = url(service.ports.web)
    page.route(f"{address}/bos", _blank)
    page.set_default_timeout(300_000)
    panel = RealPanel(page, address, "ayse@anadolucicek.example")
    panel.open()
    panel.sign_up()
    confirm_and_grant(service)
    line = panel.call(
        "lines.connect",
        method="token",
        token=seed.TOKEN,
        waba_id=seed.WABA_ID,
        phone_number_id=seed.LINE_IDS[0],
    )
    template = next(t for t in line["templates"] if t["name"] == "hafta_sonu_firsati")
    config = panel.call("config")
    consent = {**CONSENT, "statement_version": config["statement_version"]}
    panel.contacts(rows)
    began = time.monotonic()
    kept = panel.call("lists.save", name="Sadık müşteriler", consent=consent)["id"]
    saved = time.monotonic() - began
    documents = [
        {"document": one["document"], "version": one["version"]}
        for one in config["documents"]
        if one["document"] == "launch-statement"
    ]
    began = time.monotonic()
    told = panel.call(
        "campaigns.launch",
        title="Hafta sonu fırsatı",
        line=line["line"],
        kind="marketing",
        list=kept,
        template=template,
        mapping=MAPPING,
        due_at=None,
        documents=documents,
    )
    seconds = time.monotonic() - began
    assert told["rows"] == rows, told
    panel.call("campaigns.cancel", id=told["id"])
    return seconds, saved


def run(quick: bool) -> Result:
    rows = 1_200 if quick else ROWS
    program = find_chromium()
    if program is None:
        raise SystemExit("There is no Chromium: run `make test`, or set WHATSTR_CHROMIUM.")
    with (
        private_folder() as folder,
        Mortals(Path(folder), settings={}, sender={}) as service,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=str(program), args=launch_arguments())
        seconds, saved = launch(service, browser.new_page(), rows)
        browser.close()
    return Result(
        value=seconds,
        unit="s",
        bar=f"< {MOST:.0f} for {ROWS:,} rows",
        ok=seconds < MOST,
        detail={
            "rows": rows,
            "rows_per_second": round(rows / seconds),
            "saving_the_list": round(saved, 1),
            **machine(),
        },
    )


if __name__ == "__main__":
    main("upload", run)
