"""A stand-in for Meta's WhatsApp Business Cloud API, over HTTP.

`python -m whatstr.simulator.meta --port 0` starts it as a process; `MetaSimulator` and
`run_in_thread` start it inside a test. What a person does is read from the ending of the number
(`behaviours.py`); pace, limits and faults are settings (`settings.py`, `POST /_sim/settings`);
what really reached people is in the ledger (`GET /_sim/ledger/summary`).
"""

from __future__ import annotations

from whatstr.simulator.meta.server import MetaConfig, MetaSimulator, MetaThread, run_in_thread

__all__ = ["MetaConfig", "MetaSimulator", "MetaThread", "run_in_thread"]
