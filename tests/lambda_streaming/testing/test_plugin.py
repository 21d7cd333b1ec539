"""The fixtures of pytest: functions run under the emulator, and a client sees what streams."""

import os
import subprocess
import sys
import tomllib

import pytest
from lambda_streaming.testing import function_url, http_api, plugin, rest_api
from lambda_streaming.testing.emulated import LocalLambdas

from local_lambda import EmulatorFailed
from tests.support.paths import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.once]
FRONTS = ["function_url", "rest_api", "http_api"]


@pytest.fixture(scope="module")
def service(local_lambda_factory):
    code = os.path.join(os.path.dirname(__file__), "functions")
    return local_lambda_factory(handler="app.handler", code=code, environment={"GREETING": 7})


@pytest.mark.parametrize("front", FRONTS)
def test_a_handler_runs_behind_each_front_without_a_template(service, front):
    reply = service.get("/words", at=front, query={"a": 1}, headers={"X-A": "1"})

    assert (reply.status, reply.headers["content-type"]) == (201, "text/event-stream")
    assert [event.data for event in reply.events] == ["one 7", "two 7"]
    assert reply.ended_well
    first, *others = reply.times_s
    if front == "http_api":
        assert not others
    else:
        assert reply.cookies == ["a=1"] or front == "rest_api"
        assert others[-1] - first > 0.2  # the function waits 0.3 s between its pieces


# These depend on who asks, when, and where the front is.
OF_ONE_REQUEST = {
    "apiid",
    "domainname",
    "domainprefix",
    "extendedrequestid",
    "host",
    "requestid",
    "requesttime",
    "requesttimeepoch",
    "sourceip",
    "stage",
    "time",
    "timeepoch",
    "x-amzn-trace-id",
    "x-forwarded-for",
    "x-forwarded-port",
    "x-forwarded-proto",
}


def comparable(payload):
    if not isinstance(payload, dict):
        return payload
    kept = {name: each for name, each in payload.items() if name.lower() not in OF_ONE_REQUEST}
    return {name: comparable(each) for name, each in kept.items()}


@pytest.mark.parametrize("maker", [function_url, rest_api, http_api])
@pytest.mark.parametrize(
    ("method", "path", "parts"),
    [
        ("GET", "/a%20b/payload", {"query": "a=1&a=2&b=c+d&e=%2B&f="}),
        ("POST", "/payload", {"json": {"a": "ü"}, "cookies": {"x": 1, "y": 2}}),
        ("PUT", "/payload", {"form": {"a": "b c"}, "headers": [("X-A", "1"), ("X-A", "2")]}),
        ("PATCH", "/payload", {"body": b"\xff\x00"}),
    ],
)
def test_a_maker_makes_what_the_emulator_hands_to_the_function(service, maker, method, path, parts):
    came = service.request(method, path, at=maker.__name__, **parts).json()
    made = maker(method, path, **parts)
    if maker is rest_api:  # its paths have the stage, and the emulator takes them without
        made["requestContext"]["path"] = path

    assert comparable(came) == comparable(made)


def test_a_client_takes_pieces_one_by_one_and_leaves(service):
    with service.opened("POST", "/words", json={"a": 1}) as response:
        assert response.status == 201
        assert next(response) == b"data: one 7\n\n"
        assert next(response.events()).data == "two 7"


def test_a_function_that_fails_is_a_502_and_stands_in_the_log(service):
    reply = service.get("/fails")

    assert reply.status == 502
    assert "before the first byte" in service.log


@pytest.mark.parametrize("streams", [False, True])
def test_the_log_has_what_a_function_wrote_before_the_end_that_a_client_saw(service, streams):
    for number in range(50):
        path = f"/says/{streams}/{number}/"
        reply = service.get(path, query={"streams": 1} if streams else {})

        assert reply.text == "said"
        log = service.log
        assert log.count(path) > (1 if streams else 0), (number, log[-200:])


