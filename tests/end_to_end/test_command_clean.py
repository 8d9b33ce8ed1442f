"""clean, apply, undo, purge and history as a user runs them: on real files, with a real ledger."""

import json
import os
import shlex
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from command import Result, run, write
from PIL import Image

from conftest import encode, scene
from lookalike.cli.acting import outcome
from lookalike.removal.applying import Applied, Refusal

Tree = dict[str, tuple[bytes, int, int]]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder with one picture four times, another twice, a white square twice, and two pictures of their own."""
    root = tmp_path / "photos"
    best = encode(scene(1), "PNG")
    write(root / "a.png", best)
    write(root / "old" / "a copy.png", best)
    write(root / "old" / "a.jpg", encode(scene(1), quality=80))
    write(root / "old" / "small.jpg", encode(scene(1).resize((240, 180)), quality=80))
    write(root / "b.jpg", encode(scene(2), quality=90))
    write(root / "b (1).jpg", encode(scene(2), quality=90))
    for name in ("white.png", "mask.png"):
        write(root / name, encode(Image.new("RGB", (64, 64), "white"), "PNG"))
    for seed in range(3, 9):
        write(root / f"{seed}.jpg", encode(scene(seed)))
    return root


def tree(root: Path) -> Tree:
    """Return names, bytes, times and modes."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns, stat.S_IMODE(path.stat().st_mode))
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def clean(root: Path, *options: str | Path) -> Result:
    return run("clean", root.name, "--workers", "1", *options, cwd=root.parent)


def names(root: Path) -> set[str]:
    return set(tree(root))


GONE = {"old/a copy.png", "old/a.jpg", "old/small.jpg", "b (1).jpg"}


def test_clean_prints_a_plan_and_stops(photos: Path) -> None:
    before = tree(photos)
    result = clean(photos)
    assert result.code == 0, result.errors
    assert tree(photos) == before
    assert sorted(os.listdir(photos.parent)) == ["photos"]
    goes = [line for line in result.text.splitlines() if line.startswith("  goes")]
    assert {line.split("photos/")[1].split("  (")[0] for line in goes} == GONE
    assert "Nothing was done" in result.text
    assert "1 image stays: flat or nearly blank (--flat)" in result.text
    assert "Move what goes to the quarantine; `lookalike undo` brings it back:" in result.text
    again = clean(photos, "--dry-run").text
    assert [line for line in again.splitlines() if line.startswith("  goes")] == goes


def test_json_is_all_there_is_on_stdout_and_quiet_says_nothing(photos: Path) -> None:
    applied = clean(photos, "--apply", "--yes", "--json")
    assert len(json.loads(applied.out)["decisions"]) > len(GONE)
    assert "lookalike undo 20" in applied.errors
    nothing = clean(photos, "--apply", "--yes", "--quiet")
    assert (nothing.code, nothing.out, nothing.errors) == (0, b"", "")


def test_what_came_of_an_act_is_json_and_all_there_is_on_stdout(photos: Path) -> None:
    plan = photos.parent / "plan.json"
    assert clean(photos, "--plan", plan).code == 0
    (photos / "b.jpg").unlink()
    applied = run("apply", plan, "--yes", "--json")
    assert applied.code == 4
    done = applied.document
    (place,) = (photos.parent / ".lookalike-quarantine").iterdir()
    assert (done["batch"], done["places"]) == (place.name, [{"path": str(place)}])
    assert (done["images"], done["files"]) == (3, 3)
    assert [one["path"] for one in done["refused"]] == ["photos/b (1).jpg"]
    write(photos / "old" / "a.jpg", b"something new")
    undone = run("undo", "--json")
    assert (undone.code, undone.document["batch"], undone.document["files"]) == (0, place.name, 3)
    old = str(photos / "old")
    assert undone.document["beside"] == [{"path": f"{old}/a.jpg", "restored": f"{old}/a.restored.jpg"}]
    assert undone.document["bytes"] == done["bytes"] > 0

    assert clean(photos, "--apply", "--yes", "--quiet").code == 0
    (photos / "a.png").unlink()
    name = run("history", "--json").document["batches"][-1]["name"]
    purged = run("purge", name, "--yes", "--json")
    assert purged.code == 4
    assert (purged.document["batch"], purged.document["files"]) == (name, 0)
    assert {one["path"] for one in purged.document["held"]} >= {f"{old}/a copy.png"}
    nothing = run("apply", plan, "--json", "--yes")
    assert (nothing.code, nothing.document["files"], len(nothing.document["refused"])) == (4, 0, 4)
    assert run("history").text.splitlines()[-1].endswith("quarantine: nothing was done (4 refused)")


