"""A plan as text: what a person must see before anything is done."""

from lookalike.model import Tier
from lookalike.plan import Decision, KeepOptions, Part, Plan, PlanRoot
from lookalike.report.plans import lines

DIGEST = bytes(32)


def keep(path: str, group: int, reason: str) -> Decision:
    return Decision(path, "keep", group, 2_000, 0, DIGEST, reason)


def plan(*decisions: Decision) -> Plan:
    options = KeepOptions(metadata="merge")
    return Plan("2026-01-01T00:00:00+00:00", "/x", (PlanRoot("p", "/x/p", 9),), options, "upright", decisions)


GOES = Decision(
    "p/b\n.jpg", "remove", 1, 1_000, 0, DIGEST, "resolution 9x9 > 4x4", "p/a.png", Tier.COPY, 0.9, "half size",
    (Part("p/b.xmp", 10, 0, DIGEST, None), Part("p/b.cr2", 5_000, 0, DIGEST, "p/a.cr2")), ("date", "gps"),
)  # fmt: skip
ALL = plan(
    keep("p/a.png", 1, "resolution 9x9 > 4x4"),
    keep("p/c.gif", 1, "keeper carries less: frames (--allow-loss frames)"),
    GOES,
    keep("p/cat/d.png", 2, "name"),
    keep("p/dog/d.png", 2, "label conflict: dog here, cat there (--across-folders)"),
    keep("p/e.gif", 2, "keeper carries less: alpha (--allow-loss alpha)"),
)
GAINED = {"p/b\n.jpg": 1_000, "p/b.xmp": 10, "p/b.cr2": 5_000}


def test_each_group_says_who_stays_who_goes_why_and_what_that_frees() -> None:
    text = list(lines(ALL, GAINED))
    assert text[:7] == [
        "Group 1: 3 images, 6.0 kB become free",
        "  keep  p/a.png  (2.0 kB)  resolution 9x9 > 4x4",
        "  stays p/c.gif  (2.0 kB)  keeper carries less: frames (--allow-loss frames)",
        "  goes  p/b\\n.jpg  (1.0 kB)  copy: half size; resolution 9x9 > 4x4",
        "        with p/b.xmp  (10 B)  nothing stays of it",
        "        with p/b.cr2  (5.0 kB)  p/a.cr2 stays",
        "        first to the keeper: its date, gps",
    ]
    assert text[8] == "Group 2: 3 images"


def test_the_end_counts_what_goes_and_what_stays_by_reason() -> None:
    text = list(lines(ALL, GAINED, show=1))
    assert text[8:] == [
        "... and 1 more group: --show all, or --plan FILE.json",
        "",
        "1 label conflict, the same picture in two classes:",
        "  p/dog/d.png: dog here, cat there (--across-folders)",
        "",
        "1 image stays: keeper carries less (--allow-loss alpha)",
        "1 image stays: keeper carries less (--allow-loss frames)",
        "1 image stays: label conflict (--across-folders)",
        "1 image and 2 files beside them go; 6.0 kB become free once purged",
    ]


def test_many_conflicts_are_cut_and_an_empty_plan_says_so() -> None:
    conflicts = [keep(f"p/{n}.png", 1, "label conflict: a here, b there") for n in range(30)]
    text = list(lines(plan(*conflicts), {}))
    assert "  ... and 9 more" in text
    assert text[-1] == "nothing goes"
