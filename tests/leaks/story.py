"""What is lived through before the scan: one customer's days on the whole service.

Everything a customer, a recipient and a stranger would type is distinctive, so that a hit is a hit.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
import os
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import redis

from tests.leaks.cast import (
    ADDRESS,
    CHANGED,
    COLUMNS,
    DRAFT,
    GUESTS,
    LATER_TITLE,
    LIST_NAME,
    ORDER_TEMPLATE,
    PASSWORD,
    PROFILE,
    PROVED_BY,
    REPLY,
    REPORTED,
    REPORTER,
    TITLE,
    UNPROVED,
)
from tests.leaks.loud_stack import LoudStack, through_proxy
from tests.leaks.patterns import Kind, Planted, Tier
from whatstr.core import clock, queues
from whatstr.local.demo_customer import EMAIL, DemoCustomer, people
from whatstr.local.postgres import DATABASE
from whatstr.local.stack import call, url
from whatstr.simulator.meta.seed import LINE_IDS, NUMBERS, TOKEN
from whatstr.vault import keys, wire
from whatstr.vault.client import Profile, VaultClient
from whatstr.vault.client_lists import Consent
from whatstr.vault.http import ApiError
from whatstr.vault.rows import JobRow
from whatstr.vault.rpc import Op


class Story:
    """Live through it all; `planted` says what must not be found afterwards."""

    def __init__(self, stack: LoudStack, *, rows: int) -> None:
        self.stack = stack
        self.rows = rows
        self.planted: list[Planted] = []
        self.reported: set[str] = set()
        """Names of values that the desk may read: a complaint shows its writer and its words."""
        self.erased: set[str] = set()
        """Names of values that stood in an account that was deleted."""
        self._meta = url(stack.ports.meta)

    def live(self) -> None:
        """From the first sign-up to the last webhook."""
        customer = DemoCustomer(self.stack, lambda text: None, self.stack.supervisor.check)
        through_proxy(customer.client)
        report = customer.run(rows=self.rows, bar=lambda found: None)
        assert report.reconciles, report.as_json()
        self._plant_demo(customer)
        self._plant_guests()
        self._campaigns(customer)
        self._inbound()
        customer.client.api.close()
        self._complain_on_the_web()
        self._another_customer()
        self._broken_job()
        self._settle()
        self._plant_ids()

    def rest(self) -> None:
        """Wait until nothing moves once more, and plant the names that Meta gave meanwhile."""
        known = {value.name for value in self.planted}
        self._settle()
        self._plant_ids(known)

    # What the customer does ---------------------------------------------------------------------

    def _campaigns(self, customer: DemoCustomer) -> None:
        client = customer.client
        template = next(t for t in customer.templates if t["name"] == ORDER_TEMPLATE)
        line = client.api.get("lines")["lines"][0]["id"]
        list_id = client.lists.save(
            LIST_NAME, GUESTS, columns=COLUMNS, consent=Consent("merchant", "", "2026-05-01")
        )
        client.put_record("draft", os.urandom(16).hex(), 1, {"text": DRAFT})
        rows = [JobRow(to, (name, fields[0])) for to, name, fields in GUESTS]
        common: dict[str, Any] = {
            "line": line,
            "template": template,
            "kind": "informational",
            "list_id": list_id,
            "list_name": LIST_NAME,
            "documents": [
                {"document": "launch-statement", "version": customer._version("launch-statement")}
            ],
        }
        job = client.campaigns.launch(rows, title=TITLE, **common)
        last = [found["state"] for found in client.campaigns.watch(job, seconds=120)][-1]
        assert last == "done", last
        later = client.campaigns.launch(
            rows, title=LATER_TITLE, due_at=clock.now() + timedelta(days=1), **common
        )
        client.api.post(f"campaigns/{later}/cancel")
        test = {"name": ORDER_TEMPLATE, "lang": "tr", "id": str(template["id"])}
        client.ask(
            Op.TEST_SEND,
            {"line": line, "template": test, "to": GUESTS[5][0], "params": list(rows[5].params)},
        )

    def _another_customer(self) -> None:
        """Signs up, mistypes, signs in again, changes the password, asks for a recovery link."""
        client = through_proxy(VaultClient(url(self.stack.ports.web)))
        code = client.enrol(PROFILE, PASSWORD)
        self._plant_account("second", client, PASSWORD)
        client.logout()
        with contextlib.suppress(ApiError):
            client.login(PROFILE.email, "yanlış yazılmış parola 1")
        client.login(PROFILE.email, PASSWORD)
        self._change_password(client)
        client.logout()
        client.api.post("recovery/start", {"email": PROFILE.email})
        client.api.close()
        self._add(
            Planted("second recovery code", code, kind=Kind.CODE),
            Planted("second changed password", CHANGED),
        )

    def _change_password(self, client: VaultClient) -> None:
        vault = client._state.vault
        said = client.api.post("prelogin", {"email": PROFILE.email})
        salt, kdf = os.urandom(keys.SALT_SIZE), keys.Kdf()
        old = keys.master_key(PASSWORD, wire.unb64(said["salt"]), keys.Kdf.parse(said["kdf"]))
        new = keys.master_key(CHANGED, salt, kdf)
        member = wire.id_bytes(vault.member)
        wrap = keys.wrap_uk_password(
            keys.password_kek(new), vault.uk, member=member, salt=salt, kdf=kdf.json()
        )
        body = {
            "old_auth": wire.b64(keys.auth_key(old)),
            "kdf": kdf.json(),
            "salt": wire.b64(salt),
            "auth": wire.b64(keys.auth_key(new)),
            "wrap_pw": wire.b64(wrap),
        }
        client.api.post("password", body)
        self._add(Planted("second changed login proof", body["auth"], kind=Kind.KEY))

    # What recipients and strangers do -----------------------------------------------------------

    def _inbound(self) -> None:
        abuse_line = self.stack.abuse_account["lines"][0]["id"]
        first, reporter, asks = GUESTS[0][0], GUESTS[1][0], GUESTS[2][0]
        forwarded = f"Merhaba {GUESTS[1][1]}, {GUESTS[1][2][0]} numaralı siparişiniz yola çıktı."
        for line, person, text in (
            (LINE_IDS[0], first, "DUR"),
            (LINE_IDS[0], asks, REPLY),
            (LINE_IDS[0], asks, "İPTAL"),
            (abuse_line, reporter, forwarded),
        ):
            call(
                f"{self._meta}/_sim/inbound",
                {"phone_number_id": line, "from": person, "text": text},
            )
        self._add(Planted("forwarded text", forwarded), Planted("reply", REPLY))
        self.reported |= {"forwarded text", "guest 1 number", "guest 1 name", "guest 1 field 0"}

    def _complain_on_the_web(self) -> None:
        """Two complaints on the public page; the number behind one of them is proved."""
        proof = self._fill_in_form(REPORTED, PROVED_BY)
        self._fill_in_form(UNPROVED, REPORTER)
        line = self.stack.abuse_account["lines"][0]["id"]
        words = {"phone_number_id": line, "from": GUESTS[5][0], "text": f"BILDIRIM {proof}"}
        call(f"{self._meta}/_sim/inbound", words)
        self._add(
            Planted("proved web report", REPORTED),
            Planted("address of the proved", PROVED_BY),
            Planted("unproved web report", UNPROVED),
            Planted("address of the unproved", REPORTER),
        )
        self.reported |= {"proved web report", "address of the proved", "guest 5 number"}
        self.reported |= {"unproved web report", "address of the unproved"}

    def _fill_in_form(self, text: str, contact: str) -> str:
        """As a browser without scripts does; gives the code that proves the writer's number."""
        address = url(self.stack.ports.web) + "/bildir"
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(jar)
        browser.addheaders = [("X-Forwarded-For", ADDRESS)]
        page = browser.open(address, timeout=30).read().decode()
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        form = {
            "csrf_token": token[1],
            "number": f"+{NUMBERS[0]}",
            "category": "phishing",
            "text": text,
            "contact": contact,
        }
        with browser.open(address, urllib.parse.urlencode(form).encode(), timeout=30) as done:
            proof = re.search(r"\b[0-9A-Z]{5}-[0-9A-Z]{5}\b", done.read().decode())
        assert proof is not None
        return proof[0]

    def _broken_job(self) -> None:
        """A job that fails leaves a traceback with RQ."""
        with redis.Redis.from_url(self.stack.queue.url) as connection:
            queues.enqueue(queues.queue(connection, "mail"), "mail.send", "no-id")

    # Until nothing moves --------------------------------------------------------------------------

    def _settle(self) -> None:
        for _ in self._until(90):
            hooks = call(f"{self._meta}/_sim/webhooks")
            if not hooks["pending"] and not hooks["planned"] and not self._waiting():
                break
        with redis.Redis.from_url(self.stack.queue.url) as connection:
            for _ in self._until(30):
                if connection.zcard("rq:failed:mail"):
                    return

    def _waiting(self) -> int:
        """Rows that some process still has to work on."""
        with self.stack.postgres.superuser(DATABASE) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM hook_inbox)"
                " + (SELECT count(*) FROM outbound_mail WHERE sent_at IS NULL)"
                " + (SELECT count(*) FROM sender_rpc WHERE state = 'waiting')"
                " + (SELECT count(*) FROM message WHERE status IN ('pending', 'handing'))"
            ).fetchone()
        return int(row[0]) if row else 0

    def _until(self, seconds: float) -> Iterator[None]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.stack.supervisor.check()
            yield
            time.sleep(0.3)
        raise AssertionError("the service did not come to rest")

    # What must not be found -----------------------------------------------------------------------

    def _add(self, *values: Planted) -> None:
        self.planted += values

    def _plant_demo(self, customer: DemoCustomer) -> None:
        self._plant_account("demo", customer.client, self.stack.keys.customer_password)
        code = (self.stack.data_dir / "secrets" / "demo-recovery-code.txt").read_text().strip()
        self._add(Planted("demo recovery code", code, kind=Kind.CODE))
        names: set[str] = set()
        for number, (digits, name, _) in enumerate(people(self.rows)):
            self._add(Planted(f"contact {number} number", digits, kind=Kind.PHONE))
            # The customer's own name is in the staff tier; short names are no evidence.
            if name != "Ayşe Yılmaz" and len(name.encode()) > 9 and name not in names:
                names.add(name)
                self._add(Planted(f"contact {number} name", name))
        self._add(
            Planted("demo list name", "Sadık müşteriler"),
            Planted("demo title, template's header", "Hafta sonu fırsatı"),
            Planted("template's name", "hafta_sonu_firsati"),
            Planted("template's text", "bu hafta sonu tüm siparişlerde"),
            Planted("template's footer", "İstemiyorsanız Dur'a dokunun."),
            Planted("other template's text", "numaralı siparişiniz yola çıktı. İyi günler"),
            Planted("line's token", TOKEN),
            Planted("demo e-mail", EMAIL, Tier.STAFF),
            Planted("demo organization", "Anadolu Çiçek Ltd.", Tier.STAFF),
            Planted("demo contact", "Ayşe Yılmaz", Tier.STAFF),
            Planted("demo phone", "905321112233", Tier.STAFF, Kind.PHONE),
            Planted("demo street", "Çiçek Sk. 4, Kadıköy", Tier.STAFF),
            Planted("line's number", NUMBERS[0], Tier.STAFF, Kind.PHONE),
            Planted("line's verified name", "Anadolu Çiçek", Tier.STAFF),
        )

    def _plant_guests(self) -> None:
        for number, (digits, name, fields) in enumerate(GUESTS):
            self._add(
                Planted(f"guest {number} number", digits, kind=Kind.PHONE),
                Planted(f"guest {number} name", name),
                *(
                    Planted(f"guest {number} field {place}", field)
                    for place, field in enumerate(fields)
                ),
            )
        self._add(
            Planted("list name", LIST_NAME),
            *(Planted(f"column {place}", column) for place, column in enumerate(COLUMNS)),
            Planted("campaign title", TITLE),
            Planted("later campaign's title", LATER_TITLE),
            Planted("draft", DRAFT),
        )

    def _plant_account(self, whose: str, client: VaultClient, password: str) -> None:
        vault = client._state.vault
        said = client.api.post("prelogin", {"email": EMAIL if whose == "demo" else PROFILE.email})
        salt = wire.unb64(said["salt"])
        auth = keys.auth_key(keys.master_key(password, salt, keys.Kdf.parse(said["kdf"])))
        for name, key in (
            ("member key", vault.uk),
            ("account key", vault.ak),
            ("vault key", vault.vk),
            ("login proof", auth),
        ):
            self._add(Planted(f"{whose} {name}", wire.b64(key), kind=Kind.KEY))
        self._add(Planted(f"{whose} password", password))
        if whose == "demo":
            return
        self._add(
            *(
                Planted(f"second {name}", getattr(PROFILE, name), Tier.STAFF)
                for name in Profile.__slots__
                if name != "phone"
            ),
            Planted("second phone", PROFILE.phone.removeprefix("+"), Tier.STAFF, Kind.PHONE),
            Planted("client address", ADDRESS, Tier.STAFF),
        )

    def _plant_ids(self, known: set[str] | None = None) -> None:
        """Meta's own names: a wamid holds the number, a user id is a person."""
        sent = call(f"{self._meta}/_sim/messages?limit=100000")["messages"]
        assert sent
        for number, message in enumerate(sent):
            if f"wamid {number}" not in (known or ()):
                self._add(Planted(f"wamid {number}", message["id"], kind=Kind.ID))
        if known:
            return
        hidden = call(f"{self._meta}/_sim/people?to={GUESTS[3][0]}")
        for place, user in enumerate(hidden["bsuids"].values()):
            self._add(Planted(f"user id {place}", str(user), kind=Kind.ID))
