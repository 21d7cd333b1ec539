"""Tests `--as-lambda`: the processor's share, the memory and /tmp of an environment."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from local_lambda import Emulator
from local_lambda.environments import linux

pytestmark = pytest.mark.once
WORK = """
import os, time

def handler(event, context):
    if "evaluate" in event:
        return eval(event["evaluate"])
    if "hog_mb" in event:
        return len(bytearray(os.urandom(1 << 20) * event["hog_mb"]))
    began_s = time.perf_counter()
    cpu_s = time.process_time()
    while time.process_time() - cpu_s < event["cpu_s"]:
        pass
    return time.perf_counter() - began_s
"""


def function(memory_mb, **changes):
    properties = {
        "CodeUri": "code",
        "Handler": "working.handler",
        "Runtime": f"python3.{sys.version_info[1]}",
        "MemorySize": memory_mb,
        "Timeout": 20,
        **changes,
    }
    return {"Type": "AWS::Serverless::Function", "Properties": properties}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    (folder / "code").mkdir()
    (folder / "code/working.py").write_text(WORK)
    resources = {
        "Small": function(128),
        "Large": function(1769, EphemeralStorage={"Size": 600}),
    }
    (folder / "template.json").write_text(json.dumps({"Resources": resources}))
    return folder / "template.json"


@pytest.fixture(scope="module")
def emulator(template):
    with Emulator(template, "--as-lambda") as emulator:
        lines = emulator.log.splitlines()
        missing = [line for line in lines if "as_lambda.missing" in line and "/tmp" not in line]
        if missing:
            pytest.skip("\n".join(missing))
        yield emulator


@pytest.fixture
def private_tmp(emulator):
    """Skips a test where the functions need something of this machine's /tmp, such as Python."""
    shared = [line for line in emulator.log.splitlines() if "as_lambda.missing /tmp of" in line]
    if shared:
        pytest.skip("\n".join(shared))


def groups_of(pid):
    return [Path(place) for place in Path("/sys/fs/cgroup").glob(f"*/**/local-lambda-{pid}")]


def evaluated(emulator, name, text):
    return emulator.invoke(name, {"evaluate": text}).json()


def test_the_share_of_the_processor_goes_with_the_memory(emulator):
    for name in ("Small", "Large"):
        evaluated(emulator, name, "1")
    small_s = emulator.invoke("Small", {"cpu_s": 0.1}).json()
    large_s = min(emulator.invoke("Large", {"cpu_s": 0.1}).json() for _ in range(3))

    assert small_s > 0.7  # 0.1 s at 128 / 1769 of a core take 1.4 s
    assert small_s > 2 * large_s


def test_more_memory_than_configured_ends_the_invocation_as_on_lambda(emulator):
    result = emulator.invoke("Small", {"hog_mb": 300})

    assert result.error == "Unhandled"
    assert result.json()["errorType"] == "Runtime.ExitError"
    assert "Runtime exited with error: signal: killed" in result.json()["errorMessage"]
    emulator.wait_for(lambda: "environment.out_of_memory Small" in emulator.log)
    assert emulator.invoke("Large", {"hog_mb": 300}).error is None


@pytest.mark.usefixtures("private_tmp")
def test_each_environment_has_a_tmp_of_its_own_and_of_the_configured_size(emulator):
    pid = evaluated(emulator, "Large", "[open('/tmp/own', 'w').close(), os.getpid()][1]")
    size = "os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize >> 20"

    assert evaluated(emulator, "Large", "os.listdir('/tmp')") == ["own"]
    assert evaluated(emulator, "Large", "os.getpid()") == pid
    assert 590 < evaluated(emulator, "Large", size) < 650
    assert evaluated(emulator, "Small", "os.listdir('/tmp')") == []
    assert not Path("/tmp/own").exists()


@pytest.mark.usefixtures("private_tmp")
def test_what_is_written_to_tmp_is_no_memory(emulator):
    write = "open('/tmp/big', 'wb').write(bytes(64 << 20)) + open('/tmp/2', 'wb').write("
    assert evaluated(emulator, "Small", write + "bytes(64 << 20))") == 128 << 20


