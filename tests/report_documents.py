"""Documents of findings made by rule, as `find --json` writes them, without any file."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from PIL import Image

from conftest import encode

HOSTILE = "</script><img src=x onerror=alert(1)>"
NAMES = (
    HOSTILE,
    "quote\"'`.jpg",
    "line\nbreak.jpg",
    "esc\x1b[2J.jpg",
    "\u202egpj.exe",
    "a\ufffdb.jpg",
    "&amp;.jpg",
    "{{ 7*7 }}.jpg",
)
TIERS = ("exact", "copy", "edit", "similar")


def member(path: str, **values: Any) -> dict[str, Any]:
    """Return a member that others are verified against; with a keeper, one that is."""
    row = {
        "path": path, "width": 800, "height": 600, "bytes": 91_234, "format": "JPEG", "quality": 85,
        "digest": sha256(path.encode()).hexdigest(), "detail": 60, "role": "keeper", "reason": "resolution 800x600 > 400x300",
    }  # fmt: skip
    if "keeper" in values:
        row |= {
            "role": "duplicate", "distance": 2, "distance_share": 0.03125, "score": 0.997, "tier": "copy",
            "relation": "half size, recompressed", "keeper_lacks": [],
        }  # fmt: skip
    return row | values


def group(number: int, *others: dict[str, Any], keeper: str | None = None, saving: int = 1000) -> dict[str, Any]:
    """Return a group of a keeper and others, which name it unless they name another."""
    path = keeper or f"photos/{number}.jpg"
    rows = [
        member(path),
        *(member(**{"path": f"backup/{number}-{at}.jpg", "keeper": path} | row) for at, row in enumerate(others)),
    ]
    return {"id": number, "keeper": path, "saving": saving, "diameter": 4, "members": rows}


def findings(groups: Sequence[dict[str, Any]], **values: Any) -> dict[str, Any]:
    """Return a whole document."""
    rows = [row for one in groups for row in one["members"][1:]]
    by_tier = {tier: sum(row["tier"] == tier for row in rows) for tier in TIERS}
    return {
        "version": 1,
        "options": {"tier": "similar", "keep": "resolution", "protect": [], "against": [], "max_pixels": 10**8, "crops": False},
        "roots": ["photos", "backup"],
        "by_root": [
            {"path": path, "images": 10, "reference": False, "class_depth": 0, "class_from": 0} for path in ("photos", "backup")
        ],
        "environment": {"lookalike": "0.1.0", "kernel": "avx2"},
        "groups": list(groups),
        "failures": [],
        "warnings": [],
        "stats": {
            "images": 12345, "hashed": 12344, "cached": 0, "failed": 1, "skipped": {"not an image": 3}, "groups": len(groups),
            "duplicates": sum(row["role"] == "duplicate" for row in rows), "bytes_in_duplicates": 81_234_567,
            "by_tier": by_tier, "seconds": 4.2,
        },
    } | values  # fmt: skip


def many(count: int) -> dict[str, Any]:
    """Return so many groups of two to five images, of all tiers."""
    made = []
    for number in range(1, count + 1):
        rows = []
        for at in range(1 + number % 4 if number % 3 else 1):
            tier = TIERS[(number + at) % 4]
            distance = 0 if tier == "exact" else (number * 7 + at * 3) % 12
            rows.append(
                {
                    "tier": tier, "role": "similar" if tier == "similar" else "duplicate", "distance": distance,
                    "distance_share": distance / 64, "score": 1.0 if tier == "exact" else (500 + number * 37 % 500) / 1000,
                    "relation": {"exact": "identical bytes", "copy": "recompressed (quality 92 -> 85)",
                                 "edit": "brighter, border added", "similar": "similar"}[tier],
                    "path": f"backup/{2000 + number % 20}/{'abcdef'[number % 6]}/IMG_{number:05}_{at}.jpg",
                }
            )  # fmt: skip
        keeper = f"photos/{2000 + number % 20}/IMG_{number:05}.jpg"
        made.append(group(number, *rows, keeper=keeper, saving=number * 7919 % 1_000_003))
    return findings(made)


def hostile() -> dict[str, Any]:
    """Return findings in which everything that comes from files and their names is meant to harm."""
    groups = [
        group(number, {"path": f"backup/{name}", "relation": name, "reason": name}, keeper=f"photos/{name}")
        for number, name in enumerate(NAMES, 1)
    ]
    failures = [{"path": name, "stage": "decode", "kind": "damaged", "reason": name} for name in NAMES]
    document = findings(groups, failures=failures, warnings=list(NAMES), roots=list(NAMES))
    document["options"] |= {"keep": HOSTILE, "protect": list(NAMES[:1]), "against": list(NAMES)}
    document["stats"]["skipped"] = dict.fromkeys(NAMES, 1)
    return document


def drawn(groups: Sequence[Any]) -> Iterator[bytes | None]:
    """Make a picture of a plain colour for each member."""
    colours = [encode(Image.new("RGB", (128, 96), (at * 5 % 256, at * 3 % 256, 150)), "WEBP") for at in range(64)]
    at = 0
    for one in groups:
        for _ in one["members"]:
            yield colours[at % 64]
            at += 1


def tuning() -> dict[str, Any]:
    """Return what `tune --json` writes."""

    def interval(value: float) -> dict[str, float]:
        return {"estimate": value, "low": value * 0.9, "high": value * 1.1 + 0.01}

    def shares(pairs: int) -> dict[str, Any]:
        return {"pairs": pairs, "proposed": interval(0.9), "copy": interval(0.6), "edit": interval(0.8)}

    def run() -> dict[str, Any]:
        return {
            "options": {}, "total": shares(200), "families": {"codec": shares(100), HOSTILE: shares(100)}, "image_pairs": 4950,
            "same": 1, "false_candidates": interval(50), "false_pairs": {"copy": interval(0), "edit": interval(0.3)},
        }  # fmt: skip

    hashes = []
    for at, (name, size) in enumerate((("phash", 8), ("dhash", 8), ("phash", 16), (HOSTILE, 8))):
        points = [
            {"radius": radius, "recall": interval(min(0.3 + radius / 20 - at / 50, 0.9)), "labelled_false": 0,
             "false_pairs": interval(0 if radius < 4 else 3.0 ** (radius - 4))}
            for radius in range(13)
        ]  # fmt: skip
        hashes.append(
            {"algorithm": name, "size": size, "bits": size**2, **points[8], "within_budget": at < 3, "curve": points}
        )
    return {
        "version": 1, "level": 0.95, "options": {"edits": ["codec"], "pairs": None, "algorithms": ["phash"], "budget": 1.0},
        "roots": ["photos", HOSTILE], "hashes": hashes, "find": {"default": run(), "recommended": run()},
        "collection": {"images": 100, "contents": 100, "low_detail": 1, "compared": 99, "same": 1, "different": 9, "pairs": 36},
        "pairs": {"images": 10, "edits": 20, "same": 200, "different": 0, "unread": 0}, "notes": [f"a note {HOSTILE}"],
        "recommended": {}, "failures": [{"path": HOSTILE, "stage": "decode", "kind": "damaged", "reason": HOSTILE}],
    }  # fmt: skip


def leaks(count: int = 3, name: str = "a.jpg") -> dict[str, Any]:
    """Return what `leaks --json` writes: groups of three splits, of which the second image of each meets others through one."""
    groups, pairs = [], []
    for number in range(1, count + 1):
        sides = [
            {**member(f"{split}/{label}/{number}-{name}"), "split": split, "class": label}
            for split, label in (("train", "cat"), ("val", "cat"), ("test", name))
        ]
        groups.append({"id": number, "members": sides})
        tier = TIERS[number % 3]
        known = {"group": number, "known": False}
        verified = {"tier": tier, "score": 1 - number / 1000, "distance": 2, "distance_share": 1 / 32, "relation": name}
        loose = {"tier": None, "score": None, "distance": None, "distance_share": None, "relation": ""}
        pairs += [
            {**known, **verified, "image": sides[2], "keeper": sides[0], "through": None},
            {**known, **loose, "image": sides[1], "keeper": sides[2], "through": sides[0]["path"]},
        ]
    alone = [{**member(f"train/{label}/{name}"), "split": "train", "class": label} for label in ("cat", "dog")]
    by_tier = {tier: sum(pair["tier"] == tier for pair in pairs) for tier in TIERS[:3]} | {"not verified": count}
    between = [
        {"splits": list(splits), "pairs": count, "by_tier": by_tier, "images": [count, count], "of": [100, 1000]}
        for splits in (("train", "val"), ("train", "test"), ("val", "test"))
    ]
    return {
        "version": 1, "options": {"tier": "edit", "protect": [], "within": None, "max_pixels": 10**8},
        "environment": {"lookalike": "0.1.0", "kernel": "avx2"},
        "splits": [
            {"name": split, "paths": [{"path": f"{split}/{name}"}], "images": 1000, "failed": 1, "classes": 2}
            for split in ("train", "val", "test")
        ],
        "between": between,
        "by_class": [{"class": name, "splits": ["train", "test"], "pairs": 3, "images": [0, 3], "of": [0, 30]}],
        "groups": groups, "pairs": sorted(pairs, key=lambda pair: pair["score"] or 0),
        "contradictions": [
            *({"classes": ["cat", name], "members": group["members"]} for group in groups),
            {"classes": ["cat", "dog"], "members": alone},
        ],
        "accept": [], "incomplete": [name], "warnings": [name],
        "failures": [{"path": name, "stage": "decode", "kind": "damaged", "reason": name}],
        "stats": {
            "images": 3000, "hashed": 2997, "cached": 0, "failed": 3, "failed_folders": 0, "skipped": {name: 1},
            "groups": count,
            "pairs": len(pairs), "new": len(pairs), "contradictions": count + 1, "by_tier": by_tier, "seconds": 4.2,
        },
    }  # fmt: skip
