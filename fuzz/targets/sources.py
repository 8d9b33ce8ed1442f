"""ZIP, TAR, gzip, Parquet and hash tables as sources of a search."""

import gzip
import io
import os
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import lookalike as la
from lookalike.errors import LookalikeError, UsageError
from lookalike.extras import optional
from targets.pictures import encoded, picture
from targets.target import Choices, Run, Target, require

ONE, OTHER = encoded(picture(1, 40, 30)), encoded(picture(2, 40, 30))
MEMBERS = {"a.png": ONE, "d/b.png": ONE, "c.png": OTHER, "n.txt": b"no image"}
ENDINGS = (".zip", ".tar", ".tar.gz", ".parquet", ".hashes.parquet", ".cbz")


def _zip(method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def _tar(form: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in MEMBERS.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "../../../etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


def _parquet() -> bytes:
    try:
        arrow, parquet = optional("pyarrow"), optional("pyarrow.parquet")
    except UsageError:
        return b""
    buffer = io.BytesIO()
    images = [{"bytes": content, "path": name} for name, content in MEMBERS.items()]
    parquet.write_table(arrow.table({"image": images, "label": [1, 2, 3, 4]}), buffer, compression="none")
    return buffer.getvalue()


def _arrow(folder: str) -> bytes:
    """Return a file of a dataset, which is mapped as it is."""
    try:
        package = optional("datasets", "huggingface")
    except UsageError:
        return b""
    package.disable_progress_bars()
    images = [{"bytes": content, "path": name} for name, content in MEMBERS.items()]
    package.Dataset.from_dict({"image": images, "label": ["a", "b", "c", "d"]}).save_to_disk(folder)
    (name,) = (name for name in os.listdir(folder) if name.endswith(".arrow"))
    return Path(folder, name).read_bytes()


def _hashes(folder: str) -> bytes:
    for name in ("a.png", "c.png"):
        Path(folder, name).write_bytes(MEMBERS[name])
    path = os.path.join(folder, "h.parquet")
    from lookalike.tables.hash_files import write_parquet  # noqa: PLC0415 - needs pyarrow when it is called

    made = la.hash_images([os.path.join(folder, name) for name in ("a.png", "c.png")], decode="fast")
    try:
        with open(path, "wb") as file:
            write_parquet([made], made.specs, file)
    except LookalikeError:
        return b""
    return Path(path).read_bytes()


class _Sources:
    """A folder with one source in it."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.join(folder, "in")
        os.makedirs(self.folder)
        made = os.path.join(folder, "made")
        os.makedirs(made)
        self.sound: tuple[tuple[str, bytes], ...] = (
            (".zip", _zip(zipfile.ZIP_STORED)), (".zip", _zip(zipfile.ZIP_DEFLATED)), (".tar", _tar(tarfile.GNU_FORMAT)),
            (".tar", _tar(tarfile.PAX_FORMAT)), (".tar.gz", gzip.compress(_tar(tarfile.USTAR_FORMAT), mtime=0)),
            (".parquet", _parquet()), (".parquet", _hashes(made)), (".zip", _zip(zipfile.ZIP_BZIP2)),
            (".arrow", _arrow(os.path.join(folder, "dataset"))),
        )  # fmt: skip
        self.outside = set(os.listdir(folder))
        self.top = folder

    def run(self, data: bytes) -> None:
        """Damage a source, and search it."""
        choices = Choices(data)
        ending, sound = choices.of(self.sound)
        whole = choices.below(4) == 3
        content = choices.rest() if whole else self.damaged(sound, choices)
        shutil.rmtree(self.folder)
        os.makedirs(self.folder)
        path = os.path.join(self.folder, f"x{ending}")
        Path(path).write_bytes(content)
        try:
            document: Any = la.find(path, catalog=None, workers=1, max_pixels=1 << 20).to_dict()
        except LookalikeError:
            pass
        else:
            self.check(document, content == sound)
        require(
            set(os.listdir(self.top)) == self.outside and os.listdir(self.folder) == [f"x{ending}"],
            "nothing is unpacked",
        )

    def check(self, document: Any, sound: bool) -> None:  # noqa: FBT001 - a fact about the first
        """Every image is one row: those that were read in full have what they had, since archives have checksums of them."""
        stats = document["stats"]
        require(stats["images"] == stats["hashed"] + stats["failed"], stats)
        require(len(document["failures"]) >= stats["failed"], stats)
        if sound and document["groups"]:
            require(len(document["groups"]) == 1 and len(document["groups"][0]["members"]) == 2, document["groups"])

    def damaged(self, sound: bytes, choices: Choices) -> bytes:
        """Change bytes of a source; checksums of the headers of a TAR are made right at times."""
        made = bytearray(sound)
        for _ in range(choices.below(8)):
            if not made:
                break
            back = choices.below(2)
            at = choices.below(1 << 16) % len(made)
            at = len(made) - 1 - at % min(len(made), 400) if back else at
            match choices.below(5):
                case 0:
                    made[at] = choices.below(256)
                case 1:
                    made[at] ^= 1 << choices.below(8)
                case 2:
                    made[at : at + 4] = choices.of((b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\0\0\0\x80"))
                case 3:
                    del made[at : at + 1 + choices.below(64)]
                case _:
                    made[at:at] = choices.some(16)
        if made[257:262] == b"ustar":
            for start in range(0, len(made) - 511, 512):
                if made[start + 257 : start + 262] == b"ustar":
                    made[start + 148 : start + 156] = b" " * 8
                    made[start + 148 : start + 156] = b"%06o\0 " % (sum(made[start : start + 512]) & 0o777777)
        return bytes(made)


def _make(folder: str) -> Run:
    return _Sources(folder).run


def _seeds() -> list[bytes]:
    edits = [bytes([kind, 0, count, *range(7 * count, 7 * count + 40)]) for kind in range(9) for count in range(8)]
    bomb = zlib.compress(bytes(1 << 22))
    whole = (b"PK\5\6" + bytes(18), bytes(1024), b"PAR1\0\0\0\0PAR1", gzip.compress(bytes(5000)), bomb)
    return edits + [bytes([kind, 3]) + content for kind in (0, 2, 4, 5) for content in whole]


TARGET = Target(
    "an error of ours, or findings in which every image is a row; what is sound gives what it gave; nothing is unpacked",
    _make, _seeds, (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"ustar", b"PAR1", b"../../x.png", b"/x.png", b"\x1f\x8b\x08"),
)  # fmt: skip
