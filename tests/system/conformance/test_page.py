"""The page by itself, and how results are tried twice: this needs none of the other servers."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.system.conformance import page
from tests.system.conformance.notes import NOTES, THE_KIT_SAYS, said_by_kit
from tests.system.conformance.results import FAIL, PASS, SKIP, Cell, Column, Row, measure
from tests.system.conformance.servers import ALL_PEERS, major
from tests.system.conformance.subjects import Run, Subject
from tests.system.conformance.written import read

PEERS = {each.title for each in ALL_PEERS}


@pytest.fixture(scope="module")
def written():
    return page.present()


def test_nothing_of_ours_fails_on_the_page(written):
    fails = {key for key, cell in written.cells.items() if cell.startswith(page.FAILS)}

    assert {server for server, _ in fails} <= PEERS
    assert {server for server, _ in written.cells} > PEERS


def test_each_failure_on_the_page_has_a_sentence_of_somebody_or_of_the_kit(written):
    fails = {key for key, cell in written.cells.items() if cell.startswith(page.FAILS)}

    assert written.sentences.keys() == fails
    others = {key: text for key, text in written.sentences.items() if text != NOTES.get(key)}
    assert {key: text for key, text in others.items() if not text.startswith(THE_KIT_SAYS)} == {}


def test_each_check_that_was_not_tried_on_ours_has_a_reason_on_the_page(written):
    text = page.PAGE.read_text("utf-8").replace("\n  ", " ")
    lines = [line for line in text.splitlines() if line.startswith("- Not tried on ")]
    for (server, check), cell in written.cells.items():
        if server not in PEERS and cell == page.NOT_TRIED:
            about = [line for line in lines if line.startswith(f"- Not tried on {server}: ")]
            assert any(f"`{check}`" in line for line in about), (server, check)


def made(cells, title="Some server", is_ours=False):
    rows = [Row(check, "A group", f"Title of {check}") for check in cells]
    subject = Subject(title, "`some` 1.0", is_ours, lambda stack: [])
    return Column(subject, tuple(rows), cells)


CELLS = {
    "good": Cell(PASS, "must", "seen"),
    "bad": Cell(FAIL, "must", "the id 3f2a9c71d0 came twice in 1.25 s"),
    "not-tried": Cell(SKIP, "promise", "needs --limit"),
}
OURS = {**CELLS, "bad": Cell(PASS, "must", "")}


def test_a_page_is_read_as_it_was_written():
    found = read(page.rendered([made(OURS, "ours", is_ours=True), made(CELLS)]))

    assert [found.sign("Some server", each) for each in CELLS] == ["✓", "✗", page.NOT_TRIED]
    assert found.cells["Some server", "bad"] == "✗ (1)"
    assert found.titles["good"] == "Title of good"
    told = f"{THE_KIT_SAYS} the id ... came twice in some s."
    assert found.sentences == {("Some server", "bad"): told}


def test_a_failure_of_ours_and_what_differs_from_the_page_are_doubted():
    ours, peer = made(CELLS, "ours", is_ours=True), made(CELLS)
    timed = made({**CELLS, "first-byte": Cell(FAIL, "should", "")})
    found = read(page.rendered([ours, peer]))

    assert page.doubts(ours, found) == ["bad"]
    assert page.doubts(peer, found) == []
    assert page.doubts(timed, found) == []
    assert page.doubts(made({**CELLS, "good": Cell(SKIP, "must", "")}), found) == ["good"]
    assert page.doubts(made({"new": Cell(PASS, "must", "")}), found) == []
    assert page.doubts(made({"new": Cell(FAIL, "must", "")}), found) == ["new"]


def test_a_check_of_ours_that_was_not_tried_for_a_new_reason_has_the_kit_s():
    (line,) = page.not_tried([made(OURS, "ours", is_ours=True)])

    assert line == f"- Not tried on ours: `not-tried`; {THE_KIT_SAYS} needs --limit."


@given(st.text())
def test_whatever_the_kit_saw_fits_the_page(evidence):
    text = page.wrapped(f"1. {said_by_kit(evidence)}")

    assert not set("|`<[]") & set(text)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    ("said", "number"), [("v20.20.2\n", 20), ("v8.1.0", 8), ("", 0), ("nonsense", 0)]
)
def test_versions_of_node(said, number):
    assert major(said) == number


@contextlib.contextmanager
def flickering(refused):
    """Serves an event stream; yields its URL. The first `refused` requests get 500."""
    left = iter(range(refused))
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if next(left, None) is None else 500)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b"id: 1\ndata: one\n\n")
            self.wfile.flush()
            over.wait(20)

        def log_message(self, *_):
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("refused", "result"), [(1, PASS), (100, FAIL)])
def test_the_second_try_counts(refused, result):
    def fails(column):
        return [check for check, cell in column.cells.items() if cell.result == FAIL]

    with flickering(refused) as url:
        run = Run(url, ("--timeout", "3"), ("status", "charset"))
        (column,) = measure([Subject("Some server", "", False, lambda stack: [run])], fails)

    assert column.cells["status"].result == result
    assert column.cells.keys() == {"status", "charset"}


def test_a_server_that_starts_at_the_second_try_is_measured():
    starts = []

    def start(stack):
        starts.append("start")
        if len(starts) == 1:
            raise RuntimeError("it did not start")
        return [Run(stack.enter_context(flickering(0)), ("--timeout", "3"), ("status",))]

    told = []
    (column,) = measure([Subject("Some server", "", False, start)], lambda _: [], told.append)

    assert column.cells["status"].result == PASS
    assert told == ["Some server is tried once more: RuntimeError: it did not start"]
