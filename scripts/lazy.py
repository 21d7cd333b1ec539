"""Rewrites files of libraries so that they import a module when it is used, and not before.

What the library offers stays the same: names, values, and the modules that they come from. Only
when a module is loaded differs. A release of a library that no longer has the form that is
expected here fails the build.
"""

import ast
from collections.abc import Collection, Iterator

DOOR = """
from importlib import import_module as _import_module

_OFFERED = {offered}
_MODULES = {modules}


def __getattr__(name):
    if name in _OFFERED:
        module, attribute = _OFFERED[name]
        value = globals()[name] = getattr(_import_module(module), attribute)
        return value
    if name in _MODULES:
        return _import_module(f"{{__name__}}.{{name}}")
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")


def __dir__():
    return sorted({{*globals(), *_OFFERED, *_MODULES}})
"""


class UnknownFormError(Exception):
    """The file is not what it was when somebody decided to rewrite it."""


def lazy_door(source: str, package: str, modules: Collection[str]) -> str:
    """Rewrites an `__init__.py` that only offers names: each is imported when it is asked for.

    `modules`: those inside the package. A name that is a module's, too, is imported as before:
    importing that module would give the name another value. https://peps.python.org/pep-0562/
    """
    offered: dict[str, tuple[str, str]] = {}
    kept: list[ast.stmt] = []
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.ImportFrom):
            if not _is_text_or_all(statement):
                raise UnknownFormError(f"{package}: line {statement.lineno} does more than import")
            kept.append(statement)
            continue
        parents = package.split(".")[: 1 - statement.level or None] if statement.level else []
        module = ".".join([*parents, *filter(None, [statement.module])])
        for alias in statement.names:
            name = alias.asname or alias.name
            if name in modules:
                eager = ast.ImportFrom(statement.module, [alias], statement.level)
                kept.append(ast.copy_location(eager, statement))
            else:
                offered[name] = (module, alias.name)
    text = ast.unparse(ast.Module(kept, type_ignores=[]))
    return text + "\n" + DOOR.format(offered=offered, modules=sorted(modules))


def deferred_imports(source: str, names: Collection[str]) -> str:
    """Moves the imports of these names into the functions that use them."""
    tree = ast.parse(source)
    imports: dict[str, ast.stmt] = {}
    for statement in [*tree.body]:
        if isinstance(statement, ast.ImportFrom):
            for alias in [each for each in statement.names if each.name in names]:
                moved = ast.ImportFrom(statement.module, [alias], statement.level)
                imports[alias.name] = ast.copy_location(moved, statement)
                statement.names.remove(alias)
            if not statement.names:
                tree.body.remove(statement)
    if imports.keys() != set(names):
        raise UnknownFormError(f"not imported: {', '.join({*names} - imports.keys())}")
    inside: set[int] = set()
    for function in _functions(tree):
        used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        function.body[:0] = [imports[name] for name in sorted(used & imports.keys())]
        inside.update(id(node) for node in ast.walk(function))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in imports and id(node) not in inside:
            raise UnknownFormError(f"{node.id} is used in line {node.lineno}, in no function")
    return ast.unparse(tree) + "\n"


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yields the functions of a module and the methods of its classes, but none inside of those."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            yield statement
        if isinstance(statement, ast.ClassDef):
            yield from (each for each in statement.body if isinstance(each, ast.FunctionDef))


def _is_text_or_all(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(ast.Constant(str())):
            return True
        case ast.Assign([ast.Name("__all__")]):
            return True
    return False
