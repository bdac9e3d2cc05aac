"""Code compared by meaning: one hash for each module that a stage imports.

DVC compares files byte by byte, so a reworded comment would retrain every network that depends on the file. Here a module's hash is that
of its syntax tree without comments, docstrings and layout, and a stage depends on the hashes of exactly the modules that it imports,
directly or not, wherever in a file the import is. Imports for typing alone are not run and do not count. Other files of a
package (templates, scripts) count byte by byte for whoever imports the package. (DVC's users have asked for it since its issue 1577.)
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
LAYOUT = ("lineno", "col_offset", "end_lineno", "end_col_offset", "ctx", "kind", "type_comment", "type_params")
"""Fields of a syntax tree that describe layout, or differ between versions of Python."""


def hashes(kind: str, task: str | None) -> dict[str, str]:
    """Module -> hash, for all that the stage `kind` of `task` imports; template or script -> hash."""
    starts = [f"pipelines.stages.{kind}"]
    if task is not None:
        starts += [f"pipelines.tasks.{task}.{name}" for name in (kind, "params")]
    modules = imported(starts)
    others = {file for module in modules for file in _other_files(module)}
    return dict(
        sorted(
            {**{module: of_module(module) for module in modules}, **{file: _of_bytes(file) for file in others}}.items()
        )
    )


def imported(starts: list[str]) -> set[str]:
    """`starts` and every module of the project that they import, directly or not, their packages included."""
    modules: set[str] = set()
    waiting = list(starts)
    while waiting:
        module = waiting.pop()
        if module not in modules:
            modules.add(module)
            waiting += _imports(module)
            waiting += [parent for parent in [module.rpartition(".")[0]] if parent]
    return modules


@cache
def of_module(module: str) -> str:
    """The hash of a module's meaning."""
    return hashlib.sha256(repr(_meaning(_tree(module))).encode()).hexdigest()[:16]


def _meaning(node: Any) -> Any:
    """A syntax tree as nested tuples, the same in every version of Python, without layout and bare strings."""
    if isinstance(node, list):
        return tuple(_meaning(item) for item in node if not _is_text(item))
    if isinstance(node, ast.AST):
        parts = ((name, _meaning(value)) for name, value in ast.iter_fields(node) if name not in LAYOUT)
        return (type(node).__name__, *(part for part in parts if part[1] not in (None, ())))
    return (type(node).__name__, repr(node)) if node is not None else None


def _is_text(node: Any) -> bool:
    """Whether a statement is a bare string, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@cache
def _imports(module: str) -> tuple[str, ...]:
    """The modules of the project that a module imports."""
    modules: list[str] = []
    waiting: list[ast.AST] = [_tree(module)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names if _exists(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules += [name if _exists(name) else node.module for name in names if _exists(node.module)]
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]
    return tuple(dict.fromkeys(modules))


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_path(module).read_text(encoding="utf-8"))


def _path(module: str) -> Path:
    path = PACKAGE.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _exists(module: str) -> bool:
    return module.split(".")[0] == PACKAGE.name and _path(module).is_file()


def _other_files(module: str) -> Iterator[str]:
    """The files of a package that are not modules, by their paths from the root."""
    folder = _path(module)
    if folder.name != "__init__.py" or module == PACKAGE.name:
        return
    for path in folder.parent.rglob("*"):
        inside = path.relative_to(folder.parent)
        own = not any((folder.parent / parent / "__init__.py").exists() for parent in list(inside.parents)[:-1])
        if path.is_file() and path.suffix not in (".py", ".pyc") and own and not path.name.startswith("."):
            yield path.relative_to(PACKAGE.parent).as_posix()


def _of_bytes(file: str) -> str:
    return hashlib.sha256((PACKAGE.parent / file).read_bytes()).hexdigest()[:16]
