"""The import rule of docs/architecture.md, the public surface, and what `import lookalike` may cost."""

import ast
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import lookalike

PACKAGE = Path(lookalike.__file__).parent

STAGES = [
    "opening", "limiting", "searching", "pictures", "deciding",
    "scan", "candidates", "verdicts", "showing", "matches", "planning", "groups", "finding",
    "exporting", "filtering", "masking", "leakage", "leaking", "hashing", "batches", "comparing",
    "index", "indexing", "featuring",
    "removal", "cleaning", "reviewing", "experiments", "tuning", "upkeep", "estimating",
]  # fmt: skip
"""Level 3, in the order in which a stage may use those before it."""
LEVELS: dict[str, int] = {
    "model": 0, "columns": 0, "errors": 0, "bits": 0, "turns": 0, "intervals": 0, "endings": 0, "journal": 0, "collector": 0,
    "containers": 0, "extras": 0, "kernels": 0, "escaping": 0, "_native": 0,
    "hashes": 1, "formats": 1, "metadata": 1, "join": 1, "verify": 1, "grouping": 1, "keep": 1, "plan": 1, "transforms": 1,
    "curves": 1, "installed": 1, "globs": 1, "labels": 1, "folders": 1, "units": 1, "members": 1, "carried": 1,
    "resolved": 1, "blocks": 1, "options": 1, "rows": 1,
    "decode": 2, "stores": 2, "sources": 2, "pool": 2, "tables": 2, "report": 2, "plots": 2, "files": 2, "events": 2,
    **dict.fromkeys(STAGES, 3),
    "imagehash": 4, "imgdd": 4, "web": 4, "spark": 4, "cli": 5, "__main__": 6, "__init__": 6,
}  # fmt: skip
ERRORS_ARE_FOR_ALL = "errors"
EVENTS_ARE_FOR = 2
"""From this level on, everybody logs."""
OUTSIDE_WORLD = {"open", "input", "print"}
OUTSIDE_MODULES = {"os.environ", "os.getenv", "time.time", "time.monotonic", "time.perf_counter", "os.stat", "os.open"}


def _modules() -> dict[str, Path]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts)] = path
    return found


def _imports(path: Path) -> set[str]:
    """Return the modules of the package that a file imports at run time, anywhere in it."""
    names: set[str] = set()
    tree = ast.parse(path.read_text("utf-8"))
    hidden = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.split(".")[0] == "lookalike":
            inside = node.module.split(".")[1:]
            for alias in node.names:  # a module, or something in one
                below = PACKAGE.joinpath(*inside, alias.name)
                is_module = below.is_dir() or below.with_suffix(".py").is_file()
                names.add(".".join([*inside, alias.name]) if is_module or not inside else ".".join(inside))
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("lookalike.")}
    return {name for name in names if name.split(".")[0] in LEVELS}


MODULES = _modules()


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down_or_stay_in_one_folder(name: str) -> None:
    top = name.split(".", maxsplit=1)[0]
    level = LEVELS[top]
    for imported in _imports(MODULES[name]):
        other = imported.split(".")[0]
        if other == top:
            continue
        if level == LEVELS[other] == 3:
            assert STAGES.index(other) < STAGES.index(top), f"{name} imports {imported}, a later stage"
        elif level == 0:
            assert other == ERRORS_ARE_FOR_ALL, f"{name} imports {imported}"
        elif other == "events":
            assert level >= EVENTS_ARE_FOR, f"{name} (level {level}) logs"
        else:
            assert LEVELS[other] < level, f"{name} (level {level}) imports {imported} (level {LEVELS[other]})"


