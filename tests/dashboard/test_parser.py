"""The dashboard's parser reads every body as the standard says, however the body is cut."""

import base64

from tests.support.event_stream_vectors import VECTORS

READ = """
const [vectors, done] = arguments;
import("/static/event_stream.js").then(({ EventStreamParser }) => {
  const read = (pieces) => {
    const parser = new EventStreamParser();
    const events = pieces.flatMap((piece) => parser.push(piece));
    const fields = events.map(({ type, data, id }) => [type, data, id]);
    return JSON.stringify([fields, parser.lastEventId, parser.retryMs]);
  };
  const wrong = [];
  let cuts = 0;
  for (const { name, bytes, expected } of vectors) {
    const body = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
    const every = Array.from(body, (_, at) => body.subarray(at, at + 1));
    const inTwo = Array.from(body, (_, at) => [body.subarray(0, at), body.subarray(at)]);
    const ways = [[body], every, ...inTwo];
    for (const way of ways) {
      cuts += 1;
      const got = read(way);
      const cut = way.map((piece) => piece.length).join("+");
      if (got !== JSON.stringify(expected)) wrong.push([name, cut, got]);
    }
  }
  done({ wrong, cuts });
}, (error) => done({ wrong: [String(error)], cuts: 0 }));
"""


def test_every_vector_cut_at_every_position_gives_what_the_standard_says(dashboard, scripted):
    vectors = [
        {
            "name": each["name"],
            "bytes": base64.b64encode(each["bytes"]).decode(),
            "expected": [
                [[event["type"], event["data"], event["id"]] for event in each["events"]],
                each["last_event_id"],
                each["retry_ms"],
            ],
        }
        for each in VECTORS
    ]
    result = dashboard(scripted.url + "blank.html").run_async(READ, vectors)

    assert result["wrong"] == []
    assert result["cuts"] > sum(len(each["bytes"]) for each in VECTORS)
