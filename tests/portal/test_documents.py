"""A new version of a document asks again, and the answer is kept with its place and time."""

from __future__ import annotations

import dataclasses

import pytest

from tests.accounts.people import sign_up
from tests.apps import ApiClient
from whatstr.accounts import documents
from whatstr.accounts.documents import DocumentName


def test_a_new_version_asks_again(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_up(client, "yeni-surum@example.com")
    assert client.get("me").json["documents_due"] == []
    newer = dataclasses.replace(documents.DOCUMENTS[DocumentName.TERMS], version="2027-01-01")
    monkeypatch.setattr(documents, "DOCUMENTS", {**documents.DOCUMENTS, DocumentName.TERMS: newer})
    due = client.get("me").json["documents_due"]
    assert due == [{"document": "terms", "version": "2027-01-01"}]
    outdated = {"documents": [{"document": "terms", "version": "2026-11-01"}]}
    assert client.post("documents", outdated).status_code == 400
    assert client.post("documents", {"documents": due}).status_code == 204
    assert client.get("me").json["documents_due"] == []
