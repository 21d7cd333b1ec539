"""The page: what it says of results, and what it never says."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verify_aws import page
from verify_aws.assumptions import Assumption, parse
from verify_aws.trying import Result, Verdict

ASSUMPTIONS = [
    Assumption("a", "It is so.", ("URL",), "asking", ("emulator.md",), by_hand=False),
    Assumption("b", "So is this.", ("URL", "REST"), "asking", ("emulator.md",), by_hand=False),
    Assumption("c", "This, too.", (), "looking", ("deploy.md",), by_hand=True),
]
AWS = {
    "service-rest": "https://abc123.execute-api.eu-west-1.amazonaws.com/live/",
    "url": "https://xyz.lambda-url.eu-west-1.on.aws/",
    "load-balancer": "http://probe-1-22.eu-west-1.elb.amazonaws.com/",
}
LOCAL = {"url": "http://127.0.0.1:8001/"}
RESULTS = [
    Result("b", "rest", Verdict.DIFFERS, "status 500"),
    Result("a", "url", Verdict.HOLDS),
    Result("b", "url", Verdict.NOT_TRIED, "needs PROBE"),
]


def written(results, region="eu-west-1", addresses=AWS):
    run = page.Run("2026-12-01", region, "abc1234", "0.1.0", addresses)
    return page.written(run, ASSUMPTIONS, results)


def rows(text):
    return [line for line in text.splitlines() if line.startswith("| `")]


def test_each_id_has_a_row_for_each_front_in_the_order_of_the_list():
    assert rows(written(RESULTS)) == [
        "| `a` | URL | holds |  |",
        "| `b` | REST | does not hold | status 500 |",
        "| `b` | URL | not tried | needs PROBE |",
    ]


def test_it_says_when_where_and_on_which_fronts():
    text = written(RESULTS)

    assert "| date | 2026-12-01 |" in text
    assert "| Region | eu-west-1 |" in text
    assert "| version | 0.1.0 |" in text
    assert "| commit | abc1234 |" in text
    assert "| result | 1 hold, 1 do not hold, 1 were not tried; each front counts. |" in text
    assert "cannot try these: `c`." in text


def test_it_names_no_host_of_an_account():
    text = written(RESULTS)

    assert "service REST" in text
    for secret in ("abc123.", "xyz.", "probe-1-22"):
        assert secret not in text


def test_a_run_against_the_emulator_is_no_run_on_aws():
    assert "**Nothing here was verified on AWS.**" in written(RESULTS, "", LOCAL)
    assert "| Region | none: the emulator |" in written(RESULTS, "", LOCAL)
    assert "Nothing here was verified" not in written(RESULTS)


@pytest.mark.parametrize(
    "secret",
    [
        "https://abc.lambda-url.eu-west-1.on.aws/x?token=1",
        "abc.execute-api.eu-west-1.amazonaws.com",
        "123456789012",
        "arn:aws:iam::123456789012:user/somebody",
        "198.51.100.7",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
    ],
)
def test_what_was_seen_loses_addresses_accounts_and_tokens(secret):
    text = written([Result("a", "url", Verdict.DIFFERS, f"it said {secret} twice")])

    assert secret not in text
    assert not re.search(r"\d{12}", text)
    assert "it said " in rows(text)[0]


@settings(max_examples=50)
@given(st.text())
def test_whatever_was_seen_the_table_keeps_its_columns(seen):
    lines = written([Result("a", "url", Verdict.DIFFERS, seen)]).split("\n")
    (row,) = [line for line in lines if line.startswith("| `a`")]

    assert row.count("|") == 5
    assert row.endswith(" |")
    assert lines[-1] == ""


def test_no_line_of_prose_is_wider_than_100_columns():
    many = [Assumption(f"by-hand-{number}", "", (), "", (), by_hand=True) for number in range(40)]
    run = page.Run("2026-12-01", "", "abc1234", "0.1.0", LOCAL)
    text = page.written(run, many, [])

    assert max(len(line) for line in text.splitlines() if not line.startswith("|")) <= 100


def test_a_row_of_the_list_that_lacks_a_column_is_refused():
    row = "| `a-b` | It is so. | URL, REST | asking | [x](x.md#y), [z](z.md) |"

    (found,) = parse(f"## Streams\n\n{row}\n")
    assert found.fronts == ("URL", "REST")
    assert found.said_in == ("x.md#y", "z.md")
    assert parse(f"## By hand\n\n{row}\n")[0].by_hand
    with pytest.raises(ValueError, match="a-b: five columns are needed"):
        parse("| `a-b` | It is so. | URL |")
