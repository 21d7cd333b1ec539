"""Does the harness measure? Its smallest case, on this environment's packages; no figure counts."""

import os
import sys

import pytest

from benchmarks.cases.loads import burst, idle_cpu, steady
from benchmarks.processes import cores
from benchmarks.samples import Samples
from benchmarks.servers import Artefacts, ours, p1, raw, stream_layers
from benchmarks.table.client import table_process
from tests.support.paths import PACKAGES, ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks need Linux")
WITHIN_S = 10
LAYERS = ("streaming_runtime", "lambda_streaming", "event_stream", "dashboard_data")
LAYERS += ("dashboard_http", "dashboard_setup")


@pytest.fixture
def artefacts(tmp_path):
    """Lays the sources out like the artefacts. The packages are those of this environment."""
    opt = tmp_path / "opt"
    (opt / "python").mkdir(parents=True)
    (opt / "bootstrap").symlink_to(ROOT / "layers/streaming_runtime/bootstrap")
    for name in LAYERS:
        (opt / "python" / name).symlink_to(PACKAGES[name])
    return Artefacts(opt, ROOT / "functions/stream")


def measured(server, table, streams):
    samples = Samples()
    server.open_all(streams, WITHIN_S)
    burst(
        server,
        table,
        count=2,
        streams=streams,
        window_s=0,
        name="it",
        samples=samples,
    )
    steady(
        server,
        table,
        rate=20,
        count=4,
        idle_ms_a_s=idle_cpu(server, 0.2),
        name="it",
        samples=samples,
        streams=streams,
    )
    return samples.flat()


def test_ours_is_measured_from_cold_start_to_items(artefacts):
    here = {"STREAMING_RUNTIME_PYTHON": sys.executable}
    with table_process() as table, ours(artefacts, table, streams=3, more=here) as server:
        found = measured(server, table, streams=3)
        counted = table.counted()

        assert 10 < server.ready_cpu_ms < server.cpu_ms()
        assert {each.status for each in server.viewers.streams} == {200}
        assert found["it_missing"] == 0
        assert found["it_item_p99_ms"] > 0
        assert counted["polls"] >= 1
        assert counted["requests"] > counted["polls"]


def test_the_peer_is_measured_in_the_same_way():
    with table_process() as table, p1(table) as server:
        found = measured(server, table, streams=3)

        assert {each.status for each in server.viewers.streams} == {200}
        assert found["it_missing"] == 0
        assert table.counted()["requests"] > 1


def test_the_lower_bound_stamps_its_events():
    with raw(events=5) as server:
        server.open()

        assert server.viewers.until(lambda: server.viewers.streams[0].ended, WITHIN_S)
        assert len(server.viewers.stamps_s) == 5
        assert all(0 < each < 1 for each in server.viewers.stamps_s)


def test_measured_process_and_runner_have_cores_of_their_own():
    measured_on, others = cores()

    assert measured_on.isdisjoint(others) or len(os.sched_getaffinity(0)) == 1


def test_the_layers_are_those_of_the_template():
    names = stream_layers((ROOT / "template.yaml").read_text("utf-8"))

    assert {"StreamingRuntimeLayer", "DashboardLayer", "DependenciesLayer"} <= set(names)
