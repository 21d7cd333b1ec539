"""Asks a model of Amazon Bedrock with an async client, and streams its words.

    POST /ask   {"question": "What is streaming?"}, with a bearer token

The response are Server-Sent Events: `word` for each piece of text, then `stop` with the model's
reason, or `error` if it fails, and `end`.
"""

import asyncio
import base64
import hmac
import json
import logging
import os
from contextlib import aclosing

from bedrock import Bedrock, BedrockError
from httpx2 import HTTPError
from lambda_streaming import Event, sse

MODEL_ID = os.environ["MODEL_ID"]
MAX_TOKENS = int(os.environ["MAX_TOKENS"])
CHAT_TOKEN = os.environ["CHAT_TOKEN"]
FIRST_WORD_S = float(os.environ["FIRST_WORD_S"])
MOST_CHARACTERS = 8_000
HEARTBEAT_S = 15

BUSY = "The model is busy. Try again in a moment."
# Errors of Bedrock: what the client is told, and whether asking again may help.
ERRORS = {
    "ThrottlingException": (BUSY, True),
    "ServiceUnavailableException": (BUSY, True),
    "ValidationException": ("The model does not take this question.", False),
    "AccessDeniedException": ("This function may not use the model.", False),
}

logger = logging.getLogger("chat")
# The event loop is the same for all invocations of an environment, and so are the connections.
bedrock = Bedrock(os.environ["AWS_REGION"])


async def handler(event, context):
    method, path = method_and_path(event)
    if (method, path) != ("POST", "/ask"):
        return refusal(404, "Send a POST request to /ask.")
    if not CHAT_TOKEN:
        return refusal(503, "The chat is closed: it was deployed without a ChatToken.")
    if not knows_the_token(event):
        return refusal(401, "The access token is wrong.", **{"WWW-Authenticate": "Bearer"})
    try:
        question = question_of(event)
    except ValueError as error:
        return refusal(400, str(error))
    body = sse(answer(question), heartbeat_s=HEARTBEAT_S)
    return {"statusCode": 200, "headers": body.headers, "body": body}


async def answer(question):
    """Yields the events of one answer: words, and how it ended."""
    try:
        async with aclosing(words(question)) as events:
            async for event in events:
                yield event
    except TimeoutError:
        yield error_event("The model did not begin in time.", retry=True)
    except (BedrockError, HTTPError) as error:
        logger.warning("the model failed: %r", error)
        known = ERRORS.get(getattr(error, "code", ""), ("The model failed.", True))
        yield error_event(*known)


async def words(question):
    """Yields the events of the model. Raises TimeoutError if it does not begin in time."""
    parts = bedrock.converse_stream(
        MODEL_ID,
        messages=[{"role": "user", "content": [{"text": question}]}],
        inferenceConfig={"maxTokens": MAX_TOKENS},
    )
    reason = None
    async with asyncio.timeout(FIRST_WORD_S) as patience, aclosing(parts):
        async for kind, fields in parts:
            patience.reschedule(None)  # it has begun
            if kind == "contentBlockDelta" and "text" in fields["delta"]:
                yield Event({"text": fields["delta"]["text"]}, type="word")
            elif kind == "messageStop":
                reason = fields["stopReason"]
    if reason is None:
        raise BedrockError("NoEnd", "the stream of the model has no end")
    yield Event({"reason": reason}, type="stop")


def error_event(message, retry):
    return Event({"message": message, "retry": retry}, type="error")


def question_of(event):
    """Returns what is asked. A ValueError says what is wrong with the request."""
    body = event.get("body") or ""
    try:
        asked = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
    except (ValueError, RecursionError):
        raise ValueError("The body is not JSON.") from None
    question = asked.get("question") if isinstance(asked, dict) else None
    if not isinstance(question, str) or not 0 < len(question.strip()) <= MOST_CHARACTERS:
        raise ValueError(f"question must be a text of 1 to {MOST_CHARACTERS} characters.")
    return question


def method_and_path(event):
    """Reads the payload of a Function URL or, below, of a REST API."""
    http = event["requestContext"].get("http")
    if http:
        return http["method"], event["rawPath"]
    return event["httpMethod"], event["resource"]


def knows_the_token(event):
    headers = {name.lower(): value for name, value in (event["headers"] or {}).items()}
    given = headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {CHAT_TOKEN}".encode())


def refusal(status, message, **headers):
    headers = {"Content-Type": "application/json", **headers}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"message": message})}
