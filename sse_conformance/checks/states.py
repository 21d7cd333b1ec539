"""Which types of events does a server replay, and which does it merely say anew? Pure.

A stream of states begins every connection with the current state, or with one for each of some
keys. That such events come again after an id says nothing of resuming: they come without one, too.
"""

from dataclasses import dataclass

Item = tuple[str, str]  # type and identity
# One event may come again by chance: a state. Several tell.
SEVERAL = 2


@dataclass(frozen=True)
class Again:
    """All that one reconnect brought of the known items.

    before, expected: the known items before and after the client's position, in order.
    came: the known items that the reconnect brought.
    fresh: the known items that a client without a position got, just before the reconnect.
    flowed: the known items that did not come at once when the known connection began.
    """

    before: list[Item]
    expected: list[Item]
    came: frozenset[Item]
    fresh: frozenset[Item]
    flowed: frozenset[Item]

    def replayed(self) -> frozenset[str]:
        """Returns the types that come because of the position, or from the very start."""
        return frozenset(
            kind for kind in {kind for kind, _ in self.came} if self._is_replayed(kind)
        )

    def _is_replayed(self, kind: str) -> bool:
        came = {each for each in self.came if each[0] == kind}
        expected = [each for each in self.expected if each[0] == kind]
        if len(expected) >= SEVERAL and came == set(expected) and not came <= self.fresh:
            return True
        if len(came - self.fresh) >= SEVERAL:
            return True  # only the position explains them
        if len(came) < SEVERAL:
            return False
        before = [each for each in self.before if each[0] == kind]
        known = [*before, *expected]
        if set(known) <= self.fresh and len(before) >= SEVERAL and not came & set(before):
            return True  # without a position all comes, and with it no more what was before
        return self._begins_anew(known)

    def _begins_anew(self, known: list[Item]) -> bool:
        """Whether every connection begins with the first item: states would have been replaced."""
        fresh = [each for each in known if each in self.fresh]
        flowed = [each for each in fresh if each in self.flowed]
        return len(flowed) >= SEVERAL and fresh == known[: len(fresh)]
