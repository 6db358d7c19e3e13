"""Calls of owners and members over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from whatstr.vault.client import VaultClient
from whatstr.vault.http import ApiError

PASSWORD, OTHER = "Çok uzun bir parola 42", "Başka uzun bir parola 77"


PEOPLE = [(f"9053010{n:05d}", f"Kişi {n}", ("Bursa",)) for n in range(501)]


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ApiError) as error:
        call()
    return error.value.reason


def again(address: str, client: VaultClient, email: str, password: str) -> VaultClient:
    fresh = VaultClient(address)
    fresh.login(email, password)
    return fresh
