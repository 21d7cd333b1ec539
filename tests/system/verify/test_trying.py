"""How probes are run, and where addresses come from."""

import pytest
from verify_aws.fronts import (
    LINES,
    ONE_A_SECOND,
    OUTPUTS,
    SERVICE_OUTPUTS,
    Stacks,
    Unusable,
    of_emulator,
    of_probe,
    stack_outputs,
)
from verify_aws.trying import Differs, NotTried, Probe, Result, Verdict, attempt, try_all
from verify_aws.wire import NotHttp

from local_lambda.template.cloudformation import load
from tests.support.paths import ROOT
from tests.system.verify.probes import TEMPLATE

HERE = Stacks({"url": "http://127.0.0.1:1/"}, "", is_emulator=True)
ON_AWS = Stacks({"url": "https://x.lambda-url.eu-west-1.on.aws/"}, "eu-west-1", is_emulator=False)


def holds(target):
    assert target.address.host


def raising(error):
    def run(target):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "verdict", "text"),
    [
        (Differs("status 500"), Verdict.DIFFERS, "status 500"),
        (NotTried("no luck"), Verdict.NOT_TRIED, "no luck"),
        (TimeoutError(), Verdict.DIFFERS, "no response in time"),
        (ConnectionResetError(), Verdict.DIFFERS, "the connection: broken: ConnectionResetError"),
        (NotHttp("no status"), Verdict.DIFFERS, "the connection: no status"),
        (KeyError("x"), Verdict.DIFFERS, "a response that is not understood: KeyError"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_whatever_a_probe_meets_becomes_a_result(error, verdict, text):
    assert attempt(Probe("a", ("url",), raising(error)), "url", HERE) == Result(
        "a", "url", verdict, text
    )


@pytest.mark.parametrize(
    ("options", "stacks", "why"),
    [
        ({"is_slow": True}, HERE, "takes long: SLOW=1"),
        ({"unlike_emulator": True}, HERE, "the emulator does not have it"),
        ({"fronts": ("rest",)}, HERE, "the probe stack has no REST"),
        ({"fronts": ("rest",)}, Stacks({}, "", is_emulator=True), "needs PROBE"),
        ({"fronts": ("service-rest",)}, HERE, "needs URL"),
        ({"fronts": ("service-url",)}, HERE, "needs STREAM_URL"),
    ],
)
def test_what_cannot_be_tried_says_why(options, stacks, why):
    probe = Probe("a", **{"fronts": ("url",), "run": raising(AssertionError), **options})

    assert attempt(probe, probe.fronts[0], stacks) == Result(
        "a", probe.fronts[0], Verdict.NOT_TRIED, why
    )


def test_what_is_slow_or_unlike_the_emulator_is_tried_when_it_can_be():
    slow = Probe("a", ("url",), holds, is_slow=True)
    unlike = Probe("b", ("url",), holds, unlike_emulator=True)

    assert attempt(slow, "url", HERE, slow=True).verdict is Verdict.HOLDS
    assert attempt(unlike, "url", ON_AWS).verdict is Verdict.HOLDS


def test_results_keep_the_order_of_the_probes_and_each_is_told():
    probes = [
        Probe("alone", ("url",), holds, alone=True),
        Probe("two", ("url", "rest"), holds),
    ]
    heard = []
    results = try_all(probes, HERE, tell=heard.append)

    assert [(each.id, each.front) for each in results] == [
        ("alone", "url"),
        ("two", "url"),
        ("two", "rest"),
    ]
    assert heard[-1].id == "alone"
    assert sorted(map(str, heard)) == sorted(map(str, results))


def test_the_outputs_of_the_templates_are_those_that_the_command_reads():
    def outputs(path):
        return set(load(path.read_text("utf-8"))["Outputs"])

    assert outputs(TEMPLATE) == set(OUTPUTS)
    assert set(SERVICE_OUTPUTS) <= outputs(ROOT / "template.yaml")
    assert {front for front, _ in LINES.values()} >= set(OUTPUTS.values()) - {"function"}


def test_the_lines_of_the_emulator_are_those_that_the_command_reads(probe_stack):
    assert set(LINES) <= set(probe_stack.addresses)


class CloudFormation:
    """Describes one stack, as boto3's client does."""

    def __init__(self, outputs):
        self._outputs = outputs

    def describe_stacks(self, *, StackName):
        assert StackName == "verify-probe"
        pairs = [{"OutputKey": key, "OutputValue": value} for key, value in self._outputs.items()]
        return {"Stacks": [{"Outputs": pairs} if pairs else {}]}


def test_a_stack_s_outputs_are_the_addresses():
    client = CloudFormation({"Streaming": "https://s/", "OneASecondApi": "https://o/", "X": "x"})

    found = of_probe("verify-probe", lambda stack: stack_outputs(client, stack))
    assert found == {"url": "https://s/", ONE_A_SECOND: "https://o/"}


def test_a_stack_of_something_else_is_refused():
    with pytest.raises(Unusable, match="neither a file nor a stack"):
        of_probe("verify-probe", lambda stack: stack_outputs(CloudFormation({}), stack))


def test_a_file_of_something_else_is_refused():
    with pytest.raises(Unusable, match="no line `streaming_url"):
        of_emulator("hello\nready: \n: x")