def test_no_import_cycle() -> None:
    graph = {name.removesuffix(".__init__"): _imports(path) - {name} for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, f"cycle: {' -> '.join([*above, name])}"
        if name not in done:
            for imported in graph.get(name, ()):
                if imported != name:
                    visit(imported, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())
    assert len(done) > 25


@pytest.mark.parametrize("name", [name for name in MODULES if LEVELS[name.split(".")[0]] <= 1])
def test_levels_0_and_1_touch_no_outside_world(name: str) -> None:
    for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in OUTSIDE_WORLD, f"{name}:{node.lineno} calls {node.func.id}"
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in OUTSIDE_MODULES, f"{name}:{node.lineno} uses {ast.unparse(node)}"


def test_importing_the_package_imports_nothing_else() -> None:
    heavy = [
        "typing",
        "re",
        "numpy",
        "PIL",
        "blake3",
        "typer",
        "rich",
        "pathspec",
        "platformdirs",
        "sqlite3",
        "pi_heif",
        "pillow_jxl",
        "scipy",
    ]
    code = f"import sys, lookalike; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=_found_here()
    )
    assert done.stdout == "[]\n"


def _found_here() -> dict[str, str]:
    """Return an environment in which Python finds the package by itself: hooks of editable installs import much."""
    return {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}


def test_importing_every_module_imports_no_optional_package() -> None:
    names = [f"lookalike.{name}" for name in MODULES if name != "__main__"]
    code = "import sys, importlib\n" + "\n".join(f"importlib.import_module({name!r})" for name in names)
    late = [
        "pi_heif",
        "pillow_jxl",
        "scipy",
        "pywt",
        "skimage",
        "pyarrow",
        "pandas",
        "datasets",
        "IPython",
        "matplotlib",
    ]
    code += f"\nprint([name for name in {late} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_public_names_are_sorted_resolve_and_share_no_name_with_a_module() -> None:
    assert lookalike.__all__ == sorted(lookalike.__all__)
    modules = {module.name for module in pkgutil.iter_modules(lookalike.__path__)}
    for name in modules:
        if name != "__main__":
            importlib.import_module(f"lookalike.{name}")
    for name in lookalike.__all__:
        value = getattr(lookalike, name)
        assert name not in modules
        assert isinstance(value, str) or (callable(value) and not inspect.ismodule(value))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = lookalike.no_such_name  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [name for name in MODULES if name != "__main__"])
def test_what_a_module_offers_is_there(name: str) -> None:
    module = importlib.import_module(f"lookalike.{name}".removesuffix(".__init__"))
    assert [offered for offered in getattr(module, "__all__", ()) if not hasattr(module, offered)] == []


def _public(name: str) -> list[tuple[str, object]]:
    module = importlib.import_module(f"lookalike.{name}".removesuffix(".__init__"))
    return [
        (f"{name}.{key}", value)
        for key, value in vars(module).items()
        if not key.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]


@pytest.mark.parametrize("name", [name for name in MODULES if name != "__main__" and not name.startswith("cli")])
def test_every_public_name_is_documented(name: str) -> None:
    assert importlib.import_module(f"lookalike.{name}".removesuffix(".__init__")).__doc__
    for label, value in _public(name):
        text = inspect.getdoc(value)
        assert text, f"{label} has no docstring"
        if inspect.isfunction(value):
            signature = inspect.signature(value)
            if signature.parameters:
                assert "Parameters\n----------" in text, f"{label} does not describe its parameters"
            if signature.return_annotation not in (None, "None"):
                assert "Returns\n-------" in text or "Yields\n------" in text, f"{label} does not say what it returns"


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_are_valid_text(name: str) -> None:
    """Python 3.13 imports no module that has a surrogate in a docstring: its escape is written with two backslashes."""
    for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            (ast.get_docstring(node, clean=False) or "").encode()


def test_no_module_is_longer_than_400_lines() -> None:
    native = sorted((PACKAGE.parents[1] / "native").glob("*.*pp"))
    assert native, "the kernels are part of the checkout"
    long = {
        path.name: count for path in [*MODULES.values(), *native] if (count := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_the_kernels_are_there() -> None:
    from lookalike import join  # noqa: PLC0415 - the message is what counts

    assert join.KERNELS[0] != join.REFERENCE, (
        "the compiled kernels are missing: install with a C++ compiler and test again"
    )
