"""Does the kit find each defect of a stream's headers and bytes, and say which it is?"""

import gzip
import random
import time

import pytest
from event_stream import encode

from tests.sse_conformance.kit import failing, verdicts_of
from tests.sse_conformance.server import Server, as_head

DEFECTS = []


def breaks(*checks, **options):
    """Registers a server, the checks that must fail on it, and their options."""

    def register(server):
        DEFECTS.append(pytest.param(server, checks, options, id=server.__name__))
        return server

    return register


class OtherHeaders(Server):
    """A server with other headers than it should have."""

    others = ()
    without = ()

    def stream_headers(self, asked):
        headers = super().stream_headers(asked)
        return [*(each for each in headers if each[0] not in self.without), *self.others]


@breaks("status")
class WithStatus500(Server):
    def stream(self, connection, asked):
        connection.sendall(as_head("500 Oops", [("Content-Length", "0")]))


@breaks("content-type")
class AsPlainText(OtherHeaders):
    without = ("Content-Type",)
    others = (("Content-Type", "text/plain"),)


@breaks("charset")
class AsLatin1(OtherHeaders):
    without = ("Content-Type",)
    others = (("Content-Type", "text/event-stream; charset=ISO-8859-1"),)


@breaks("cache-control")
class Cacheable(OtherHeaders):
    without = ("Cache-Control",)
    others = (("Cache-Control", "public, max-age=60"),)


@breaks("accel-buffering")
class WithoutAHintForProxies(OtherHeaders):
    without = ("X-Accel-Buffering",)


@breaks("content-length")
class WithContentLength(OtherHeaders):
    without = ("Transfer-Encoding",)
    others = (("Content-Length", "100000"),)

    def send(self, connection, data):
        connection.sendall(data)


@breaks("headers-once")
class WithTwoTypes(OtherHeaders):
    others = (("content-type", "text/event-stream"),)


@breaks("headers-legal")
class WithLengthAndChunks(OtherHeaders):
    others = (("Content-Length", "100000"),)


@breaks("headers-legal")
class WithAnIllegalHeader(OtherHeaders):
    others = (("X Y", "z"),)


@breaks("first-byte")
class ThatWaits(Server):
    def stream(self, connection, asked):
        self.ends.wait(5.3)
        super().stream(connection, asked)


@breaks("content-encoding")
class ThatCollectsForGzip(Server):
    def stream(self, connection, asked):
        if b"gzip" in (asked.header("Accept-Encoding") or b""):
            headers = [*self.stream_headers(asked), ("Content-Encoding", "gzip")]
            connection.sendall(as_head("200 OK", headers))
            self.send(connection, gzip.compress(b"")[:10])
            self.ends.wait(5)
        super().stream(connection, asked)


@breaks("content-encoding")
class ThatAlwaysCompresses(OtherHeaders):
    others = (("Content-Encoding", "gzip"),)


# --- chunks


@breaks("chunks")
class WithDecimalSizes(Server):
    def send(self, connection, data):
        connection.sendall(b"%d\r\n%s\r\n" % (len(data), data))


@breaks("chunks")
class WithLfAlone(Server):
    def send(self, connection, data):
        connection.sendall(b"%x\n%s\n" % (len(data), data))


@breaks("clean-end")
class WithoutItsLastChunk(Server):
    def __init__(self):
        super().__init__(life_s=0.1)

    def send_end(self, connection):
        pass


@breaks("whole-at-end")
class ThatEndsInAnEvent(Server):
    def __init__(self):
        super().__init__(life_s=0.1)

    def send_end(self, connection):
        self.send(connection, b"data: hal")
        super().send_end(connection)


# --- lines and blocks


class WithEvents(Server):
    """A server with other bytes in each event."""

    def event(self, number, text):
        return self.bytes_of(encode(text, event="item", id=f"i{number}"), number)


@breaks("utf-8")
class WithLatin1(WithEvents):
    def bytes_of(self, event, number):
        return event.replace(b"item", b"\xe9t\xe9", 1)


@breaks("nul", "ids-nul")
class WithANulInTheId(WithEvents):
    def bytes_of(self, event, number):
        return event.replace(b"id: i", b"id: \0i")


@breaks("nul")
class WithEightNuls(WithEvents):
    """A second prelude in the body, as a Lambda function writes one that fails midway."""

    def bytes_of(self, event, number):
        return event + b'{"statusCode": 500}' + b"\0" * 8


@breaks("bom")
class WithABomBeforeEachEvent(WithEvents):
    def bytes_of(self, event, number):
        return b"\xef\xbb\xbf" + event


@breaks("fields")
class WithCapitalNames(WithEvents):
    def bytes_of(self, event, number):
        return event.replace(b"data:", b"Data:") + encode("x")


@breaks("fields")
class WithAnErrorInTheStream(WithEvents):
    def bytes_of(self, event, number):
        return event + b'{"error": "Internal Server Error"}\n'


@breaks("line-ends")
class ThatSplitsAtLfAlone(WithEvents):
    def bytes_of(self, event, number):
        return event.replace(b"item ", b"item\revent: forged\rid: 7 ")


@breaks("retry-digits")
class WithAUnitInRetry(Server):
    def opening(self, kind, at):
        return b"retry: 3s\n" + encode(kind, event=kind, id=f"i{at}")


@breaks("event-without-data")
class WithATypeAlone(WithEvents):
    def bytes_of(self, event, number):
        return event + b"event: ping\n\n"


@breaks("empty-messages")
class WithALoneRetry(Server):
    def opening(self, kind, at):
        return encode(retry_ms=self.retry_ms()) + encode(kind, event=kind, id=f"i{at}")


