"""Serves the words behind a stand-in for CloudFront, which a body must bring its hash to."""

import hashlib
import json

import pytest
from event_stream import Decoder

from local_lambda.template.cloudformation import load
from tests.examples.cloudfront_stand_in import cloudfront_before
from tests.examples.serving import EXAMPLES, FUNCTION_URL, arrivals, served
from tests.examples.tabs import tab_with

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
FOLDER = EXAMPLES / "cloudfront"


@pytest.fixture(scope="module")
def example():
    with served("cloudfront") as running:
        yield running


@pytest.fixture(scope="module")
def cloudfront(example):
    with cloudfront_before(example.url(FUNCTION_URL)) as url:
        yield url


@pytest.fixture(scope="module")
def faulty():
    with served("cloudfront", timeout_s=3, faults="cloudfront.py") as running:
        yield running


def posted(url, text, **headers):
    body = json.dumps({"text": text}).encode()
    headers = {"x-amz-content-sha256": hashlib.sha256(body).hexdigest(), **headers}
    return arrivals(f"{url}words", "POST", data=body, headers=headers)


def data_of(arrived):
    return [event.data for event in Decoder().feed(arrived.body) if event.type == "message"]


def test_words_come_apart_for_a_body_with_its_hash(cloudfront):
    arrived = posted(cloudfront, "each word comes by itself")

    assert data_of(arrived) == ["each", "word", "comes", "by", "itself"]
    assert arrived.came_apart(times=4, apart_s=0.1)


@pytest.mark.parametrize("header", ["", "UNSIGNED-PAYLOAD", hashlib.sha256(b"else").hexdigest()])
def test_a_body_without_its_hash_does_not_reach_the_function(example, cloudfront, header):
    before = len(example.emulator.invocations())

    arrived = posted(cloudfront, "text", **{"x-amz-content-sha256": header})
    assert arrived.status == 403
    assert len(example.emulator.invocations()) == before


def test_no_cache_on_the_way_may_keep_or_change_a_stream(cloudfront):
    arrived = posted(cloudfront, "text")

    assert "no-cache" in arrived.response.headers["Cache-Control"]
    assert "no-transform" in arrived.response.headers["Cache-Control"]


def test_the_page_sends_the_hash_of_what_it_posts(driver, cloudfront):
    with tab_with(driver, cloudfront) as page:
        page.wait_for_text("#clock", "UTC")
        assert page.violations() == []
        page.fill(text="häppchenweise is a word")
        page.click("button")
        page.wait_for_text("#words", "häppchenweise is a word")
        assert page.complaints() == []


@pytest.mark.parametrize("text", ["x" * 2_001, None, 5])
def test_a_wrong_text_is_400(cloudfront, text):
    assert posted(cloudfront, text).status == 400


def test_a_source_that_fails_at_once_is_502(faulty):
    assert posted(faulty.url(FUNCTION_URL), "before").status == 502


def test_a_source_that_fails_midway_says_so_in_an_event(faulty):
    arrived = posted(faulty.url(FUNCTION_URL), "midway")

    assert [event.type for event in Decoder().feed(arrived.body)] == ["message", "error"]
    faulty.wait_for_log("the source failed midway")


def test_the_deadline_ends_a_stream_with_an_event(faulty):
    arrived = posted(faulty.url(FUNCTION_URL), "endless")

    last = Decoder().feed(arrived.body)[-1]
    assert (last.type, json.loads(last.data)) == ("end", {"reason": "deadline"})
    assert arrived.at_s[-1] < 3


def test_a_long_stream_needs_no_more_memory(faulty):
    url = faulty.url(FUNCTION_URL)
    posted(url, "midway")
    before = faulty.peak_bytes()

    assert len(data_of(posted(url, "many"))) == 2_000
    assert faulty.peak_bytes() - before < 2 * MIB


# --- the template, whose half the emulator does not have


@pytest.fixture(scope="module")
def resources():
    return load((FOLDER / "template.yaml").read_text("utf-8"))["Resources"]


def test_cloudfront_alone_may_call_the_function_in_both_ways_that_lambda_asks_for(resources):
    permissions = {
        each["Properties"]["Action"]: each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Permission"
    }

    assert set(permissions) == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert permissions["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"] == "AWS_IAM"
    assert permissions["lambda:InvokeFunction"]["InvokedViaFunctionUrl"] is True
    for each in permissions.values():
        assert each["Principal"] == "cloudfront.amazonaws.com"
        assert "${Distribution}" in each["SourceArn"]["Fn::Sub"]


def test_cloudfront_signs_every_request_and_waits_longer_than_a_heartbeat(resources):
    access = resources["OriginAccess"]["Properties"]["OriginAccessControlConfig"]
    distribution = resources["Distribution"]["Properties"]["DistributionConfig"]
    (origin,) = distribution["Origins"]

    assert (access["OriginAccessControlOriginType"], access["SigningBehavior"]) == (
        "lambda",
        "always",
    )
    assert origin["CustomOriginConfig"]["OriginReadTimeout"] > 15
    assert resources["WordsFunction"]["Properties"]["FunctionUrlConfig"]["AuthType"] == "AWS_IAM"
