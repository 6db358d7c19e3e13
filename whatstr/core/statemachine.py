"""State machines as data: one table of transitions per StrEnum, total by construction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from whatstr.core.errors import DomainError

S = TypeVar("S", bound=StrEnum)


class IllegalTransition(DomainError):
    """The state does not allow the wanted change."""

    code = "illegal_transition"
    status = 409


class StateMachine(Generic[S]):
    """Which state may follow which. Every member of the enum must have a row, even an empty one."""

    def __init__(self, states: type[S], transitions: Mapping[S, Iterable[S]]) -> None:
        missing = set(states) - set(transitions)
        if missing:
            raise TypeError(f"{states.__name__}: no row for {sorted(missing)}")
        self.states = states
        self.transitions: dict[S, frozenset[S]] = {k: frozenset(v) for k, v in transitions.items()}

    def allows(self, before: S, after: S) -> bool:
        return after in self.transitions[before]

    def check(self, before: S, after: S) -> None:
        """Raise IllegalTransition unless `after` may follow `before`."""
        if not self.allows(before, after):
            raise IllegalTransition(f"{before} -> {after}", before=str(before), after=str(after))

    def sources(self, after: S) -> frozenset[S]:
        """The states from which `after` is one step away: the guard of a compare-and-set."""
        return frozenset(s for s, targets in self.transitions.items() if after in targets)

    @property
    def final(self) -> frozenset[S]:
        """States that nothing follows."""
        return frozenset(s for s, targets in self.transitions.items() if not targets)
