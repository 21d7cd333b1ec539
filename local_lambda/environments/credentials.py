"""Whose AWS credentials do functions get, and which variables of this shell?

Without `--aws-profile` and `--pass-env` they get stand-ins, with which AWS refuses every call.
"""

import os
from collections.abc import Callable, Iterable, Mapping

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

_STATED_BY_LAMBDA = frozenset(
    {"AWS_LAMBDA_RUNTIME_API", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER"}
)
_BY_AN_OPTION = {
    "AWS_DEFAULT_REGION": "--region",
    "AWS_PROFILE": "--aws-profile NAME",
    "AWS_REGION": "--region",
}
Credentials = Callable[[], Mapping[str, str]]


class CredentialsError(Exception):
    """A profile has no credentials, or a variable cannot be passed. The message is a sentence."""


def no_credentials() -> Mapping[str, str]:
    """Returns no credentials, so functions get stand-ins."""
    return {}


def passed(names: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables of `--pass-env`: `NAME`, or `NAME=VALUE`. Raises CredentialsError."""
    variables = {}
    for text in names:
        name, has_value, value = text.partition("=")
        if not name:
            raise CredentialsError(f"--pass-env {text!r}: neither NAME nor NAME=VALUE")
        if name in _STATED_BY_LAMBDA:
            raise CredentialsError(f"--pass-env {name}: functions need the emulator's own value")
        if name in _BY_AN_OPTION:
            raise CredentialsError(f"--pass-env {name}: use {_BY_AN_OPTION[name]}")
        if not has_value and name not in environ:
            raise CredentialsError(
                f"--pass-env {name}: this shell has no such variable; set it, or say {name}=VALUE"
            )
        variables[name] = value if has_value else environ[name]
    return variables


class Profile:
    """Reads a profile of the user's AWS configuration. Raises CredentialsError.

    Credentials are read again for each environment that starts, so those of an SSO session or a
    role are as fresh as boto3's own.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        try:
            self._session = Session(profile=name)
            self.region: str | None = self._session.get_config_variable("region")
            credentials = self._session.get_credentials()
        except (BotoCoreError, ClientError) as error:
            raise self._error(error) from error
        if credentials is None:
            raise CredentialsError(f"--aws-profile {name}: the profile has no credentials")
        self._credentials = credentials

    def __call__(self) -> Mapping[str, str]:
        """Returns the variables of the credentials as they are now. Raises CredentialsError."""
        try:
            frozen = self._credentials.get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:
            raise self._error(error) from error
        variables = {
            "AWS_ACCESS_KEY_ID": frozen.access_key,
            "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        }
        return variables | ({"AWS_SESSION_TOKEN": frozen.token} if frozen.token else {})

    def _error(self, error: Exception) -> CredentialsError:
        text = str(error).rstrip(".")
        advice = f"; run: aws sso login --profile {self._name}" if "SSO" in text else ""
        return CredentialsError(f"--aws-profile {self._name}: {text}{advice}")


def own_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables for the emulator's own programs: nothing of the user's AWS settings.

    A profile that does not exist, or a broken configuration file, would end them.
    """
    variables = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        variables[name] = os.devnull
    return variables
