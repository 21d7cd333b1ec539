"""Tests the encoder of events against the models that the API's document is made of."""

import json
from typing import Any

import pytest
from dashboard_data import ResetReason
from dashboard_http.events import EVENT_TYPES, Metrics, Minutes, NewItem, Reset
from hypothesis import given
from hypothesis import strategies as st
from stream_function.event_json import ENCODERS

texts = st.text(st.characters(codec="utf-8"))
# Around each place where Python and pydantic write a float in another form.
special = [10.0**exponent for exponent in range(-12, 1)] + [1.5e-5, 1.25e-6, 9.99e-5, 5e-324, 0.0]
scores = st.floats(0, 1) | st.sampled_from(special)
sums = st.floats(0, allow_infinity=False) | st.sampled_from(special) | st.just(1e16)
counts = st.integers(0, 10**18)


@st.composite
def minutes(draw: st.DrawFn) -> dict[str, Any]:
    length = draw(st.integers(1, 60))

    def values(kind: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(st.none() | kind, min_size=length, max_size=length))

    sentiments = {name: values(counts) for name in ("positive", "neutral", "negative")}
    return {**sentiments, "score_sum": values(sums)}


DATA = {
    "new_item": st.fixed_dictionaries(
        {
            "item_id": texts,
            "ticker": texts,
            "tags": st.lists(texts),
            "sentiment": st.sampled_from(["positive", "neutral", "negative"]),
            "score": scores,
            "timestamp": texts,
            "source_id": texts,
        }
    ),
    "metrics": st.fixed_dictionaries(
        {
            **dict.fromkeys(("total", "positive", "neutral", "negative"), counts),
            "by_tag": st.dictionaries(texts, counts),
            "rate_last_hour": counts,
            "rate_last_24h": counts,
            "minutes": minutes(),
            "timestamp": texts,
        }
    ),
    "heartbeat": st.fixed_dictionaries({"timestamp": texts, "connections": counts}),
    "reset": st.fixed_dictionaries(
        {"reason": texts | st.sampled_from(ResetReason), "timestamp": texts}
    ),
    "failure": st.fixed_dictionaries({"detail": texts}),
}
MODELS = {event_type: model for model, event_type in EVENT_TYPES.items()}
EXAMPLES: dict[str, dict[str, Any]] = {
    "new_item": {
        "item_id": "i",
        "ticker": "AAPL",
        "tags": ["t"],
        "sentiment": "neutral",
        "score": 0.5,
        "timestamp": "2026-11-22T12:00:00Z",
        "source_id": "i",
    },
    "metrics": {
        **dict.fromkeys(("total", "positive", "neutral", "negative"), 1),
        "by_tag": {"t": 1},
        "rate_last_hour": 1,
        "rate_last_24h": 1,
        "minutes": {
            **{name: [1, None] for name in ("positive", "neutral", "negative")},
            "score_sum": [0.5, None],
        },
        "timestamp": "2026-11-22T12:00:00Z",
    },
    "heartbeat": {"timestamp": "2026-11-22T12:00:00Z", "connections": 1},
    "reset": {"reason": "too old", "timestamp": "2026-11-22T12:00:00Z"},
    "failure": {"detail": "it failed"},
}
REFUSED: dict[str, list[Any]] = {
    "new_item": [
        {"item_id": 1},
        {"tags": "text"},
        {"tags": [1]},
        {"tags": None},
        {"sentiment": "mixed"},
        {"sentiment": None},
        {"score": 1.01},
        {"score": -0.01},
        {"score": float("nan")},
        {"score": "a"},
        {"source_id": None},
        {"timestamp": None},
    ],
    "metrics": [
        {"total": None},
        {"total": 1.5},
        {"total": "many"},
        {"by_tag": {"t": None}},
        {"by_tag": {1: 1}},
        {"by_tag": [1]},
        {"minutes": None},
        {"timestamp": 1},
    ],
    "heartbeat": [{"connections": None}, {"connections": "many"}, {"timestamp": 1}],
    "reset": [{"reason": 1}, {"reason": None}],
    "failure": [{"detail": None}, {"detail": ["text"]}],
}
REFUSED_MINUTES = [
    {"positive": []},
    {"neutral": [1] * 61},
    {"negative": [1.5]},
    {"negative": ["many"]},
    {"score_sum": []},
    {"score_sum": [0.5] * 61},
    {"score_sum": ["many"]},
    {"score_sum": [[]]},
    {"unknown": [1]},
    {"score_sum": None},
]


def test_there_is_an_encoder_for_each_model_and_for_nothing_else():
    assert ENCODERS.keys() == MODELS.keys() == DATA.keys() == EXAMPLES.keys()


@pytest.mark.parametrize("event_type", ENCODERS)
def test_the_fields_are_those_of_the_model_in_its_order(event_type):
    written = json.loads(ENCODERS[event_type](EXAMPLES[event_type]))

    assert [*written] == [*MODELS[event_type].model_fields]
    if event_type == "metrics":
        assert [*written["minutes"]] == [*Minutes.model_fields]


@given(st.data())
@pytest.mark.parametrize("event_type", ENCODERS)
def test_the_json_is_the_models_byte_by_byte(event_type, data):
    fields = data.draw(DATA[event_type])

    assert ENCODERS[event_type](fields) == MODELS[event_type](**fields).model_dump_json()


@given(scores)
def test_a_score_is_written_as_the_model_writes_it(score):
    fields = EXAMPLES["new_item"] | {"score": score}

    assert ENCODERS["new_item"](fields) == NewItem(**fields).model_dump_json()


@pytest.mark.parametrize("reason", ResetReason)
def test_a_reason_for_a_reset_is_written_as_its_text(reason):
    fields = EXAMPLES["reset"] | {"reason": reason}

    assert ENCODERS["reset"](fields) == Reset(**fields).model_dump_json()


@pytest.mark.parametrize("event_type", ENCODERS)
def test_an_unknown_field_is_refused(event_type):
    with pytest.raises(ValueError, match="secret"):
        ENCODERS[event_type](EXAMPLES[event_type] | {"secret": "s"})


@pytest.mark.parametrize("event_type", ENCODERS)
def test_a_missing_field_is_refused_and_so_is_another_in_its_place(event_type):
    for name in EXAMPLES[event_type]:
        rest = {key: value for key, value in EXAMPLES[event_type].items() if key != name}
        with pytest.raises(ValueError, match="fields"):
            ENCODERS[event_type](rest)
        with pytest.raises(KeyError, match=name):
            ENCODERS[event_type](rest | {"secret": "s"})


@pytest.mark.parametrize(
    ("event_type", "wrong"),
    [(event_type, wrong) for event_type, several in REFUSED.items() for wrong in several],
)
def test_what_the_model_refuses_is_refused(event_type, wrong):
    fields = EXAMPLES[event_type] | wrong
    with pytest.raises(ValueError, match="validation error"):
        MODELS[event_type](**fields)

    with pytest.raises((ValueError, TypeError, AttributeError)):
        ENCODERS[event_type](fields)


@pytest.mark.parametrize("wrong", REFUSED_MINUTES)
def test_minutes_that_the_model_refuses_are_refused(wrong):
    fields = EXAMPLES["metrics"] | {"minutes": EXAMPLES["metrics"]["minutes"] | wrong}
    with pytest.raises(ValueError, match="validation error"):
        Metrics(**fields)

    with pytest.raises((ValueError, TypeError)):
        ENCODERS["metrics"](fields)
