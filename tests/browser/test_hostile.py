"""Text from a stream is text: whatever it looks like, and however long it is."""

import event_stream
import pytest

from tests.browser.scripted import METRICS, item, metrics, new_item

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


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_strings_in_every_streamed_field_do_nothing(dashboard, scripted, attack):
    everywhere = {"ticker": attack, "tags": [attack, attack], "sentiment": attack, "score": attack, "timestamp": attack}
    scripted.polled = METRICS | {"recent_items": [item(attack, **everywhere)], "by_tag": {attack: 2}}
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    stream = scripted.opened()
    stream.send(metrics(by_tag={attack: 5, "constructor": 3}, positive=attack, rate_last_hour=attack))
    stream.send(new_item(f"{attack} again", id="x", **everywhere))
    stream.send(new_item("harmless"))
    page.wait_for_item("harmless")

    assert page.now["items"] == ["harmless", f"{attack} again", attack]
    markup = "main img, main script, main [onerror], main [onload], main a[href^=javascript]"
    assert page.run("return document.querySelectorAll(arguments[0]).length", markup) == 0
    assert page.run("return document.querySelector('.tags .name').textContent") == attack
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints() == []


def test_events_of_no_sense_do_not_stop_those_that_follow(dashboard, scripted):
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    odd = ("", "null", "1", "[]", "{", '"text"', "{}", '{"item_id":"x","tags":null}', '{"total":1,"by_tag":null}')
    for event in ("metrics", "new_item", "heartbeat", "toString", "__proto__", "message", "error"):
        for data in odd:
            scripted.opened().send(event_stream.encode(data, event=event, id="odd"))
    scripted.opened().send(new_item("harmless"))
    page.wait_for_item("harmless")

    assert page.now["items"] == ["harmless", "x"]
    assert page.complaints() == []