def test_what_is_deleted_and_held_back_says_where_it_is(photos: Path) -> None:
    place = str(photos.parent / "q" / "b")
    held = Applied("b", "delete", 1, 0, 0, (Refusal("x.png", "its keeper is not there"),), (place,))
    lines = list(outcome(held, None))
    assert lines[1] == f"What was held back lies in {place}"
    assert lines[2].startswith("Bring it back: ")
    assert lines[2].endswith("lookalike undo b")
    assert len(list(outcome(replace(held, places=()), None))) == 1


def test_what_cannot_be_read_is_told(photos: Path) -> None:
    (photos / "cut.jpg").write_bytes((photos / "3.jpg").read_bytes()[:900])
    assert "1 not read, damaged (photos/cut.jpg: " in clean(photos).text


def test_plans_and_findings_are_not_taken_for_each_other(photos: Path) -> None:
    plan, findings = photos.parent / "plan.json", photos.parent / "findings.json"
    assert clean(photos, "--plan", plan, "--quiet").code == 0
    assert run("find", photos, "--output", findings, "--quiet").code == 0
    for verb, path, told in (
        ("apply", findings, "holds findings, not a plan: lookalike clean FINDINGS --plan PLAN makes one"),
        ("clean", plan, "is a plan, not findings: lookalike apply PLAN carries it out"),
    ):
        refused = run(verb, path)
        assert refused.code == 2
        assert told in refused.errors


def test_apply_moves_undo_brings_back_and_purge_frees(photos: Path) -> None:
    before = tree(photos)
    applied = clean(photos, "--apply", "--yes")
    assert applied.code == 0, applied.errors
    assert names(photos) == set(before) - GONE
    (place,) = (photos.parent / ".lookalike-quarantine").iterdir()
    assert f"lookalike undo {place.name}" in applied.text
    assert f"lookalike purge {place.name}" in applied.text
    assert "No space is free yet" in applied.text
    assert (place / "photos" / "old" / "a.jpg").read_bytes() == before["old/a.jpg"][0]

    undone = run("undo")
    assert undone.code == 0, undone.errors
    assert tree(photos) == before
    assert not (photos.parent / ".lookalike-quarantine").exists()

    assert clean(photos, "--apply").code == 0  # nobody is asked where there is no terminal
    history = run("history", "--json").document["batches"]
    assert [(batch["files"], batch["action"]) for batch in history] == [
        ({"undone": 4}, "quarantine"),
        ({"done": 4}, "quarantine"),
    ]
    name = history[1]["name"]
    refused = run("purge", name)
    assert (refused.code, names(photos)) == (4, set(before) - GONE)
    assert "add --yes" in refused.errors
    purged = run("purge", name, "--yes")
    assert purged.code == 0, purged.errors
    assert not (photos.parent / ".lookalike-quarantine").exists()
    again = run("undo", name)
    assert again.code == 4
    assert "it was purged" in again.errors
    assert "4 files purged" in run("history").text


def test_a_plan_is_written_edited_and_applied(photos: Path) -> None:
    before = tree(photos)
    plan = photos.parent / "plan.json"
    assert clean(photos, "--plan", plan).code == 0
    document = json.loads(plan.read_text())
    for decision in document["decisions"]:
        if decision["path"].endswith("small.jpg"):
            decision["verdict"] = "keep"
            for name in ("keeper", "tier", "score", "relation", "parts", "metadata"):
                decision.pop(name, None)
    plan.write_text(json.dumps(document))
    result = run("apply", plan, "--yes", cwd=photos.parent)
    assert result.code == 0, result.errors
    assert names(photos) == set(before) - (GONE - {"old/small.jpg"})


def test_an_edited_plan_that_would_lose_a_picture_is_refused(photos: Path) -> None:
    before = tree(photos)
    plan = photos.parent / "plan.json"
    assert clean(photos, "--plan", plan).code == 0
    document = json.loads(plan.read_text())
    for decision in document["decisions"]:
        if decision["path"] == "photos/a.png":
            keeper = next(one["path"] for one in document["decisions"] if one["path"].endswith("a.jpg"))
            decision.update(verdict="remove", keeper=keeper, tier="copy", score=1.0, relation="recompressed")
    plan.write_text(json.dumps(document))
    result = run("apply", plan, "--yes", cwd=photos.parent)
    assert result.code == 4
    assert "does not keep" in result.errors
    assert tree(photos) == before


