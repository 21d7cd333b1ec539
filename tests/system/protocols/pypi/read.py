"""Reads streams by the packages of the protocols themselves, with the Python of `make clients`.

Standard input has a JSON list of `{protocol, headers, body}`; standard output gets a list of what
each package makes of it.
"""

import json
import sys


def read_openai_chunks(stream):
    from openai import APIError, DefaultHttpxClient, OpenAI, Stream
    from openai.types.chat import ChatCompletionChunk

    client = OpenAI(api_key="none", base_url="http://localhost/")
    response = response_of(DefaultHttpxClient, stream)
    found = {"text": "", "roles": [], "finish_reasons": [], "error": None, "usage": None}
    try:
        for chunk in Stream(cast_to=ChatCompletionChunk, response=response, client=client):
            ChatCompletionChunk.model_validate(chunk.model_dump(), strict=True)
            found["usage"] = chunk.usage and chunk.usage.total_tokens
            for choice in chunk.choices:
                found["text"] += choice.delta.content or ""
                found["roles"] += [choice.delta.role] if choice.delta.role else []
                found["finish_reasons"] += [choice.finish_reason] if choice.finish_reason else []
    except APIError as error:
        found["error"] = error.message
    return found


def response_of(client, stream):
    """Returns a response of the HTTP library that the SDK uses, whatever its name is."""
    library = sys.modules[client.__mro__[1].__module__.partition(".")[0]]
    content = stream["body"].encode()
    request = library.Request("POST", "http://localhost/")
    return library.Response(200, headers=stream["headers"], content=content, request=request)


def read_ag_ui(stream):
    from ag_ui.core import Event
    from pydantic import TypeAdapter

    adapter = TypeAdapter(Event)
    data = [line[6:] for line in stream["body"].split("\n") if line.startswith("data: ")]
    return {"types": [adapter.validate_json(each).type for each in data]}


READERS = {"openai_chunks": read_openai_chunks, "ag_ui": read_ag_ui}
streams = json.load(sys.stdin)
print(json.dumps([READERS[stream["protocol"]](stream) for stream in streams]))
