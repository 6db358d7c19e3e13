"""Invitation, re-key, password change and removal in real browsers against the real web role
(vault design, 20.10): who should read reads, nobody else does."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page
from sqlalchemy.orm import Session

from tests.apps import as_owner
from tests.services import ModuleDatabase
from tests.vault.panels import PASSWORD, RealPanel
from tests.vault.worker.panel import CONSENT
from whatstr.accounts.models import Member
from whatstr.vault import keys, seals
from whatstr.vault.client import VaultClient
from whatstr.vault.rekey_models import NextKey

pytestmark = pytest.mark.browser
NEW = "Yeni uzun parola 77"


@pytest.fixture
def tab(browser: Browser, address: str) -> Iterator[Callable[[str], RealPanel]]:
    """Another person's browser."""
    pages: list[Page] = []

    def opened(email: str) -> RealPanel:
        page = browser.new_page()
        pages.append(page)
        other = RealPanel(page, address, email)
        other.open()
        return other

    yield opened
    for page in pages:
        page.context.close()


def confirm(database: ModuleDatabase) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.update(Member).values(email_confirmed_at=sa.func.now()))


def save_list(owner: RealPanel, count: int = 620) -> str:
    owner.contacts(count)
    consent = {**CONSENT, "statement_version": owner.call("config")["statement_version"]}
    return str(owner.call("lists.save", name="Bahar", consent=consent)["id"])


def total(who: RealPanel, list_id: str) -> int:
    return int(who.call("lists.rows", id=list_id, **{"from": 0, "count": 1})["total"])


def join(person: RealPanel, link: str, name: str) -> dict[str, Any]:
    offer = person.call("invitation.open", link=link)
    assert offer["organization"] == "Örnek Ltd"
    code = person.call("invitation.prepare", password=PASSWORD)
    early = {"profile": {}, "language": "tr"}
    assert person.refused("invitation.accept", **early) == "code_unconfirmed"
    answers = [code["groups"][i] for i in code["ask"]]
    assert person.call("code.confirm", answers=answers)["confirmed"]
    profile = {"contact_name": name, "email": person.email, "phone": None}
    said = person.call("invitation.accept", profile=profile, language="tr")
    return {**said, "code": "-".join(code["groups"])}


def forge(owner: Session, member: uuid.UUID, organization: uuid.UUID) -> None:
    """What a server could leave that wants everybody to work with a key of its own."""
    pk = owner.scalar(sa.select(Member.member_pk).where(Member.id == member))
    box = keys.wrap_ak_next(
        bytes(32), bytes(range(32)), account=organization.bytes, member=member.bytes, version=2
    )
    seal = seals.seal_to_member(bytes(pk or b""), box)
    owner.execute(sa.update(NextKey).where(NextKey.member_id == member).values(seal=seal))


