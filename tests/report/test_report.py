from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.folders import FolderPair
from lookalike.report import SHOWN_FOLDERS, SHOWN_GROUPS, amount, lines, plain


def member(path: str, role: str = "duplicate", **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "path": path, "width": 400, "height": 300, "bytes": 10_022, "format": "JPEG", "quality": 85, "digest": "",
        "role": role, "reason": "bytes 2 > 1",
    }  # fmt: skip
    if role != "keeper":
        row |= {
            "keeper": "a.png",
            "distance": 2,
            "tier": "copy",
            "score": 0.997,
            "relation": "half size",
            "keeper_lacks": [],
        }
    return row | more


def group(number: int = 1, *members: dict[str, Any], saving: int = 10_022) -> dict[str, Any]:
    rows = list(members) or [member("a.png", "keeper"), member("b.jpg")]
    return {"id": number, "keeper": "a.png", "saving": saving, "diameter": 2, "members": rows}


def document(
    shown: list[dict[str, Any]] | None = None, failures: list[dict[str, Any]] | None = None, **stats: Any
) -> dict[str, Any]:
    groups = shown or []
    return {
        "groups": groups,
        "failures": failures or [],
        "stats": {
            "images": 3000, "hashed": 2999, "cached": 0, "failed": 1, "skipped": {}, "groups": len(groups), "duplicates": 951,
            "bytes_in_duplicates": 81_234_567, "by_tier": {"exact": 300, "copy": 651}, "seconds": 4.2, **stats,
        },
    }  # fmt: skip


def text(found: dict[str, Any], **options: Any) -> str:
    return "\n".join(lines(found, **{"folders": [], "incomplete": [], **options}))


def test_what_a_keeper_lacks_is_said() -> None:
    said = text(document([group(1, member("a.png", "keeper"), member("b.jpg", keeper_lacks=["alpha", "frames"]))]))
    assert "half size, score 0.997, the keeper carries less: alpha, frames" in said
    assert "carries less" not in text(document([group()]))


def failed(path: str, kind: str = "damaged", reason: str = "why") -> dict[str, Any]:
    return {"path": path, "stage": "decode", "kind": kind, "reason": reason}


@given(st.text())
def test_plain_text_cannot_move_the_cursor(path: str) -> None:
    safe = plain(path)
    assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in safe)
    assert not any(0xD800 <= ord(sign) < 0xE000 for sign in safe)
    assert safe.encode("utf-8").decode("utf-8") == safe
    assert len(safe.splitlines()) <= 1


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Z"])))
def test_plain_text_stays(path: str) -> None:
    assert plain(path) == path


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("a\nb", "a\\nb"), ("\x1b[2J", "\\x1b[2J"), ("\x9b2J", "\\x9b2J"), ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\udcff", "\\udcff"), ("é \u4e2d", "é \u4e2d"), ("a\rb\tc", "a\\rb\\tc"), ("\x85\u2028", "\\x85\\u2028"),
    ],
)  # fmt: skip
def test_what_is_written_instead(path: str, safe: str) -> None:
    assert plain(path) == safe


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (1049, "1.0 kB"), (1051, "1.1 kB"),
        (999_949, "999.9 kB"), (999_951, "1.0 MB"), (14_200_000_000, "14.2 GB"), (10**12, "1.0 TB"), (10**16, "10000.0 TB"),
    ],
)  # fmt: skip
def test_amounts(size: int, words: str) -> None:
    assert amount(size) == words


@given(st.integers(0, 10**18))
def test_an_amount_is_right_to_its_last_digit(size: int) -> None:
    number, unit = amount(size).split(" ")
    scale = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}[unit]
    assert abs(float(number) * scale - size) <= 0.051 * scale
    assert float(number) < 1000 or unit == "TB"


def test_a_group() -> None:
    shown = text(document([group()]))
    assert "Group 1: 2 images, 10.0 kB in duplicates" in shown
    assert "  keep  a.png  (400x300 JPEG, 10.0 kB)  bytes 2 > 1" in shown
    assert "  copy  b.jpg  (400x300 JPEG, 10.0 kB)  half size, score 0.997" in shown


def test_a_member_names_its_keeper_only_where_that_is_another() -> None:
    members = [
        member("a.png", "keeper"),
        member("b.jpg"),
        member("c.jpg", keeper="b.jpg"),
        member("d.jpg", tier="exact", score=1.0),
    ]
    shown = text(document([group(1, *members)])).splitlines()
    assert next(line for line in shown if "c.jpg" in line).endswith("half size of b.jpg, score 0.997")
    assert " of a.png" not in "\n".join(shown)
    assert "score" not in next(line for line in shown if "d.jpg" in line)


