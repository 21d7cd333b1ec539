"""Tests what real runtime processes meet: responses of the Runtime API, timeouts and crashes.

All of it is observed from outside.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from local_lambda import Emulator
from tests.support.processes import process_state

pytestmark = pytest.mark.e2e


def idle(emulator, function):
    return emulator.wait_for(
        lambda: [e for e in emulator.environments(function) if e["state"] == "idle"]
    )


def test_every_wrong_call_gets_the_documented_status(emulator, logged):
    codes = emulator.invoke("RawFunction", {"do": "state-machine"}).json()
    assert codes == {
        "next while busy": 403,
        "wrong id": 400,
        "wrong attempt": 410,
        "bad mode": 400,
        "init error": 403,
        "restore next": 403,
        "unknown path": 404,
    }
    logged("second response 403")


def test_the_environment_is_lambdas_and_nothing_of_ours_leaks(emulator):
    result = emulator.invoke("RawFunction", {"do": "environ"}).json()
    variables, headers = result["environ"], result["headers"]
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "RawFunction"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_ENDPOINT_URL_DYNAMODB"] == emulator.dynamodb_url
    assert variables["GLOBAL"] == "yes"
    assert variables["STAGE"] == "dev-us-east-1"
    assert "PROD" not in variables
    assert "VIRTUAL_ENV" not in variables
    assert "PYTEST_CURRENT_TEST" not in variables
    assert headers["lambda-runtime-invoked-function-arn"].endswith(":function:RawFunction")
    assert headers["lambda-runtime-trace-id"].startswith("Root=1-")
    assert headers["content-type"] == "application/json"


def test_a_warm_environment_is_frozen_between_invocations_and_used_again(emulator):
    emulator.invoke("RawBufferedFunction", {})
    environment = idle(emulator, "RawBufferedFunction")[0]
    assert environment["frozen"]
    emulator.wait_for(lambda: process_state(environment["pid"]) == "T")
    emulator.invoke("RawBufferedFunction", {})
    assert [e["pid"] for e in emulator.environments("RawBufferedFunction")] == [environment["pid"]]


def test_concurrent_invocations_get_an_environment_each(emulator):
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: emulator.invoke("RawFunction", {"do": "slow"}), range(3)))
    assert [result.json() for result in results] == ["slow"] * 3
    assert len(emulator.environments("RawFunction")) >= 3


def test_a_function_is_killed_at_its_timeout_and_the_next_invocation_is_fresh(emulator, logged):
    emulator.invoke("QuickFunction", {})
    result = emulator.invoke("QuickFunction", {"do": "sleep"})
    assert result.error == "Unhandled"
    assert result.json()["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in result.json()["errorMessage"]
    logged("with error: signal: killed")
    assert emulator.invoke("QuickFunction", {}).error is None


def test_a_crash_is_an_exit_error_and_the_next_invocation_is_fresh(emulator):
    result = emulator.invoke("RawFunction", {"do": "crash"})
    assert result.json()["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in result.json()["errorMessage"]
    assert emulator.invoke("RawFunction", {}).error is None


def test_an_environment_that_nobody_needs_is_ended(template_path, emulator):
    with Emulator(
        template_path, "--keep-warm", "0.2", "--dynamodb-endpoint", emulator.dynamodb_url
    ) as forgetful:
        forgetful.invoke("RawFunction", {})
        forgetful.wait_for(lambda: not forgetful.environments("RawFunction"))


def test_a_stock_function_serves_a_concurrent_environment_with_a_process_each(
    template_path, tmp_path
):
    many = "CapacityProviderConfig: {Arn: x, PerExecutionEnvironmentMaxConcurrency: 2}"
    handler = "Handler: stock_function.handler"
    text = template_path.read_text().replace(handler, f"{handler}\n      {many}")
    for directory in ("functions", "layers"):
        text = text.replace(f" {directory}/", f" {template_path.parent / directory}/")
    (tmp_path / "template.yaml").write_text(text)
    with Emulator(tmp_path / "template.yaml") as emulator:
        assert (
            emulator.invoke("StockFunction", {"do": "context"}).json()["layer"]
            == "the shared layer"
        )
        assert emulator.invoke("StockFunction", {"do": "raise"}).error == "Unhandled"
        assert len(emulator.environments("StockFunction")) == 1


def test_a_killed_environment_is_replaced(emulator):
    emulator.invoke("RawBufferedFunction", {})
    pid = idle(emulator, "RawBufferedFunction")[0]["pid"]
    emulator.kill_environment(pid)
    emulator.wait_for(lambda: process_state(pid) is None)
    assert emulator.invoke("RawBufferedFunction", {}).error is None


def test_what_a_function_started_dies_with_its_environment(emulator):
    child = emulator.invoke("RawBufferedFunction", {"do": "child"}).json()
    assert process_state(child) is not None
    parent = idle(emulator, "RawBufferedFunction")[0]["pid"]
    emulator.kill_environment(parent)
    emulator.wait_for(lambda: process_state(child) in (None, "Z"))


def test_an_error_report_is_the_result_of_the_invocation(emulator):
    result = emulator.invoke("RawFunction", {"do": "error"})
    assert result.error == "Unhandled"
    assert result.json() == {"errorType": "E", "errorMessage": "m"}


@pytest.mark.parametrize("do", ["error-no-utf-8", "trailer-no-utf-8"])
def test_an_error_report_that_is_no_text_is_passed_on_and_the_next_invocation_works(emulator, do):
    result = emulator.invoke("RawFunction", {"do": do})
    assert (result.error, result.body.decode()) == ("Unhandled", "\ufffd\ufffd")
    assert emulator.invoke("RawFunction", {}).error is None


def test_a_buffered_reply_over_the_limit_is_refused_with_413(emulator, logged):
    result = emulator.invoke("RawFunction", {"do": "too-large"})
    assert result.json()["errorType"] == "Function.ResponseSizeTooLarge"
    logged("too-large got 413")


def test_trailers_carry_the_error_to_a_direct_caller(emulator):
    result = emulator.invoke("RawFunction", {"do": "trailers"})
    assert result.error == "Unhandled"
    assert result.json()["errorType"] == "Oops"


def test_a_trailer_block_over_4096_bytes_destroys_the_response(emulator, logged):
    assert emulator.invoke("RawFunction", {"do": "big-trailers"}).error == "Unhandled"
    logged("big-trailers got 400", "TruncatedHTTPRequest")
    assert emulator.invoke("RawFunction", {}).error is None


def test_a_body_without_its_last_chunk_is_truncated(emulator, logged):
    assert emulator.invoke("RawFunction", {"do": "truncated"}).error == "Unhandled"
    logged("truncated got 400")


def test_a_direct_caller_gets_prelude_and_body_as_they_were_written(emulator):
    body = emulator.invoke("RawFunction", {"do": "hello", "n": 1}).body
    assert body.startswith(b'{"statusCode": 200')
    assert body.endswith(bytes(8) + b"piece 0\n")


@pytest.fixture(scope="module")
def impatient(template_path, emulator):
    """Starts an emulator that gives an init no more than half a second."""
    table = ["--dynamodb-endpoint", emulator.dynamodb_url]
    with Emulator(
        template_path, "--init-timeout", "0.5", "--log-level", "debug", *table
    ) as running:
        yield running


@pytest.mark.parametrize(
    ("function", "error_type"),
    [
        ("InitErrorFunction", "ImportError"),
        ("InitExitFunction", "Runtime.ExitError"),
        ("InitHangFunction", "Sandbox.Timedout"),
    ],
)
def test_a_failing_init_is_run_twice_and_then_reported(impatient, function, error_type):
    begin = len(impatient.log)
    assert impatient.invoke(function, {}).json()["errorType"] == error_type
    impatient.wait_for(lambda: "attempt=2" in impatient.log[begin:])


def test_snap_start_restores_before_the_first_invocation(emulator, logged):
    variables = emulator.invoke("SnapFunction", {"do": "environ"}).json()["environ"]
    assert variables["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start"
    logged("restore/next got 200")


def test_a_provided_runtime_runs_its_bootstrap_bare_and_is_throttled_at_its_reservation(emulator):
    with ThreadPoolExecutor(2) as pool:
        results = list(
            pool.map(lambda _: emulator.invoke("ProvidedFunction", {"do": "slow"}), range(2))
        )
    assert sorted(result.status for result in results) == [200, 429]


def test_a_concurrent_environment_takes_several_invocations_and_outlives_their_timeouts(
    emulator, logged
):
    emulator.invoke("ManyFunction", {})
    with ThreadPoolExecutor(4) as pool:
        results = list(
            pool.map(
                lambda do: emulator.invoke("ManyFunction", {"do": do}), ["slow"] * 3 + ["late"]
            )
        )
    assert [result.error for result in results] == [None, None, None, "Unhandled"]
    assert len(emulator.environments("ManyFunction")) == 1
    logged("late reply got 410")
    environment = emulator.environments("ManyFunction")[0]
    assert not environment["frozen"]
    assert process_state(environment["pid"]) == "S"


def test_a_function_without_a_wrapper_runs_on_the_stock_client(emulator):
    result = emulator.invoke(
        "StockFunction", {"do": "context"}, {"custom": {"key": "value"}}
    ).json()
    assert result["function_name"] == "StockFunction"
    assert 5_000 < result["remaining"] <= 10_000
    assert result["custom"] == {"key": "value"}
    assert result["layer"] == "the shared layer"
    assert result["other"] == emulator.url("raw")
    failure = emulator.invoke("StockFunction", {"do": "raise"})
    assert (failure.error, failure.json()["errorType"]) == ("Unhandled", "ValueError")


def test_an_unknown_function_is_not_found(emulator):
    assert emulator.invoke("NoSuchFunction", {}).status == 404
