"""The same businesses as the campaigns'."""

from __future__ import annotations

from tests.campaigns.conftest import shop, web

__all__ = ["shop", "web"]