def test_members_come_and_go_and_lists_stay_readable(
    panel: RealPanel,
    tab: Callable[[str], RealPanel],
    address: str,
    database: ModuleDatabase,
) -> None:
    organization = panel.sign_up()
    confirm(database)
    mine = save_list(panel)
    panel.call("drafts.save", value={"title": "Taslak"})

    # Two people join by links whose secret the server never saw.
    link = panel.call("members.invite", role="manager", label="Kalan")["fragment"]
    stays = tab("kalan@ornek.com.tr")
    assert stays.refused("invitation.open", link=link[:-4] + "AAAA") == "invitation_invalid"
    stays_id = join(stays, link, "Kalan Kişi")["member"]
    assert stays.refused("invitation.open", link=link) == "invitation_invalid"
    assert total(stays, mine) == 620
    goes = tab("giden@ornek.com.tr")
    gone = join(goes, panel.call("members.invite", role="manager")["fragment"], "Giden Kişi")
    assert total(goes, mine) == 620
    blob = goes.page.evaluate("sessionStorage.getItem('wtr.vault')")

    # One is removed, and the key with them.
    panel.call("members.remove", member=gone["member"])
    assert panel.call("members.all")["rekey"]["due"]
    assert panel.call("rekey.run") == {"version": 2}
    assert panel.call("session")["key_version"] == 2
    assert not panel.call("members.all")["rekey"]["due"]
    assert total(panel, mine) == 620
    assert [one["value"] for one in panel.call("drafts.all")] == [{"title": "Taslak"}]
    assert panel.open()["key_version"] == 2  # over a page load, too
    assert total(panel, mine) == 620

    # The removed: session, blob and password are dead.
    assert goes.refused("lists.all") == "not_signed_in"
    goes.page.evaluate("(blob) => sessionStorage.setItem('wtr.vault', blob)", blob)
    assert goes.open() is None
    login = {"email": "giden@ornek.com.tr", "password": PASSWORD}
    assert goes.refused("login", **login) == "wrong_credentials"

    # Who stays signs in once more and takes the new key over, for good.
    assert stays.refused("lists.all") == "not_signed_in"
    member = uuid.UUID(stays_id)
    with as_owner(database) as owner:
        left = owner.scalar(sa.select(NextKey.seal).where(NextKey.member_id == member))
        forge(owner, member, uuid.UUID(organization))
    login = {"email": "kalan@ornek.com.tr", "password": PASSWORD}
    assert stays.refused("login", **login) == "next_key_refused"
    with as_owner(database) as owner:
        owner.execute(sa.update(NextKey).where(NextKey.member_id == member).values(seal=left))
    opened = stays.call("login", **login)
    assert opened["key_version"] == 2
    assert total(stays, mine) == 620
    later = VaultClient(address)
    later.login("kalan@ornek.com.tr", PASSWORD)
    assert later.api.get("half")["key_version"] == 2 and len(later.lists.open(mine)[1]) == 620
    later.logout()
    theirs = save_list(stays, 5)
    assert total(panel, theirs) == 5


def test_a_new_password_ends_the_other_browsers(
    panel: RealPanel,
    tab: Callable[[str], RealPanel],
) -> None:
    panel.sign_up()
    mine = save_list(panel, 5)
    other = tab(panel.email)
    other.call("login", email=panel.email, password=PASSWORD)
    blob = other.page.evaluate("sessionStorage.getItem('wtr.vault')")
    assert len(panel.call("sessions.all")) == 2

    panel.call("password.change", old=PASSWORD, new=NEW)

    assert total(panel, mine) == 5
    assert [one["current"] for one in panel.call("sessions.all")] == [True]
    assert other.refused("lists.all") == "not_signed_in"
    other.page.evaluate("(blob) => sessionStorage.setItem('wtr.vault', blob)", blob)
    assert other.open() is None
    assert other.refused("login", email=panel.email, password=PASSWORD) == "wrong_credentials"
    other.call("login", email=panel.email, password=NEW)
    assert total(other, mine) == 5

    # And one by one, from the list of one's own sessions.
    (theirs,) = [one for one in panel.call("sessions.all") if not one["current"]]
    panel.call("sessions.end", id=theirs["id"])
    assert other.refused("lists.all") == "not_signed_in"


def test_another_tab_takes_the_new_key_up_by_itself(
    panel: RealPanel,
    tab: Callable[[str], RealPanel],
) -> None:
    """Two tabs share the session: the one that did not change the key goes on with the new one."""
    panel.sign_up()
    mine = save_list(panel, 5)
    second = RealPanel(panel.page.context.new_page(), panel.address.removesuffix("/bos"), "")
    kept = panel.page.evaluate("sessionStorage.getItem('wtr.vault')")
    second.page.goto(second.address)
    second.page.evaluate("(blob) => sessionStorage.setItem('wtr.vault', blob)", kept)
    assert second.open()["key_version"] == 1
    panel.call("rekey.run")
    assert second.refused("drafts.save", value={"title": "x"}) == "key_changed"
    second.call("drafts.save", value={"title": "x"})
    assert total(second, mine) == 5
    assert [one["value"] for one in panel.call("drafts.all")] == [{"title": "x"}]
