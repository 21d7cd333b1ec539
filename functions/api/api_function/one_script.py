"""How do the dashboard's modules become one script?

A browser asks for all modules at once, and each request for a file is an invocation. So the modules
are bundled when an execution environment starts.

Comments, indentation and empty lines are left out. This is no general bundler. It knows the two
forms that the modules use, `import { a, b } from "./c.js";` on one line, and `export` before a
const, a function or a class. It refuses all others.
"""

import re
from collections.abc import Mapping

from api_function.shorter import shorter_script

IMPORT = re.compile(r'^import \{ ((?:\w+(?:, )?)+) \} from "\./(\w+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:const|function\*?|class) (\w+))", re.MULTILINE)
UNKNOWN = re.compile(r"^(?:import|export)\b.*|\b(?:import\(|import\.meta)", re.MULTILINE)


def one_script(entry: str, sources: Mapping[str, str]) -> str:
    """Returns the module `entry` (without `.js`) after all modules that it imports.

    Each module becomes a function of its own. Raises ValueError for an import or export of another
    form, for modules that import each other in a circle, and for a template literal without an end.
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
        short = shorter_script(body)
        written[name] = f"const {name}_js = (() => {{\n{short}return {{ {exported} }};\n}})();\n"

    write(entry, ())
    return "".join(written.values())
