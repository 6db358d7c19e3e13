"""The keyring file: who may read it, what rotates, what is destroyed and when."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sending.stage import Stage
from whatstr import doctor
from whatstr.core import clock
from whatstr.core.db import transaction
from whatstr.sending import connections, context
from whatstr.sending.certificates import publish_certificates
from whatstr.sending.connections import NoConnection, PinMismatch
from whatstr.sending.keyring import WEEK, Keyring, KeyringError
from whatstr.simulator.meta import seed
from whatstr.vault.certificate import verify_certificate

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    with clock.frozen(NOW):
        return Keyring.create(tmp_path / "keyring.json")


def test_what_is_written_is_what_is_read(ring: Keyring) -> None:
    again = Keyring.load(ring.path)

    assert again == ring
    assert ring.path.stat().st_mode & 0o777 == 0o600
    assert "ck" not in repr(ring)


def test_an_existing_keyring_is_never_overwritten(ring: Keyring) -> None:
    with pytest.raises(KeyringError, match="exists"):
        Keyring.create(ring.path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666, 0o700])
def test_a_file_that_others_could_read_is_refused(ring: Keyring, mode: int) -> None:
    ring.path.chmod(mode)

    with pytest.raises(KeyringError, match="mode"):
        Keyring.load(ring.path)


@pytest.mark.parametrize("name", ["ident", "ck", "ik"])
def test_a_short_key_is_refused(ring: Keyring, name: str) -> None:
    data = json.loads(ring.path.read_text())
    data[name] = base64.b64encode(bytes(31)).decode()
    ring.path.write_text(json.dumps(data))

    with pytest.raises(KeyringError, match="short"):
        Keyring.load(ring.path)


def test_the_certificate_is_good_for_its_week(ring: Keyring) -> None:
    blob = ring.certificate(NOW)

    found = verify_certificate(blob, [ring.ident_public], now=NOW)

    assert found.kid == int(NOW.timestamp()) // WEEK
    assert found.na - found.nb == WEEK
    assert found.pk == ring.epoch_public(found.kid)


def test_a_weekly_key_dies_on_day_45(ring: Keyring) -> None:
    kid = ring.current_kid(NOW)
    offered = datetime.fromtimestamp(kid * WEEK, UTC)

    ring.rotate(offered + timedelta(days=44, hours=23))
    before = Keyring.load(ring.path)
    before.rotate(offered + timedelta(days=45))

    assert kid in before.epoch
    assert kid not in Keyring.load(ring.path).epoch


def test_a_monthly_key_dies_120_days_after_its_month(ring: Keyring) -> None:
    end = datetime(2026, 12, 1, tzinfo=UTC)

    ring.rotate(end + timedelta(days=119))
    before = Keyring.load(ring.path)
    before.rotate(end + timedelta(days=120))

    assert 202611 in before.fk
    assert 202611 not in Keyring.load(ring.path).fk


def test_rotating_twice_changes_nothing(ring: Keyring) -> None:
    later = NOW + timedelta(days=7)
    assert ring.rotate(later)
    again = Keyring.load(ring.path)

    assert not again.rotate(later)
    assert Keyring.load(ring.path) == again
    assert again.ck == ring.ck
    assert again.ident == ring.ident


def test_a_running_process_sees_the_rotation(stage: Stage) -> None:
    saved = stage.keyring.path.read_bytes()
    try:
        with stage.app.app_context():
            before = set(context.keyring().epoch)
            stage.keyring.rotate(datetime.now(UTC) + timedelta(days=14))
            assert set(context.keyring().epoch) > before
    finally:
        stage.keyring.path.write_bytes(saved)


def test_doctor_says_that_the_keys_were_not_changed(stage: Stage) -> None:
    def told(at: datetime) -> doctor.Finding:
        with clock.frozen(at), stage.app.app_context():
            found = doctor.examine(stage.app.extensions["whatstr_settings"])
        return next(one for one in found if one.what == "sender keys")

    now = datetime.now(UTC)
    assert told(now).fine
    late = told(now + timedelta(days=8))
    assert not late.fine and " 0 missing" not in late.words and " 0 past" in late.words
    assert " 0 past" not in told(now + timedelta(days=70)).words


def test_published_certificates_verify(stage: Stage) -> None:
    now = datetime.now(UTC)
    with stage.app.app_context(), transaction():
        publish_certificates(keyring=stage.keyring, now=now)
        assert publish_certificates(keyring=stage.keyring, now=now) == 0

    rows = stage.sql("SELECT kid, cert FROM sender_cert WHERE not_before <= %s", now)
    (cert,) = [verify_certificate(r["cert"], [stage.keyring.ident_public], now=now) for r in rows]
    assert cert.kid == rows[0]["kid"]


def test_a_connection_opens_for_its_own_line_only(stage: Stage) -> None:
    with stage.app.app_context():
        found = connections.open_connection(stage.line)
        assert found == stage.connection()
        assert found.token not in repr(found)
        assert connections.find_by_phone_number_id(seed.LINE_IDS[0]) == found
        assert connections.connections_of_account(seed.WABA_ID) == [found]
        assert connections.pins(stage.organization) == found.pins
        assert connections.find_by_phone_number_id("1") is None
    stage.sql("UPDATE s_conn SET organization_id = organization_id, line_id = line_id")
    stage.sql("UPDATE s_conn SET sealed = set_byte(sealed, 90, get_byte(sealed, 90) # 1)")
    with stage.app.app_context(), pytest.raises(NoConnection):
        connections.open_connection(stage.line)


def test_a_second_line_must_bring_the_same_pins(stage: Stage) -> None:
    import uuid
    from dataclasses import replace

    other = uuid.uuid4()
    stage.add_line(other, seed.LINE_IDS[1])
    changed = replace(stage.connection(other, seed.LINE_IDS[1]), box_pk=bytes([1]) * 32)

    with stage.app.app_context(), pytest.raises(PinMismatch), transaction():
        connections.store_connection(changed)


def test_a_deleted_connection_is_gone(stage: Stage) -> None:
    with stage.app.app_context():
        with transaction():
            connections.delete_connection(stage.line)
        with pytest.raises(NoConnection):
            connections.open_connection(stage.line)
        assert connections.pins(stage.organization) is None
