"""Does docs/cost.md say what the model says, and does the model count what it claims to?"""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cost.__main__ import main
from benchmarks.cost.capacity import streams_of_a_process
from benchmarks.cost.figures import amounts, counts
from benchmarks.cost.measured import Measured, measured
from benchmarks.cost.model import Assumptions, on_instances, ours, standard
from benchmarks.cost.peers import Peers, all_ways, break_even, fargate
from benchmarks.cost.pictures import cost_picture
from benchmarks.cost.prices import PRICES
from benchmarks.cost.tables import TABLES, money
from benchmarks.cost.units import Units, index_reads, opening, survey
from tests.benchmarks.told import assert_rounds_to, assert_says, told
from tests.support.pages import table
from tests.support.paths import ROOT

PAGE = ROOT / "docs/cost.md"
PICTURE = ROOT / "docs/images/cost_break_even.svg"
AMOUNT = re.compile(r"\$([\d,]+(?:\.\d+)?)")


@pytest.mark.parametrize("heading", TABLES)
def test_each_table_of_figures_is_the_models(heading):
    _, rows = TABLES[heading]

    assert table(PAGE, heading) == rows()


@pytest.mark.parametrize(("words", "dollars"), amounts().items(), ids=lambda each: str(each)[:30])
def test_each_amount_beside_words_is_the_models(words, dollars):
    (line,) = [each for each in told(PAGE).splitlines() if words in each]
    said = AMOUNT.findall(line[line.index(words) :])

    if line.startswith("|"):
        assert len(said) == len(dollars)
    assert len(said) >= len(dollars)
    for text, value in zip(said, dollars, strict=False):
        assert_rounds_to(text, value)


@pytest.mark.parametrize(("words", "value"), counts().items(), ids=lambda each: str(each)[:40])
def test_each_other_figure_is_the_models(words, value):
    assert_says(PAGE, words, value)


def test_the_committed_picture_is_the_models():
    assert PICTURE.read_text("utf-8") == cost_picture(Assumptions())


def test_the_picture_has_the_colours_of_both_modes():
    drawn = cost_picture(Assumptions())

    assert "prefers-color-scheme: dark" in drawn
    assert drawn.count("<polyline") == 6


def test_every_price_names_its_page_and_is_above_nothing():
    for each in PRICES.values():
        assert each.dollars > 0
        assert each.source.startswith("https://aws.amazon.com/")


def test_the_lines_are_the_bill():
    for bill in all_ways(Assumptions()):
        assert bill.total == sum(bill.lines.values())
        assert min(bill.lines.values()) >= 0


def test_an_opening_takes_as_much_however_many_streams_are_open():
    assert opening(10) == opening(1_000)
    shared = [opening(each, alone=False).reads for each in (10, 10_000)]
    assert shared[1] - shared[0] == index_reads(10_000) - 1 == 7


def test_a_survey_reads_more_only_with_more_streams():
    assert survey(0) == survey(16) == Units(reads=1, writes=1)
    assert survey(1_000) == Units(reads=49, writes=1)


def test_viewers_beyond_the_limit_are_refused_and_cost_no_stream():
    assert standard(Assumptions(viewers=500)).total == standard(Assumptions()).total


@given(
    st.builds(
        Assumptions,
        viewers=st.integers(1, 10_000),
        limit=st.just(100_000),
        hours_a_day=st.floats(0.1, 24),
        items_a_day=st.floats(0, 1e6),
        life_s=st.floats(5, 900),
        abandoned=st.floats(0, 1),
        signed_in=st.floats(0, 1),
    )
)
def test_more_of_anything_never_costs_less(a):
    total = standard(a).total

    assert standard(replace(a, viewers=a.viewers + 1)).total > total
    assert standard(replace(a, items_a_day=a.items_a_day + 1)).total >= total
    assert standard(replace(a, life_s=a.life_s / 2, abandoned_s=60)).total >= total * 0.5
    assert standard(replace(a, signed_in=1)).total >= total
    assert standard(replace(a, abandoned=1)).total >= total
    assert on_instances(replace(a, instances=4)).total >= on_instances(a).total


def test_a_break_even_is_the_first_number_of_viewers_that_costs_as_much():
    a = Assumptions()
    found = break_even(standard, fargate, a)

    assert standard(a.with_viewers(found)).total >= fargate(a.with_viewers(found)).total
    assert standard(a.with_viewers(found - 1)).total < fargate(a.with_viewers(found - 1)).total
    assert break_even(fargate, standard, a, most=3) == 1
    assert break_even(standard, fargate, a, most=2) is None


