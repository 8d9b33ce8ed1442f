"""Measure the review app on many groups: from findings to the first page, and what each kind of page takes after that.

Usage: python benchmarks/review.py [--groups 100000] [--rounds 20] [--json FILE]

The findings are made by rule; their images are hardlinks of some hundred pictures, so the disk holds few bytes.
"""

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from blake3 import blake3
from PIL import Image

from timing import save, table

PICTURES = 200
FOLDER = 1000
"""Files in one folder."""


def make_pictures(folder: Path) -> list[tuple[Path, bytes, int]]:
    """Write some pictures; return path, digest and bytes of each."""
    made = []
    for number in range(PICTURES):
        path = folder / f"{number}.jpg"
        half = Image.effect_mandelbrot((800, 600), (-2 + number / PICTURES, -1.5, 1, 1.5), 40)
        Image.merge("RGB", (half, half.rotate(180), half)).save(path, quality=80)
        data = path.read_bytes()
        made.append((path, blake3(data).digest(), len(data)))
    return made


def make_findings(root: str, count: int) -> dict[str, Any]:
    """Link the files of many groups and return findings of them, as `find --output FILE.json` writes them."""
    source = Path(root, "pictures")
    source.mkdir()
    pictures = make_pictures(source)
    groups = []
    for number in range(count):
        members = []
        original, digest, size = pictures[number % PICTURES]
        for name in ("keep", "copy"):
            folder = f"{root}/{name}/{number // FOLDER}"
            if number % FOLDER == 0:
                os.makedirs(folder)
            path = f"{folder}/{number}.jpg"
            os.link(original, path)
            members.append(
                {"path": path, "width": 800, "height": 600, "bytes": size, "format": "JPEG", "quality": 80,
                 "digest": digest.hex(), "detail": 80, "role": "keeper", "reason": "shorter path"}
            )  # fmt: skip
        members[1] |= {
            "role": "duplicate", "keeper": members[0]["path"], "distance": number % 5, "distance_share": 0.1,
            "score": 0.9 + number % 100 / 1000, "tier": ("exact", "copy", "edit")[number % 3], "relation": "recompressed",
            "keeper_lacks": [],
        }  # fmt: skip
        groups.append(
            {"id": number + 1, "keeper": members[0]["path"], "saving": size, "diameter": 0, "members": members}
        )
    roots = [{"path": root, "images": 2 * count, "reference": False, "class_depth": 0, "class_from": 0}]
    options = {"group": "star", "orient": "upright"}
    return {"version": 1, "options": options, "by_root": roots, "groups": groups}


class Browser:
    """The least that a browser does: a cookie and the value that forms must hold."""

    def __init__(self, address: str) -> None:
        self.port = int(re.findall(r":(\d+)/", address)[0])
        self.cookie = self.form = ""
        answer, _ = self.ask("GET", address[address.index("/?") :])
        self.cookie = str(answer.getheader("set-cookie")).partition(";")[0]
        self.form = re.findall(r'name="form" value="([^"]+)"', self.ask("GET", "/")[1].decode())[0]

    def ask(self, method: str, path: str, body: str = "") -> tuple[http.client.HTTPResponse, bytes]:
        """Ask for a page, or send a form."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        headers = {"Cookie": self.cookie, "Origin": f"http://127.0.0.1:{self.port}"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        assert answer.status < 400, (path, answer.status, data[:500])
        return answer, data


def seconds(browser: Browser, method: str, path: str, body: str = "") -> float:
    """Return how long one request takes."""
    started = time.perf_counter()
    browser.ask(method, path, body)
    return time.perf_counter() - started


def start(findings: str, place: str) -> tuple[subprocess.Popen[str], str, float]:
    """Start the command; return it, the address, and how long it took to be ready."""
    command = [sys.executable, "-m", "lookalike", "review", findings, "--no-browser", "--quiet"]
    command += ["--ledger", f"{place}/ledger.sqlite", "--catalog", f"{place}/catalog.sqlite"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    return process, address, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", metavar="FILE", help="put the figures into this file")
    options = parser.parse_args()
    rows: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as root:
        findings = f"{root}/findings.json"
        Path(findings).write_text(json.dumps(make_findings(root, options.groups)))
        process, address, rows["from findings to ready"] = start(findings, root)
        browser = Browser(address)
        rows["list of groups, first"] = seconds(browser, "GET", "/")
        rows["list of groups, last page"] = seconds(browser, "GET", f"/?page={options.groups // 50 - 1}")
        step = max(options.groups // options.rounds, 1)
        spots = range(0, options.groups, step)
        rows["page of a group"] = statistics.median(seconds(browser, "GET", f"/groups/{at}") for at in spots)
        for what in ("new", "kept"):
            times = [seconds(browser, "GET", f"/pictures/{at}/0/view") for at in range(min(options.rounds, PICTURES))]
            rows[f"picture to look at, {what}"] = statistics.median(times)
        rows["difference of two"] = statistics.median(
            seconds(browser, "GET", f"/differences/{at}/0/1") for at in range(5)
        )
        marks = [seconds(browser, "POST", f"/groups/{at}/mark", f"form={browser.form}&image=0") for at in spots]
        rows["mark an image"] = statistics.median(marks)
        rows["accept all exact and copy"] = seconds(browser, "POST", "/accept/copy", f"form={browser.form}")
        rows["list of groups after that"] = seconds(browser, "GET", "/")
        browser.ask("POST", "/quit", f"form={browser.form}")
        process.wait(60)
        process, address, rows["resumed, to ready"] = start(findings, root)
        browser = Browser(address)
        browser.ask("POST", "/quit", f"form={browser.form}")
        process.wait(60)
    print(
        f"\n## Review of {options.groups:,} groups\n\n"
        + table(["what", "seconds"], [[name, wall] for name, wall in rows.items()])
    )
    save(options.json, "review", {"groups": options.groups, **rows})


if __name__ == "__main__":
    main()
