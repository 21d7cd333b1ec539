"""Names the folders of the project."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "streaming_runtime": ROOT / "layers/streaming_runtime/python/streaming_runtime",
    "event_stream": ROOT / "layers/event_stream/python/event_stream",
    "dashboard_data": ROOT / "layers/dashboard/python/dashboard_data",
    "dashboard_http": ROOT / "layers/dashboard/python/dashboard_http",
    "dashboard_setup": ROOT / "layers/dashboard/python/dashboard_setup",
    "stream_function": ROOT / "functions/stream/stream_function",
    "api_function": ROOT / "functions/api/api_function",
    "publish_function": ROOT / "functions/publish/publish_function",
    "local_lambda": ROOT / "local_lambda",
}
