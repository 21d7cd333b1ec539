"""The dashboard's modules as one script: each request for a file is an invocation, and a browser asks for all at once.

No general bundler. It knows the two forms that the modules use, `import { a, b } from "./c.js";` and `export` before a
const, a function or a class, and refuses all others.
"""

import re
from collections.abc import Mapping

IMPORT = re.compile(r'^import \{ ((?:\w+(?:, )?)+) \} from "\./(\w+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:const|function\*?|class) (\w+))", re.MULTILINE)
UNKNOWN = re.compile(r"^(?:import|export)\b.*|\b(?:import\(|import\.meta)", re.MULTILINE)


def one_script(entry: str, sources: Mapping[str, str]) -> str:
    """The module called `entry` (without `.js`) after all that it imports, each in a function of its own.

    Raises ValueError for an import or export of another form, or modules that import each other in a circle.
    """
    written: dict[str, str] = {}

    def write(name: str, importers: tuple[str, ...]) -> None:
        if name in importers:
            raise ValueError(f"{name}.js imports itself by way of {importers[-1]}.js")
        if name in written:
            return
        source = sources[f"{name}.js"]
        for _, imported in IMPORT.findall(source):
            write(imported, (*importers, name))
        exported = ", ".join(exported for _, exported in EXPORT.findall(source))
        body = EXPORT.sub(r"\1", IMPORT.sub(r"const { \1 } = \2_js;", source))
        if unknown := UNKNOWN.search(body):
            raise ValueError(f"{name}.js: {unknown.group()!r} is of no form that is known here")
        written[name] = f"const {name}_js = (() => {{\n{body}return {{ {exported} }};\n}})();\n"

    write(entry, ())
    return "".join(written.values())
