"""What the tests of the gate have in common."""

from __future__ import annotations

import uuid
from typing import Any

from tests.sending.stage import TEMPLATE, Stage


def make_informational(stage: Stage, campaign: uuid.UUID) -> None:
    stage.sql("UPDATE campaign SET kind = 'informational' WHERE id = %s", campaign)
    stage.ask("POST", f"/_sim/templates/{TEMPLATE.id}", {"category": "UTILITY"})


def told(stage: Stage, campaign: uuid.UUID) -> dict[str, Any]:
    (row,) = stage.sql("SELECT * FROM campaign WHERE id = %s", campaign)
    return row
