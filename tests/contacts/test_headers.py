"""The guess of headings and columns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contacts.conftest import Reader

pytestmark = pytest.mark.browser

PEOPLE = [["Ali Kaya", "0532 123 45 67", "İzmir"], ["Ayşe Öz", "0533 123 45 67", "Bursa"]]


def guess(reader: Reader, rows: list[list[str]]) -> dict[str, Any]:
    answer: dict[str, Any] = reader.map("headers", "guessMapping", [[rows]])[0]
    return answer


@pytest.mark.parametrize(
    "heading",
    [
        *["Telefon", "TELEFON NO", "Tel.", "Cep", "Cep Telefonu", "CEP TEL", "GSM", "Gsm No"],
        *["Telefon Numarası", "WhatsApp", "İletişim", "Phone", "Mobile Phone", "phone_number"],
        *["Müşteri Telefonu", "Cep Tel 1", "MSISDN", "Telefon (Cep)"],
    ],
)
def test_phone_headings(reader: Reader, heading: str) -> None:
    found = guess(reader, [["Not", heading], ["x", "0532 123 45 67"]])
    assert (found["headerRow"], found["phone"]) == (0, 1)
    empty = guess(reader, [["Not", heading]])
    assert (empty["headerRow"], empty["phone"]) == (0, 1)


@pytest.mark.parametrize(
    "heading",
    [
        *["Ad Soyad", "ADI SOYADI", "Adı Soyadı", "İsim", "İSİM SOYİSİM", "Müşteri", "Müşteri Adı"],
        *["Ünvan", "Name", "Full Name", "Customer Name", "Ad", "Adı"],
    ],
)
def test_name_headings(reader: Reader, heading: str) -> None:
    found = guess(reader, [["Şehir", heading, "Tel"], ["İzmir", "Ali", "05321234567"]])
    assert found["name"] == [1]
    assert found["fields"] == [0]


def test_first_and_last_name_are_joined_in_order(reader: Reader) -> None:
    found = guess(reader, [["Soyadı", "Tel", "Adı"], ["Kaya", "05321234567", "Ali"]])
    assert found["name"] == [2, 0]


def test_without_headings(reader: Reader) -> None:
    found = guess(reader, PEOPLE)
    assert found["headerRow"] is None
    assert (found["phone"], found["name"], found["fields"]) == (1, [0], [2])


def test_numbers_alone(reader: Reader) -> None:
    found = guess(reader, [["05321234567"], ["0533 123 45 67"]])
    assert (found["headerRow"], found["phone"], found["name"], found["fields"]) == (None, 0, [], [])


def test_title_rows_above_the_headings(reader: Reader) -> None:
    found = guess(reader, [["Müşteri Listesi 2026"], ["", ""], ["Ad", "Cep", "Şehir"], *PEOPLE])
    assert (found["headerRow"], found["phone"]) == (2, 1)


def test_headings_that_we_do_not_know(reader: Reader) -> None:
    found = guess(reader, [["Foo", "Bar", "Baz"], *PEOPLE])
    assert (found["headerRow"], found["phone"]) == (0, 1)


def test_mobile_is_preferred_to_home_and_fax(reader: Reader) -> None:
    rows = [
        ["Ev Tel", "Faks", "İş Telefonu", "Cep Telefonu"],
        ["0212 555 12 34", "0212 555 12 35", "0212 555 12 36", "0532 123 45 67"],
    ]
    assert guess(reader, rows)["phone"] == 3


def test_the_first_of_two_mobiles_is_taken(reader: Reader) -> None:
    rows = [["Cep 2", "Cep 1"], ["0532 123 45 67", "0533 123 45 67"]]
    assert guess(reader, rows)["phone"] == 1


def test_content_beats_a_heading_without_numbers(reader: Reader) -> None:
    rows = [["Telefon", "Numara 2"], ["var", "05321234567"], ["var", "05331234567"]]
    assert guess(reader, rows)["phone"] == 1


def test_identity_numbers_are_not_imported_unasked(reader: Reader) -> None:
    by_name = guess(reader, [["T.C. Kimlik No", "Ad", "Tel"], ["1", "Ali", "05321234567"]])
    assert by_name["fields"] == []
    assert by_name["columns"][0]["kind"] == "national_id"
    by_value = guess(reader, [["10000000146", "Ali Can", "05321234567"]] * 3)
    assert by_value["fields"] == []
    assert by_value["columns"][0]["kind"] == "national_id"


def test_no_phone_column(reader: Reader) -> None:
    found = guess(reader, [["E-posta", "Not"], ["a@example.com", "x"]])
    assert found["phone"] is None
    assert guess(reader, [])["phone"] is None


def test_empty_columns_are_left_out(reader: Reader) -> None:
    found = guess(reader, [["Tel", "", "Şehir"], ["05321234567", "", "İzmir"]])
    assert found["fields"] == [2]
    assert found["columns"][1]["kind"] == "empty"


def test_fold(reader: Reader) -> None:
    folded = reader.map(
        "headers", "fold", [["İSİM:"], ["  Müşteri ADI "], ["ŞEHİR/IĞDIR"], ["e_mail"]]
    )
    assert folded == ["isim", "musteri adi", "sehir igdir", "e mail"]
