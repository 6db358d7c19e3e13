"""What the Worker believes of the sender, and what it tells it: requests, answers, notices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.vault.fake_api import fake_api
from tests.vault.fake_world import TEMPLATE
from tests.vault.worker.panel import MAPPING, Panel
from whatstr.vault.notices import seal_notice

pytestmark = pytest.mark.browser


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
