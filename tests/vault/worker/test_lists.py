"""Contact lists in the Worker: import, sealing, harm, lost connections."""

from __future__ import annotations

import json

import pytest

from tests.vault.fake_world import TEMPLATE
from tests.vault.worker.panel import CONSENT, EMAIL, MAPPING, PASSWORD, Panel
from whatstr.vault import wire
from whatstr.vault.client import Profile, VaultClient

pytestmark = pytest.mark.browser


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


def test_drafts_notice_another_tab(panel: Panel) -> None:
    panel.enrol()
    draft = panel.call("drafts.save", value={"title": "Taslak"})
    panel.call("drafts.save", id=draft["id"], value={"title": "Taslak 2"})
    (kept,) = panel.call("drafts.all")
    assert (kept["value"]["title"], kept["version"]) == ("Taslak 2", 2)
    panel.world.records[f"draft/{draft['id']}"]["data"] = wire.b64(bytes(202))
    (kept,) = panel.call("drafts.all")
    assert kept["damaged"]
