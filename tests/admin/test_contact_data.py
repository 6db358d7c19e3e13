"""Contact data of customers, over HTTP: written without being read, and never of a deleted one."""

from __future__ import annotations

import uuid

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from tests.admin.customers import Customer, open_shop
from tests.admin.office import WHY, events, hidden, hire
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.contact import edit_member, edit_organization
from whatstr.accounts.models import (
    Member,
    Organization,
    OrganizationState,
    OutboundMail,
    StaffRole,
)
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor
from whatstr.core.db import transaction
from whatstr.core.errors import NotFound


def test_a_deleted_customer_is_not_given_a_name_again(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who, path = hire(panel, StaffRole.SUPPORT), f"/isletmeler/edit/?id={shop.organization}"
    page = f"/isletme/{shop.organization}/"
    assert who.get(path).status_code == 200 and "Edit contact data" in who.get(page).text
    with as_owner(database) as owner:
        owner.get_one(Organization, shop.organization).state = OrganizationState.DELETED
    form = {"name": "Yeni Ad", "language": "tr", "note": WHY, "version": "1"}
    assert who.get(path).status_code == who.post(path, **form).status_code == 404
    assert "Edit contact data" not in who.get(page).text


def test_nothing_is_done_about_a_deleted_customer_any_more(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who, page = hire(panel, StaffRole.OWNER), f"/isletme/{shop.organization}/"
    person = f"/kullanicilar/details/?id={shop.member}"
    edit, remove = f"/kullanicilar/edit/?id={shop.member}", f"/kullanicilar/{shop.member}/cikar"
    form = {"language": "tr", "note": WHY, "seen": hidden(who.get(edit).text, "seen")}
    offered = ("Show one value", "Open a case", "Edit contact data", f"{shop.member}/cikar")
    before = who.get(page).text + who.get(person).text
    assert [one for one in offered if one not in before] == []
    with as_owner(database) as owner:
        owner.get_one(Organization, shop.organization).state = OrganizationState.DELETED
    after = who.get(page).text + who.get(person).text
    assert [one for one in offered if one in after] == []
    assert who.get(edit).status_code == who.post(edit, name="Ad", **form).status_code == 404
    assert who.post(remove, confirmed="1", note=WHY).status_code in (302, 404)
    shown = who.post(f"{page}goster", field="email", reason="abuse_review", note=WHY)
    assert shown.status_code == 403 or shop.email not in shown.text
    assert who.post(f"{page}vaka-ac", note=WHY).status_code == 302
    assert not [one.verb for one in events(database, who) if "signed" not in one.verb]
    actor = Actor(ActorKind.STAFF, who.id)
    with panel.app_context(), pytest.raises(NotFound), transaction():
        edit_organization(
            actor=actor,
            organization_id=shop.organization,
            expected_version=2,
            values={"name": "Yeni Ad"},
            language="tr",
            reason=WHY,
        )
    with panel.app_context(), pytest.raises(NotFound), transaction():
        edit_member(
            actor=actor,
            member_id=shop.member,
            seen=form["seen"],
            values={"name": "Yeni Ad"},
            language="tr",
            reason=WHY,
        )


def test_what_is_shown_and_why_is_chosen_by_the_person(panel: flask.Flask, shop: Customer) -> None:
    page = hire(panel, StaffRole.OWNER).get(f"/isletme/{shop.organization}/").text
    for name in ("field", "reason"):
        start = page.index(f'name="{name}" required')
        assert '<option value=""' in page[start:].partition("</option>")[0], name


def test_contact_data_is_written_without_being_read(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who, path = hire(panel, StaffRole.SUPPORT), f"/isletmeler/edit/?id={shop.organization}"
    page = who.get(path).text
    assert "Gülçiçek" not in page and "Bağdat" not in page
    form = {"language": "en", "note": WHY, "version": hidden(page, "version")}
    bad = who.post(path, **{**form, "tax_number": "1234567899"})
    assert bad.status_code == 400 and "The tax number does not check" in bad.text
    assert who.post(path, **{**form, "note": "kısa"}).status_code == 400
    done = who.post(path, name="Yeni Ad Tekstil", website="yeniad.com.tr", **form)
    assert done.status_code == 302
    stale = who.post(path, name="Bir başkası", **form)
    assert stale.status_code == 409 and "Somebody else changed this" in stale.text
    with as_owner(database) as owner:
        row = owner.get_one(Organization, shop.organization, options=[undefer_group("pii")])
        assert (row.name, row.website) == ("Yeni Ad Tekstil", "https://yeniad.com.tr")
        assert row.address == "Bağdat Cad. 123" and row.language == "en"
    last = events(database, who)[-1]
    assert (last.verb, last.reason) == ("organization.contact_edited", WHY)
    assert last.detail == {"changed": ["name", "website", "language"]}
    assert hire(panel, StaffRole.BILLING).get(path).status_code == 403


def test_a_moved_address_is_confirmed_anew_and_the_old_one_told(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who, path = hire(panel, StaffRole.SUPPORT), f"/kullanicilar/edit/?id={shop.member}"
    page = who.get(path).text
    assert shop.email not in page
    form = {"language": "tr", "note": WHY, "seen": hidden(page, "seen")}
    new = f"yeni-{uuid.uuid4().hex[:8]}@gulcicek.example"
    assert who.post(path, email=new, **form).status_code == 302
    assert who.post(path, phone="0532 000 00 00", **form).status_code == 409, "seen before"
    with as_owner(database) as owner:
        row = owner.get_one(Member, shop.member, options=[undefer_group("pii")])
        assert row.email == new and row.email_confirmed_at is None
        assert row.email_masked == "y***@g***.example"
        mails = owner.scalars(
            sa.select(OutboundMail)
            .where(OutboundMail.organization_id == shop.organization)
            .options(undefer_group("pii"))
        ).all()
        assert [mail.to for mail in mails] == [shop.email]
        assert new not in mails[0].values_json
    other = who.get(path).text
    taken = who.post(path, email=new.upper(), **{**form, "seen": hidden(other, "seen")})
    assert taken.status_code == 302, "one's own address is not taken"
    neighbour = open_shop(database)
    form = {**form, "seen": hidden(who.get(path).text, "seen")}
    refused = who.post(path, email=neighbour.email, name="Ayşe Yeni", **form)
    assert refused.status_code == 409 and 'id="f-email-error"' in refused.text
    assert 'value="Ayşe Yeni"' in refused.text and neighbour.email in refused.text


def test_a_member_is_removed_and_put_back(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    who, path = hire(panel, StaffRole.SUPPORT), f"/kullanicilar/{shop.member}"
    assert who.post(f"{path}/cikar").status_code == 200, "asks first"
    who.post(f"{path}/cikar", confirmed="1", note=WHY)
    assert "This is the only owner" in who.get("/").text
    with as_owner(database) as owner:
        owner.execute(
            sa.text(
                "INSERT INTO member (id, organization_id, role, state, language, created_at,"
                " preferences, kdf, salt, auth_hash, recovery_hash, key_version, member_pk,"
                " wrap_pw, wrap_recovery, name, email)"
                " SELECT gen_random_uuid(), organization_id, role, state, language, created_at,"
                " preferences, kdf, salt, auth_hash, recovery_hash, key_version, member_pk,"
                " wrap_pw, wrap_recovery, name, email FROM member WHERE id = :id"
            ),
            {"id": shop.member},
        )
    who.post(f"{path}/cikar", confirmed="1", note=WHY)
    with as_owner(database) as owner:
        assert owner.scalar(sa.select(Member.state).where(Member.id == shop.member)) == "removed"
    who.post(f"{path}/geri", confirmed="1", note=WHY)
    with as_owner(database) as owner:
        assert owner.scalar(sa.select(Member.state).where(Member.id == shop.member)) == "active"
    verbs = [one.verb for one in events(database, who)]
    assert verbs == ["member.removed", "member.restored"]
