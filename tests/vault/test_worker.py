"""The vault's Worker in Chromium, under the panel's policy, against a stand-in of the servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.vault.fake_api import TEMPLATE, World, fake_api
from whatstr.vault import rows, wire
from whatstr.vault.client import Profile, VaultClient
from whatstr.vault.notices import seal_notice

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "zeynep@ornek.com.tr", "Çok uzun bir parola 42"
CONSENT = {"basis": "explicit_consent", "source": "kasa", "collected_on": "2026-11-01",
           "statement_version": "1"}  # fmt: skip
MAPPING = {
    "header": [{"from": "name", "fallback": "müşterimiz"}],
    "body": [{"from": "name", "fallback": "müşterimiz"}, {"from": "field", "index": 0},
             {"from": "code"}],
    "buttons": [{"from": "fixed", "text": "bahar"}],
}  # fmt: skip
OPEN = """async () => {
  const { openVault } = await import('/static/js/vault/client.mjs');
  globalThis.vault = await openVault();
  globalThis.locked = [];
  vault.addEventListener('locked', (event) => locked.push(event.detail.reason));
  return vault.session;
}"""
CALL = """async ([name, args, file]) => {
  const seen = [];
  if (file) args.file = new File([file], 'k.csv');
  try {
    const result = await vault.call(name, args, {onProgress: (p) => seen.push(p)});
    if (result?.blob) result.text = await result.blob.text();
    return {result, seen};
  } catch (error) {
    return {error: error.code, data: error.data, detail: error.detail, seen};
  }
}"""


class Panel:
    """A page with the vault, driven from Python."""

    def __init__(self, page: Page, address: str, world: World) -> None:
        self.page, self.address, self.world = page, address, world
        self.problems: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.problems.append(str(e)))
        page.on("request", lambda r: self.hosts.add(r.url.split("/")[2]))

    def open(self) -> Any:
        self.page.goto(self.address)
        return self.page.evaluate(OPEN)

    def call(self, operation: str, /, file: str | None = None, **args: Any) -> Any:
        self.told = self.page.evaluate(CALL, [operation, args, file])
        assert "error" not in self.told, self.told
        return self.told["result"]

    def refused(self, operation: str, /, **args: Any) -> str:
        self.told = self.page.evaluate(CALL, [operation, args, None])
        return str(self.told.get("error", f"it went through: {self.told}"))

    def enrol(self) -> str:
        prepared = self.call("enrol.prepare", password=PASSWORD)
        groups = prepared["groups"]
        answers = [groups[i].lower() for i in prepared["ask"]]
        assert self.call("code.confirm", answers=answers)["confirmed"]
        profile = {"organization_name": "Örnek", "contact_name": "Zeynep", "email": EMAIL,
                   "phone": "905301112233"}  # fmt: skip
        self.call("enrol.finish", profile=profile, documents=[], language="tr")
        return "-".join(groups)

    def contacts(self, count: int, first: int = 0, **args: Any) -> Any:
        lines = ["Telefon;Ad;Şehir"]
        for n in range(first, first + count):
            digits = f"{1_000_000 + n:07d}"
            lines.append(f"0530 {digits[:3]} {digits[3:5]} {digits[5:]};Kişi {n};İl {n % 81}")
        seen = self.call("import.inspect", file="\n".join(lines))
        return self.call("import.run", mapping=seen["mapping"], **args)

    def saved_list(self, count: int = 1_203) -> str:
        self.contacts(count)
        return str(self.call("lists.save", name="Bahar listesi", consent=CONSENT)["id"])

    def line(self) -> str:
        args = {"method": "token", "token": "EAAG", "waba_id": "1", "phone_number_id": "2"}
        return str(self.call("lines.connect", **args)["line"])

    def launch_args(self, line: str, list_id: str) -> dict[str, Any]:
        return {"title": "Bahar", "line": line, "kind": "marketing", "list": list_id,
                "template": TEMPLATE, "mapping": MAPPING, "due_at": None}  # fmt: skip


@pytest.fixture
def panel(page: Page) -> Iterator[Panel]:
    with fake_api() as (address, world):
        panel = Panel(page, address, world)
        panel.open()
        yield panel
        page.goto("about:blank")
    assert [p for p in panel.problems if "Failed to load resource" not in p] == []
    assert len(panel.hosts - {""}) <= 1


def test_sign_up_asks_for_the_code_and_stays_over_pages(panel: Panel) -> None:
    assert panel.refused("lists.all") == "locked"
    assert panel.refused("enrol.prepare", password="kısa") == "password_short"
    assert panel.refused("enrol.prepare", password="galatasaray1905") == "password_common"
    panel.call("enrol.prepare", password=PASSWORD)
    assert panel.call("code.confirm", answers=["AAAA", "BBBB"]) == {"confirmed": False}
    finish = {"profile": {"email": EMAIL}, "documents": [], "language": "tr"}
    assert panel.refused("enrol.finish", **finish) == "code_unconfirmed"
    panel.enrol()
    before = panel.call("session")
    after = panel.open()
    assert {**after, "language": "tr"} == before
    assert panel.call("lists.all") == []


def test_no_key_material_rests_in_the_page(panel: Panel) -> None:
    code = panel.enrol()
    kept = panel.page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert "blob" in kept
    member = panel.world.members[EMAIL]
    for secret in (member["auth"], PASSWORD, code):
        assert secret not in kept
    assert panel.page.evaluate("document.cookie") == ""


def test_logging_out_makes_the_blob_dead(panel: Panel) -> None:
    panel.enrol()
    blob = panel.page.evaluate("sessionStorage.getItem('wtr.vault')")
    panel.call("logout")
    assert panel.page.evaluate("[locked, sessionStorage.length]") == [["logout"], 0]
    panel.page.evaluate("(blob) => sessionStorage.setItem('wtr.vault', blob)", blob)
    assert panel.open() is None
    assert panel.call("login", email=EMAIL, password=PASSWORD)["role"] == "owner"


def test_a_session_that_the_server_ended_locks(panel: Panel) -> None:
    panel.enrol()
    panel.world.sessions.clear()
    assert panel.refused("lists.all") == "not_signed_in"
    assert panel.page.evaluate("locked") == ["session"]
    assert panel.refused("lists.all") == "locked"


def test_sign_in_refuses_a_wrong_password_and_a_cheap_hash(panel: Panel) -> None:
    panel.enrol()
    panel.call("logout")
    assert panel.refused("login", email=EMAIL, password="bambaşka parola") == "wrong_credentials"
    panel.world.kdf = '{"alg":"argon2id13","t":1,"m":8}'
    assert panel.refused("login", email=EMAIL, password=PASSWORD) == "weak_kdf"


def test_password_change_and_recovery_keep_the_lists(panel: Panel) -> None:
    code = panel.enrol()
    name = panel.saved_list(30)
    wrong_old = {"old": "yanlış parola 1", "new": "Yeni uzun parola 77"}
    assert panel.refused("password.change", **wrong_old) == "wrong_password"
    panel.call("password.change", old=PASSWORD, new="Yeni uzun parola 77")
    panel.call("logout")
    assert panel.refused("login", email=EMAIL, password=PASSWORD) == "wrong_credentials"
    panel.call("login", email=EMAIL, password="Yeni uzun parola 77")
    panel.call("logout")
    token = f"{panel.world.members[EMAIL]['member']}.secret"
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert panel.refused("recovery.open", token=token, code=wrong) == "recovery_code"
    panel.call("recovery.open", token=token, code=code.lower())
    fresh = panel.call("recovery.prepare", password="Unutmadığım parola 9")
    panel.call("code.confirm", answers=[fresh["groups"][i] for i in fresh["ask"]])
    panel.call("recovery.finish")
    assert panel.call("lists.rows", id=name, **{"from": 0, "count": 1})["total"] == 30
    assert panel.refused("recovery.open", token=token, code=code) == "wrong_recovery"


def test_import_save_open_search_append(panel: Panel) -> None:
    panel.enrol()
    told = panel.contacts(1_203)
    assert told["counts"]["valid"] == 1_203
    saved = panel.call("lists.save", name="Bahar listesi", consent=CONSENT)
    assert panel.told["seen"][-1] == {"phase": "seal", "done": 1_203, "total": 1_203}
    name = saved["id"]
    kept = json.dumps({k: v for k, v in panel.world.lists[name].items() if k != "parts"})
    assert "Bahar" not in kept
    panel.open()
    (shown,) = panel.call("lists.all")
    assert (shown["name"], shown["columns"], shown["rows"]) == ("Bahar listesi", ["Şehir"], 1_203)
    page = panel.call("lists.rows", id=name, **{"from": 0, "count": 2, "search": "KİŞİ 77"})
    assert page["rows"][0] == {"row": 77, "phone": "905301000077", "name": "Kişi 77",
                               "fields": ["İl 77"]}  # fmt: skip
    told = panel.contacts(10, first=1_200, list=name)
    assert (told["counts"]["valid"], told["counts"]["alreadyInList"]) == (7, 3)
    assert panel.call("lists.append", id=name, consent=CONSENT)["rows"] == 1_210
    panel.call("lists.rename", id=name, name="Yeni ad")
    panel.open()
    assert panel.call("lists.open", id=name)["name"] == "Yeni ad"
    csv = panel.call("lists.csv", id=name)["text"]
    assert csv.count("\r\n") == 1_211
    assert "0530 100 00 77" in csv


def test_python_reads_what_the_browser_sealed(panel: Panel) -> None:
    panel.enrol()
    name = panel.saved_list(501)
    client = VaultClient(panel.address)
    client.login(EMAIL, PASSWORD)
    manifest, people = client.lists.open(name)
    assert (manifest.name, len(people), people[500][1]) == ("Bahar listesi", 501, "Kişi 500")
    client.api.close()


def test_the_browser_reads_what_python_sealed(panel: Panel) -> None:
    client = VaultClient(panel.address)
    client.enrol(Profile("Örnek", "Zeynep", EMAIL, "905301112233"), PASSWORD)
    people = [(f"9053010{n:05d}", f"Kişi {n}", ("x",)) for n in range(501)]
    name = client.lists.save("Piton", people, columns=["A"])
    client.api.close()
    panel.call("login", email=EMAIL, password=PASSWORD)
    assert panel.call("lists.open", id=name)["rows"] == 501


@pytest.mark.parametrize("harm", ["swap", "bit", "gone", "old"])
def test_a_harmed_list_is_refused_not_shown(panel: Panel, harm: str) -> None:
    panel.enrol()
    name = panel.saved_list()
    parts = panel.world.lists[name]["parts"]
    if harm == "swap":
        parts[0, 1], parts[1, 1] = parts[1, 1], parts[0, 1]
    elif harm == "bit":
        parts[2, 1] = parts[2, 1][:-1] + bytes([parts[2, 1][-1] ^ 1])
    elif harm == "gone":
        del parts[1, 1]
    else:
        panel.world.lists[name]["manifest_version"] = 2
    wanted = "list_incomplete" if harm == "gone" else "list_damaged"
    assert panel.refused("lists.open", id=name) == wanted
    assert panel.refused("campaigns.plan", list=name, template=TEMPLATE, mapping=MAPPING) == wanted


def test_an_upload_goes_on_after_lost_connections(panel: Panel) -> None:
    panel.enrol()
    panel.contacts(1_203)
    panel.world.drops = 8  # Chromium itself tries each kept connection once more
    panel.call("lists.save", name="Kopuk", consent=CONSENT)
    assert any(p["phase"] == "waiting" for p in panel.told["seen"])
    assert sorted(panel.world.puts) == ["list 0", "list 1", "list 2"]


def test_cancelling_stops_and_the_next_try_continues(panel: Panel) -> None:
    panel.enrol()
    panel.contacts(5_000)
    stopped = panel.page.evaluate(
        """async (consent) => {
          const abort = new AbortController();
          const onProgress = (p) => { if (p.phase === 'seal' && p.done >= 1000) abort.abort(); };
          try {
            const options = {onProgress, signal: abort.signal};
            await vault.call('lists.save', {name: 'K', consent}, options);
          } catch (error) { return error.code; }
        }""",
        CONSENT,
    )
    assert stopped == "aborted"
    assert len(panel.world.lists) == 1
    assert panel.call("lists.save", name="K", consent=CONSENT)["rows"] == 5_000
    assert len(panel.world.lists) == 1
    assert len(set(panel.world.puts)) == 10
    assert len(panel.world.puts) < 16  # at most what was under way is sent again


def test_a_line_its_templates_and_test_message(panel: Panel) -> None:
    panel.enrol()
    line = panel.line()
    kept = panel.call("lines.templates", line=line)["templates"]
    assert kept == [TEMPLATE]
    assert [r.op for r in panel.world.asked] == ["connect"]
    panel.call("lines.templates", line=line, refresh=True)
    # What Meta has told since is known by the template's key.
    panel.world.template_state = {"status": "PAUSED", "quality": "RED", "category": ""}
    (now,) = panel.call("lines.templates", line=line)["templates"]
    assert (now["status"], now["told"]["quality"]) == ("PAUSED", "RED")
    assert now["category"] == TEMPLATE["category"]
    told = panel.call("lines.test", line=line, template=TEMPLATE, to="905301112233",
                      params=["a", "b", "c"])  # fmt: skip
    assert told == {"outcome": "accepted"}
    assert panel.world.asked[-1].args["template"] == {"name": "bahar", "lang": "tr", "id": "77"}
    bad = {"method": "token", "token": "bad", "waba_id": "1", "phone_number_id": "2"}
    assert panel.refused("lines.connect", **bad) == "sender_refused"
    assert panel.told["data"]["tr"] == "Belirteç geçersiz."


def test_false_senders_are_refused(panel: Panel) -> None:
    panel.enrol()
    line = panel.line()
    name = panel.saved_list(10)
    panel.world.lie = lambda answer: replace(answer, rpc=bytes(16))
    assert panel.refused("lines.info", line=line) == "answer_refused"
    panel.world.lie = None
    with fake_api() as (_, stranger):
        panel.world.cert = stranger.certificate()
    assert panel.refused("lines.info", line=line) == "sender_certificate"
    args = panel.launch_args(line, name)
    assert panel.refused("campaigns.launch", **args) == "sender_certificate"
    assert panel.world.campaigns == {}


def test_the_senders_identity_comes_from_the_release_alone(panel: Panel) -> None:
    """A server that says it is another sender, in its answers, is not believed."""
    panel.enrol()
    panel.world.released = bytes(range(32))
    panel.open()
    args = {"method": "token", "token": "EAAG", "waba_id": "1", "phone_number_id": "2"}
    assert panel.refused("lines.connect", **args) == "sender_certificate"
    assert panel.world.asked == []


def test_preview_plan_and_launch(panel: Panel) -> None:
    panel.enrol()
    line, name = panel.line(), panel.saved_list()
    shown = panel.call("campaigns.preview", list=name, template=TEMPLATE, mapping=MAPPING, row=1)
    assert shown["header"] == "Merhaba Kişi 1"
    assert shown["body"] == "Sayın Kişi 1, İl 1 şubemizde indirim. Kod: {kod}"
    assert shown["buttons"][1]["url"] == "https://ornek.com.tr/bahar"
    panel.call("optouts.add", numbers=["905301000000", "905301000001"])
    plan = panel.call("campaigns.plan", list=name, template=TEMPLATE, mapping=MAPPING)
    assert (plan["rows"], plan["suppressed"], plan["in_list"]) == (1_201, 2, 1_203)
    job = panel.call("campaigns.launch", **panel.launch_args(line, name))
    assert job == {"id": job["id"], "state": "queued", "rows": 1_201}
    header = panel.world.open_header(job["id"])
    stored = panel.world.campaigns[job["id"]]
    opened = [row for no in range(3) for row in rows.open_job_chunk(
        header.jk, stored["parts"][no], account=header.account, job=header.job, no=no, chunks=3
    )]  # fmt: skip
    assert opened[0] == rows.JobRow(
        "905301000002", ("Kişi 2", "İl 2", "{kod}"), ("Kişi 2",), ("bahar",)
    )
    assert len(opened) == 1_201
    (shown,) = panel.call("campaigns.all")
    assert (shown["title"], shown["list"]["name"]) == ("Bahar", "Bahar listesi")


def test_a_campaign_whose_key_is_gone_is_sealed_again(panel: Panel) -> None:
    """Same campaign, same parts, another header that the sender opens (vault design, 22)."""
    panel.enrol()
    line, name = panel.line(), panel.saved_list()
    job = panel.call("campaigns.launch", **panel.launch_args(line, name))["id"]
    stored = panel.world.campaigns[job]
    before, first = dict(stored), panel.world.open_header(job)
    stored.update(state="held", kid=1, header="")
    panel.open()
    assert panel.call("campaigns.reseal", id=job) == {"id": job, "state": "queued"}
    second = panel.world.open_header(job)
    same = ("account", "job", "conn", "template", "chunks", "rows", "media", "jk")
    assert {n: getattr(first, n) for n in same} == {n: getattr(second, n) for n in same}
    assert stored["header"] != before["header"] and stored["parts"] == before["parts"]
    panel.world.campaigns[job]["record"] = wire.b64(bytes(138))
    assert panel.refused("campaigns.reseal", id=job) == "campaign_damaged"


def test_the_vault_gives_its_refusals_again_when_the_sender_asks(panel: Panel) -> None:
    panel.enrol()
    panel.line()
    panel.call("optouts.add", numbers=["905301000000", "905301000001"])
    panel.world.notify(panel.call("session")["organization"], "optout", **{"from": "905301000002",
                       "via": "word"})  # fmt: skip
    panel.call("notices.all")
    panel.world.notify(panel.call("session")["organization"], "rebuild")
    assert [one["t"] for one in panel.call("notices.all")] == ["optout"]
    given = [(one.args.get("via"), one.args["numbers"]) for one in panel.world.asked[-3:]]
    assert given == [
        ("customer", ["905301000000", "905301000001"]),
        ("word", ["905301000002"]),
        (None, []),
    ]
    assert panel.world.asked[-1].args["complete"] is True
    asked = len(panel.world.asked)
    panel.call("notices.all")
    assert len(panel.world.asked) == asked  # once


def test_a_broken_launch_continues_after_a_reload(panel: Panel) -> None:
    panel.enrol()
    line, name = panel.line(), panel.saved_list()
    panel.call("optouts.add", numbers=["905301000000"])
    job = panel.call("campaigns.launch", **panel.launch_args(line, name))["id"]
    stored = panel.world.campaigns[job]
    before = dict(stored["parts"])
    stored["state"] = "uploading"
    del stored["parts"][1]
    panel.call("optouts.add", numbers=["905301000009"])  # learned since: the rows must not shift
    panel.open()
    assert panel.call("campaigns.continue", id=job)["state"] == "queued"
    assert stored["parts"].keys() == before.keys()
    header = panel.world.open_header(job)
    place: dict[str, Any] = {"account": header.account, "job": header.job, "no": 1, "chunks": 3}
    assert rows.open_job_chunk(header.jk, stored["parts"][1], **place) == rows.open_job_chunk(
        header.jk, before[1], **place
    )


def test_the_report_joins_states_with_people(panel: Panel) -> None:
    panel.enrol()
    line, name = panel.line(), panel.saved_list(5)
    job = panel.call("campaigns.launch", **panel.launch_args(line, name))["id"]
    at = "2026-11-23T11:05:07Z"
    panel.world.campaigns[job]["messages"] = [
        [0, "read", None, at, at, at, at, None],
        [2, "failed", 131026, at, None, None, None, at],
        [3, "accepted", None, at, None, None, None, None],
        [4, "unknown", None, None, None, None, None, None],
    ]
    page = panel.call("campaigns.rows", id=job, **{"from": 0, "count": 10})
    assert [row["status"] for row in page["rows"]] == [
        "read", "pending", "failed", "accepted", "unknown",
    ]  # fmt: skip
    assert page["rows"][0]["name"] == "Kişi 0"
    failed = panel.call("campaigns.rows", id=job, status="failed", **{"from": 0, "count": 10})
    assert [row["to"] for row in failed["rows"]] == ["905301000002"]
    csv = panel.call("campaigns.csv", id=job, lang="tr")
    assert csv["filename"] == "Bahar.csv"
    assert "0530 100 00 00;Kişi 0;Okundu;2026-11-23 14:05:07;" in csv["text"]
    assert ";131026;Yok." in csv["text"]
    assert "Meta'nın mesajı alıp almadığı bilinmiyor" in csv["text"]
    # What was never sent says so once the campaign is refused.
    panel.world.campaigns[job]["state"] = "refused"
    csv = panel.call("campaigns.csv", id=job, lang="en")
    assert "Cancelled" in csv["text"] and "the credit returned" in csv["text"]


def test_notices_are_believed_only_from_the_sender(panel: Panel) -> None:
    panel.enrol()
    panel.line()
    organization = panel.call("session")["organization"]
    panel.world.notify(organization, "optout", via="reply", **{"from": "905301000003"})
    with fake_api() as (_, stranger):
        forged = seal_notice(
            bytes.fromhex(organization), "optout", 1, via="reply",
            ident_sk=stranger.ident[1], box_pk=panel.world.pins[organization][1],
        )  # fmt: skip
    panel.world.add_notice(organization, forged)
    good, bad = panel.call("notices.all")
    assert (good["t"], good["from"], bad["damaged"]) == ("optout", "905301000003", True)
    (known,) = panel.call("optouts.all")
    assert known["number"] == "905301000003"


def test_an_opt_out_that_names_a_row_finds_its_person(panel: Panel) -> None:
    panel.enrol()
    line, name = panel.line(), panel.saved_list(5)
    job = panel.call("campaigns.launch", **panel.launch_args(line, name))["id"]
    organization = panel.call("session")["organization"]
    panel.world.notify(organization, "optout", via="button", job=job, row=2)
    panel.world.notify(organization, "optout", via="button", job="00" * 16, row=2)
    first, second = panel.call("notices.all")
    assert (first["from"], second["from"]) == ("905301000002", None)
    assert [one["number"] for one in panel.call("optouts.all")] == ["905301000002"]
    plan = panel.call("campaigns.plan", list=name, template=TEMPLATE, mapping=MAPPING)
    assert (plan["rows"], plan["suppressed"]) == (4, 1)


def test_drafts_notice_another_tab(panel: Panel) -> None:
    panel.enrol()
    draft = panel.call("drafts.save", value={"title": "Taslak"})
    panel.call("drafts.save", id=draft["id"], value={"title": "Taslak 2"})
    (kept,) = panel.call("drafts.all")
    assert (kept["value"]["title"], kept["version"]) == ("Taslak 2", 2)
    panel.world.records[f"draft/{draft['id']}"]["data"] = wire.b64(bytes(202))
    (kept,) = panel.call("drafts.all")
    assert kept["damaged"]


def test_idle_time_locks(panel: Panel) -> None:
    panel.enrol()
    panel.page.goto(panel.address)
    reason = panel.page.evaluate(
        """async () => {
          const { openVault } = await import('/static/js/vault/client.mjs');
          const vault = await openVault({idleMinutes: 0.005});
          if (!vault.session) return 'not restored';
          return new Promise((done) => {
            vault.addEventListener('locked', (event) => done(event.detail.reason));
          });
        }"""
    )
    assert reason == "idle"
    assert panel.page.evaluate("sessionStorage.length") == 0


def test_only_the_workers_address_passes_the_policy(panel: Panel) -> None:
    """Trusted Types are on: a script address as plain text is refused, so is another policy."""
    refused = panel.page.evaluate(
        """() => ['worker', 'policy'].map((what) => {
          try {
            if (what === 'worker') new Worker('/static/js/vault/worker.mjs', {type: 'module'});
            else trustedTypes.createPolicy('other', {});
            return 'passed';
          } catch (error) { return error.name; }
        })"""
    )
    assert refused == ["TypeError", "TypeError"]
    panel.problems = [p for p in panel.problems if "rusted" not in p and "olicy" not in p]


def test_the_values_a_template_needs(panel: Panel) -> None:
    named = {
        "components": [
            {"type": "BODY", "text": "{{sehir}} için {{ad}}: {{sehir}}"},
            {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "text": "Kopyala"}]},
        ]
    }
    slots = panel.call("templates.slots", template=named)
    assert slots["body"] == ["sehir", "ad"]
    assert slots["buttons"] == [{"index": 0, "text": "Kopyala", "name": "code"}]
    carousel = {"components": [{"type": "BODY", "text": "x"}, {"type": "CAROUSEL", "cards": []}]}
    assert panel.call("templates.slots", template=carousel)["reason"] == "component"
