"""Calls the emulator with boto3's Lambda client, as anybody's code does."""

import base64
import concurrent.futures
import json

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

pytestmark = pytest.mark.once

PRELUDE = b'{"statusCode": 200, "headers": {"content-type": "text/plain"}}' + bytes(8)


@pytest.fixture(scope="module")
def aws(emulator):
    return boto3.client(
        "lambda",
        endpoint_url=emulator.addresses["lambda"],
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
    )


def code_of(error):
    return error.value.response["Error"]["Code"]


def invoke(aws, name, payload, **arguments):
    return aws.invoke(FunctionName=name, Payload=json.dumps(payload).encode(), **arguments)


# --- Invoke


@pytest.mark.parametrize(
    "name",
    [
        "StockFunction",
        "arn:aws:lambda:us-east-1:123456789012:function:StockFunction",
        "123456789012:function:StockFunction",
        "StockFunction:$LATEST",
    ],
)
def test_a_function_is_invoked_by_any_of_its_names(aws, name):
    result = invoke(aws, name, {"do": "context"})

    assert result["StatusCode"] == 200
    assert result["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in result
    assert result["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/json"
    assert json.load(result["Payload"])["function_name"]


def test_the_arn_in_the_context_has_the_qualifier_that_was_asked_for(aws):
    result = invoke(aws, "StockFunction", {"do": "context"}, Qualifier="$LATEST")

    assert json.load(result["Payload"])["arn"].endswith(":function:StockFunction:$LATEST")


def test_a_client_context_reaches_the_function(aws):
    encoded = base64.b64encode(b'{"custom": {"a": 1}}').decode()
    result = invoke(aws, "StockFunction", {"do": "context"}, ClientContext=encoded)

    assert json.load(result["Payload"])["custom"] == {"a": 1}


def test_a_tenant_id_reaches_the_runtime(aws):
    result = invoke(aws, "RawFunction", {"do": "environ"}, TenantId="tenant 1")

    assert json.load(result["Payload"])["headers"]["lambda-runtime-aws-tenant-id"] == "tenant 1"


def test_an_error_of_the_function_is_a_result_with_a_function_error(aws):
    result = invoke(aws, "StockFunction", {"do": "raise"})

    assert result["StatusCode"] == 200
    assert result["FunctionError"] == "Unhandled"
    assert json.load(result["Payload"])["errorType"] == "ValueError"


def tail_of(encoded):
    return base64.b64decode(encoded).decode().splitlines()


def test_the_log_tail_has_the_lines_of_this_invocation_between_start_and_report(aws):
    result = invoke(aws, "RawFunction", {"do": "big", "n": 2}, LogType="Tail")
    lines = tail_of(result["LogResult"])
    request_id = result["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]

    assert lines[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert lines[1:3] == ["written", "written"]
    assert f"END RequestId: {request_id}" in lines
    assert lines[-1].startswith(f"REPORT RequestId: {request_id}\tDuration: ")


def test_the_log_tail_has_at_most_4096_bytes_and_they_are_the_last_ones(aws):
    result = invoke(aws, "RawFunction", {"do": "big", "n": 90}, LogType="Tail")
    short = base64.b64decode(result["LogResult"])
    result = invoke(aws, "StockFunction", {"do": "print", "n": 900}, LogType="Tail")
    long = base64.b64decode(result["LogResult"])

    assert len(short) < 4096
    assert len(long) == 4096
    assert b"line 899\n" in long
    assert b"line 0\n" not in long


def test_a_log_tail_comes_with_an_error_and_with_a_stream(aws):
    failed = invoke(aws, "StockFunction", {"do": "raise"}, LogType="Tail")
    _, ending = read(stream(aws, "RawFunction", {"do": "hello"}, LogType="Tail"))

    assert any("asked to" in line for line in tail_of(failed["LogResult"]))
    assert tail_of(ending["LogResult"])[-1].startswith("REPORT ")


def test_without_a_log_type_there_is_no_log(aws):
    assert "LogResult" not in invoke(aws, "RawFunction", {"do": "hello"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Nothing", "function:Nothing"),
        ("StockFunction:live", "function:StockFunction:live"),
        ("arn:aws:lambda:us-east-1:123456789012:function:No:1", "function:No:1"),
    ],
)
def test_an_unknown_function_or_alias_is_named_in_full(aws, name, text):
    with pytest.raises(aws.exceptions.ResourceNotFoundException) as error:
        invoke(aws, name, {})

    message = error.value.response["Error"]["Message"]
    assert message == f"Function not found: arn:aws:lambda:us-east-1:123456789012:{text}"


def test_a_payload_that_is_not_json_is_refused(aws):
    with pytest.raises(aws.exceptions.InvalidRequestContentException, match="request body"):
        aws.invoke(FunctionName="StockFunction", Payload=b"not json")


def test_a_client_context_that_is_not_base64_is_refused(aws):
    with pytest.raises(aws.exceptions.InvalidRequestContentException, match="Client context"):
        invoke(aws, "StockFunction", {}, ClientContext="string")


@pytest.mark.parametrize(
    ("invocation_type", "limit_bytes"), [("RequestResponse", 6_291_456), ("Event", 1_048_576)]
)
def test_a_payload_over_the_limit_is_refused_with_both_sizes(aws, invocation_type, limit_bytes):
    payload = json.dumps("x" * limit_bytes).encode()
    with pytest.raises(ClientError) as error:
        aws.invoke(FunctionName="StockFunction", Payload=payload, InvocationType=invocation_type)

    assert code_of(error) == "RequestEntityTooLargeException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert error.value.response["Error"]["Message"] == (
        f"{limit_bytes + 2} byte payload is too large for the {invocation_type} invocation type "
        f"(limit {limit_bytes} bytes)"
    )


def test_a_dry_run_checks_and_runs_nothing(aws, emulator):
    before = emulator.environments("QuickFunction")
    result = invoke(aws, "QuickFunction", {"do": "crash"}, InvocationType="DryRun")

    assert result["StatusCode"] == 204
    assert emulator.environments("QuickFunction") == before
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        invoke(aws, "Nothing", {}, InvocationType="DryRun")


def test_an_asynchronous_invocation_responds_at_once_and_its_failure_is_logged(aws, logged):
    result = invoke(aws, "RawFunction", {"do": "error"}, InvocationType="Event")

    assert result["StatusCode"] == 202
    assert logged("invocation.async_failed RawFunction", "after 1 and after 2 minutes")


def test_the_old_asynchronous_call_is_served_too(aws, logged):
    result = aws.invoke_async(FunctionName="RawFunction", InvokeArgs=b'{"do": "error"}')

    assert result["Status"] == 202
    assert logged("invocation.async_failed RawFunction")


def test_a_throttled_call_fails_and_an_asynchronous_one_runs_later(aws, logged, emulator):
    """The function has one environment."""
    with concurrent.futures.ThreadPoolExecutor() as threads:
        slow = threads.submit(invoke, aws, "ProvidedFunction", {"do": "late"})
        emulator.wait_for(
            lambda: any(e["active"] for e in emulator.environments("ProvidedFunction"))
        )
        later = invoke(aws, "ProvidedFunction", {"do": "error"}, InvocationType="Event")
        with pytest.raises(aws.exceptions.TooManyRequestsException) as error:
            invoke(aws, "ProvidedFunction", {})
        slow.result()

    assert error.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert error.value.response["Error"]["Message"] == "Rate Exceeded."
    assert later["StatusCode"] == 202
    assert logged("invocation.async_failed ProvidedFunction")


# --- InvokeWithResponseStream


def stream(aws, name, payload, **arguments):
    return aws.invoke_with_response_stream(
        FunctionName=name, Payload=json.dumps(payload).encode(), **arguments
    )


def read(result):
    """Returns the bytes of the payload, and the fields of InvokeComplete."""
    events = [*result["EventStream"]]
    chunks = [each["PayloadChunk"]["Payload"] for each in events[:-1]]
    return b"".join(chunks), events[-1]["InvokeComplete"]


def test_pieces_arrive_as_they_are_made(aws, emulator):
    """The function makes each piece only when the test has read the one before."""
    result = stream(aws, "RawFunction", {"do": "paced", "n": 3})
    events = iter(result["EventStream"])

    assert result["StatusCode"] == 200
    assert result["ExecutedVersion"] == "$LATEST"
    assert result["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    assert next(events)["PayloadChunk"]["Payload"] == PRELUDE
    for number in range(3):
        gate = emulator.gate / str(number)
        gate.touch()
        assert next(events)["PayloadChunk"]["Payload"] == b"piece %d\n" % number
        gate.unlink()
    assert next(events) == {"InvokeComplete": {}}


def test_a_result_that_is_not_streamed_is_one_chunk(aws):
    result = stream(aws, "StockFunction", {"do": "context"})
    (chunk, ending) = [*result["EventStream"]]

    assert json.loads(chunk["PayloadChunk"]["Payload"])["function_name"] == "StockFunction"
    assert ending == {"InvokeComplete": {}}


def test_an_error_before_the_first_byte_is_in_the_last_event(aws):
    body, ending = read(stream(aws, "StockFunction", {"do": "raise"}))

    assert body == b""
    assert ending["ErrorCode"]
    assert json.loads(ending["ErrorDetails"])["errorType"] == "ValueError"


def test_an_error_midway_comes_after_what_was_sent(aws):
    body, ending = read(stream(aws, "RawFunction", {"do": "trailers"}))

    assert body == PRELUDE + b"before\n"
    assert ending["ErrorCode"] == "Function.Oops"
    assert json.loads(ending["ErrorDetails"])["errorType"] == "Oops"


@pytest.mark.parametrize(
    ("function", "do", "error_type", "text"),
    [
        ("RawFunction", "crash-with-stream", "Runtime.TruncatedResponse", ""),
        ("RawFunction", "truncated", "Runtime.TruncatedResponse", ""),
        ("QuickFunction", "held-open", "Sandbox.Timedout", "timed out after 1.00 seconds"),
    ],
)
def test_a_stream_that_is_cut_says_why_at_its_end(aws, function, do, error_type, text):
    body, ending = read(stream(aws, function, {"do": do}))

    assert body == PRELUDE + b"before\n"
    assert ending["ErrorCode"] == error_type
    assert text in ending["ErrorDetails"]


def test_a_client_that_leaves_stops_nothing(aws, emulator, logged):
    result = stream(aws, "RawFunction", {"do": "endless", "n": 30})
    next(iter(result["EventStream"]))
    result["EventStream"].close()

    assert logged("client.gone", "endless finished 202")
    assert json.load(invoke(aws, "RawFunction", {"do": "slow"})["Payload"]) == "slow"


def test_a_dry_run_of_a_stream_runs_nothing(aws):
    assert stream(aws, "RawFunction", {"do": "crash"}, InvocationType="DryRun")["StatusCode"] == 204


def test_a_stream_of_an_unknown_function_is_an_error_of_the_call(aws):
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        stream(aws, "Nothing", {})


# --- Functions


def test_functions_are_listed_and_described(aws):
    names = [each["FunctionName"] for each in aws.list_functions()["Functions"]]
    found = aws.get_function(FunctionName="StockFunction")
    configuration = aws.get_function_configuration(FunctionName="StockFunction")

    assert "StockFunction" in names
    assert found["Configuration"]["Handler"] == configuration["Handler"]
    assert found["Configuration"]["TracingConfig"] == {"Mode": "Active"}
    assert found["Code"]["Location"].startswith("file:///")
    assert configuration["MemorySize"] == 256
    aws.get_waiter("function_active_v2").wait(FunctionName="StockFunction")


def test_a_function_url_is_described_as_it_is_served_here(aws, emulator):
    found = aws.get_function_url_config(FunctionName="RawFunction")

    assert found["FunctionUrl"] == emulator.url("raw")
    assert found["InvokeMode"] == "RESPONSE_STREAM"
    assert found["Cors"]["MaxAge"] == 5
    listed = aws.list_function_url_configs(FunctionName="RawFunction")["FunctionUrlConfigs"]
    assert [each["FunctionUrl"] for each in listed] == [emulator.url("raw")]
    assert (
        aws.list_function_url_configs(FunctionName="ProvidedFunction")["FunctionUrlConfigs"] == []
    )
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        aws.get_function_url_config(FunctionName="ProvidedFunction")


def test_an_operation_that_is_not_served_is_named_with_those_that_are(aws):
    with pytest.raises(ClientError, match="InvokeWithResponseStream") as error:
        aws.list_layers()

    assert code_of(error) == "UnknownOperationException"
    assert "GET /2018-10-31/layers" in str(error.value)


def test_a_function_calls_another_one_by_boto3_without_an_endpoint_of_its_own(aws, emulator):
    """The emulator names its endpoint in each function's environment."""
    result = invoke(aws, "StockFunction", {"do": "call", "name": "RawFunction"})

    assert json.load(result["Payload"]) == {"statusCode": 200, "body": "buffered"}


@pytest.mark.parametrize("path", ["2015-03-31/functions/%FF/invocations", "2099-01-01/x", "2015-"])
def test_odd_paths_get_a_response(emulator, path):
    response = requests.post(emulator.admin_url + path, data=b"{}", timeout=5)

    assert response.status_code in (400, 404)
