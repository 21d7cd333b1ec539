"""Tests who gets a free slot, who waits for one, and whose stream makes room: the pure rules."""

from collections import Counter
from itertools import count

import pytest
from dashboard_data import Client
from dashboard_data.slots.room import PLACES, WAIT_S, Room
from dashboard_data.slots.survey import Holder, SlotSurvey, Waiting
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_000.0
LONG_AGO = NOW - WAIT_S


def holders(closing=0, authenticated=0, **sizes):
    """Makes so many leases of each network; the first ones are ending, or have a token."""
    slots = count()
    made = [
        Holder(next(slots), f"{slots}", (f"{network}-client#0000", f"{network}#0000"), False, False)
        for network, size in sizes.items()
        for _ in range(size)
    ]
    made = [
        each._replace(connection_id=f"c{each.slot}", closing=each.slot < closing) for each in made
    ]
    return tuple(each._replace(authenticated=each.slot < authenticated) for each in made)


def room(held, waiting=(), network="new", authenticated=False, limit=12, reserved=2):
    client = Client(f"{network}-client", network_id=network, authenticated=authenticated)
    return Room(SlotSurvey(held, tuple(waiting)), client, limit, reserved)


def waits(network, since_s=NOW, place=0, authenticated=False):
    return Waiting(place, network, authenticated, since_s, asked_at_s=since_s)


def networks_that_make_room(of, since_s=LONG_AGO):
    return {each.group_id for each in of.who_makes_room(since_s, NOW)}


def test_while_slots_are_free_everybody_gets_one():
    assert len(room(holders(a=11)).open_slots()) == 1
    assert len(room(holders(a=11), network="a").open_slots()) == 1


def test_those_who_fill_everything_make_room_for_one_who_has_waited():
    full = room(holders(a=6, b=4, c=2))
    assert full.open_slots() == []
    assert full.may_wait()
    assert networks_that_make_room(full, since_s=NOW - WAIT_S + 1) == set()
    assert networks_that_make_room(full) == {"a"}


def test_nobody_waits_whose_share_is_fair_and_nothing_ends_for_them():
    assert not room(holders(a=12), network="a").may_wait()
    assert not room(holders(a=6, b=6), network="b").may_wait()
    many = holders(**{f"n{number}": 1 for number in range(12)})
    assert not room(many).may_wait()


def test_what_is_only_fair_is_left_alone():
    assert networks_that_make_room(room(holders(a=3, b=3, c=3, d=3), network="new")) == {
        *"abcd"
    }  # with five of them the fair share is 2
    assert networks_that_make_room(room(holders(a=2, b=2, c=2, d=2, e=2, f=2))) == {*"abcdef"}
    assert networks_that_make_room(room(holders(a=2, b=2, c=2, d=2, e=2, f=1, g=1))) == {*"abcde"}


def test_no_more_streams_end_than_clients_wait():
    one_ends = holders(closing=1, a=10, b=2)
    assert networks_that_make_room(room(one_ends)) == set()
    assert networks_that_make_room(room(one_ends, [waits("other")])) == {"a"}
    assert networks_that_make_room(room(holders(a=10, b=1), [waits("new")])) == set()


def test_a_freed_slot_is_for_those_who_wait():
    waiting = [waits("poor")]
    free = holders(a=8, b=3)
    assert room(free, waiting, network="a").open_slots() == []
    assert len(room(free, waiting, network="poor").open_slots()) == 1
    assert len(room(free, waiting, network="new").open_slots()) == 1  # is below its share, too
    assert len(room(holders(a=8, b=2), waiting, network="a").open_slots()) == 2  # enough for both


def test_a_client_with_a_token_takes_its_slot_from_the_largest_network_at_once():
    full = holders(a=8, b=4)
    mine = room(full, authenticated=True)
    assert mine.may_wait()
    assert mine.is_served_at_once
    assert networks_that_make_room(mine, since_s=NOW) == {"a"}
    owner_of_all = room(full, network="a", authenticated=True)
    assert networks_that_make_room(owner_of_all, since_s=NOW) == {"a"}


@pytest.mark.parametrize(("asked_before_s", "may"), [(0, False), (3.9, False), (4, True)])
def test_one_request_of_each_client_with_a_token_waits_at_a_time(asked_before_s, may):
    full = holders(a=12)
    before = waits("new-client", since_s=NOW - asked_before_s, place=PLACES, authenticated=True)
    assert room(full, authenticated=True).may_wait_inside(NOW, 4)
    assert room(full, [before], authenticated=True).may_wait_inside(NOW, 4) is may
    assert not room(full).may_wait_inside(NOW, 4)


def test_streams_with_a_token_make_no_room_for_others_with_one():
    held = holders(authenticated=1, a=11, b=1)
    assert all(
        not each.authenticated for each in room(held, authenticated=True).who_makes_room(NOW, NOW)
    )
    assert (
        room(holders(authenticated=12, a=12), authenticated=True, reserved=13).who_makes_room(
            NOW, NOW
        )
        == []
    )


def test_beyond_the_reserve_a_token_gives_no_precedence():
    full = holders(authenticated=2, a=6, b=6)
    mine = room(full, network="b", authenticated=True)
    assert not mine.is_served_at_once
    assert not mine.may_wait()
    assert not room(full, network="b", authenticated=True, reserved=0).may_wait()


def test_a_slot_that_waits_for_a_token_is_nobody_elses():
    waiting = [waits("somebody", place=PLACES, authenticated=True)]
    free = holders(a=11)
    assert room(free, waiting).open_slots() == []
    assert room(free, waiting, network="a").open_slots() == []
    assert len(room(free, waiting, authenticated=True).open_slots()) == 1


def test_clients_with_a_token_have_waiting_places_of_their_own():
    crowd = [waits(f"n{place}", place=place) for place in range(PLACES)]
    assert room(holders(a=12), crowd).free_places() == []
    assert len(room(holders(a=12), crowd, authenticated=True).free_places()) == PLACES


@pytest.mark.parametrize(("waited_s", "retry_s"), [(0, 15), (5, 10), (14, 3), (15, 3), (40, 3)])
def test_who_waits_comes_back_when_there_may_be_room(waited_s, retry_s):
    assert room(holders(a=12)).retry_after_s(NOW - waited_s, NOW) == retry_s


sizes = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 12), max_size=8)


@given(sizes, st.sampled_from("abcdefghi"), st.booleans(), st.integers(0, 3))
def test_room_is_made_only_above_the_fair_share_and_only_for_those_below(
    sizes, network, authenticated, closing
):
    held = holders(closing=closing, **sizes)[:12]
    asks = room(held, network=network, authenticated=authenticated)
    ending = asks.who_makes_room(LONG_AGO, NOW) if asks.may_wait() else []

    assert (len(held) < 12) == bool(asks.open_slots())
    fair = 12 // len({network, *(each.group_id for each in held)})
    staying = Counter(each.group_id for each in held if not each.closing)
    for each in ending:
        assert len(held) == 12
        assert not each.closing
        assert not each.authenticated
        assert staying[each.group_id] == max(staying.values())
        assert asks.is_served_at_once or staying[each.group_id] > fair
    if ending and not asks.is_served_at_once:
        assert sum(each.group_id == network for each in held) < fair
