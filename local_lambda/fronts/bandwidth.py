"""Limits the bandwidth of a streamed response: a burst first, then a steady rate.

Function URL: 6 MiB, then 2 MiB/s
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html).
API Gateway: 10 MB, then 2 MB/s
(https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bandwidth:
    burst_bytes: int
    bytes_per_s: int


FUNCTION_URL = Bandwidth(6 * 1024 * 1024, 2 * 1024 * 1024)
REST_API = Bandwidth(10_000_000, 2_000_000)


class TokenBucket:
    def __init__(self, bandwidth: Bandwidth, now_s: float) -> None:
        self._bandwidth = bandwidth
        self._tokens = float(bandwidth.burst_bytes)
        self._at_s = now_s

    def delay_s(self, size_bytes: int, now_s: float) -> float:
        """Takes `size_bytes`. Returns how long the sender waits before the next piece."""
        refill = (now_s - self._at_s) * self._bandwidth.bytes_per_s
        self._tokens = min(self._bandwidth.burst_bytes, self._tokens + refill) - size_bytes
        self._at_s = now_s
        return max(0.0, -self._tokens / self._bandwidth.bytes_per_s)
