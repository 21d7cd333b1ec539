"""Tests that clients who end together do not come back together: fleets of 1,000, all seeded.

A second is any window of one second, wherever it begins.
"""

import random
from bisect import bisect_left, insort

import pytest
from dashboard_data.slots.search import choose_slot, roomiest
from dashboard_setup.settings import Settings
from stream_function import life
from stream_function.life import Ending, Life

from local_lambda.template.cloudformation import load
from tests.support.paths import ROOT

CLIENTS = 1_000
MOST_AFTER_A_CRASH = 150
MOST_OF_A_ROTATION = 30
OPENED_WITHIN_S = 2


def worst_second(times_s):
    """Returns how many of the times the fullest second holds."""
    times_s = sorted(times_s)
    return max(
        bisect_left(times_s, begins_at_s + 1) - number for number, begins_at_s in enumerate(times_s)
    )


def draw_slot(free, dice):
    slot = choose_slot(free, lambda: dice.choice(free))
    del free[bisect_left(free, slot)]
    return slot


def comes_back_s(slot, limit, dice):
    return life.opening_retry_ms(slot, limit, dice.uniform) / 1000


def rotations_s(dice, life_s, hours=2, left_s=900):
    """Yields when each client comes back, after each end of its streams."""
    for _ in range(CLIENTS):
        now_s = dice.uniform(0, OPENED_WITHIN_S)
        while now_s < hours * 3600:
            drawn = Life.drawn(
                now_s, life_s=life_s, left_s=left_s, expires_at_s=None, uniform=dice.uniform
            )
            assert drawn.ends_at_s < now_s + left_s
            retry_ms = life.closing_retry_ms(drawn.reason, 0, 1, dice.uniform)
            now_s = drawn.ends_at_s + retry_ms / 1000
            yield now_s


def test_a_thousand_who_are_cut_from_a_thousand_slots_fill_no_second():
    dice = random.Random(1)
    for _ in range(500):
        cut = [comes_back_s(slot, CLIENTS, dice) for slot in range(CLIENTS)]
        assert worst_second(cut) <= MOST_AFTER_A_CRASH
        assert min(cut) >= 0.2
        assert max(cut) <= 9


@pytest.mark.parametrize("limit", [1_100, 1_500, 2_500, 9_999])
def test_a_thousand_who_are_cut_from_more_slots_fill_no_second(limit):
    dice = random.Random(limit)
    for _ in range(20):
        free = list(range(limit))
        held = [draw_slot(free, dice) for _ in range(CLIENTS)]
        assert worst_second(comes_back_s(slot, limit, dice) for slot in held) <= MOST_AFTER_A_CRASH


def test_the_slots_lie_as_evenly_after_many_have_come_and_gone():
    dice = random.Random(3)
    limit = 2_000
    free = list(range(limit))
    held = [draw_slot(free, dice) for _ in range(CLIENTS)]
    for _ in range(10 * CLIENTS):
        number = dice.randrange(CLIENTS)
        insort(free, held[number])
        held[number] = draw_slot(free, dice)
    for _ in range(20):
        assert worst_second(comes_back_s(slot, limit, dice) for slot in held) <= MOST_AFTER_A_CRASH


def test_those_who_come_while_the_slots_of_the_dead_still_count_lie_as_evenly():
    """After a crash of everything, the slots of before are taken for some 50 s more."""
    dice = random.Random(4)
    limit = 2_500
    free = list(range(limit))
    for _ in range(CLIENTS):
        draw_slot(free, dice)
    held = [draw_slot(free, dice) for _ in range(CLIENTS)]
    assert worst_second(comes_back_s(slot, limit, dice) for slot in held) <= MOST_AFTER_A_CRASH


@pytest.mark.parametrize("seed", range(10))
def test_a_planned_rotation_fills_no_second_with_the_settings_of_the_template(seed):
    template = load((ROOT / "template.yaml").read_text("utf-8"))
    life_s = template["Parameters"]["StreamLifeSeconds"]["Default"]
    timeout_s = template["Resources"]["StreamFunction"]["Properties"]["Timeout"]
    assert life_s == Settings("t").stream_life_s

    came_back = rotations_s(random.Random(seed), life_s, left_s=timeout_s)
    assert worst_second(came_back) <= MOST_OF_A_ROTATION


@pytest.mark.parametrize("life_s", [200, 700])
def test_it_fills_none_with_other_lives_from_200_s_on_either(life_s):
    assert worst_second(rotations_s(random.Random(life_s), life_s)) <= MOST_OF_A_ROTATION


def test_a_deadline_before_the_longest_life_does_not_end_all_at_once():
    """The function's timeout may be set lower than a fifth above the life."""
    for left_s in (250, 280):
        came_back = rotations_s(random.Random(left_s), 240, left_s=left_s)
        assert worst_second(came_back) <= MOST_OF_A_ROTATION


def test_a_life_says_that_the_deadline_shortened_it():
    drawn = Life.drawn(0, life_s=240, left_s=100, expires_at_s=None, uniform=lambda _, most: most)
    assert drawn == Life(pytest.approx(95), Ending.DEADLINE)
    drawn = Life.drawn(0, life_s=240, left_s=293, expires_at_s=None, uniform=lambda _, most: most)
    assert drawn == Life(pytest.approx(288), Ending.LIFE)


def test_sessions_that_began_together_do_not_bring_everybody_back_together():
    """All their streams end in one second, so that their last bytes say a long time."""
    dice = random.Random(5)
    came_back = []
    for slot in range(CLIENTS):
        drawn = Life.drawn(0, life_s=240, left_s=900, expires_at_s=100, uniform=dice.uniform)
        retry_ms = life.closing_retry_ms(drawn.reason, slot, CLIENTS, dice.uniform)
        came_back.append(drawn.ends_at_s + retry_ms / 1000)

    assert worst_second(came_back) <= MOST_AFTER_A_CRASH


@pytest.mark.parametrize("seed", range(5))
def test_an_outage_of_the_table_does_not_bring_everybody_back_together(seed):
    dice = random.Random(seed)
    told = [life.retry_ms(life.OUTAGE_RETRY_MS, dice.uniform) / 1000 for _ in range(CLIENTS)]
    assert worst_second(told) <= MOST_AFTER_A_CRASH


def test_of_a_few_slots_the_one_with_the_most_room_is_tried():
    assert roomiest([1, 5, 9], [0, 1, 4, 5, 6, 9]) == 5  # 2 and 3, 7 and 8 are taken
    assert roomiest([3], [3]) == 3
    assert roomiest([4, 0], list(range(10))) == 4
