"""Sign-up, sign-in, recovery, idle lock in Chromium, under the policy of the panel."""

from __future__ import annotations

import pytest

from tests.vault.worker.panel import EMAIL, PASSWORD, Panel

pytestmark = pytest.mark.browser


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
