"""Which events does a whole body hold? Follows the standard's prose step by step.

It is slow and plain; the decoder is checked against it.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""


def interpret(
    body: bytes, last_event_id: str = ""
) -> tuple[list[tuple[str, str, str]], str, int | None]:
    """Returns the events (type, data, id), the last event ID string, the reconnection time."""
    text = body.decode("utf-8", errors="replace")
    if text[:1] == "\ufeff":
        text = text[1:]
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines.pop()  # not ended

    events: list[tuple[str, str, str]] = []
    reconnection_time = None
    data_buffer, event_type_buffer, last_event_id_buffer = "", "", last_event_id
    for line in lines:
        if line == "":
            last_event_id = last_event_id_buffer
            if data_buffer != "":
                if data_buffer[-1] == "\n":
                    data_buffer = data_buffer[:-1]
                events.append((event_type_buffer or "message", data_buffer, last_event_id))
            data_buffer, event_type_buffer = "", ""
        elif line[0] == ":":
            pass
        else:
            field, value = line.split(":", 1) if ":" in line else (line, "")
            if value[:1] == " ":
                value = value[1:]
            if field == "event":
                event_type_buffer = value
            elif field == "data":
                data_buffer += value + "\n"
            elif field == "id" and "\0" not in value:
                last_event_id_buffer = value
            elif field == "retry" and value != "" and set(value) <= set("0123456789"):
                reconnection_time = int(value)
    return events, last_event_id, reconnection_time
