"""Tests what a worker process costs, beside one of the stock client, in one run."""

import re
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.once


def test_a_worker_needs_no_more_memory_than_the_stock_clients_and_a_shared_one_a_quarter():
    command = [sys.executable, ROOT / "benchmarks/concurrency_memory.py", "--workers", "2"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    ratios = {
        line.split()[0]: float(re.search(r"([0-9.]+) of the stock client's", line)[1])
        for line in run.stdout.splitlines()
        if "of the stock client's" in line
    }

    assert ratios["stock"] == 1
    assert ratios["processes"] <= 1.02  # two runs of the same differ by as much
    assert ratios["shared"] <= 0.25
