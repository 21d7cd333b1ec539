"""A chat with a model of Amazon Bedrock: the page, and the model's words as they come.

    GET  /       the page
    POST /chat   {"messages": [{"role": "user", "text": "Hello"}, ...]}, with a bearer token

The response to `/chat` are Server-Sent Events: `word` for each piece of text, then `stop` with the
model's reason, or `error` if it fails, and `end`.
"""

import base64
import hmac
import json
import logging
import os
from contextlib import closing
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from lambda_streaming import Event, sse
from urllib3.exceptions import HTTPError

MODEL_ID = os.environ["MODEL_ID"]
MAX_TOKENS = int(os.environ["MAX_TOKENS"])
CHAT_TOKEN = os.environ["CHAT_TOKEN"]
SYSTEM = [{"text": "You are a helpful assistant. Answer briefly, in plain text without markup."}]

MOST_MESSAGES = 100
MOST_CHARACTERS = 60_000
HEARTBEAT_S = 15

STATIC = Path(__file__).parent / "static"
PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/chat.js": ("chat.js", "text/javascript; charset=utf-8"),
    "/events.js": ("events.js", "text/javascript; charset=utf-8"),
    "/chat.css": ("chat.css", "text/css; charset=utf-8"),
}
PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# Why a model stops by itself. What is not here needs no note.
NOTES = {
    "max_tokens": "The answer reached its longest length.",
    "model_context_window_exceeded": "The conversation has become too long for the model.",
    "guardrail_intervened": "A guardrail ended the answer.",
    "content_filtered": "A content filter ended the answer.",
}
BUSY = "The model is busy. Try again in a moment."
# Errors of Bedrock: what the page shows, and whether asking again may help.
ERRORS = {
    "ThrottlingException": (BUSY, True),
    "ServiceQuotaExceededException": (BUSY, True),
    "ModelNotReadyException": (BUSY, True),
    "ServiceUnavailableException": (BUSY, True),
    "ModelTimeoutException": ("The model took too long.", True),
    "ValidationException": ("The model does not take this conversation.", False),
    "AccessDeniedException": ("This function may not use the model.", False),
    "ResourceNotFoundException": ("There is no such model in this region.", False),
}

logger = logging.getLogger("chat")
bedrock = boto3.client(
    "bedrock-runtime",
    config=Config(
        connect_timeout=5,
        read_timeout=60,  # seconds without anything from the model
        retries={"mode": "standard", "total_max_attempts": 2},
    ),
)


def handler(event, context):
    method, path = method_and_path(event)
    if path in PAGE and method in ("GET", "HEAD"):
        return page(*PAGE[path])
    if path != "/chat":
        return refusal(404, "There is nothing here.")
    if method != "POST":
        return refusal(405, "Send a POST request.", Allow="POST")
    if not CHAT_TOKEN:
        return refusal(503, "The chat is closed: it was deployed without a ChatToken.")
    if not knows_the_token(event):
        return refusal(401, "The access token is wrong.", **{"WWW-Authenticate": "Bearer"})
    try:
        messages = conversation(event)
    except ValueError as error:
        return refusal(400, str(error))
    body = sse(answer(messages), heartbeat_s=HEARTBEAT_S)
    return {"statusCode": 200, "headers": body.headers, "body": body}


def answer(messages):
    """Yields the events of one answer: words, and how it ended."""
    try:
        yield from words(messages)
    except (BotoCoreError, ClientError, HTTPError) as error:
        logger.warning("the model failed: %s", error)
        yield Event(explained(error), type="error")


def words(messages):
    response = bedrock.converse_stream(
        modelId=MODEL_ID,
        messages=messages,
        system=SYSTEM,
        inferenceConfig={"maxTokens": MAX_TOKENS},
    )
    reason = None
    with closing(response["stream"]) as stream:
        for part in stream:
            text = part.get("contentBlockDelta", {}).get("delta", {}).get("text")
            if text:
                yield Event({"text": text}, type="word")
            reason = part.get("messageStop", {}).get("stopReason", reason)
    if reason is None:
        raise HTTPError("the stream of the model has no end")
    yield Event({"reason": reason, "note": NOTES.get(reason, "")}, type="stop")


def explained(error):
    """Returns what a client may know of an error; the log has the rest."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    code = code[:1].upper() + code[1:]  # inside of a stream, they begin with a small letter
    message, retry = ERRORS.get(code, ("The model failed.", True))
    return {"message": message, "retry": retry}


def conversation(event):
    """Returns a request's messages in Bedrock's form. A ValueError says what is wrong with them."""
    try:
        asked = json.loads(body_of(event))
    except (ValueError, RecursionError):
        raise ValueError("The body is not JSON.") from None
    messages = asked.get("messages") if isinstance(asked, dict) else None
    if not isinstance(messages, list) or not 0 < len(messages) <= MOST_MESSAGES:
        raise ValueError(f"messages must be a list of 1 to {MOST_MESSAGES} messages.")
    roles = [checked(message)["role"] for message in messages]
    if roles != ["user" if number % 2 == 0 else "assistant" for number in range(len(roles))]:
        raise ValueError("The messages must be of user and assistant in turn, first of the user.")
    if roles[-1] != "user":
        raise ValueError("The last message must be the user's.")
    if sum(len(message["text"]) for message in messages) > MOST_CHARACTERS:
        raise ValueError(f"A conversation has at most {MOST_CHARACTERS} characters.")
    return [{"role": each["role"], "content": [{"text": each["text"]}]} for each in messages]


def checked(message):
    match message:
        case {"role": "user" | "assistant", "text": str(text)} if text.strip():
            return message
    raise ValueError("A message has a role (user or assistant) and a text that is not blank.")


def method_and_path(event):
    """Reads the payload of a Function URL or, below, of a REST API."""
    http = event["requestContext"].get("http")
    if http:
        return http["method"], event["rawPath"]
    # Unlike the path, this is never preceded by the base path of a custom domain.
    return event["httpMethod"], "/" + ((event["pathParameters"] or {}).get("proxy") or "")


def knows_the_token(event):
    headers = {name.lower(): value for name, value in (event["headers"] or {}).items()}
    given = headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {CHAT_TOKEN}".encode())


def body_of(event):
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body


def page(name, content_type):
    headers = {"Content-Type": content_type, **PAGE_HEADERS}
    return {"statusCode": 200, "headers": headers, "body": (STATIC / name).read_text("utf-8")}


def refusal(status, message, **headers):
    headers = {"Content-Type": "application/json", **headers}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"message": message})}
