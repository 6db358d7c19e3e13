"""What is held when posting had to stop: the campaign, its line, or everything of the account."""

from __future__ import annotations

import uuid

from whatstr.campaigns.models import CampaignState
from whatstr.lines.error_policy import Action, Scope
from whatstr.sending import progress
from whatstr.sending.stop import Trouble


def apply(trouble: Trouble, *, campaign_id: uuid.UUID, line_id: uuid.UUID) -> None:
    """Hold as far as the trouble reaches. A line with a time limit lets go by itself (sweeps); a
    campaign waits until its customer resumes it."""
    if trouble.action is Action.LINE:
        progress.hold_line(line_id, number=trouble.number, seconds=trouble.seconds)
        return
    wide = trouble.scope is Scope.ACCOUNT
    lines = progress.lines_of_account(line_id) if wide else [line_id]
    if trouble.action in (Action.OFF, Action.SETUP):
        for one in lines:
            progress.hold_line(one, number=trouble.number, seconds=0)
        progress.hold_campaigns_of(lines, reason=trouble.reason)
    elif wide:
        progress.hold_campaigns_of(lines, reason=trouble.reason)
    else:
        if trouble.scope is Scope.LINE and trouble.number:
            progress.hold_line(line_id, number=trouble.number, seconds=trouble.seconds)
        progress.move([campaign_id], CampaignState.HELD, reason=trouble.reason)
