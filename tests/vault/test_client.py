"""The Python client against a stand-in of web and sender."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.vault.fake_api import fake_api
from tests.vault.fake_world import World
from whatstr.vault import rows
from whatstr.vault.certificate import CertificateRefused
from whatstr.vault.client import Profile, SenderRefused, VaultClient
from whatstr.vault.http import ApiError
from whatstr.vault.job_header import HeaderRefused
from whatstr.vault.keys import WeakKdf
from whatstr.vault.rows import JobRow
from whatstr.vault.rpc import AnswerRefused, Op

EMAIL, PASSWORD = "zeynep@ornek.com.tr", "Çok uzun bir parola 42"
PEOPLE = [(f"9053011{n:05d}", f"Kişi {n}", (f"Şehir {n}",)) for n in range(1_201)]


@pytest.fixture
def world() -> Iterator[tuple[str, World]]:
    with fake_api() as found:
        yield found


@pytest.fixture
def client(world: tuple[str, World]) -> Iterator[VaultClient]:
    made = VaultClient(world[0])
    made.enrol(Profile("Örnek Ltd", "Zeynep", EMAIL, "905301112233"), PASSWORD)
    yield made
    made.api.close()


def connect(client: VaultClient, token: str = "EAAG") -> str:
    told = client.connect_line(waba_id="1", phone_number_id="2", token=token)
    return str(told["line"])


def test_sign_up_sign_in_and_read_again(client: VaultClient, world: tuple[str, World]) -> None:
    name = client.lists.save("Müşteriler", PEOPLE, columns=["Şehir"])
    other = VaultClient(world[0])
    other.login(EMAIL, PASSWORD)
    manifest, people = other.lists.open(name)
    assert (manifest.name, manifest.columns) == ("Müşteriler", ("Şehir",))
    assert people == PEOPLE
    other.logout()


def test_nothing_readable_reaches_the_server(client: VaultClient, world: tuple[str, World]) -> None:
    client.lists.save("Müşteriler", PEOPLE, columns=["Şehir"])
    connect(client)
    kept = repr(world[1].lists) + repr(world[1].records) + repr(world[1].members)
    for planted in (PEOPLE[0][0], "Müşteriler", "Kişi 1", PASSWORD, "EAAG", "bahar"):
        assert planted not in kept


def test_a_wrong_password_is_refused(client: VaultClient, world: tuple[str, World]) -> None:
    other = VaultClient(world[0])
    with pytest.raises(ApiError) as caught:
        other.login(EMAIL, PASSWORD + "!")
    assert (caught.value.reason, caught.value.status_code) == ("wrong_credentials", 401)
    other.api.close()


def test_a_cheap_hash_is_refused(client: VaultClient, world: tuple[str, World]) -> None:
    world[1].kdf = '{"alg":"argon2id13","t":1,"m":8}'
    other = VaultClient(world[0])
    with pytest.raises(WeakKdf):
        other.login(EMAIL, PASSWORD)
    other.api.close()


def test_a_campaign_opens_for_the_sender_only_as_it_was_sealed(
    client: VaultClient, world: tuple[str, World]
) -> None:
    line = connect(client)
    template = client.records("templates")[line][1]["templates"][0]
    people = [JobRow(digits, (name, "%30")) for digits, name, _ in PEOPLE]
    seen: list[tuple[int, int]] = []
    job = client.campaigns.launch(
        people, title="Bahar", line=line, template=template, progress=lambda *p: seen.append(p)
    )
    stored = world[1].campaigns[job]
    header = world[1].open_header(job)
    opened = [
        row
        for no in range(header.chunks)
        for row in rows.open_job_chunk(
            header.jk,
            stored["parts"][no],
            account=header.account,
            job=header.job,
            no=no,
            chunks=header.chunks,
        )
    ]
    assert opened == people
    assert seen[-1] == (1_201, 1_201)
    assert stored["state"] == "queued"
    stored["rows"] += 1
    with pytest.raises(HeaderRefused):
        world[1].open_header(job)


def test_a_refusal_of_the_sender_is_told(client: VaultClient) -> None:
    with pytest.raises(SenderRefused) as caught:
        connect(client, token="bad")
    assert caught.value.reason == "token"


def test_an_answer_to_another_request_is_refused(
    client: VaultClient, world: tuple[str, World]
) -> None:
    line = connect(client)
    world[1].lie = lambda answer: replace(answer, rpc=bytes(16))
    with pytest.raises(AnswerRefused):
        client.ask(Op.LINE_INFO, {"line": line})


def test_a_certificate_of_somebody_else_is_refused(
    client: VaultClient, world: tuple[str, World]
) -> None:
    with fake_api() as (_, stranger):
        world[1].cert = stranger.certificate()
    with pytest.raises(CertificateRefused):
        connect(client)


def test_notices_are_opened(client: VaultClient, world: tuple[str, World]) -> None:
    connect(client)
    world[1].notify(client.organization, "optout", via="reply", **{"from": "905301112233"})
    (notice,) = client.notices()
    assert (notice["t"], notice["from"]) == ("optout", "905301112233")
