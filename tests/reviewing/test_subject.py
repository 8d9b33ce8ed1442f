"""What is reviewed: a search that just ended, and the same findings read back."""

import os
from pathlib import Path

import numpy as np
import pytest

from lookalike.groups.grouped import briefs
from lookalike.reviewing.subject import of_document, of_findings
from lookalike.tables import document_from_json
from reviews import album, findings, write


def test_findings_that_were_read_back_are_the_same_subject(tmp_path: Path) -> None:
    write(tmp_path / "photos", album())
    found = findings(tmp_path / "photos", orient="mirror")
    live, read = of_findings(found), of_document(document_from_json(found.to_json()))
    assert len(live.groups) == len(read.groups) == 4
    for at in range(4):
        assert live.briefs(at) == read.briefs(at) == briefs(live.groups[at])
        assert live.numbers[at] == read.numbers[at] == live.groups[at].id == read.groups[at].id
    for name in ("tier", "score", "images", "saving"):
        np.testing.assert_array_equal(getattr(live.outline, name), getattr(read.outline, name), err_msg=name)
    assert (list(live.roots), live.orient, live.found, live.place) == (
        list(read.roots),
        "mirror",
        read.found,
        read.place,
    )


def test_a_place_is_the_same_roots_however_they_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "photos", album())
    os.symlink(tmp_path / "photos", tmp_path / "link")
    monkeypatch.chdir(tmp_path)
    places = {of_findings(findings(name)).place for name in ("photos", "./photos/", str(tmp_path / "link"))}
    assert len(places) == 1
    both = {
        of_findings(findings(*names)).place
        for names in (("photos/dogs", "photos/trees"), ("photos/trees", "photos/dogs"))
    }
    assert len(both) == 1
    against = of_findings(findings("photos/dogs", against="photos/trees")).place
    assert len({against, *places, *both}) == 3


def test_what_could_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path / "photos", {"a.png": album()["dogs/big.png"][:900], **album()})
    assert [Path(one.ref.path).name for one in of_findings(findings(tmp_path / "photos")).failures] == ["a.png"]
