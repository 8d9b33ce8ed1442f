"""The promises of docs/security.md: each names a test that is there, and nothing that is read is ever run."""

import ast
import re
from pathlib import Path

import lookalike

PACKAGE = Path(lookalike.__file__).parent
TOP = Path(__file__).resolve().parents[1]
RUNNING = {"eval", "exec", "compile", "__import__"}
RISKY = {
    "pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.load", "marshal.loads", "shelve.open", "os.system", "os.popen",
    "numpy.load", "np.load", "yaml.load",
}  # fmt: skip


def test_each_promise_names_a_test_that_is_there() -> None:
    rows = re.findall(r"^\| .+ \| (`tests/.+`) \|$", (TOP / "docs" / "security.md").read_text("utf-8"), re.MULTILINE)
    named = [one for row in rows for one in row.strip("`").split("`, `")]
    assert len(named) > 40
    for one in named:
        path, _, name = one.partition("::")
        assert re.search(rf"^def {name}\(", (TOP / path).read_text("utf-8"), re.MULTILINE), one


def test_nothing_that_is_read_is_run() -> None:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            shell = called.startswith("subprocess.") and any(word.arg == "shell" for word in node.keywords)
            if called in RUNNING and all(isinstance(given, ast.Constant) for given in node.args):
                continue  # it was read from nowhere
            pickles = any(word.arg == "allow_pickle" for word in node.keywords)
            if called in RUNNING | RISKY or shell or pickles:
                found.add((path.relative_to(PACKAGE).as_posix(), called))
    assert found == {("pool/worker.py", "pickle.load")}
