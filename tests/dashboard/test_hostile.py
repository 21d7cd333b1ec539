"""Text from a stream is shown as text, whatever it looks like and however long it is."""

import event_stream

from tests.dashboard.scripted import METRICS, heartbeat, item, metrics, new_item
from tests.support.waiting import eventually

ATTACKS = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "javascript:alert(1)",
    "</template><svg onload=alert(1)>",
    "\u202etxet desrever\u2066",
    "x" * 20_000,
    "\x00\u2028${alert(1)}{{alert(1)}}",
    "__proto__",
]


def everywhere(text):
    return {
        "ticker": text,
        "tags": [text, text],
        "sentiment": text,
        "score": text,
        "timestamp": text,
    }


def test_hostile_strings_in_every_field_do_nothing(dashboard, scripted):
    recent = [item(attack, **everywhere(attack)) for attack in ATTACKS]
    scripted.polled = METRICS | {
        "recent_items": recent,
        "by_tag": dict.fromkeys(ATTACKS, 2),
        "timestamp": ATTACKS[0],
    }
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    expected = eventually(lambda: page.now["items"])
    assert expected == ATTACKS
    for number, attack in enumerate(ATTACKS):
        scripted.opened().send(
            metrics(positive=attack),
            metrics(by_tag={attack: 5, "constructor": 3}, timestamp=attack, rate_last_hour=attack),
            heartbeat(connections=attack, timestamp=attack),
            new_item(f"{attack} again", id="x", **everywhere(attack)),
            new_item(f"harmless-{number}"),
        )
        expected = [f"harmless-{number}", f"{attack} again", *expected]
        page.wait_for(items=expected)
        assert page.run("return document.querySelector('.tags .name').textContent") == attack

    markup = "main img, main script, main [onerror], main [onload], main a[href^=javascript]"
    assert page.run("return document.querySelectorAll(arguments[0]).length", markup) == 0
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints() == []


def test_events_of_no_sense_do_not_stop_those_that_follow(dashboard, scripted):
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    odd = (
        "",
        "null",
        "1",
        "[]",
        "{",
        '"text"',
        "{}",
        '{"item_id":"x","tags":null}',
        '{"total":1,"by_tag":null}',
    )
    for event in ("metrics", "new_item", "heartbeat", "toString", "__proto__", "message", "error"):
        for data in odd:
            scripted.opened().send(event_stream.encode(data, event=event, id="odd"))
    scripted.opened().send(new_item("harmless"))
    page.wait_for_item("harmless")

    assert page.now["items"] == ["harmless", "x"]
    assert page.complaints() == []
