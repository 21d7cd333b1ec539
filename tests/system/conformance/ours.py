"""Starts the service, and a function with the layer alone, under the emulator."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from local_lambda import Emulator
from tests.support import producer
from tests.support.derived import derived_template
from tests.system.conformance.producer_front import producing

HERE = Path(__file__).parent
ORIGIN = "https://pages.example"
FOREIGN_ORIGIN = "https://elsewhere.example"
MANY = "500"
FEW = "3"
WITH_TOKEN = "a configuration's stream"
STREAMS = (
    "Function URL",
    "REST API",
    WITH_TOKEN,
)
LONG_LIFE_S = "150"
LAYER_LIFE_S = "60"
SHORT_LIFE_S = "10"


@dataclass(frozen=True)
class Stream:
    """One stream of ours; `headers` says who asks, as the kit's option takes it."""

    url: str
    emit_url: str
    auth_header: str = ""


@contextlib.contextmanager
def service(life_s: str, slots: str) -> Iterator[dict[str, Stream]]:
    """Runs the service; yields its streams through both fronts."""
    parameters = {
        "StreamLifeSeconds": life_s,
        "MaxConnections": slots,
        "ClientConnections": MANY,
        "NetworkConnections": MANY,
        "ReservedConnections": "0",
        "CorsOrigins": ORIGIN,
    }
    with _together() as template, Emulator(template, parameters=parameters) as emulator:
        client = producer.client_at(emulator.dynamodb_url)
        with producing(client, emulator.table) as emit_url:
            token, path = configuration(emulator.dashboard_url)
            authorization = f"Authorization: Bearer {token}"
            path_of_all = "api/v2/stream"
            function_url, rest_api = emulator.url("stream"), emulator.dashboard_url
            yield {
                "Function URL": Stream(f"{function_url}{path_of_all}", emit_url),
                "REST API": Stream(f"{rest_api}{path_of_all}", emit_url),
                WITH_TOKEN: Stream(f"{rest_api}{path}", emit_url, authorization),
            }


@contextlib.contextmanager
def _together() -> Iterator[Path]:
    """Yields a template whose streams share a process: left ones run on, and each would cost one.

    Lambda tells a function nothing of a client that has gone.
    """
    together = {
        "CapacityProviderConfig": {"PerExecutionEnvironmentMaxConcurrency": 100},
        "Environment": {"Variables": {"STREAMING_RUNTIME_CONCURRENCY": "threads"}},
    }
    with tempfile.TemporaryDirectory() as directory:
        yield derived_template(Path(directory), functions={"StreamFunction": together})


def configuration(dashboard_url: str) -> tuple[str, str]:
    """Makes a configuration; returns its owner's token and the path of its stream."""
    api = f"{dashboard_url}api/v2"
    token = requests.post(f"{api}/auth/anonymous", timeout=20).json()["token"]
    made = requests.post(
        f"{api}/configurations",
        json={"name": "conformance", "tickers": ["AAPL"]},
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
    ).json()
    return token, f"api/v2/configurations/{made['config_id']}/stream"


@contextlib.contextmanager
def layer_alone(life_s: str) -> Iterator[Stream]:
    """Runs the function that has nothing but the layer; yields its stream."""
    parameters = {"LifeSeconds": life_s, "Origin": ORIGIN}
    template = HERE / "layer/template.yaml"
    with Emulator(template, parameters=parameters) as emulator:
        origin = emulator.url("feed")
        yield Stream(f"{origin}stream", f"{origin}emit")
