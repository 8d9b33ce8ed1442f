"""What a second review of old findings knows of the first."""

import os
from collections.abc import Callable
from pathlib import Path

import lookalike as la
from conftest import encode, scene
from lookalike.model import Tier
from lookalike.plan import KeepOptions
from lookalike.reviewing.session import Review
from lookalike.reviewing.subject import of_document
from lookalike.tables import document_from_json


def test_what_was_removed_is_not_open_again(put: Callable[..., Path], tmp_path: Path) -> None:
    for seed in (1, 2):
        put(f"p/{seed}.png", encode(scene(seed), "PNG"))
        put(f"p/{seed}-small.jpg", encode(scene(seed).resize((240, 180)), quality=80))
    findings = la.find(tmp_path / "p", workers=1).to_json()
    ledger = str(tmp_path / "ledger.sqlite")

    def begin() -> Review:
        return Review(of_document(document_from_json(findings)), KeepOptions(), ledger=ledger)

    first = begin()
    first.accept(0)
    batch = first.apply(first.plan()).batch
    assert batch is not None
    second = begin()
    assert (second.counts.removed, second.counts.left) == (1, 1)
    assert second.choices.removed == {0: batch}
    assert second.acceptable(Tier.COPY).tolist() == [1]
    assert second.route.next_open(second.choices.taken()) == 1
    la.undo(batch, ledger=ledger)
    assert len(os.listdir(tmp_path / "p")) == 4
    assert begin().counts.left == 2
