"""Runs `local-lambda event` against an emulator."""

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from local_lambda import Emulator
from local_lambda.events import command

pytestmark = pytest.mark.once

TEMPLATE = Path(__file__).parent / "template.yaml"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """An emulator whose file lies in a folder of its own."""
    runtime = tmp_path_factory.mktemp("runtime")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(runtime))
        with Emulator(TEMPLATE, "--region", "eu-west-1") as emulator:
            yield emulator


@pytest.fixture
def event(running, capsys):
    """Runs the command; returns its status, standard output and standard error."""

    def run(*arguments):
        try:
            status = command.main(arguments)
        except SystemExit as ended:
            status = ended.code
        written = capsys.readouterr()
        return status, written.out, written.err

    return run


def test_an_event_goes_to_the_emulator_that_runs_and_the_result_is_printed(event):
    status, out, err = event("sqs", "QueueFunction", "--body", "one", "--body", "two")

    records = json.loads(out)["Records"]
    assert status == 0
    assert err == ""
    assert [record["body"] for record in records] == ["one", "two"]
    assert records[0]["eventSourceARN"] == "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"
    assert records[0]["attributes"]["MessageGroupId"] == "local-group"


@pytest.mark.parametrize(
    "name", ["takes-orders", "arn:aws:lambda:eu-west-1:123456789012:function:takes-orders"]
)
def test_the_defaults_come_from_the_template_whatever_the_function_is_called(event, name):
    _, out, _ = event("sqs", name)

    assert json.loads(out)["Records"][0]["eventSourceARN"].endswith(":orders.fifo")


def test_the_only_function_with_such_an_event_needs_no_name(event):
    _, out, _ = event("eventbridge")
    payload = json.loads(out)

    assert payload["source"] == "shop.orders"
    assert payload["detail-type"] == "OrderPaid"
    assert payload["detail"] == {"amount": 11, "currency": "EU"}
    status, _, err = event("sqs")
    assert status == 1
    assert "name a function" in err
    assert "takes-orders" in err


def test_an_event_that_the_rule_would_keep_away_is_sent_and_named(event):
    status, out, err = event("eventbridge", "--source", "elsewhere")

    assert status == 0
    assert json.loads(out)["source"] == "elsewhere"
    assert err == "the rule's pattern does not match: EventBridge would not send this event\n"


def test_a_schedule_sends_its_input_and_an_option_wins(event):
    assert json.loads(event("schedule")[1]) == {"task": "clean"}
    assert json.loads(event("schedule", "--input", '{"task": "other"}')[1]) == {"task": "other"}


def test_failed_items_of_a_batch_are_shown_by_number(event):
    status, _, err = event("sqs", "QueueFunction", "--body", "ok", "--body", "bad")

    assert status == 0
    assert err == "of 2 records these failed, and would come again: number 2\n"


def test_an_unknown_item_makes_lambda_repeat_the_whole_batch(event):
    assert "the whole batch" in event("sqs", "QueueFunction", "--body", "unknown")[2]


def test_failed_items_count_for_nothing_where_the_template_does_not_ask_for_them(event):
    _, _, err = event("sqs", "PlainQueueFunction", "--body", "bad")

    assert "lacks ReportBatchItemFailures" in err


def test_a_function_that_fails_is_exit_status_1(event):
    status, out, err = event("sqs", "QueueFunction", "--body", "raise")

    assert status == 1
    assert json.loads(out)["errorType"] == "ValueError"
    assert err == "QueueFunction failed: ValueError: asked to\n"


def test_an_unknown_function_is_named_with_those_that_are_there(event):
    status, _, err = event("sns", "Nothing")

    assert status == 1
    assert "Function not found: arn:aws:lambda:eu-west-1:123456789012:function:Nothing" in err
    assert "takes-orders, PlainQueueFunction" in err


