"""A search of what is no path: names, mixtures, plans, pictures, processes, and a notebook that runs."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import nbclient
import nbformat
import numpy as np
import pandas as pd
import pytest

from conftest import encode, scene
from lookalike import find
from lookalike.errors import UsageError
from lookalike.showing import notebooks

SEEDS = [1, 2, 1, 3, 2]
IMAGES = [scene(seed) for seed in SEEDS]
KEPT = [0, 1, 3]


def dataset(split: str | None = None) -> datasets.Dataset:
    cells = [{"bytes": encode(image), "path": None} for image in IMAGES]
    made = datasets.Dataset.from_dict({"image": cells}, split=None if split is None else datasets.Split(split))
    return made.cast_column("image", datasets.Image())


def test_each_has_a_name_of_its_own(put: Callable[..., Path]) -> None:
    file = put("photos/a.jpg", encode(IMAGES[0]))
    found = find(
        {"train": IMAGES, "test": dataset(), "both": datasets.DatasetDict({"x": dataset(), "train": dataset()})},
        against=[str(file.parent), pd.DataFrame({"i": IMAGES}), dataset("validation")],
        use_catalog=False,
    )
    assert found.roots == ["train", "test", "x", "train#2"]
    assert found.references == [str(file.parent), "images", "validation"]
    assert list(found.keep_rows) == found.roots
    assert all(rows.tolist() == [] for rows in found.keep_rows.values())
    assert found.stats["against"] == {"matched": 20, "unmatched": 0, "unreadable": 0}


def test_no_name_hides_a_folder(tmp_path: Path, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put("images/0", encode(scene(9), "PNG"))
    found = find(["images", dataset()], use_catalog=False)
    assert found.roots == ["images", "images#2"]
    assert found.keep_paths == ["images#2/0", "images#2/1", "images#2/3", "images/0"]
    assert {name: rows.tolist() for name, rows in found.keep_rows.items()} == {"images#2": KEPT}
    assert found.keep_indices.tolist() == KEPT


def test_paths_are_what_they_were(put: Callable[..., Path]) -> None:
    files = [put(f"{row}.png", encode(image, "PNG")) for row, image in enumerate(IMAGES)]
    for given in (
        files,
        tuple(map(str, files)),
        np.array(list(map(str, files))),
        iter(files),
        dict.fromkeys(files).keys(),
        set(files),
    ):
        found = find(given, use_catalog=False)
        assert found.stats["duplicates"] == 2
        assert found.keep_rows == {}
    with pytest.raises(UsageError, match="nothing that was searched has rows: use keep_paths"):
        _ = found.keep_indices


@pytest.mark.parametrize("wrong", [7, None, IMAGES[0], b"GIF89a", np.zeros((4, 4, 3), np.uint8), object()])
def test_what_cannot_be_searched_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match=f"cannot look for images in {type(wrong).__name__}: give a path"):
        find(wrong)


@pytest.mark.parametrize("nothing", [[], (), {}, iter(())])
def test_nothing_is_refused(nothing: Any) -> None:
    with pytest.raises(UsageError, match="no path given"):
        find(nothing)


def test_findings_are_all_text_and_search_again() -> None:
    found = find({"train": dataset(), "more": IMAGES}, tier="copy", use_catalog=False)
    document = found.to_dict()
    assert document["roots"] == ["train", "more"]
    assert [row["images"] for row in document["by_root"]] == [5, 5]
    sources = {member["source"] for group in document["groups"] for member in group["members"]}
    assert sources == {"huggingface", "memory"}
    other = found._again("name")
    assert len(other.keep_paths) == len(found.keep_paths) == 3


def test_pictures_of_values_are_shown() -> None:
    for given in (IMAGES, dataset(), pd.DataFrame({"i": IMAGES})):
        found = find(given, use_catalog=False)
        page = found._repr_html_()
        assert len(re.findall(r'<img[^>]* src="data:image/webp;base64,', page)) == 4
        assert page == found.show(5)._repr_html_()
        assert found.show(1)._repr_html_().count("data:image/webp") == 2


SPAWNED = """
import multiprocessing
import numpy as np
import lookalike

if __name__ != "__mp_main__":
    multiprocessing.set_start_method("spawn")

def kept(queue=None):
    noise = np.random.default_rng(0)
    images = [np.kron(noise.integers(0, 255, (9, 9, 3), np.uint8), np.ones((20, 20, 1), np.uint8)) for _ in range(3)]
    rows = lookalike.find([*images, images[1]], use_catalog=False, workers=2).keep_indices.tolist()
    queue.put(rows) if queue else print(rows)
"""


def _run(code: str, folder: Path) -> list[str]:
    script = folder / "script.py"
    script.write_text(SPAWNED + code)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_script_without_a_guard_runs_once_whatever_the_start_method(tmp_path: Path) -> None:
    assert _run("kept()\nprint('once')", tmp_path) == ["[0, 1, 2]", "once"]


def test_a_child_process_may_search(tmp_path: Path) -> None:
    code = """
if __name__ == "__main__":
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=kept, args=(queue,))
    child.start()
    print(queue.get(timeout=120))
    child.join()
    print(child.exitcode)
"""
    assert _run(code, tmp_path) == ["[0, 1, 2]", "0"]


CELL = """
import io
import lookalike as la
from PIL import Image
images = [Image.radial_gradient("L"), Image.linear_gradient("L"), Image.radial_gradient("L")]
found = la.find(images, use_catalog=False)
found
"""


def test_a_notebook_shows_progress_and_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notes: Any = nbformat.v4
    page = notes.new_notebook(cells=[notes.new_code_cell(CELL), notes.new_code_cell("found.keep_indices")])
    nbclient.NotebookClient(page, timeout=300, kernel_name="python3").execute()
    first, second = page.cells
    bar, shown = first.outputs
    assert "<progress value" in bar["data"]["text/html"]
    assert bar["data"]["text/plain"] == "3 of 3 images read"
    assert shown["data"]["text/html"].count("data:image/webp;base64,") == 2
    assert "1 group" in shown["data"]["text/plain"]
    assert second.outputs[0]["data"]["text/plain"] == "array([0, 1])"


def test_nothing_is_shown_outside_of_notebooks() -> None:
    assert notebooks.notebook_progress() is None


def test_a_bar_says_how_far_it_is() -> None:
    assert repr(notebooks.Bar(1200, 3400, finished=True)) == "1,200 of 3,400 images read"
    assert 'value="1200" max="3400"' in notebooks.Bar(1200, 3400, finished=True)._repr_html_()
    assert repr(notebooks.Bar(5, 70, finished=False)) == "counting, 70 images so far, 5 read"
    assert "value" not in notebooks.Bar(5, 70, finished=False)._repr_html_()
