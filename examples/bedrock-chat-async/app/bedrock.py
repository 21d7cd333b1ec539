"""ConverseStream of Amazon Bedrock for asyncio: httpx2 sends, botocore signs and parses.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

import json
import os
from urllib.parse import quote

import httpx2
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.eventstream import EventStreamBuffer
from botocore.session import Session


class BedrockError(Exception):
    """An error of Bedrock. `code` is its name, such as ThrottlingException."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code[:1].upper() + code[1:]  # inside of a stream it begins with a small letter


class Bedrock:
    """A client for as long as its event loop lasts. `silence_s`: how long the model may pause."""

    def __init__(self, region, *, silence_s=60):
        usual = f"https://bedrock-runtime.{region}.amazonaws.com"
        self._url = os.environ.get("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", usual)
        self._region = region
        self._credentials = Session().get_credentials()
        self._http = httpx2.AsyncClient(timeout=httpx2.Timeout(silence_s, connect=5))

    async def converse_stream(self, model_id, **request):
        """Yields the events, each a pair of type and fields. Raises BedrockError and HTTPError."""
        url = f"{self._url}/model/{quote(model_id, safe='')}/converse-stream"
        body = json.dumps(request).encode()
        headers = self._signed(url, body)
        async with self._http.stream("POST", url, content=body, headers=headers) as response:
            if response.status_code != 200:
                raise await _refusal(response)
            buffer = EventStreamBuffer()
            async for data in response.aiter_bytes():
                buffer.add_data(data)
                for message in buffer:
                    yield _event(message)

    def _signed(self, url, body):
        """Returns the headers of a request. Lambda's credentials are in the environment."""
        request = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
        credentials = self._credentials.get_frozen_credentials()
        SigV4Auth(credentials, "bedrock", self._region).add_auth(request)
        return dict(request.headers)


async def _refusal(response):
    await response.aread()
    code = response.headers.get("x-amzn-errortype", f"Status{response.status_code}")
    return BedrockError(code.partition(":")[0], response.text)


def _event(message):
    fields = json.loads(message.payload or b"{}")
    if message.headers[":message-type"] == "event":
        return message.headers[":event-type"], fields
    code = message.headers.get(":exception-type") or message.headers.get(":error-code", "Unknown")
    raise BedrockError(code, fields.get("message", ""))