def test_a_value_comes_from_a_file_or_from_standard_input(event, tmp_path, monkeypatch):
    (tmp_path / "detail.json").write_text('{"from": "file"}')
    monkeypatch.setattr("sys.stdin", io.StringIO("from stdin"))

    _, out, _ = event("eventbridge", "--detail", f"@{tmp_path}/detail.json")
    assert json.loads(out)["detail"] == {"from": "file"}
    _, out, _ = event("sns", "RuleFunction", "--message", "-")
    assert json.loads(out)["Records"][0]["Sns"]["Message"] == "from stdin"


def test_print_shows_the_payload_and_sends_nothing(event):
    status, out, _ = event("sqs", "QueueFunction", "--body", "raise", "--print")

    assert status == 0
    assert json.loads(out)["Records"][0]["body"] == "raise"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eventbridge", "--detail", "{"], "--detail: not JSON"),
        (["eventbridge", "--detail", "@/nonexistent"], "@/nonexistent: "),
        (["schedule", "--input", "x"], "Expecting value"),
        (["sqs", "--attribute", "a"], "--attribute: a is not NAME=VALUE"),
        (["dynamodb", "--new-image", "[]"], "--new-image: not a JSON object"),
        (["dynamodb", "--new-image", '{"a": 1}', "--key", "b"], "the item has no attribute b"),
        (["s3", "--size", "x"], "argument --size: invalid int value"),
        (["carrier-pigeon"], "invalid choice: 'carrier-pigeon'"),
        ([], "required: KIND"),
    ],
)
def test_a_mistake_is_a_sentence_and_exit_status_2(event, arguments, message):
    status, _, err = event(*arguments, *(["--print"] if len(arguments) > 1 else []))

    assert status == 2
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("admin", "message"),
    [
        ("http://127.0.0.1:1", "was not reached"),
        ("nonsense", "was not reached"),
        ("dashboard", "403"),
    ],
)
def test_an_address_without_an_emulator_is_a_sentence(event, running, admin, message):
    address = running.dashboard_url if admin == "dashboard" else admin
    status, _, err = event("sqs", "F", "--admin", address)

    assert status == 1
    assert message in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["kinesis", "--data", "a", "--partition-key", "k", "--stream", "s"],
        ["dynamodb", "--new-image", '{"id": 1, "price": 1.5}', "--key", "id", "--table", "t"],
        ["s3", "--bucket", "b", "--key", "k", "--event-name", "ObjectRemoved:Delete"],
        ["sns", "--message", "m", "--subject", "s", "--topic", "t", "--attribute", "a=b"],
    ],
)
def test_every_kind_reaches_a_function(event, arguments):
    kind, *options = arguments
    status, out, _ = event(kind, "RuleFunction", *options)

    assert status == 0
    assert json.loads(out)["Records"]


@pytest.mark.parametrize("name", ["RuleFunction:live", "RuleFunction:1", "RuleFunction"])
def test_an_alias_of_a_function_runs_as_its_version(event, running, name):
    status, out, _ = event("payload", name, "--json", '{"version?": true}')
    path = f"2015-03-31/functions/{name}/invocations"
    response = requests.post(
        running.admin_url + path, data=b"{}", headers={"X-Amz-Log-Type": "Tail"}, timeout=10
    )

    assert status == 0
    assert json.loads(out) == {"version": "1"}
    assert response.headers["X-Amz-Executed-Version"] == "1"
    assert b" Version: 1\n" in base64.b64decode(response.headers["X-Amz-Log-Result"])


def test_a_payload_of_ones_own_is_sent_as_it_is(event, tmp_path):
    (tmp_path / "trigger.json").write_text('{"triggerSource": "PreSignUp"}')
    _, out, _ = event("payload", "RuleFunction", "--json", f"@{tmp_path}/trigger.json")

    assert json.loads(out) == {"triggerSource": "PreSignUp"}


def test_a_payload_is_printed_without_an_emulator(tmp_path):
    arguments = [sys.executable, "-m", "local_lambda", "event", "sqs", "--body", "x", "--print"]
    ended = subprocess.run(
        arguments, env={"XDG_RUNTIME_DIR": str(tmp_path)}, capture_output=True, check=False
    )

    assert ended.stderr == b""
    assert json.loads(ended.stdout)["Records"][0]["awsRegion"] == "us-east-1"
