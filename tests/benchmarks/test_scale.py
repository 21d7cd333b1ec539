"""Does docs/scale.md say what the simulation says, and is the simulation true to its rules?"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.cost.units import ending, opening, survey
from benchmarks.scale.__main__ import main
from benchmarks.scale.figures import facts
from benchmarks.scale.load import (
    CONNECTIONS,
    HEAD,
    KEYS,
    METRICS,
    Design,
    fullest,
    most_streams,
    of_opening,
    steady,
)
from benchmarks.scale.pictures import scale_picture
from benchmarks.scale.quotas import PARTITION_READS, Quotas, function_url, rest_api
from benchmarks.scale.scenarios import INSTANCES, STANDARD, STEADY, STORM, Scenario
from benchmarks.scale.simulation import play
from benchmarks.scale.tables import TABLES
from tests.benchmarks.told import assert_says
from tests.support.pages import table
from tests.support.paths import ROOT

PAGE = ROOT / "docs/scale.md"
PICTURE = ROOT / "docs/images/scale_partitions.svg"


@pytest.mark.parametrize("heading", TABLES)
def test_each_table_is_what_the_simulation_says(heading):
    columns, rows = TABLES[heading]

    assert table(PAGE, heading) == rows()
    assert f"| {' | '.join(columns)} |" in PAGE.read_text("utf-8").replace("||", "| |")


@pytest.mark.parametrize(("words", "value"), facts().items(), ids=lambda each: str(each)[:40])
def test_each_figure_in_a_sentence_is_the_simulations(words, value):
    assert_says(PAGE, words, value)


def test_the_committed_picture_is_the_models():
    assert PICTURE.read_text("utf-8") == scale_picture()


# --- the load


def test_the_keys_together_take_what_an_opening_takes():
    parts = of_opening(STANDARD, 500)

    assert sum(each.reads for each in parts.values()) == opening(500).reads
    assert sum(each.writes for each in parts.values()) == opening(500).writes


def test_streams_of_one_process_share_its_poll():
    alone, shared = steady(STANDARD, 640), steady(INSTANCES, 640)

    assert alone[HEAD].reads > 15 * shared[HEAD].reads
    assert alone[METRICS].reads > 15 * shared[METRICS].reads


@pytest.mark.parametrize("streams_of_process", [1, 64, 1_000])
def test_the_most_streams_are_the_last_that_no_partition_limits(streams_of_process):
    design = Design(streams_of_process=streams_of_process)
    most, key = most_streams(design)

    assert fullest(steady(design, most))[0] <= 1
    assert fullest(steady(design, most + 1)) > (1, key) or fullest(steady(design, most + 1))[0] > 1


@given(st.integers(1, 100_000), st.integers(1, 1_600), st.integers(1, 100))
def test_shards_never_make_a_key_busier(streams, streams_of_process, shards):
    plain = Design(streams_of_process=streams_of_process)
    sharded = Design(streams_of_process=streams_of_process, lease_shards=shards)

    before, after = steady(plain, streams)[CONNECTIONS], steady(sharded, streams)[CONNECTIONS]
    assert after.writes <= before.writes + 1
    assert after.reads <= before.reads * 1.01 + streams / 8 + 1


# --- the simulation


def small(**others):
    return Scenario("small", others.pop("viewers", 200), INSTANCES, **others)


def test_the_same_seed_plays_the_same_and_another_one_another():
    first, again, other = (play(small(kind=STORM), seed) for seed in (1, 1, 2))

    assert first.served_s == again.served_s
    assert first.seen == again.seen
    assert first.served_s != other.served_s


def test_a_small_storm_is_served_when_its_clients_come_and_passes_nothing():
    played = play(small(kind=STORM, seconds=60))

    assert played.crossed == {}
    assert played.denied == 0
    assert played.served_by_s(1) <= 8
    assert played.open_at_end == 200


def test_what_a_second_takes_is_the_sum_of_its_accesses():
    played = play(small(kind=STORM, viewers=1, seconds=20))
    (served_s,) = played.served_s
    reads = played.seen[METRICS].reads

    assert reads[0] - reads[served_s] == 25  # by the first stream of a new process
    assert played.seen[CONNECTIONS].writes[served_s] == opening(1).writes
    assert played.seen[CONNECTIONS].reads[15] >= survey(1, 1).reads


def test_streams_that_end_are_opened_again_and_their_number_stays():
    played = play(small(kind=STEADY, seconds=600, visit_s=1e9))

    assert played.denied == 0
    assert len(played.opened_s) == pytest.approx(200 * 600 / 240, rel=0.2)
    assert played.served_s == []
    assert played.open_at_end == pytest.approx(200, abs=5)


def test_the_mean_of_a_steady_play_is_the_loads_on_paper():
    played = play(small(kind=STEADY, viewers=2_000, seconds=900, visit_s=1e9))
    paper = steady(INSTANCES, 2_000)

    for key in KEYS:
        assert played.mean(key).reads == pytest.approx(paper[key].reads, rel=0.1, abs=1)
        assert played.mean(key).writes == pytest.approx(paper[key].writes, rel=0.1, abs=1)


def test_a_partition_serves_no_more_than_its_limit():
    design = Design(streams_of_process=1)
    quotas = Quotas(100_000, environments=100_000)
    played = play(Scenario("limit", 2_500, design, STORM, quotas, seconds=200))
    served = [played.opened_s.count(second) for second in range(100)]

    assert f"{METRICS}, reads" in played.crossed
    assert max(served) * 25 <= PARTITION_READS + 25
    assert max(served) * (opening(1).writes) <= 1_000 + opening(1).writes
    assert len(played.served_s) == 2_500


def test_slots_of_dead_processes_are_taken_until_a_survey():
    played = play(small(kind=STORM, limit=250, seconds=200))

    assert played.crossed["slots"][0] < 8
    assert sorted(played.served_s)[50] >= 48
    assert played.open_at_end == 200


def test_a_viewer_who_comes_again_is_not_counted_twice():
    played = play(small(kind=STORM, seconds=600))

    assert len(played.served_s) == 200 < len(played.opened_s)


def test_a_front_lets_a_burst_and_then_its_rate_pass():
    played = play(Scenario("front", 1_000, INSTANCES, STORM, rest_api(), seconds=300, limit=10_000))

    assert "front" in played.crossed
    assert len([each for each in played.served_s if each < 20]) <= 500 + 20 * 25


def test_standard_lambda_stops_at_the_accounts_concurrency():
    played = play(Scenario("quota", 500, STANDARD, STORM, function_url(400), seconds=100))

    assert "concurrency" in played.crossed
    assert played.open_at_end <= 400


@settings(max_examples=15)
@given(
    viewers=st.integers(1, 3_000),
    kind=st.sampled_from([STEADY, STORM]),
    shared=st.integers(1, 100),
    seconds=st.integers(1, 90),
    seed=st.integers(0, 1_000),
)
def test_no_more_streams_are_open_than_there_are_slots(viewers, kind, shared, seconds, seed):
    scenario = Scenario(
        "any", viewers, Design(shared), kind, function_url(10_000), seconds, limit=viewers + 5
    )
    played = play(scenario, seed)

    assert 0 <= played.open_at_end <= viewers + 5
    assert all(len(each.reads) == seconds for each in played.seen.values())


def test_an_ended_stream_costs_its_end():
    assert ending().writes + opening(1).writes == 16


# --- the command


def test_the_command_plays_one_scenario_and_draws(tmp_path, capsys):
    one = ["--viewers", "50", "--seconds", "30", "--kind", "storm"]
    assert main(one) == 0
    assert "served: 50%" in capsys.readouterr().out
    assert main([*one, "--json", "--rest-api"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["open_at_end"] == 50
    assert found["units"][CONNECTIONS]["peak"]["writes"] > 0
    assert main(["--plot", str(tmp_path / "plot.svg")]) == 0
    assert (tmp_path / "plot.svg").read_text() == scale_picture()


@pytest.mark.parametrize("arguments", [["--viewers", "0"], ["--kind", "x"], ["--life-s", "nan"]])
def test_arguments_that_make_no_sense_are_refused(arguments):
    with pytest.raises(SystemExit):
        main(arguments)