def test_what_has_changed_since_the_plan_stays_and_the_rest_goes(photos: Path) -> None:
    before = tree(photos)
    plan = photos.parent / "plan.json"
    assert clean(photos, "--plan", plan).code == 0
    # Same size, same time, other content.
    victim = photos / "old" / "a copy.png"
    content = bytearray(victim.read_bytes())
    content[-20] ^= 1
    write(victim, bytes(content))
    (photos / "b.jpg").unlink()
    result = run("apply", plan, "--yes", cwd=photos.parent)
    assert result.code == 4
    assert "a copy.png: its content has changed since the plan was made" in result.errors
    assert "b (1).jpg: its keeper is not there any more" in result.errors
    assert names(photos) == set(before) - {"b.jpg", "old/a.jpg", "old/small.jpg"}


def test_findings_are_cleaned_as_their_folder_is(photos: Path) -> None:
    findings = photos.parent / "findings.json"
    assert run("find", "photos", "--output", findings, cwd=photos.parent).code == 0
    by_findings = photos.parent / "one.json"
    by_folder = photos.parent / "two.json"
    assert run("clean", findings, "--plan", by_findings, cwd=photos.parent).code == 0
    assert clean(photos, "--plan", by_folder).code == 0
    one, two = (json.loads(path.read_text()) for path in (by_findings, by_folder))
    assert _removals(one) == _removals(two) == {f"photos/{name}" for name in GONE}
    assert run("clean", findings, "--crops", cwd=photos.parent).code == 2


def _removals(plan: dict[str, list[dict[str, str]]]) -> set[str]:
    return {decision["path"] for decision in plan["decisions"] if decision["verdict"] == "remove"}


@pytest.mark.parametrize("action", ["hardlink", "symlink"])
def test_links_take_the_place_of_equal_files_only(photos: Path, action: str) -> None:
    before = tree(photos)
    result = clean(photos, "--apply", "--yes", "--action", action)
    assert result.code == 0, result.errors
    assert tree(photos).keys() == before.keys()
    assert os.path.samefile(photos / "a.png", photos / "old" / "a copy.png")
    assert os.path.islink(photos / "old" / "a copy.png") == (action == "symlink")
    assert run("undo").code == 0
    assert tree(photos) == before
    assert not os.path.samefile(photos / "a.png", photos / "old" / "a copy.png")


def test_delete_needs_a_word_of_its_own(photos: Path) -> None:
    before = tree(photos)
    refused = clean(photos, "--apply", "--yes", "--action", "delete")
    assert (refused.code, tree(photos)) == (4, before)
    result = clean(photos, "--apply", "--yes", "--yes-delete", "--action", "delete")
    assert result.code == 0, result.errors
    assert names(photos) == set(before) - GONE
    assert sorted(os.listdir(photos.parent)) == ["photos"]
    assert run("undo").code == 2


def test_over_half_of_a_root_needs_a_word_of_its_own(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / "photos" / f"{name}.png", encode(scene(1), "PNG"))
    root = tmp_path / "photos"
    refused = clean(root, "--apply", "--yes")
    assert (refused.code, len(names(root))) == (4, 3)
    assert "over half" in refused.errors
    assert clean(root, "--apply", "--yes", "--yes-most").code == 0
    assert len(names(root)) == 1


def test_undo_without_the_ledger_from_the_quarantine_moved_elsewhere(photos: Path, tmp_path: Path) -> None:
    before = tree(photos)
    ledger = tmp_path / "state" / "ledger.sqlite"
    assert clean(photos, "--apply", "--yes", "--ledger", ledger).code == 0
    ledger.unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("photos", ".lookalike-quarantine"):
        (tmp_path / name).rename(elsewhere / name)
    (place,) = (elsewhere / ".lookalike-quarantine").iterdir()
    result = run("undo", "--from", place, "--ledger", ledger)
    assert result.code == 0, result.errors
    assert tree(elsewhere / "photos") == before


def test_what_has_appeared_since_is_never_overwritten(photos: Path) -> None:
    before = tree(photos)
    assert clean(photos, "--apply", "--yes").code == 0
    write(photos / "b (1).jpg", b"something new")
    result = run("undo")
    assert result.code == 0, result.errors
    assert "restored as" in result.errors
    assert (photos / "b (1).jpg").read_bytes() == b"something new"
    assert (photos / "b (1).restored.jpg").read_bytes() == before["b (1).jpg"][0]


def test_purge_holds_back_what_has_lost_its_keeper(photos: Path) -> None:
    assert clean(photos, "--apply", "--yes").code == 0
    (photos / "a.png").unlink()
    (name,) = [batch["name"] for batch in run("history", "--json").document["batches"]]
    result = run("purge", name, "--yes")
    assert result.code == 4
    assert result.errors.count("held back") == 3
    undone = run("undo")
    assert undone.code == 4  # one image of the batch had its keeper and is gone for good
    assert undone.errors.count("it was purged") == 1
    assert (photos / "old" / "a copy.png").exists()


