"""Stands between functions and their table, and records their calls.

A caller has a name in `AWS_SDK_UA_APP_ID`, which botocore sends in the User-Agent. Others go by
their access key.
"""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


class Access(NamedTuple):
    """One access, as IAM decides on it.

    `dynamodb:LeadingKeys` compares `partition`, which is None for a call without a key.
    """

    who: str
    action: str
    partition: str | None


class RecordingProxy:
    def __init__(self, upstream):
        self.accesses, recorder = set(), self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                recorder.accesses |= set(accesses(self.headers, json.loads(body)))
                headers = {
                    name: value for name, value in self.headers.items() if name.lower() != "host"
                }
                try:
                    response = urlopen(Request(upstream, body, headers))
                except HTTPError as error:
                    response = error
                content = response.read()
                self.send_response(response.status)
                self.send_header("Content-Type", response.headers["Content-Type"])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def accesses(headers, body):
    """Yields the accesses of one call.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""
    named = re.search(r"\bapp/(\w+)", headers["User-Agent"])
    who = (named or re.search(r"Credential=([^/]+)/", headers["Authorization"]))[1]
    action = headers["X-Amz-Target"].partition(".")[2]
    if action == "TransactWriteItems":
        for kind, part in (pair for item in body["TransactItems"] for pair in item.items()):
            yield Access(who, TRANSACTED[kind], (part.get("Key") or part["Item"])["PK"]["S"])
    elif action == "BatchGetItem":
        for key in (key for request in body["RequestItems"].values() for key in request["Keys"]):
            yield Access(who, action, key["PK"]["S"])
    elif action == "Query":
        condition = re.search(r"PK = (:\w+)", body["KeyConditionExpression"])[1]
        yield Access(who, action, body["ExpressionAttributeValues"][condition]["S"])
    else:
        yield Access(
            who, action, (body.get("Key") or body.get("Item") or {}).get("PK", {}).get("S")
        )
