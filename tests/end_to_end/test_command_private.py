"""Nothing leaves this machine: every verb, on folders, archives and tables, with all packages there, opens no socket.

The child process, and its workers, are watched twice: by an audit hook, which sees what Python asks for, and on Linux by the
system itself, which ends whoever asks for an internet socket, from C++ too.
"""

import io
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from album import jpeg
from command import environment, line, run_anew, write
from ready import Ready

from conftest import encode, scene

SEALABLE = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
HOOK = """
import os, sys

LOCAL = ("socket.__new__", "socket.gethostname")

def _watched(event, given):
    if event.partition(".")[0] in ("socket", "urllib", "http", "ftplib") and event not in LOCAL:
        with open(os.environ["WATCHED"], "a") as file:
            file.write(f"{event} {given[1:]!r}\\n")

sys.addaudithook(_watched)

def _seal():
    '''Have the system end this process, and those that it starts, when they ask for an internet socket.'''
    import ctypes, platform, struct
    number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
    load, equal, give = 0x20, 0x15, 0x06
    steps = [(load, 0, 0, 0), (equal, 0, 4, number), (load, 0, 0, 16), (equal, 1, 0, 2), (equal, 0, 1, 10),
             (give, 0, 0, 0x80000000), (give, 0, 0, 0x7fff0000)]  # AF_INET, AF_INET6: end the process; else allow
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()

if os.environ.get("SEALED"):
    _seal()
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same pictures in a folder, archives, a table and a data set."""
    base = tmp_path_factory.mktemp("private")
    write(base / "photos" / "a.png", encode(scene(1, 320, 240), "PNG"))
    write(base / "photos" / "b.jpg", jpeg(scene(1, 320, 240), 70))
    write(base / "photos" / "c.webp", encode(scene(2, 320, 240), "WEBP"))
    files = {path.name: path.read_bytes() for path in (base / "photos").iterdir()}
    with zipfile.ZipFile(base / "set.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with tarfile.open(base / "set.tar", "w") as tar:
        for name, content in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
    for seed in range(10, 21):
        write(base / "many" / f"{seed}.jpg", jpeg(scene(seed, 160, 120), 90))
    (base / "pairs.csv").write_text("path_a,path_b,same\nphotos/a.png,photos/b.jpg,1\nphotos/a.png,photos/c.webp,0\n")
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"image": list(files.values())}), base / "set.parquet")
    datasets = pytest.importorskip("datasets")
    rows = {"image": [{"bytes": content, "path": None} for content in files.values()]}
    datasets.Dataset.from_dict(rows).cast_column("image", datasets.Image()).save_to_disk(base / "saved")
    return base


@pytest.fixture(scope="module")
def ready(hook: Path) -> Ready:
    """An interpreter that is watched and sealed, and becomes a command as often as it is asked to."""
    return Ready(environment(PYTHONPATH=_with(hook), WATCHED=os.devnull, **SEALED))


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hook")
    (folder / "sitecustomize.py").write_text(HOOK)
    return folder


@pytest.fixture
def watched(hook: Path, tmp_path: Path) -> dict[str, Any]:
    """Return the environment of a process that is watched; it can be sealed, too."""
    offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"), "")
    return {"PYTHONPATH": _with(hook), "WATCHED": str(tmp_path / "watched"), **offline}


def _with(hook: Path) -> str:
    return os.pathsep.join(filter(None, [str(hook), os.environ.get("PYTHONPATH")]))


def seen(watched: dict[str, Any]) -> list[str]:
    path = Path(watched["WATCHED"])
    return path.read_text().splitlines() if path.exists() else []


