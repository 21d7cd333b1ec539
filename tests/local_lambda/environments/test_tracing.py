"""Which invocations are traced, as X-Ray's sampling has it."""

import re

import pytest

from local_lambda.environments.tracing import Sampling

ROOT = "1-00000001-" + "b" * 24
HEADER = re.compile("Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=[01]")


def sampled(header):
    assert HEADER.fullmatch(header)
    return header[-1] == "1"


def test_the_first_request_of_each_second_is_sampled_and_five_percent_of_the_rest():
    draws = iter([0.04, 0.05, 0.9])
    sampling = Sampling(is_active=True, draw=lambda: next(draws))
    times_s = [7.0, 7.1, 7.2, 7.9, 8.0]

    decisions = [sampled(sampling.header(None, time_s)) for time_s in times_s]

    assert decisions == [True, True, False, False, True]


def test_without_active_tracing_nothing_is_sampled():
    sampling = Sampling(is_active=False, draw=lambda: 0)

    assert not sampled(sampling.header(None, 1.0))


@pytest.mark.parametrize("is_active", [True, False])
@pytest.mark.parametrize("decision", ["0", "1"])
def test_the_callers_trace_and_decision_are_honoured(is_active, decision):
    sampling = Sampling(is_active, draw=lambda: 1)
    header = sampling.header(f"Root={ROOT};Parent={'c' * 16};Sampled={decision}", 1.0)

    assert header.startswith(f"Root={ROOT};Parent=")
    assert "c" * 16 not in header  # the function's segment is the parent
    assert sampled(header) is (decision == "1")


@pytest.mark.parametrize("decision", ["", ";Sampled=?", ";Sampled="])
def test_a_caller_that_has_not_decided_leaves_it_to_the_function(decision):
    assert sampled(Sampling(is_active=True).header(f"Root={ROOT}{decision}", 1.0))


@pytest.mark.parametrize("header", ["nonsense", "Root=x\u00e9", "Root", ";;=", "Sampled=2"])
def test_a_header_that_makes_no_sense_counts_as_none(header):
    assert not sampled(Sampling(is_active=False).header(header, 1.0))


@pytest.mark.parametrize(("mode", "wanted"), [("always", True), ("never", False)])
@pytest.mark.parametrize("decision", ["", "0", "1"])
def test_a_mode_decides_for_every_invocation(mode, wanted, decision):
    sampling = Sampling(is_active=False, mode=mode)

    assert sampled(sampling.header(f"Root={ROOT};Sampled={decision}", 1.0)) is wanted
