"""Reads the environment variables of a function.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import re
from typing import Any

from local_lambda.application import RESERVED_VARIABLES
from local_lambda.template.written import Written, shown, text_of

_LIMIT_BYTES = 4096
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_REFUSED = "AWS refuses it"


def read_variables(properties: Written) -> dict[str, str]:
    """Returns the variables. What Lambda would refuse is named."""
    environment = properties.mapping("Environment")
    variables = environment.mapping("Variables") if environment else None
    if variables is None:
        return {}
    found = {}
    for name in variables.values:
        value = _value(variables, name)
        if value is not None:
            found[str(name)] = value
    size_bytes = sum(len(_bytes(name)) + len(_bytes(value)) for name, value in found.items())
    if size_bytes > _LIMIT_BYTES and environment:
        text = f"{size_bytes} bytes of variables; Lambda takes {_LIMIT_BYTES} at most"
        environment.report("Variables", text, advice="keep large values elsewhere")
    return found


def _value(variables: Written, name: Any) -> str | None:
    if name in RESERVED_VARIABLES:
        text = "this name is reserved, and the variable is left out"
        variables.report(name, text, advice=f"choose another: {_REFUSED}")
        return None
    written = variables.values[name]
    if written is None:
        variables.report(
            str(name), "it has no value, and is left out", advice=f"write '': {_REFUSED} so"
        )
        return None
    value = variables.get(name)
    if value is None:
        return None
    if not isinstance(value, str | int | float):
        text = f"{shown(value)} is no text, and the variable is left out"
        variables.report(str(name), text, advice="write JSON as text, or use Fn::ToJsonString")
        return None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        text = f"{shown(name)} is no name of a variable for Lambda"
        variables.report(
            str(name), text, advice="use two or more letters, digits and _, a letter first"
        )
    return text_of(value)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