ALL = ("photos", "set.zip", "set.tar", "set.parquet", "saved")
SEALED = {"SEALED": "1"} if SEALABLE else {}
OUTPUTS = [word for ending in ("json", "csv", "html", "parquet") for word in ("--output", f"f.{ending}")]
ONE = ("--workers", "1")
"""Of all but find, which has two: workers take longer to begin than anything else here."""
VERBS: dict[str, list[tuple[str, ...]]] = {
    "find": [("find", *ALL, "--workers", "2", "--verify", "pixels", "--keep-lists", "lists", *OUTPUTS)],
    "catalog": [
        ("find", "photos", *ONE), ("catalog", "info"), ("catalog", "verify"), ("catalog", "export", "c.parquet"),
        ("catalog", "import", "c.parquet"), ("catalog", "prune"), ("find", "c.parquet", "photos", *ONE),
    ],
    "clean": [("clean", "photos", "--apply", "--yes", "--yes-most", *ONE), ("history",), ("undo",)],
    "apply": [("clean", "photos", "--plan", "plan.json", *ONE), ("apply", "plan.json", "--yes", "--yes-most", *ONE)],
    "hash": [("hash", *ALL, *ONE, "--decode", "fast", "--output", "h.parquet")],
    "leaks": [("leaks", "photos", "set.zip", "--output", "l.html", *ONE)],
    "search": [("search", "photos/a.png", "--in", "set.tar", "--in", "photos", *ONE)],
    "compare": [("compare", "photos/a.png", "photos/b.jpg")],
    "features": [("features", "pairs.csv", *ONE)],
    "export": [("export", *ALL, "--copy-to", "out", *ONE)],
    "tune": [("tune", "many", "--sample", "10", "--edits", "codec", "--algorithm", "phash", *ONE)],
    "decide": [("decide", "list")],
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_opens_a_socket(
    photos: Path, watched: dict[str, Any], ready: Ready, verb: str, tmp_path: Path
) -> None:  # fmt: skip
    here = shutil.copytree(photos, tmp_path / "here")
    with (tmp_path / "said").open("wb+") as said:
        for words in VERBS[verb]:
            code = ready.run([*words], str(here), environment(**watched, **SEALED), [said.fileno()] * 2, 180)
            said.seek(0)
            assert code == 0, said.read()
            assert seen(watched) == []


def test_neither_does_python(photos: Path, watched: dict[str, Any]) -> None:
    code = """
import datasets, pandas
import lookalike as la
import lookalike.imagehash, lookalike.imgdd
found = la.find(datasets.load_from_disk("saved"), column="image", use_catalog=False)
assert len(found.groups) == 1, found
found.to_html(); found.keep_table().to_pandas(); repr(found.show())
la.find(list(ALL), workers=2).plan()
la.hash_images("photos")
la.phash("photos/a.png") - la.phash("photos/b.jpg")
la.compare("photos/a.png", "photos/b.jpg").relation
""".replace("ALL", repr(ALL))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=photos,
        env=os.environ | watched | SEALED,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert seen(watched) == []


@pytest.fixture
def reviewing(photos: Path, watched: dict[str, Any]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        line("review", "photos", "--quiet", "--no-catalog", "--no-browser"), cwd=photos, env=environment(**watched),
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        yield process
        process.kill()


def test_a_review_listens_on_this_machine_alone(reviewing: "subprocess.Popen[bytes]", watched: dict[str, Any]) -> None:
    assert reviewing.stdout is not None
    address = reviewing.stdout.readline().decode()
    port = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?token=[\w-]+\n", address)[1])  # type: ignore[index]
    reviewing.send_signal(signal.SIGTERM)
    reviewing.wait(60)
    assert {row for row in seen(watched) if not row.startswith("socket.getaddrinfo ")} == {
        "socket.bind (('127.0.0.1', 0),)"
    }
    assert all("127.0.0.1" in row for row in seen(watched))
    assert port


def test_a_url_is_seen_by_who_watches_here(photos: Path, watched: dict[str, Any], ready: Ready, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="fsspec needs it for http")
    words = ["find", "http://127.0.0.1:9/a.jpg", "--no-catalog"]
    with (tmp_path / "said").open("wb+") as said:
        code = ready.run(words, str(photos), environment(**watched), [said.fileno()] * 2, 180)
    assert code == (-signal.SIGSYS if SEALABLE else 3)
    assert run_anew(*words, cwd=photos, **watched).code == 3
    assert any(row.startswith("socket.connect ") for row in seen(watched))


@pytest.mark.skipif(not SEALABLE, reason="the system that ends processes is Linux")
@pytest.mark.parametrize(("family", "ends"), [(2, True), (10, True), (1, False)])
def test_so_is_a_socket_that_c_opens(watched: dict[str, Any], family: int, *, ends: bool) -> None:
    code = f"import ctypes; ctypes.CDLL(None).socket({family}, 1, 0)"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | watched | SEALED, check=False)
    assert done.returncode == (-signal.SIGSYS if ends else 0)
