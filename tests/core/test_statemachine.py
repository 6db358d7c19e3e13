"""Tables of states: total, and asked in one way by everybody."""

from __future__ import annotations

from enum import StrEnum

import pytest

from whatstr.abuse import models as abuse
from whatstr.accounts.models import ORGANIZATION_MACHINE
from whatstr.campaigns.models import CAMPAIGN_MACHINE, OVER_STATES
from whatstr.core.statemachine import IllegalTransition, StateMachine
from whatstr.lines.models import LINE_MACHINE


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    GONE = "gone"


MACHINE = StateMachine(
    Door, {Door.OPEN: [Door.SHUT], Door.SHUT: [Door.OPEN, Door.GONE], Door.GONE: []}
)


def test_every_state_needs_a_row() -> None:
    with pytest.raises(TypeError, match="gone"):
        StateMachine(Door, {Door.OPEN: [Door.SHUT], Door.SHUT: []})


def test_sources_are_the_states_one_step_before() -> None:
    assert MACHINE.sources(Door.OPEN) == {Door.SHUT}
    assert MACHINE.sources(Door.SHUT) == {Door.OPEN}
    assert MACHINE.sources(Door.GONE) == {Door.SHUT}
    for before in Door:
        for after in Door:
            assert MACHINE.allows(before, after) == (before in MACHINE.sources(after))


def test_final_states() -> None:
    assert MACHINE.final == {Door.GONE}


def test_a_refused_step_names_both_states() -> None:
    MACHINE.check(Door.OPEN, Door.SHUT)
    with pytest.raises(IllegalTransition) as caught:
        MACHINE.check(Door.GONE, Door.OPEN)
    assert caught.value.context == {"before": "gone", "after": "open"}
    assert caught.value.status == 409


def test_no_state_follows_itself() -> None:
    """A step that changes nothing is answered before the machine is asked."""
    machines = [v for v in vars(abuse).values() if isinstance(v, StateMachine)]
    for machine in [CAMPAIGN_MACHINE, LINE_MACHINE, ORGANIZATION_MACHINE, *machines]:
        assert not [s for s in machine.states if machine.allows(s, s)]


def test_a_campaign_that_is_over_stays_over() -> None:
    assert CAMPAIGN_MACHINE.final == OVER_STATES
