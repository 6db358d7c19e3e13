"""The version of Stripe's API that this stand-in speaks (the one the pinned SDK pins)."""

from typing import Final

API_VERSION: Final = "2026-10-28.endive"
