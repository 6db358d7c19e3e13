"""How Python is set while a slice runs: it does little else than one thing, very often."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

RUBBISH = 50_000
"""Objects: what 500 messages in flight are made of is no rubbish."""
TURN = 0.001
"""Seconds."""


@contextmanager
def young_rubbish() -> Iterator[None]:
    """Python looks for rubbish among what the slice makes, and seldom. Otherwise hundreds of
    requests in flight make it look through the whole application every few thousand messages,
    for 0.2 s each time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(RUBBISH, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def short_turns() -> Iterator[None]:
    """Threads that have heard from the database get their turn soon. A busy event loop otherwise
    lets each of them wait five milliseconds for every step, and then itself for their claims."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