def test_the_log_has_what_a_function_wrote_before_a_response_that_is_too_large(local_lambda):
    service = local_lambda(handler="app.handler", code="functions", streaming=False)
    for number in range(5):
        reply = service.get(f"/says/large/{number}/", query={"times": 2_000_000})

        assert reply.status == 502
        assert f"/says/large/{number}/" in service.log


def test_a_function_is_invoked_directly(service):
    assert service.invoke(payload={"a": 1}).json() == {"greeting": "7", "event": {"a": 1}}


def test_an_address_that_is_not_there_is_an_error_that_names_those_there_are(service):
    with pytest.raises(KeyError, match=r"no address 'websocket'; there are .*function_url"):
        service.get("/", at="websocket")


def test_paths_begin_where_the_test_stands_and_the_stock_runtime_is_there_too(local_lambda):
    service = local_lambda(
        handler="app.on_any_runtime",
        code="functions",
        environment={"GREETING": "x"},
        streaming=False,
    )

    for front in FRONTS:
        reply = service.get("/words", at=front)
        assert (reply.status, reply.text) == (200, "data: one x\n\ndata: two x\n\n")
        assert len(reply.pieces) == 1
    assert "streaming.buffered" in service.log


def test_a_start_that_fails_says_why(tmp_path):
    (tmp_path / "template.yaml").write_text("Resources: [1]")
    with LocalLambdas([tmp_path], tmp_path / "scratch") as start:
        with pytest.raises(EmulatorFailed, match="Resources"):
            start("template.yaml")
        with pytest.raises(FileNotFoundError, match=r"there is no .*other\.yaml"):
            start("other.yaml")
        with pytest.raises(ValueError, match="give one"):
            start("template.yaml", handler="app.handler")
        with pytest.raises(ValueError, match="environment belongs to a handler"):
            start("template.yaml", environment={})


def test_the_plugin_costs_a_test_run_nothing():
    code = (
        "import sys, pytest; before = {*sys.modules}; import lambda_streaming.testing.plugin;"
        "print(*sorted({*sys.modules} - before))"
    )
    ended = python("-c", code)

    assert ended.stdout.split() == [
        "lambda_streaming",
        "lambda_streaming.testing",
        "lambda_streaming.testing.plugin",
    ]


@pytest.mark.parametrize("entry_point_first", [True, False])
def test_the_plugin_is_registered_once_whoever_names_it(tmp_path, monkeypatch, entry_point_first):
    name = plugin.__name__
    assert plugin_of_wheel() == {name: name}
    installed = tmp_path / "lambda_streaming-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: lambda-streaming\nVersion: 0")
    (installed / "entry_points.txt").write_text(f"[pytest11]\n{name} = {name}\n")
    monkeypatch.syspath_prepend(tmp_path)
    manager = pytest.PytestPluginManager()
    steps = [
        lambda: manager.load_setuptools_entrypoints("pytest11", name=name),
        lambda: manager.import_plugin(name),
    ]
    for step in steps if entry_point_first else reversed(steps):
        step()

    assert manager.get_plugin(name) is plugin
    assert [each for each in manager.get_plugins() if each is plugin] == [plugin]


def plugin_of_wheel():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][
        "pytest11"
    ]


def test_an_invocation_that_a_test_began_is_over_after_it(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "from lambda_streaming.testing import context\n"
        "from streaming_runtime.context import REQUEST_ID\n\n\n"
        "def test_one():\n    context()\n    assert REQUEST_ID.get()\n\n\n"
        "def test_two():\n    assert REQUEST_ID.get() is None\n"
    )
    named = ["-p", plugin.__name__]

    ended = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *named, ".", cwd=tmp_path)

    assert "2 passed" in ended.stdout, ended.stdout + ended.stderr


def python(*arguments, cwd=None):
    """Runs this Python where it finds what these tests find, and the working directory."""
    places = [*([str(cwd)] if cwd else []), *sys.path]
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(places),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # others' plugins take seconds
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env=environ,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
