"""A campaign with a picture: opened from its sealed pieces, uploaded once, named in the tags."""

from __future__ import annotations

import hashlib
import os
import uuid

import pytest

from tests.sending.stage import Stage, people
from whatstr.core.prf import u32
from whatstr.sending import context
from whatstr.vault.box import BoxKind, box
from whatstr.vault.franking import media_matches
from whatstr.vault.job_header import MediaRef, TemplateRef
from whatstr.vault.rows import JobRow

PICTURE = b"\xff\xd8\xff\xe0" + os.urandom(3_000)
TEMPLATE = TemplateRef("yeni_urunler", "tr", "740000000000003")


def launch(stage: Stage, *, spoil: bool = False) -> uuid.UUID:
    ref = MediaRef(no=0, sha256=hashlib.sha256(PICTURE).digest(), mime="image/jpeg", pieces=2)
    rows = [JobRow(to, ("Ayşe",), media=0) for to in people(30)]
    made = stage.seal(rows, changes={"template": TEMPLATE, "media": (ref,)})
    campaign = stage.launch(made)
    parts = [PICTURE[:2_000], PICTURE[2_000:]]
    if spoil:
        parts[1] = parts[1][:-1] + bytes([parts[1][-1] ^ 1])
    for piece, part in enumerate(parts):
        data = box(
            made.header.jk,
            BoxKind.JOB_MEDIA,
            part,
            made.header.account,
            made.header.job,
            u32(0),
            u32(piece),
            u32(2),
        )
        stage.sql(
            "INSERT INTO campaign_media (campaign_id, no, piece, data) VALUES (%s, 0, %s, %s)",
            campaign,
            piece,
            data,
        )
    return campaign


def test_the_picture_goes_with_every_message(stage: Stage) -> None:
    campaign = launch(stage)

    stage.run()

    assert stage.counts(campaign) == {"accepted": 30}
    sent = stage.ask("GET", "/_sim/messages")["messages"]
    ids = {one["sent"]["template"]["components"][0]["parameters"][0]["image"]["id"] for one in sent}
    assert len(ids) == 1
    (row,) = stage.sql("SELECT mref, kid, tags FROM s_frank LIMIT 1")
    digest = hashlib.sha256(PICTURE).digest()
    key = stage.keyring.fk[row["kid"]]
    assert media_matches(key, bytes(row["mref"]), bytes(row["tags"]), digest)
    assert stage.sql("SELECT * FROM campaign_media") == []


@pytest.mark.parametrize("what", ["spoiled", "missing"])
def test_a_changed_picture_is_refused(stage: Stage, what: str) -> None:
    campaign = launch(stage, spoil=what == "spoiled")
    if what == "missing":
        stage.sql("DELETE FROM campaign_media WHERE piece = 1")

    stage.run()

    assert stage.state(campaign) == ("refused", "media_altered")
    assert stage.ledger()["messages"] == 0


def test_a_dead_id_is_uploaded_anew_and_nobody_is_lost(stage: Stage) -> None:
    first = launch(stage)
    with stage.app.app_context():
        context.pace_redis().set(f"media:{first.hex}:0", "123456")

    stage.run()
    stage.run()  # what the first slice gave back when its results were written

    assert stage.counts(first) == {"accepted": 30}
    assert stage.ledger()["reached_twice_or_more"] == 0
    assert stage.state(first)[0] == "done"


def test_a_file_that_meta_never_takes_holds_the_campaign(stage: Stage) -> None:
    campaign = launch(stage)
    stage.ask("POST", "/_sim/faults", {"kind": "error", "code": 131053})

    stage.run()
    stage.run()

    assert stage.state(campaign) == ("held", "meta:131053")
    assert stage.counts(campaign).get("accepted") is None