def test_streams_of_instances_share_all_but_their_ends_and_beginnings():
    few = on_instances(Assumptions(viewers=10)).lines
    many = on_instances(Assumptions(viewers=60)).lines

    # Each process counts more often if it has more streams, at most once a second.
    assert few["polls, renewals, counts"] <= many["polls, renewals, counts"]
    assert many["polls, renewals, counts"] < 1.5 * few["polls, renewals, counts"]
    assert many["ends and beginnings"] == pytest.approx(6 * few["ends and beginnings"])


def test_abandoned_visits_are_billed_for_the_time_after_them():
    a = Assumptions(visit_minutes=1, abandoned=1, abandoned_s=120)

    assert a.billed_hours == pytest.approx(3 * a.hours)


def test_settings_of_other_ways_change_their_bills_alone():
    a = Assumptions()
    usual = all_ways(a)
    other = all_ways(
        a, Peers(heavy_memory_mb=512, adapter_poll_s=1, peer_after_s=450, container_vcpu=1)
    )

    assert [bill.total for bill in other[:2]] == [bill.total for bill in usual[:2]]
    assert other[2].total > usual[2].total
    assert other[6].total < usual[6].total
    assert other[4].lines["polls"] > 2 * usual[4].lines["polls"]


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="no such mode"):
        ours(Assumptions(mode="other"))


def test_amounts_are_rounded_as_the_page_says():
    said = [money(each) for each in (0, 0.00263, 0.0411, 0.146, 9.994, 10.4, 1_234.5)]

    assert said == ["$0.00", "$0.0026", "$0.041", "$0.15", "$9.99", "$10", "$1,234"]


# --- measured inputs


def test_without_results_the_defaults_hold(tmp_path):
    assert measured(tmp_path / "results.json") == Measured()


def test_results_replace_the_defaults_that_they_name(tmp_path):
    path = tmp_path / "results.json"
    path.write_text('{"idle_poll_read_units": 2, "other": "text"}')
    found = measured(path)

    assert found.idle_poll_read_units == 2
    assert found.idle_ms_a_second == Measured().idle_ms_a_second
    polls = [standard(Assumptions(measured=each)).total for each in (Measured(), found)]
    assert polls[1] > polls[0]


def test_the_committed_results_bear_out_what_the_page_assumes():
    found = measured()

    assert found.idle_poll_read_units <= 1.05
    assert found.idle_poll_requests <= 1.05


def test_a_process_holds_what_its_memory_its_cpu_and_lambda_allow():
    def held(**others):
        return streams_of_a_process(Assumptions(measured=Measured(**others)))

    assert held() == 1_600
    assert held(many_kib=2_000) == 997
    assert held(many_idle_us_a_second=1_000) == 499
    assert streams_of_a_process(Assumptions(items_a_day=1e9)) == 2


def test_of_many_streams_the_largest_number_that_was_measured_counts(tmp_path):
    path = tmp_path / "results.json"
    results = {
        "streams_100_ours_idle_ms_a_second": 40,
        "streams_300_ours_idle_ms_a_second": 60,
        "streams_300_ours_kib": 50,
        "streams_1000_ours_kib": None,
        "streams_1000_p1_kib": 10,
    }
    path.write_text(json.dumps(results))
    found = measured(path)

    assert found.many_idle_us_a_second == 200
    assert found.many_kib == 50
    assert found.many_event_cpu_us == Measured().many_event_cpu_us
    assert "many_kib" in found.source


@pytest.mark.parametrize("text", ["[]", "{", '{"idle_ms_a_second": "2"}', '{"event_bytes": 0}'])
def test_results_that_are_none_are_refused(tmp_path, text, capsys):
    path = tmp_path / "results.json"
    path.write_text(text)

    assert main(["--results", str(path)]) == 2
    assert capsys.readouterr().err


# --- the command


def test_the_command_prints_a_table_json_and_a_plot(tmp_path, capsys):
    none = ["--results", str(tmp_path / "none.json")]
    assert main([*none, "--viewers", "100"]) == 0
    assert "$507 a month" in capsys.readouterr().out
    assert main([*none, "--json", "--mode", "managed-instances", "--limit", "500"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["assumptions"]["limit"] == 500
    assert found["ours"]["name"].startswith("managed instances")
    assert main([*none, "--plot", str(tmp_path / "plot.svg")]) == 0
    assert (tmp_path / "plot.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    "arguments", [["--viewers", "0"], ["--abandoned", "1.1"], ["--life-s", "nan"], ["--mode", "x"]]
)
def test_arguments_that_make_no_sense_are_refused(arguments):
    with pytest.raises(SystemExit):
        main(arguments)
