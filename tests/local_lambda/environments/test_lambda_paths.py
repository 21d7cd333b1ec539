"""Tests that code finds itself at /var/task and its layers in /opt, where the system allows it."""

import json
import os
import sys

import pytest

from local_lambda import Emulator
from local_lambda.application import Function
from local_lambda.environments import linux
from local_lambda.environments.launch import LaunchSettings, prepare

RUNTIME = f"python3.{sys.version_info[1]}"
LOOKING = """
import errno, json, os, sys
from pathlib import Path

def writing(path):
    try:
        Path(path).write_text("x")
    except OSError as error:
        return errno.errorcode[error.errno]
    return "written"

def handler(event, context):
    if "evaluate" in event:
        return eval(event["evaluate"])
    return {
        "file": __file__,
        "cwd": os.getcwd(),
        "names": {name: os.environ[name] for name in ("LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR")},
        "path": os.environ["PATH"],
        "opt": sorted(os.listdir("/opt")),
        "layer": __import__("module_of_layer").__file__,
        "writes": [writing("/var/task/x"), writing("/opt/x"), writing(event["beside"])],
        "leader": os.getpid() == os.getsid(0) == os.getpgid(0),
        "sys_path": sys.path[:4],
    }
"""
WRAPPER = """#!/bin/sh
export WRAPPED="$0 $2"
exec "$@"
"""


def function(**changes):
    properties = {
        "CodeUri": "code",
        "Handler": "looking_at_paths.handler",
        "Runtime": RUNTIME,
        "Layers": [{"Ref": "Layer"}],
        **changes,
    }
    return {"Type": "AWS::Serverless::Function", "Properties": properties}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paths")
    (folder / "code").mkdir()
    (folder / "code/looking_at_paths.py").write_text(LOOKING)
    (folder / "shared").mkdir()
    (folder / "shared/beside.py").write_text("x = 1\n")
    (folder / "linked").mkdir()
    (folder / "linked/looking_at_paths.py").write_text(LOOKING)
    (folder / "linked/beside.py").symlink_to("../shared/beside.py")
    (folder / "layer/python").mkdir(parents=True)
    (folder / "layer/python/module_of_layer.py").write_text("x = 1\n")
    (folder / "layer/wrap").write_text(WRAPPER)
    (folder / "layer/wrap").chmod(0o755)
    wrapped = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"}}
    resources = {
        "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "layer"}},
        "Plain": function(),
        "Wrapped": function(Environment=wrapped),
        "Linked": function(CodeUri="linked"),
    }
    (folder / "template.json").write_text(json.dumps({"Resources": resources}))
    return folder


@pytest.fixture(scope="module")
def emulator(folder):
    with Emulator(folder / "template.json") as emulator:
        if "paths.substituted" in emulator.log:
            pytest.skip(emulator.log)
        yield emulator


def evaluated(emulator, name, text):
    return emulator.invoke(name, {"evaluate": text}).json()


def test_the_code_sees_itself_as_on_lambda(emulator, folder):
    seen = emulator.invoke("Plain", {"beside": str(folder / "beside")}).json()

    assert seen["file"] == "/var/task/looking_at_paths.py"
    assert seen["cwd"] == "/var/task"
    assert seen["names"] == {"LAMBDA_TASK_ROOT": "/var/task", "LAMBDA_RUNTIME_DIR": "/var/runtime"}
    assert seen["path"].endswith(":/usr/local/bin:/usr/bin/:/bin:/opt/bin")
    assert seen["opt"] == ["python", "wrap"]
    assert seen["layer"] == "/opt/python/module_of_layer.py"
    assert seen["writes"] == ["EROFS", "EROFS", "written"]
    assert seen["leader"]
    version = f"python3.{sys.version_info[1]}"
    layers = [f"/opt/python/lib/{version}/site-packages", "/opt/python"]
    assert seen["sys_path"] == ["/var/task", *layers, "/var/runtime"]


def test_everything_else_of_var_is_still_there(emulator):
    names = evaluated(emulator, "Plain", "os.listdir('/var')")

    assert set(names) == {*os.listdir("/var"), "task", "runtime"}


def test_nothing_outside_changes(emulator):
    evaluated(emulator, "Plain", "1")

    with open("/proc/self/mountinfo") as mounts:
        assert "/var/task" not in mounts.read()


def test_the_metadata_endpoint_is_at_the_address_of_the_variables(emulator):
    ask = (
        "(lambda u: u.urlopen(u.Request('http://' + os.environ['AWS_LAMBDA_METADATA_API']"
        " + '/2026-01-15/metadata/execution-environment', headers={'Authorization':"
        " 'Bearer ' + os.environ['AWS_LAMBDA_METADATA_TOKEN']})).read().decode())"
        "(__import__('urllib.request').request)"
    )
    assert json.loads(evaluated(emulator, "Plain", ask)) == {"AvailabilityZoneID": "use1-az1"}


def test_a_wrapper_is_called_by_its_path_in_opt(emulator):
    wrapped = evaluated(emulator, "Wrapped", "os.environ['WRAPPED']")

    assert wrapped == "/opt/wrap /var/runtime/bootstrap.py"


def test_a_link_that_leads_out_of_the_code_still_leads_there(emulator):
    seen = evaluated(emulator, "Linked", "[__file__, __import__('beside').x]")

    assert seen == ["/var/task/looking_at_paths.py", 1]


def test_the_option_switches_it_off(folder):
    with Emulator(folder / "template.json", "--no-lambda-paths") as emulator:
        seen = evaluated(emulator, "Plain", "[__file__, os.environ['LAMBDA_TASK_ROOT']]")
        wrapped = evaluated(emulator, "Wrapped", "os.environ['WRAPPED']")

    assert seen == [str(folder / "code/looking_at_paths.py"), str(folder / "code")]
    assert wrapped.endswith("/opt/wrap " + wrapped.rpartition(" ")[2])
    assert not wrapped.startswith("/opt/")


def test_an_interpreter_in_opt_would_be_hidden_so_paths_are_substituted(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho /opt/venv/bin/python\n")
    python.chmod(0o755)
    settings = LaunchSettings(str(python), "us-east-1", namespace=linux.Namespace(tmp_path))
    plain = Function("F", "f", "app.handler", RUNTIME, tmp_path)
    launch = prepare(plain, tmp_path, settings)

    assert launch.substituted == "the interpreter needs /opt/venv/bin/python, which would be hidden"
    assert launch.command() == [str(python), str(launch.runtime / "bootstrap.py")]


@pytest.mark.parametrize("name", ["/opt", "/opt/x", "/var/task/x", "/var/runtime"])
def test_what_lies_at_lambdas_paths_would_be_hidden(name):
    assert linux.hidden(["/usr/bin", name]) == name
    assert not linux.hidden(["/usr/bin", "/optional", "/var/tasks"])


def test_only_relative_links_out_of_the_folder_lead_out(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/up").symlink_to("../other")
    (tmp_path / "absolute").symlink_to("/tmp")
    assert not linux.leads_out(tmp_path)

    other = tmp_path / "inner"
    assert linux.leads_out(other)


def test_a_system_without_namespaces_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")

    assert linux.namespace(tmp_path) == "mount namespaces exist on Linux only"
