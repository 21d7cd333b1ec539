"""Tests the bandwidth limit of streams."""

from local_lambda.fronts.bandwidth import Bandwidth, TokenBucket


def test_the_bucket_lets_the_burst_through_and_then_keeps_the_rate():
    bucket = TokenBucket(Bandwidth(burst_bytes=100, bytes_per_s=10), now_s=0)
    assert bucket.delay_s(100, 0) == 0
    assert bucket.delay_s(20, 0) == 2
    assert bucket.delay_s(10, 2) == 1
    assert bucket.delay_s(10, 1000) == 0
