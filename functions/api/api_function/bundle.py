"""How do the dashboard's modules become few scripts?

A browser asks for all modules at once, and each request for a file is an invocation. So the modules
are bundled when an execution environment starts: one script with all that the page needs at once,
and one for each module that it loads later, by `import("./c.js")`. A later script imports what the
first one has already.

Comments and needless spaces are left out. This is no general bundler. It knows the three
forms that the modules use: `import { a, b } from "./c.js";` on one line, `import("./c.js")`, and
`export` before a const, a function or a class. It refuses all others.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from api_function.shorter import shorter_script

IMPORT = re.compile(r'^import \{ ((?:\w+(?:, )?)+) \} from "\./(\w+)\.js";$', re.MULTILINE)
LATER = re.compile(r'\bimport\("\./(\w+)\.js"\)')
EXPORT = re.compile(r"^export ((?:async )?(?:const|function\*?|class) (\w+))", re.MULTILINE)
UNKNOWN = re.compile(r"^(?:import|export)\b.*|\b(?:import\(|import\.meta)", re.MULTILINE)


def bundled(entry: str, sources: Mapping[str, str]) -> dict[str, str]:
    """Returns the scripts by file name: that of the module `entry`, and those it loads later.

    Each module becomes a function of its own, after all modules that it imports. Raises ValueError
    for an import or export of another form, for modules that import each other in a circle, for one
    that two later scripts need and the first does not have, and for a template literal without an
    end.
    """
    first = dict(_written(entry, sources, {}))
    later = {
        name: dict(_written(name, sources, first))
        for module in first
        for name in LATER.findall(sources[f"{module}.js"])
        if name not in first
    }
    shared: set[str] = set()
    taken: set[str] = set()
    for modules in later.values():
        if twice := taken & set(modules):
            raise ValueError(f"{min(twice)}.js is needed by two scripts, but not by {entry}.js")
        taken |= set(modules)
        shared |= _imported(modules, sources) & set(first)
    scripts = {f"{entry}.js": "".join(first.values())}
    if shared:
        scripts[f"{entry}.js"] += f"export {{ {_names(shared)} }};\n"
    for name, modules in later.items():
        wanted = _imported(modules, sources) & set(first)
        head = f'import {{ {_names(wanted)} }} from "./{entry}.js";\n' if wanted else ""
        tail = f"export const {{ {_exported(sources[f'{name}.js'])} }} = {name}_js;\n"
        scripts[f"{name}.js"] = head + "".join(modules.values()) + tail
    return scripts


def _written(
    entry: str, sources: Mapping[str, str], known: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yields the modules that `entry` needs and nobody knows yet, each after its imports."""
    written: dict[str, str] = {}

    def write(name: str, importers: tuple[str, ...]) -> None:
        if name in importers:
            raise ValueError(f"{name}.js imports itself by way of {importers[-1]}.js")
        if name in written or name in known:
            return
        source = sources[f"{name}.js"]
        for _, imported in IMPORT.findall(source):
            write(imported, (*importers, name))
        written[name] = _function(name, source)

    write(entry, ())
    yield from written.items()


def _function(name: str, source: str) -> str:
    body = EXPORT.sub(r"\1", IMPORT.sub(r"const { \1 } = \2_js;", source))
    if unknown := UNKNOWN.search(LATER.sub("", body)):
        raise ValueError(f"{name}.js: {unknown.group()!r} is of no form that is known here")
    return shorter_script(
        f"const {name}_js = (() => {{\n{body}return {{ {_exported(source)} }};\n}})();\n"
    )


def _exported(source: str) -> str:
    return ", ".join(exported for _, exported in EXPORT.findall(source))


def _imported(modules: Collection[str], sources: Mapping[str, str]) -> set[str]:
    return {name for module in modules for _, name in IMPORT.findall(sources[f"{module}.js"])}


def _names(modules: Collection[str]) -> str:
    return ", ".join(f"{name}_js" for name in sorted(modules))
