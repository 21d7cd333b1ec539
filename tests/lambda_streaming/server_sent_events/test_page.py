"""Is docs/sse.md true? Its samples are what the encoders write, its table has every option."""

import inspect
import re

import pytest
from lambda_streaming import sse
from lambda_streaming.encoders import ag_ui, ndjson, openai_chunks, ui_messages

from tests.support.paths import ROOT

PAGE = (ROOT / "docs/sse.md").read_text("utf-8")
SAMPLES = re.findall(r"```python\n(body = .*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
NAMES = {each.__name__: each for each in (sse, ag_ui, ndjson, openai_chunks, ui_messages)}


@pytest.mark.parametrize(("code", "sample"), SAMPLES)
def test_a_sample_is_what_the_encoder_writes(code, sample):
    names = dict(NAMES)
    exec(code, names)

    assert b"".join(names["body"]).decode().rstrip("\n") == sample.rstrip("\n")


def test_each_encoder_has_a_sample():
    code = " ".join(code for code, _ in SAMPLES)

    assert [name for name in NAMES if f"{name}(" not in code] == []


def test_the_table_has_every_option_with_its_default():
    section = PAGE.partition("## Options")[2].partition("##")[0]
    said = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))
    options = dict(inspect.signature(sse).parameters)
    options.pop("source")

    assert [*said] == [*options]
    for name in ("heartbeat_s", "retry_ms", "context"):
        assert said[name] == f"`{options[name].default}`"
    for name in ("error_event", "end_event"):
        assert said[name] == f'`"{options[name].default}"`'
