"""Tests metrics of some tickers, and the list of tickers, through both fronts."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fakes import failing_while

METRICS, TICKERS = "/api/v2/metrics", "/api/v2/tickers"
DETAIL = {"detail": "ticker: 1 to 5 of them, each of 1 to 5 letters"}


@pytest.fixture(params=["1.0", "2.0"])
def ask(service, request):
    """Returns `ask(path, pairs)`: the query as each front hands it over."""
    service.front = request.param

    def send(path, pairs=()):
        payload = service.payload("GET", path, {})
        several = {name: [value for key, value in pairs if key == name] for name, _ in pairs}
        if service.front == "1.0":
            last = {name: values[-1] for name, values in several.items()}
            payload["multiValueQueryStringParameters"] = several or None
            payload["queryStringParameters"] = last or None
        else:
            joined = {name: ",".join(values) for name, values in several.items()}
            payload |= {"queryStringParameters": joined} if joined else {}
        response = service._api(payload, service._context(10))
        return response["statusCode"], json.loads(response["body"])

    return send


def test_metrics_of_some_tickers_count_theirs_alone_and_show_their_newest_items(
    ask, publish, make_item
):
    rare = [make_item(ticker="NVDA", sentiment="negative") for _ in range(3)]
    publish(*rare)
    publish(*[make_item(ticker="AAPL", sentiment="positive") for _ in range(60)])
    publish(last := make_item(ticker="MSFT", sentiment="neutral"))
    status, told = ask(METRICS, [("ticker", "nvda"), ("ticker", "MSFT")])

    assert status == 200
    assert (told["total"], told["negative"], told["neutral"], told["positive"]) == (4, 3, 1, 0)
    assert (told["rate_last_hour"], sum(told["items_by_minute"])) == (4, 4)
    newest_first = [each["item_id"] for each in told["recent_items"]]
    assert newest_first == [last.item_id, *(item.item_id for item in reversed(rare))]
    assert told.keys() == ask(METRICS)[1].keys()


@pytest.mark.parametrize(
    "pairs",
    [
        [("ticker", "NVDA,MSFT")],
        [("ticker", "NVDA"), ("ticker", "MSFT,nvda")],
        [("ticker", "NVDA,MSFT"), ("other", "ignored"), ("Ticker", "x y")],
        [("ticker", "nvda,Nvda,NVDA,msft,MSFT,mSFT")],
    ],
)
def test_tickers_come_apart_or_together_in_either_case_and_count_once(
    ask, publish, make_item, pairs
):
    publish(*[make_item(ticker=ticker) for ticker in ("NVDA", "MSFT", "AAPL")])
    status, told = ask(METRICS, pairs)

    assert (status, told["total"], len(told["recent_items"])) == (200, 2, 2)


def test_a_ticker_without_items_has_zeros(ask, publish, make_item):
    publish(make_item(ticker="AAPL"))
    status, told = ask(METRICS, [("ticker", "ZZZZZ")])

    assert (status, told["total"], told["by_tag"], told["recent_items"]) == (200, 0, {}, [])
    assert told["items_by_minute"] == [0] * 60


@pytest.mark.parametrize(
    "values",
    [
        [""],
        [","],
        ["NVDA,"],
        ["NVDA", ""],
        ["TOOLONG"],
        ["NV DA"],
        ["NVDA\n"],
        ["N1"],
        ["ß"],
        ["\u0131bm"],
        ["*"],
        ["A,B,C,D,E,F"],
        ["A,B,C", "D,E,F"],
    ],
)
def test_any_other_ticker_is_refused_with_the_name_of_the_field(ask, values):
    assert ask(METRICS, [("ticker", value) for value in values]) == (400, DETAIL)


@given(values=st.lists(st.text(max_size=8), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_text_for_a_ticker_is_an_error_of_ours(service, values):
    payload = service.payload("GET", METRICS, {})
    payload["queryStringParameters"] = {"ticker": ",".join(values)}
    status = service._api(payload, service._context(10))["statusCode"]
    named = ",".join(values).split(",")
    is_sane = all(each.isascii() and each.isalpha() and len(each) <= 5 for each in named)

    assert status == (200 if is_sane and len({each.upper() for each in named}) <= 5 else 400)


def test_tickers_and_the_others_add_up_to_the_metrics_of_that_moment(ask, publish, make_item):
    names = [f"T{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVW"]  # 23 of them
    publish(*[make_item(ticker=name, tags=("chips",)) for name in names])
    publish(make_item(ticker="TW", tags=("TW", "chips"), sentiment="negative"))
    status, told = ask(TICKERS)
    _, metrics = ask(METRICS)

    assert status == 200
    assert told.keys() == {"timestamp", "tickers", "others", "topics"}
    assert told["timestamp"] == metrics["timestamp"]
    assert [each["ticker"] for each in told["tickers"]] == ["TW", *names[:19]]
    shown = sum(each["total"] for each in told["tickers"])
    assert (shown, told["others"]) == (21, {"total": 3})
    assert shown + told["others"]["total"] == metrics["total"]
    assert told["topics"] == {"chips": 24}
    first = told["tickers"][0]
    assert first["total"] == first["positive"] + first["neutral"] + first["negative"] == 2
    assert (first["last_hour"], sum(first["items_by_minute"]), first["hour_before"]) == (2, 2, 0)


def test_without_items_there_are_no_tickers(ask):
    status, told = ask(TICKERS)

    assert (status, told["tickers"], told["others"], told["topics"]) == (200, [], {"total": 0}, {})


def test_the_list_of_tickers_is_read_again_after_ten_seconds(
    ask, service, clock, publish, make_item
):
    publish(make_item(ticker="AAPL"))
    _, first = ask(TICKERS)
    publish(make_item(ticker="MSFT"))
    clock.advance(9)
    is_away = True
    service.table._meddle = failing_while(lambda name: is_away)
    assert ask(TICKERS) == (200, first)

    clock.advance(1)
    assert ask(TICKERS)[0] == 503
    is_away = False
    _, second = ask(TICKERS)
    assert [each["ticker"] for each in second["tickers"]] == ["AAPL", "MSFT"]
    assert second["timestamp"] > first["timestamp"]
