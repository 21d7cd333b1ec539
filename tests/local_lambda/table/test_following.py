"""Tests that a stream is followed on after responses that are damaged, and that no record is lost.

They come over a wire of their own, where a response that is cut is one without its parts.
"""

import asyncio
import contextlib
import json

import pytest

from local_lambda.application import EventSourceMapping
from local_lambda.environments.invocation import Buffered, Invocation
from local_lambda.table.event_source import StreamFollower
from local_lambda.table.table import make_client
from tests.support.dynamodb_proxy import Reply, moto_behind_proxy

ATTRIBUTES = ("PK", "SK")


@pytest.fixture(scope="module")
def proxy():
    with moto_behind_proxy() as running:
        yield running


@pytest.fixture
def dynamodb(proxy):
    return make_client("dynamodb", proxy.url, region="us-east-1", attempts=1)


@pytest.fixture
def stream_arn(dynamodb, request):
    created = dynamodb.create_table(
        TableName=f"t{abs(hash(request.node.name))}",
        KeySchema=[
            {"AttributeName": name, "KeyType": kind}
            for name, kind in zip(ATTRIBUTES, ("HASH", "RANGE"), strict=True)
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ATTRIBUTES],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return created["TableDescription"]["LatestStreamArn"]


@pytest.fixture
def put(dynamodb, stream_arn):
    table = stream_arn.split("/")[1]

    def put(*names):
        for name in names:
            dynamodb.put_item(TableName=table, Item={"PK": {"S": name}, "SK": {"S": "x"}})

    return put


class Following:
    """Follows a stream in this loop. `seen` are the names of the records that were delivered."""

    def __init__(self, proxy, stream_arn, from_start):
        self.seen = []
        mapping = EventSourceMapping("Function", "Table", from_start=from_start)
        streams = make_client("dynamodbstreams", proxy.url, region="us-east-1", attempts=1)
        follower = StreamFollower(mapping, stream_arn, streams, self._invoke, poll_s=0.01)
        self.task = asyncio.create_task(follower.run())

    async def _invoke(self, payload):
        records = json.loads(payload)["Records"]
        self.seen += [record["dynamodb"]["Keys"]["PK"]["S"] for record in records]
        invocation = Invocation(payload)
        invocation.resolve(Buffered(b"{}", "application/json"))
        return invocation

    async def until(self, what):
        async with asyncio.timeout(10):
            while not what() and not self.task.done():
                await asyncio.sleep(0.01)
        assert not self.task.done(), self.task

    async def end(self):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@contextlib.contextmanager
def damaged(proxy, operations, body):
    """Lets each response to these operations be 200 and `body`."""
    with proxy.fault(lambda _: Reply(200, body), lambda each: each.operation in operations):
        yield


def counts_of(proxy, operations):
    return [proxy.requests.get(operation, 0) for operation in operations]


@pytest.mark.parametrize(
    ("operations", "body"),
    [
        (["GetRecords"], {}),
        (["GetRecords"], {"Records": [{}]}),
        (["GetRecords"], {"Records": None, "NextShardIterator": "x"}),
        (["GetShardIterator"], {}),
        (["GetShardIterator"], {"ShardIterator": ""}),
        (["DescribeStream"], {}),
        (["DescribeStream"], {"StreamDescription": {"Shards": [{}]}}),
        (["DescribeStream", "GetShardIterator", "GetRecords"], {"message": "proxy"}),
    ],
)
def test_a_damaged_response_from_the_start_on_ends_nothing(
    proxy, stream_arn, put, caplog, operations, body
):
    async def follow():
        with damaged(proxy, operations, body):
            before = counts_of(proxy, operations)
            following = Following(proxy, stream_arn, from_start=True)
            put("during")
            await following.until(lambda: counts_of(proxy, operations)[0] > before[0])
            await following.until(lambda: "stream.unreadable Table" in caplog.text)
        put("after")
        await following.until(lambda: following.seen == ["during", "after"])
        await following.end()

    asyncio.run(follow())


@pytest.mark.parametrize("from_start", [True, False])
@pytest.mark.parametrize("read_before", [True, False])
def test_a_damaged_response_while_records_come_loses_none_of_them(
    proxy, stream_arn, put, caplog, from_start, read_before
):
    expected = ["during", "after"]

    async def follow():
        reads = proxy.requests.get("GetRecords", 0)
        following = Following(proxy, stream_arn, from_start)
        await following.until(lambda: proxy.requests.get("GetRecords", 0) > reads + 1)
        if read_before:
            put("before")
            expected.insert(0, "before")
            await following.until(lambda: following.seen == ["before"])
        with damaged(proxy, ["GetRecords", "GetShardIterator"], {}):
            put("during")
            await following.until(lambda: "stream.unreadable Table KeyError" in caplog.text)
        put("after")
        await following.until(lambda: following.seen == expected)
        await following.end()

    asyncio.run(follow())