def test_a_member_that_was_not_verified() -> None:
    shown = text(document([group(1, member("a.png", "keeper"), member("b.jpg", tier=None, score=None))]))
    assert "not verified b.jpg" in shown
    assert "None" not in shown


def test_no_path_moves_the_cursor() -> None:
    evil = "\x1b[2J\nx\udcff"
    rows = [member(evil, "keeper", reason=evil), member(evil, keeper=evil)]
    shown = lines(
        document([group(1, *rows)], [failed(evil, reason=evil)]),
        folders=[FolderPair(evil, evil, 1, 1, 1)],
        incomplete=[evil],
    )
    assert all(plain(line) == line for line in shown)


@pytest.mark.parametrize(("show", "count"), [(20, 20), (0, 0), (1, 1), (None, 30), (99, 30)])
def test_show(show: int | None, count: int) -> None:
    shown = text(document([group(number) for number in range(1, 31)]), show=show)
    assert shown.count("Group ") == count
    assert ("--show all" in shown) is (count < 30)
    if count < 30:
        assert f"... and {30 - count} more groups: --show all, or --output FILE.json" in shown


def test_groups_that_were_not_even_built_are_counted() -> None:
    shown = text(document([group(1)], groups=1_001), show=1)
    assert "... and 1,000 more groups" in shown
    assert "and 1 more group:" in text(document([group(1)], groups=2), show=1)
    assert SHOWN_GROUPS == 20


def test_folder_pairs_come_first_and_few() -> None:
    pairs = [FolderPair(f"Phone {at}", "Photos/2019", 3211, 3211, 14_200_000_000) for at in range(9)]
    shown = text(document([group()]), folders=pairs).splitlines()
    assert shown[0] == "Phone 0 -> Photos/2019: 3,211 of 3,211 contained, 14.2 GB"
    assert sum(" contained, " in line for line in shown) == SHOWN_FOLDERS
    assert shown[SHOWN_FOLDERS] == ""
    assert text(document(), folders=[FolderPair("", "b", 1, 2, 3)]).startswith(". -> b: 1 of 2 contained, 3 B")


def test_the_summary() -> None:
    shown = text(document([group()], duplicates=1, cached=2_000, skipped={"not an image": 1_234, "video": 2}))
    assert "3,000 images, 2,000 of them known from before, in 4.2 s" in shown
    assert "1 group with 1 duplicate (300 exact, 651 copy), 81.2 MB in duplicates" in shown
    assert "skipped: 1,234 not an image, 2 video" in shown
    assert "known from before" not in text(document())
    assert "no duplicates found" in text(document())
    assert "1 image, in" in text(document(images=1))
    assert "nothing to read" in text(document(images=0))
    assert "no duplicates found" not in text(document(images=0))


def test_against() -> None:
    shown = text(document(against={"matched": 10_000, "unmatched": 5, "unreadable": 1}))
    assert "10,000 are in the reference, 5 are not, 1 could not be read" in shown


def test_what_an_extra_would_read_is_one_line_per_format() -> None:
    heif = [
        failed(f"{at}.heic", "unsupported", "HEIF needs a decoder: pip install 'lookalike[formats]'")
        for at in range(1204)
    ]
    shown = text(document(failures=[*heif, failed("a.nef", "unsupported", "camera raw files are not read yet")]))
    assert "1,204 HEIF not read: pip install 'lookalike[formats]'" in shown.splitlines()
    assert "1 not read, unsupported (a.nef: camera raw files are not read yet)" in shown.splitlines()


def test_other_failures_are_one_line_per_kind_with_an_example() -> None:
    rows = [failed("a.jpg"), failed("b.jpg", "denied", "Permission denied"), failed("c.jpg")]
    shown = text(document(failures=rows)).splitlines()
    assert "2 not read, damaged (for example a.jpg: why)" in shown
    assert "1 not read, denied (b.jpg: Permission denied)" in shown


def test_incomplete_and_the_next_command_come_last() -> None:
    shown = text(
        document(), incomplete=["a: folder not readable", "b"], next_command="lookalike clean photos"
    ).splitlines()
    assert shown[-4:] == ["incomplete: a: folder not readable", "incomplete: b", "", "Next: lookalike clean photos"]
    assert "Next" not in text(document())
