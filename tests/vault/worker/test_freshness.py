"""What is out of date is noticed by the browser: the sender's key, a list in an older version."""

from __future__ import annotations

import copy
import os
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.vault.worker.panel import EMAIL, PASSWORD, Panel
from whatstr.vault.certificate import Certificate, make_certificate

pytestmark = pytest.mark.browser
DAY = 86_400


def test_the_dates_of_the_senders_key_are_told(panel: Panel) -> None:
    panel.enrol()
    told = panel.call("sender.key")
    assert told["state"] == "valid" and told["from"] < told["until"]
    now, epoch, ident = int(time.time()), panel.world.epoch[0], panel.world.ident[1]
    old = Certificate(9, epoch, now - 10 * DAY, now - 2 * DAY)
    panel.world.cert = make_certificate(old, ident)
    told = panel.call("sender.key")
    until = datetime.fromtimestamp(old.na, UTC)
    assert told["state"] == "dates" and told["until"].startswith(f"{until:%Y-%m-%dT%H:%M:%S}")
    token = {"method": "token", "token": "EAAG", "waba_id": "1", "phone_number_id": "2"}
    assert panel.refused("lines.connect", **token) == "sender_certificate"
    panel.world.cert = make_certificate(Certificate(9, epoch, now, now + 60), os.urandom(64))
    assert panel.call("sender.key")["state"] == "signature"


Stored = dict[str, Any]


def changed(panel: Panel, name: str) -> tuple[Stored, Stored]:
    """What the server held of a list before and after a change."""
    before = copy.deepcopy(panel.world.lists[name])
    panel.call("lists.edit", id=name, removed=[0])
    return before, copy.deepcopy(panel.world.lists[name])


def serve(panel: Panel, held: Stored) -> None:
    panel.world.lists[held["id"]] = copy.deepcopy(held)


def test_a_server_that_serves_an_older_list_is_noticed(panel: Panel) -> None:
    panel.enrol()
    line, name = panel.line(), panel.saved_list(10)
    before, after = changed(panel, name)
    serve(panel, before)
    page = {"id": name, "from": 0, "count": 1}
    assert panel.refused("lists.rows", **page) == "list_older"
    # Also on the next page, after signing in again, and for everything that writes or sends.
    panel.call("logout")
    panel.open()
    panel.call("login", email=EMAIL, password=PASSWORD)
    (shown,) = panel.call("lists.all")
    assert shown["older"] and shown["damaged"] and shown["name"] == "Bahar listesi"
    for operation, args in (
        ("lists.rows", page),
        ("lists.edit", {"id": name, "removed": [0]}),
        ("lists.rename", {"id": name, "name": "x"}),
        ("campaigns.launch", panel.launch_args(line, name)),
    ):
        assert panel.refused(operation, **args) == "list_older", operation
    assert panel.world.campaigns == {}

    # What is newer again opens; an older one opens once the customer says that it is right.
    serve(panel, after)
    assert panel.call("lists.rows", **page)["total"] == 9
    serve(panel, before)
    assert panel.refused("lists.rows", **page) == "list_older"
    panel.call("lists.accept_older", id=name)
    assert panel.call("lists.rows", **page)["total"] == 10
    assert "older" not in panel.call("lists.all")[0]
    panel.call("lists.edit", id=name, removed=[0, 1])
    assert panel.call("lists.rows", **page)["total"] == 8


def test_an_older_manifest_is_not_taken_for_the_newer_one(panel: Panel) -> None:
    """The version is part of what opens: a server cannot relabel."""
    panel.enrol()
    name = panel.saved_list(10)
    before, after = changed(panel, name)
    serve(panel, {**before, "manifest_version": after["manifest_version"]})
    panel.open()
    assert panel.refused("lists.rows", id=name, **{"from": 0, "count": 1}) == "list_damaged"
    assert panel.call("lists.all")[0]["damaged"]