def loop_devices(folder):
    """Returns the files in a folder that loop devices hold."""
    files = [path.read_text() for path in Path("/sys/block").glob("loop*/loop/backing_file")]
    return [name for name in files if name.startswith(str(folder))]


def test_a_process_that_does_not_start_leaves_no_device(template, tmp_path):
    limits = linux.Limits(
        tmp_path, linux.ControlGroups(2, {}), directory=tmp_path, private_tmp=True
    )
    confinement = limits.confine("F-1", memory_mb=128, tmp_mb=16, private_tmp=True)
    if "--tmp-device" not in confinement.words:
        pytest.skip("no loop devices here")
    assert len(loop_devices(tmp_path)) == 1
    confinement.discard()

    assert not loop_devices(tmp_path)


def ends_at(emulator, number):
    with emulator:
        evaluated(emulator, "Small", "1")
        pid = emulator.pid
        before = groups_of(pid)
        os.kill(pid, number)
        emulator.wait_for(lambda: not groups_of(pid))
    return before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_group_is_left_however_the_emulator_ends(emulator, template, number):
    assert len(ends_at(Emulator(template, "--as-lambda"), number)) == 2


class TestVersion2:
    """Control groups of version 2, played by a folder."""

    @pytest.fixture
    def base(self, tmp_path):
        base = tmp_path / "cgroup"
        base.mkdir()
        (base / "cgroup.controllers").write_text("cpu memory pids")
        (base / "cgroup.subtree_control").write_text("")
        (base / "cgroup.procs").write_text(f"{os.getpid()}\n")
        proc = tmp_path / "proc/self"
        proc.mkdir(parents=True)
        (proc / "mountinfo").write_text(f"30 1 0:26 / {base} rw - cgroup2 cgroup2 rw\n")
        (proc / "cgroup").write_text("0::/\n")
        return base

    def test_a_group_takes_memory_and_share(self, base, tmp_path):
        groups, reasons = linux.control_groups(tmp_path / "proc")
        assert reasons == []
        group = groups.make("F-1", memory_mb=128)
        group.limit_processor(128)
        folder = base / f"local-lambda-{os.getpid()}"

        assert (folder / "F-1/memory.max").read_text() == str(128 << 20)
        assert (folder / "F-1/cpu.max").read_text() == "1447 20000"
        assert (base / "cgroup.subtree_control").read_text() == "+cpu +memory"
        assert not group.killed()
        (folder / "F-1/memory.events").write_text("low 0\noom 1\noom_kill 1\n")
        assert group.killed() == 1

    def test_other_processes_in_the_group_are_named_with_what_to_do(self, base, tmp_path):
        (base / "cgroup.procs").write_text(f"{os.getpid()}\n1\n")
        groups, (reason,) = linux.control_groups(tmp_path / "proc")

        assert groups is None
        assert "holds other processes (1); start it so: systemd-run --user --scope" in reason

    def test_root_makes_a_group_beside_the_shells(self, base, tmp_path):
        (tmp_path / "proc/self/cgroup").write_text("0::/session\n")
        (base / "cgroup.subtree_control").write_text("cpu memory")
        (base / "session").mkdir()
        (base / "session/cgroup.controllers").write_text("cpu memory")
        (base / "session/cgroup.procs").write_text("1\n")
        groups, _ = linux.control_groups(tmp_path / "proc")

        assert groups.folders["cpu"] == base / f"local-lambda-{os.getpid()}"

    def test_a_group_without_controllers_is_named(self, base, tmp_path):
        (base / "cgroup.controllers").write_text("pids")
        _, (reason,) = linux.control_groups(tmp_path / "proc")

        assert "has no cpu and memory" in reason


def test_another_system_names_what_it_has_not(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")

    assert linux.control_groups() == (None, ["control groups exist on Linux only"])
