"""Print the table of docs/compare.md: how far an original is from an edited, a heavily edited and another picture.

Usage: python examples/compare_table.py
"""

import io
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

import lookalike as la
from lookalike.transforms import TRANSFORMS

EDITED = ("brightness 1.3", "text date", "jpeg 50")
HEAVILY_EDITED = ("crop 20 % corner", "sepia", "text meme", "border 8 %", "jpeg 30")


def edited(picture: Image.Image, names: tuple[str, ...]) -> Image.Image:
    """Return a picture after some of the transforms, one after the other."""
    for name in names:
        file = TRANSFORMS[name].apply(picture, np.random.default_rng(1))
        picture = Image.open(io.BytesIO(file)).convert("RGB")
    return picture


def table() -> str:
    """Return the table in Markdown."""
    pictures = Path(skimage.__file__).parent / "data"
    original = Image.open(pictures / "astronaut.png").convert("RGB")
    others = {
        "edited": edited(original, EDITED),
        "heavily edited": edited(original, HEAVILY_EDITED),
        "another picture": Image.open(pictures / "coffee.png").convert("RGB"),
    }
    found = {name: la.compare(original, other) for name, other in others.items()}
    lines = [f"| original against | {' | '.join(found)} |", "|---|" + "---|" * len(found)]
    for row, first in enumerate(next(iter(found.values())).distances):
        shares = (f"{one.distances[row].distance} ({one.distances[row].share:.0%})" for one in found.values())
        lines.append(f"| {first.algorithm}, {first.bits} bits | {' | '.join(shares)} |")
    tiers = (one.tier.name.lower() if one.tier.name != "NONE" else "different" for one in found.values())
    lines.append(f"| **verification** | {' | '.join(f'**{tier}**' for tier in tiers)} |")
    lines.append(f"| what was done | {' | '.join(one.relation for one in found.values())} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
