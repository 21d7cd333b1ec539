"""Is a server found that says nothing when it does not know a client's position?"""

import pytest

from sse_conformance.checks.check import PROMISE, SHOULD
from sse_conformance.command import options_of, parser
from sse_conformance.target import parse
from tests.sse_conformance.kit import failing, verdicts_of
from tests.sse_conformance.server import Server


def breaks(*checks):
    """Names the checks that must fail on a server."""
    return lambda server: server


@breaks("reset")
class ThatSilentlyGoesOn(Server):
    def opening(self, kind, at):
        return super().opening("hello", at)


@breaks("reset")
class ThatSilentlyBeginsAnew(ThatSilentlyGoesOn):
    def position(self, asked):
        position = super().position(asked)
        return 0 if position == -1 else position


@breaks("reset")
class WithAnItemBeforeTheReset(Server):
    def opening(self, kind, at):
        item = self.event(1, "item 1") if kind == "reset" else b""
        return item + super().opening(kind, at)


KINDS = [ThatSilentlyGoesOn, ThatSilentlyBeginsAnew, WithAnItemBeforeTheReset]


@pytest.mark.parametrize("emits", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_position_that_is_not_known_without_a_reset_is_found(kind, emits):
    with kind(flows=not emits) as server:
        given = {"emit_url": server.emit_url} if emits else {}
        found = failing(verdicts_of(server.url, only=("reset",), **given))

    # Nothing is an item but what was published, which nobody gets who says no position.
    assert found.keys() == {"reset"} or (kind is WithAnItemBeforeTheReset and emits)


@pytest.mark.parametrize("promised", [False, True])
def test_a_server_that_says_so_passes(promised):
    with Server() as server:
        verdicts = verdicts_of(server.url, only=("reset",), reset_is_promised=promised)

    assert verdicts["reset"].result == "pass"


def test_a_forged_position_counts_if_the_reset_is_promised():
    class Lenient(Server):
        def position(self, asked):
            said = asked.header("Last-Event-ID")
            if said and said.endswith(b"-kit"):
                return len(self.items)
            return super().position(asked)

    with Lenient() as server:
        assert failing(verdicts_of(server.url, only=("reset",))) == {}
        found = failing(verdicts_of(server.url, only=("reset",), reset_is_promised=True))

    assert "-kit" in found["reset"]


def test_an_event_of_another_type_is_looked_for_if_it_is_named():
    with Server() as server:
        found = failing(verdicts_of(server.url, only=("reset",), reset_event="gone"))

    assert "'gone'" in found["reset"]


@pytest.mark.parametrize(("arguments", "level"), [([], SHOULD), (["reset"], PROMISE)])
def test_naming_the_event_makes_it_a_promise(arguments, level):
    named = [f"--retention-reset-event={each}" for each in arguments]
    options = options_of(parser().parse_args(["http://x/", *named]), parse("http://x/"))

    assert options.reset_event == "reset"
    assert options.given("--retention-reset-event") == (level == PROMISE)
