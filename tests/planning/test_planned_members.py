"""Members of archives in plans: said, never acted on, and never the reason why a file goes."""

import gc
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lookalike
from conftest import encode, scene
from lookalike.errors import UnsafeError, UsageError
from lookalike.model import Tier
from lookalike.plan import KeepOptions, Plan
from lookalike.planning.making import plan_document
from lookalike.tables import document_from_json, plan_from_json, plan_to_json

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
Put = Callable[..., Path]
BIG = encode(scene(1), quality=92)
SMALL = encode(scene(1).resize((240, 180)), quality=85)
OTHER = encode(scene(2), quality=90)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    gc.collect()


def found(*roots: str, **options: Any) -> lookalike.Findings:
    return lookalike.find(list(roots), use_catalog=False, workers=1, **options)


def zipped(name: str, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(name, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def going(plan: Plan) -> set[str]:
    return {decision.path for decision in plan.removals}


def reason(plan: Plan, path: str) -> str:
    (decision,) = (one for one in plan.decisions if one.path == path)
    assert decision.verdict == "keep"
    return decision.reason


def mixed(put: Put) -> lookalike.Findings:
    """Return findings by which a file and a member would go."""
    put("p/big.jpg", BIG)
    put("p/small.jpg", SMALL)
    zipped("z.zip", {"a/small.jpg": SMALL, "a/other.jpg": OTHER})
    return found("p", "z.zip")


def test_members_are_planned_as_they_were_found(put: Put) -> None:
    plan = mixed(put).plan()
    assert going(plan) == {"p/small.jpg", "z.zip/a/small.jpg"}
    assert {decision.path: decision.source for decision in plan.decisions} == {
        "p/big.jpg": "files", "p/small.jpg": "files", "z.zip/a/small.jpg": "zip",
    }  # fmt: skip


def test_a_plan_with_members_is_refused_whole_and_before_anything(put: Put) -> None:
    plan = mixed(put).plan()
    before = sorted(os.listdir("p"))
    for asked in (plan, plan_from_json(plan_to_json(plan))):
        with pytest.raises(UsageError, match=r"1 of the 2 images .* z\.zip/a/small\.jpg"):
            lookalike.apply(asked, ledger="ledger")
    assert sorted(os.listdir("p")) == before
    assert not Path("ledger").exists()
    assert sorted(os.listdir()) == ["p", "z.zip"]


def test_two_members_alone_are_planned_with_their_archive_as_root() -> None:
    zipped("z.zip", {"cat/a.jpg": BIG, "cat/b.jpg": SMALL, "cat/c.jpg": OTHER})
    plan = found("z.zip").plan()
    assert going(plan) == {"z.zip/cat/b.jpg"}
    with pytest.raises(UsageError, match="only those can be acted on"):
        lookalike.apply(plan)


def test_classes_within_archives_conflict_too() -> None:
    zipped("z.zip", {"cat/a.jpg": BIG, "dog/b.jpg": SMALL, "dog/c.jpg": OTHER})
    plan = found("z.zip").plan()
    assert going(plan) == set()
    assert reason(plan, "z.zip/dog/b.jpg").startswith("label conflict: ")


def test_no_file_goes_in_favour_of_a_member(put: Put) -> None:
    put("p/small.jpg", SMALL)
    put("p/once-again.jpg", SMALL)
    zipped("z.zip", {"big.jpg": BIG})
    plan = found("p", "z.zip", keep="resolution,shortest-path").plan()
    assert reason(plan, "p/small.jpg") == "its keeper is no ordinary file: z.zip/big.jpg"
    (removal,) = plan.removals  # equal to the other one byte by byte, and that stays
    assert (removal.path, removal.keeper) == ("p/once-again.jpg", "p/small.jpg")
    assert lookalike.apply(plan, ledger="ledger").images == 1
    assert os.listdir("p") == ["small.jpg"]


def test_an_edited_plan_cannot_have_a_file_go_in_favour_of_a_member(put: Put) -> None:
    put("p/small.jpg", SMALL)
    zipped("z.zip", {"big.jpg": BIG})
    document = json.loads(plan_to_json(found("p", "z.zip").plan()))
    by_path = {row["path"]: row for row in document["decisions"]}
    by_path["p/small.jpg"] |= {
        "verdict": "remove", "keeper": "z.zip/big.jpg", "tier": "copy", "score": 1.0, "relation": "half size"
    }  # fmt: skip
    with pytest.raises(UnsafeError, match="which is no ordinary file"):
        plan_from_json(json.dumps(document))
    by_path["z.zip/big.jpg"].pop("source")  # it calls itself a file now
    done = lookalike.apply(plan_from_json(json.dumps(document)), ledger="ledger")
    assert (done.images, [one.path for one in done.refused]) == (0, ["p/small.jpg"])
    assert Path("p/small.jpg").read_bytes() == SMALL


def test_a_member_that_calls_itself_a_file_is_refused_alone(put: Put) -> None:
    plan = mixed(put).plan()
    lied = replace(plan, decisions=tuple(replace(one, source="files") for one in plan.decisions))
    done = lookalike.apply(lied, ledger="ledger")
    assert [one.path for one in done.refused] == ["z.zip/a/small.jpg"]
    assert (done.images, os.listdir("p")) == (1, ["big.jpg"])
    with zipfile.ZipFile("z.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("a/small.jpg") == SMALL


def test_findings_that_were_written_know_members_again(put: Put) -> None:
    findings = mixed(put)
    document = document_from_json(findings.to_json())
    plan = plan_document(document, options=KeepOptions())
    assert going(plan) == {"p/small.jpg", "z.zip/a/small.jpg"}
    with pytest.raises(UsageError, match="only those can be acted on"):
        lookalike.apply(plan)
    zipped("only.zip", {"a.jpg": BIG, "b.jpg": SMALL})
    members = document_from_json(found("only.zip").to_json())
    assert going(plan_document(members, options=KeepOptions())) == {"only.zip/b.jpg"}


def test_members_of_several_frames_are_looked_at_in_their_archive() -> None:
    def animated(last: int) -> bytes:
        frames = [scene(seed, 120, 90).convert("P") for seed in (1, 2, last)]
        return encode(frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0, duration=80)

    def larger(last: int) -> bytes:
        frames = [scene(seed, 120, 90).convert("P") for seed in (1, 2, last)]
        return encode(frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0, duration=90)

    zipped("z.zip", {"a.gif": animated(3), "b.gif": larger(3)})
    zipped("y.zip", {"a.gif": animated(3), "c.gif": animated(4)})
    assert len(going(found("z.zip").plan())) == 1
    differ = found("y.zip", tier="similar").plan()
    assert going(differ) == set()


def test_members_are_read_where_a_later_frame_may_differ() -> None:
    def animated(side: int, last: int) -> bytes:
        frames = [scene(seed).resize((side, side * 3 // 4)) for seed in (1, last)]
        return encode(frames[0], "GIF", save_all=True, append_images=frames[1:])

    zipped("z.zip", {"a.gif": animated(480, 2), "b.gif": animated(240, 2), "c.gif": animated(240, 3)})
    findings = found("z.zip", keep="resolution")
    for plan in (findings.plan(), plan_document(document_from_json(findings.to_json()), options=KeepOptions())):
        assert going(plan) == {"z.zip/b.gif"}
        reasons = {decision.path: decision.reason for decision in plan.decisions}
        assert reasons["z.zip/c.gif"].startswith("keeper carries less: frames")


def test_all_images_of_a_unit_in_an_archive_leave_the_list_with_it(put: Put) -> None:
    put("p/big.jpg", BIG)
    zipped("z.zip", {"small.jpg": SMALL, "other.jpg": OTHER})
    findings = found("p", "z.zip")
    plan = findings.plan()
    table = findings.keep_table(plan)
    kept = {path for path, keep in zip(table.path, table.keep.tolist(), strict=True) if keep}
    assert kept == {"p/big.jpg", "z.zip/other.jpg"}
    strict = findings.keep_table(findings.plan(tier="exact"))
    assert strict.keep.all()
    row = strict.path.index("z.zip/small.jpg")
    assert strict.reason[row] == "of tier copy only (--tier copy)"
    assert strict.tier[row] == Tier.COPY
