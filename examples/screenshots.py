"""Take the pictures of docs/report.md and docs/review.md: pages of the sample set, in a real browser.

Usage: python examples/screenshots.py docs/images     (needs Chromium, and the extra ``test``)
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Page, ViewportSize, sync_playwright
from sample_set import make

VIEW = ViewportSize(width=1180, height=820)


def edits(folder: Path) -> None:
    """Add edits to the sample set, so that there is something to decide."""
    for name in ("coffee", "astronaut", "chelsea"):
        photo = Image.open(folder / "photos" / f"{name}.jpg")
        ImageDraw.Draw(photo).rectangle((20, photo.height - 60, 190, photo.height - 20), fill="white")
        photo.save(folder / "backup" / f"{name}-captioned.jpg", quality=90)


def keep(page: Page, target: Path, name: str) -> None:
    """Take a picture of what the page shows now."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=target / f"{name}.png")
    with Image.open(target / f"{name}.png") as picture:
        picture.convert("RGB").save(target / f"{name}.webp", quality=80, method=6)
    (target / f"{name}.png").unlink()


def main() -> None:
    """Take them all."""
    target = Path(sys.argv[1]).resolve()
    target.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        make(Path(place))
        edits(Path(place))
        os.chdir(place)
        os.environ |= dict.fromkeys(("XDG_CACHE_HOME", "XDG_STATE_HOME"), f"{place}/.home")
        lookalike = [sys.executable, "-m", "lookalike"]
        subprocess.run([*lookalike, "find", "photos", "backup", "--output", "report.html", "--quiet"], check=True)
        command = [*lookalike, "review", "photos", "backup", "--no-browser", "--quiet"]
        review = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=VIEW)
        page.goto(Path(place, "report.html").as_uri())
        keep(page, target, "report")
        assert review.stdout is not None
        page.goto(review.stdout.readline().strip())
        page.wait_for_selector("ol.list")
        keep(page, target, "review-list")
        page.locator("ol.list a", has_text="astronaut").click()
        page.wait_for_selector(".viewer")
        keep(page, target, "review-group")
        page.emulate_media(color_scheme="dark")
        page.keyboard.press("d")
        page.locator("[data-pane='3'] img").evaluate("picture => picture.decode()")
        keep(page, target, "review-difference")
        browser.close()
        review.send_signal(signal.SIGINT)
        review.wait(60)


if __name__ == "__main__":
    main()