def test_a_search_passes_over_quarantines_and_a_chosen_one_too(photos: Path) -> None:
    chosen = photos / "put away"
    assert clean(photos, "--apply", "--yes", "--quarantine", chosen).code == 0
    assert (chosen / ".lookalike-quarantine").is_file()
    document = run("find", "photos", "--json", cwd=photos.parent).document
    assert document["stats"]["duplicates"] == 1  # the white square
    assert document["stats"]["skipped"]["lookalike's own quarantine"] == 1
    assert run("undo").code == 0
    assert not chosen.exists() or os.listdir(chosen) == []


def test_the_script_does_what_apply_does(photos: Path) -> None:
    before = tree(photos)
    script = photos.parent / "clean.sh"
    made = clean(photos, "--script", script)
    assert made.code == 0
    assert made.text.endswith(f"then: sh {shlex.quote(str(script))}\n")
    content = bytearray((photos / "b (1).jpg").read_bytes())
    content[-20] ^= 1
    write(photos / "b (1).jpg", bytes(content))
    done = subprocess.run(["sh", script], capture_output=True, check=False, cwd="/")
    assert done.returncode == 4
    assert b"it has changed: " in done.stderr
    assert subprocess.run(["sh", script], capture_output=True, check=False).returncode == 4  # again, for what was left
    assert names(photos) == set(before) - (GONE - {"b (1).jpg"})
    (place,) = (photos.parent / ".lookalike-quarantine").iterdir()
    assert run("undo", "--from", place).code == 0
    assert names(photos) == set(before)


def test_decisions_hold_what_they_are_about(photos: Path) -> None:
    assert run("decide", "add", "different", photos / "a.png", photos / "old" / "a.jpg").code == 0
    assert run("decide", "add", "keep", photos / "b.jpg").code == 0
    (photos / "old" / "a.jpg").rename(photos / "renamed.jpg")
    result = clean(photos, "--apply", "--yes")
    assert result.code == 0, result.errors
    left = names(photos)
    assert {"a.png", "renamed.jpg", "b.jpg", "b (1).jpg"} <= left
    assert "old/a copy.png" not in left


def test_decisions_hold_what_was_found_and_planned_before_them(photos: Path) -> None:
    """Whatever is carried out later, a plan or findings, knows what was decided meanwhile."""
    found, plan = photos.parent / "found.json", photos.parent / "plan.json"
    assert run("find", photos.name, "--output", found, cwd=photos.parent).code == 0
    assert clean(photos, "--plan", plan).code == 0
    assert run("decide", "add", "different", photos / "a.png", photos / "old" / "a.jpg").code == 0
    assert run("decide", "add", "keep", photos / "b.jpg").code == 0
    again = run("clean", found.name, cwd=photos.parent)
    assert "decided to be no duplicate (lookalike decide)" in again.text
    applied = run("apply", plan, "--yes")
    assert applied.code == 4
    assert "somebody decided that it is no duplicate" in applied.errors
    assert {"old/a.jpg", "b.jpg", "b (1).jpg"} <= names(photos)
    assert "old/a copy.png" not in names(photos)


@pytest.mark.parametrize(
    "options",
    [
        ("--tier", "similar"),
        ("--action", "burn"),
        ("--allow-loss", "money"),
        ("--merge-metadata", "--drop-metadata"),
        ("--apply", "--dry-run"),
        ("--within", "-1"),
        ("--plan", "no/such/folder/plan.json"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_done(photos: Path, options: tuple[str, ...]) -> None:
    before = tree(photos)
    result = clean(photos, *options)
    assert (result.code, tree(photos)) == (2, before)
    assert "Traceback" not in result.errors


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of terminals")
def test_a_terminal_is_asked(photos: Path) -> None:
    import pty  # noqa: PLC0415 - not there on Windows

    from command import environment, line  # noqa: PLC0415

    before = tree(photos)
    for answer, code, gone in ((b"n\n", 0, set()), (b"\x04", 130, set()), (b"y\n", 0, GONE)):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            line("clean", "photos", "--apply", "--quiet"), cwd=photos.parent, env=environment(), stdin=theirs,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            os.close(theirs)
            os.write(ours, answer)
            out, errors = process.communicate(timeout=120)
        os.close(ours)
        assert process.returncode == code, errors
        assert b"Move 4 images to the quarantine?" in out
        assert out.endswith(b"\n") or answer != b"\x04", "what is said of the end of it has a line of its own"
        assert names(photos) == set(before) - gone
