"""What any installed lookalike must do; run by the Python that has it, outside the checkout: `python smoke.py [--references]`.

Nothing but lookalike and what it depends on is needed. Wheels are tested with it on each platform, and so are installs without
a compiler, whose kernels are the references.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

import lookalike as la
from lookalike import join
from lookalike.join import REFERENCE

HASHES = {
    "ahash": "017ff56cbb06efc0",
    "dhash": "d7c7259933ac9a99",
    "phash": "a82e212d69333eee",
    "whash": "017fd56cb904efc0",
    "pdq": "84c8285f6afdc2857f94c019a6d5fec4e04d01bbd13ecde690cbdd5a9442d4ba",
}
"""Of the picture below, on every machine, with kernels and without."""


def picture(*seeds: int) -> Image.Image:
    """Make a picture by rule, in integers."""
    y, x = np.mgrid[0:240, 0:320]
    planes = [((x * 3 + y * seed) // 4 ^ (x // 40 * 37 + y // 30 * 61 * seed)) % 256 for seed in seeds]
    return Image.fromarray(np.stack(planes, axis=-1).astype(np.uint8))


def soft(image: Image.Image) -> Image.Image:
    """Make it more like a photo, without an edge that a smaller copy would lose."""
    return image.resize((40, 30)).resize((640, 480))


def run(*arguments: str) -> str:
    """Run the program and return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "lookalike", *arguments], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def check(folder: Path, references: bool) -> None:
    """Raise where something is not as it should be."""
    for name in la.__all__:
        getattr(la, name)
    assert la.__version__ == version("lookalike")
    assert (join.KERNELS[0] == REFERENCE) is references, f"the first kernel is {join.KERNELS[0]}"
    assert run("--version").startswith(f"lookalike {la.__version__} (kernel {join.KERNELS[0]}")

    one = picture(1, 2, 3)
    for name, text in HASHES.items():
        assert str(la.hash_image(one, name, decode="fast")) == text, name
    one, other = soft(one), soft(picture(5, 11, 7))

    photos = folder / "photos"
    photos.mkdir()
    one.save(photos / "a.png")
    one.resize((320, 240)).save(photos / "a small.jpg", quality=90)
    (photos / "a again.png").write_bytes((photos / "a.png").read_bytes())
    other.save(photos / "b.png")
    before = {path.name: path.read_bytes() for path in photos.iterdir()}

    findings = json.loads(run("find", str(photos), "--json"))
    assert findings["failures"] == []
    assert len(findings["groups"]) == 1
    tiers = {Path(member["path"]).name: member.get("tier") for member in findings["groups"][0]["members"]}
    assert tiers == {"a.png": None, "a again.png": "exact", "a small.jpg": "copy"}, tiers

    run("clean", str(photos), "--apply", "--yes", "--yes-most")
    assert sorted(path.name for path in photos.iterdir() if path.is_file()) == ["a.png", "b.png"]
    run("undo")
    assert {path.name: path.read_bytes() for path in photos.iterdir() if path.is_file()} == before


def main() -> None:
    """Check all of it in a temporary folder, with a home of its own."""
    parser = argparse.ArgumentParser(description="What any installed lookalike must do.")
    parser.add_argument("--references", action="store_true", help="installed without kernels, on purpose")
    references = parser.parse_args().references
    with tempfile.TemporaryDirectory() as name:
        homes = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_STATE_HOME", "LOCALAPPDATA")
        os.environ.update(dict.fromkeys(homes, name))
        check(Path(name), references)
    print(f"lookalike {la.__version__} with kernel {join.KERNELS[0]}: all is well")


if __name__ == "__main__":
    main()