@breaks("empty-messages")
class WithCommentsThatEndABlock(WithEvents):
    def bytes_of(self, event, number):
        return event + b": ping\n\n"


@breaks("empty-messages")
class WithTwoEmptyLines(WithEvents):
    def bytes_of(self, event, number):
        return event + b"\n"


@breaks("truncation")
class WithIdsBeforeTheirEvents(Server):
    def event(self, number, text):
        return encode(id=f"i{number}") + encode(text, event="item", id=f"i{number}")


@breaks("truncation")
class WithIdsBeforeEventsWithoutOne(Server):
    def event(self, number, text):
        return encode(id=f"i{number}") + encode(text, event="item")

    def opening(self, kind, at):
        return b":\n"


# --- ids and times


@breaks("ids-present")
class WithoutIds(Server):
    def event(self, number, text):
        return encode(text)


@breaks("ids-unique")
class WithOneIdForTwo(Server):
    def event(self, number, text):
        return super().event(number, text).replace(f"i{number}".encode(), b"i%d" % (number // 2))


@breaks("ids-sendable")
class WithIdsThatHeadersStrip(WithEvents):
    def bytes_of(self, event, number):
        return event.replace(b"id: ", b"id:  ")


@breaks("ids-stable")
class WithIdsOfTheConnection(Server):
    def event(self, number, text):
        return encode(text, event="item", id=f"i{random.getrandbits(60)}")


@breaks("retry")
class WithoutRetry(Server):
    def opening(self, kind, at):
        return encode(kind, event=kind, id=f"i{at}")


@breaks("retry")
class WithRetryZero(Server):
    def retry_ms(self):
        return 0


@breaks("retry-varies")
class WithTheSameRetryForAll(Server):
    def retry_ms(self):
        return 3_000


@breaks("heartbeat")
class ThatIsSilent(Server):
    def __init__(self):
        super().__init__(flows=False, heartbeat_s=5)


@breaks("two-clients")
class WithOneClientAtATime(Server):
    def answer_stream(self, connection, asked):
        with self.changed:
            self.changed.wait_for(lambda: not self.open_streams or self.ends.is_set(), 5)
        return super().answer_stream(connection, asked)


@breaks("two-clients")
class WithAnOrderForEachClient(Server):
    def wait_for_items(self, at):
        with self.changed:
            self.changed.wait_for(lambda: len(self.items) > at + 4 or self.ends.is_set(), 0.3)
            new = list(enumerate(self.items[at:], at + 1))
        random.shuffle(new)
        return new


# --- resume


@breaks("resume", "resume-every-id")
class ThatBeginsAnew(Server):
    """It knows no positions: every connection gets all from the first item on."""

    def position(self, asked):
        return 0


@breaks("resume", window_s=1.0)
class ThatCountsAnewForEveryConnection(Server):
    """As a generator does that is written without a thought of reconnects."""

    def __init__(self):
        super().__init__(flows=False)

    def position(self, asked):
        return None

    def wait_for_items(self, at):
        self.ends.wait(0.02)
        return [(at + 1, f"tick {at + 1}")]


@breaks("resume")
class ThatRepeatsTheLast(Server):
    def position(self, asked):
        position = super().position(asked)
        return position - 1 if position and position > 0 else position


@breaks("resume")
class ThatSkipsTheNext(Server):
    def position(self, asked):
        position = super().position(asked)
        return position + 1 if position is not None and 0 <= position < 900 else position


@breaks("resume-every-id")
class WithAHoleNowAndThen(Server):
    """It forgets an item for good; only those who come back just before it miss it."""

    def stream(self, connection, asked):
        self.is_back = asked.header("Last-Event-ID") is not None
        super().stream(connection, asked)

    def event(self, number, text):
        is_lost = self.is_back and number % 9 == 0
        return b":\n" if is_lost else super().event(number, text)


@breaks("resume-query")
class ThatKnowsTheHeaderAlone(Server):
    def position(self, asked):
        asked.query.clear()
        return super().position(asked)


@breaks("resume-precedence")
class ThatPrefersTheQuery(Server):
    def position(self, asked):
        if asked.query:
            asked.headers = []
        return super().position(asked)


@breaks("odd-ids")
class WithAnErrorForOddIds(Server):
    def position(self, asked):
        return int((asked.header("Last-Event-ID") or b"i0")[1:])

    def stream(self, connection, asked):
        try:
            self.position(asked)
        except ValueError:
            self.refuse(connection, asked, "500 Internal Server Error")
            return
        super().stream(connection, asked)


@breaks("odd-ids")
class ThatHangsForOddIds(Server):
    def position(self, asked):
        position = super().position(asked)
        if position == -1:
            self.ends.wait(3)
        return position

    def stream(self, connection, asked):
        self.position(asked)
        super().stream(connection, asked)


@pytest.mark.parametrize(("kind", "checks", "options"), DEFECTS)
def test_a_defect_is_found(kind, checks, options):
    with kind() as server:
        found = failing(verdicts_of(server.url, only=checks, **times_of(checks) | options))

    assert found.keys() == set(checks)
    assert all(found.values())


def times_of(checks):
    if "odd-ids" in checks:
        return {"timeout_s": 0.4}
    return {"timeout_s": 7.0} if "first-byte" in checks else {}


def test_a_server_with_many_defects_is_judged_in_one_run():
    class WithMany(WithALoneRetry, WithCapitalNames, Cacheable):
        pass

    with WithMany() as server:
        started = time.monotonic()
        found = failing(verdicts_of(server.url))

    assert {"empty-messages", "fields", "cache-control"} <= found.keys()
    assert time.monotonic() - started < 10
