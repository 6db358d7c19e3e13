"""Keys of the sender changed by command: connections keep opening, refusals are never forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doors.stage import Doors
from tests.sending.stage import people
from whatstr.core.db import transaction
from whatstr.sending import connections, context, roots
from whatstr.sending.connections import NoConnection
from whatstr.sending.keyring import Keyring

GOING = {"running", "done"}


@pytest.fixture
def noted(doors: Doors) -> Iterator[Doors]:
    """The service has seen the organization; the keyring of the module is put back afterwards."""
    kept = doors.keyring.path.read_bytes()
    doors.sql("DELETE FROM s_root")
    with doors.app.app_context(), transaction():
        roots.note_all()
    yield doors
    doors.keyring.path.write_bytes(kept)


def test_connections_open_under_a_new_ck_and_not_under_the_old(noted: Doors) -> None:
    before = noted.keyring
    sealed = bytes(noted.sql("SELECT sealed FROM s_conn")[0]["sealed"])
    with noted.app.app_context():
        assert roots.rotate_ck() == 1
        with transaction():
            opened = connections.open_connection(noted.line)
        assert opened.token == noted.connection().token
        after = context.keyring()
    assert after.ck != before.ck and after.ck_before == b"" and after.ik == before.ik
    # The blob of before, put back, opens no more: the old key is destroyed.
    noted.sql("UPDATE s_conn SET sealed = %s", sealed)
    with noted.app.app_context(), transaction(), pytest.raises(NoConnection):
        connections.open_connection(noted.line)


def test_a_rotation_that_broke_off_goes_on(noted: Doors) -> None:
    """Between the new key in the file and the last connection both keys open."""
    with noted.app.app_context():
        begun = context.keyring().begin_ck()
        with transaction():
            connections.open_connection(noted.line)
        assert context.keyring().begin_ck().ck == begun.ck
        roots.rotate_ck()
        assert context.keyring().ck == begun.ck
        with transaction():
            connections.open_connection(noted.line)


def test_nothing_is_sent_until_the_vault_has_given_its_refusals_again(noted: Doors) -> None:
    stays, stopped = people(2)
    noted.opt_out(stopped)
    with noted.app.app_context():
        assert roots.rotate_ik() == 1
    assert noted.refusals() == {}
    campaign = noted.campaign([stays, stopped])

    noted.run()
    assert noted.state(campaign) == ("held", "optout_index")
    assert noted.sent_to(stays) == []
    args = {"line": noted.line.hex, "template": {}, "to": stays, "params": []}
    assert noted.refusal("test_send", args) == "optout_index"
    (asked,) = noted.notices()
    assert asked["t"] == "rebuild"

    # A part is not the whole; the last one lifts the hold, and the refusal counts again.
    noted.result("optout_add", {"numbers": [people(1)[0]]})
    noted.sql("UPDATE campaign SET state = 'queued'")
    noted.run()
    assert noted.state(campaign)[0] == "held"
    noted.result("optout_add", {"numbers": [stopped], "via": "word"})
    assert noted.refusal("optout_add", {"numbers": [stopped], "via": "magic"}) == "bad_arguments"
    noted.result("optout_add", {"numbers": [], "complete": True})
    assert noted.result("optout_remove", {"numbers": [stopped]}) == {"changed": 0}  # theirs, still
    noted.sql("UPDATE campaign SET state = 'queued'")
    noted.run()
    assert noted.state(campaign)[0] in GOING
    assert noted.sent_to(stopped) == [] and len(noted.sent_to(stays)) == 1


def test_a_vault_without_refusals_says_so(noted: Doors) -> None:
    with noted.app.app_context():
        roots.rotate_ik()
    assert noted.refusal("optout_add", {"numbers": []}) == "bad_arguments"
    assert noted.result("optout_add", {"numbers": [], "complete": True}) == {"changed": 0}
    (number,) = people(1)
    campaign = noted.campaign([number])
    noted.run()
    assert noted.state(campaign)[0] in GOING and len(noted.sent_to(number)) == 1


def test_lines_are_found_under_the_new_root(noted: Doors) -> None:
    with noted.app.app_context():
        roots.rotate_ik()
        with transaction():
            found = connections.find_by_phone_number_id(noted.connection().phone_number_id)
            assert found is not None and found.line_id == noted.line
            assert len(connections.connections_of_account(noted.connection().waba_id)) == 1


def test_a_lost_keyring_is_noticed(noted: Doors) -> None:
    """A new file in place of a lost one: nothing goes out, whoever connects is asked to rebuild."""
    noted.keyring.path.unlink()
    Keyring.create(noted.keyring.path)
    noted.sql("DELETE FROM s_conn")
    with noted.app.app_context(), transaction():
        assert not roots.complete(noted.organization)
        roots.note_all()
        assert not roots.complete(noted.organization)
