"""Talks to a running emulator: which functions and events it has, and what a function returns."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

_TIMEOUT_S = 930  # a function may run for 15 minutes


class SendFailed(Exception):
    """The emulator was not reached or refused. The message is a sentence."""


@dataclass(frozen=True)
class Result:
    body: bytes
    failed: bool

    @property
    def value(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def text(self) -> str:
        if self.value is None and self.body.strip() != b"null":
            return self.body.decode("utf-8", "replace")
        return json.dumps(self.value, indent=2, ensure_ascii=False)

    @property
    def error(self) -> str:
        fields = self.value if isinstance(self.value, dict) else {}
        return f"{fields.get('errorType', 'Unknown')}: {fields.get('errorMessage', '')}"


@dataclass(frozen=True)
class Application:
    """Describes what an emulator runs. `functions` are logical ids by name."""

    admin: str
    region: str
    functions: Mapping[str, str]
    events: Sequence[Mapping[str, Any]]

    @classmethod
    def read(cls, admin: str) -> "Application":
        """Raises SendFailed."""
        admin = admin if "://" in admin else f"http://{admin}"
        admin = admin.rstrip("/") + "/"
        listed = _call(admin, "2015-03-31/functions")["Functions"]
        events = _call(admin, "events")
        arns = [str(each["FunctionArn"]).split(":") for each in listed]
        region = arns[0][3] if arns else "us-east-1"
        names = {each["FunctionName"]: each["FunctionArn"] for each in listed}
        return cls(admin, region, functions=names, events=events)

    def event(self, function: str | None, kinds: Sequence[str]) -> Mapping[str, Any]:
        """Returns the template's first event of such a kind, of this function or the only one."""
        fitting = [each for each in self.events if each["kind"] in kinds]
        if function is not None:
            names = (function, function.rpartition(":")[2])
            fitting = [each for each in fitting if {each["function"], each["of"]} & {*names}]
        elif len({each["function"] for each in fitting}) > 1:
            return {}
        return fitting[0] if fitting else {}

    def invoke(self, function: str, payload: Any) -> Result:
        """Raises SendFailed."""
        path = f"2015-03-31/functions/{quote(function, safe='')}/invocations"
        body = json.dumps(payload).encode()
        request = urllib.request.Request(self.admin + path, body, method="POST")
        with _answered(request, self) as response:
            failed = response.headers.get("X-Amz-Function-Error") is not None
            return Result(_read(response), failed)


def _call(admin: str, path: str) -> Any:
    with _answered(urllib.request.Request(admin + path)) as response:
        try:
            return json.loads(_read(response))
        except ValueError as error:
            raise SendFailed(f"{admin} is not the admin address of an emulator") from error


def _answered(
    request: urllib.request.Request, application: Application | None = None
) -> http.client.HTTPResponse:
    """Sends the request. Raises SendFailed."""
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
        return response
    except urllib.error.HTTPError as error:
        raise SendFailed(_refusal(error, application)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise SendFailed(f"{request.full_url} was not reached: {reason}") from error


def _refusal(error: urllib.error.HTTPError, application: Application | None) -> str:
    try:
        fields = json.loads(error.read())
        message = fields.get("Message") or fields.get("message")
    except (ValueError, OSError, AttributeError):
        message = None
    if application and error.code == 404:
        names = ", ".join(application.functions)
        return f"{message}; the emulator has {names}"
    return f"{error.code} {message or error.reason}"


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read()
    except (OSError, http.client.HTTPException) as error:
        raise SendFailed(f"the emulator ended the connection: {error!r}") from error
