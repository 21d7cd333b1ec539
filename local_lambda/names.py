"""Names what is served in the lines that the command prints."""

import re
from collections import Counter
from collections.abc import Iterable

# Letters and digits both, so that a name with a date is left alone.
_HASH_OF_CDK = re.compile(r"(?<=[a-z0-9])(?=[0-9A-F]*\d)(?=[0-9]*[A-F])[0-9A-F]{8}$")


def output_names(logical_ids: Iterable[str]) -> dict[str, str]:
    """Returns a name of its own for each logical id: `my_api` for `MyApiFunction`.

    CDK's ids end in eight hexadecimal digits, which are left out: `stream` for `Stream790BDEE4`.
    Where two would have one name, each keeps its whole logical id: `stock` and `stock_function`.
    Where they still have, a number is added.
    """
    ids = list(dict.fromkeys(logical_ids))
    short = {each: _snake(_short(each)) for each in ids}
    shared = Counter(short.values())
    names: dict[str, str] = {}
    for each in ids:
        name = _snake(each) if shared[short[each]] > 1 else short[each]
        taken = set(names.values())
        number = 2
        while name in taken:
            name = f"{_snake(each)}_{number}"
            number += 1
        names[each] = name
    return names


def _short(logical_id: str) -> str:
    construct = _HASH_OF_CDK.sub("", logical_id)
    return construct.removesuffix("Function") or construct


def _snake(logical_id: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", logical_id).lower()
