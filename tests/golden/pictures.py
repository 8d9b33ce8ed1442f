"""Pictures made by integer rules, for golden vectors; docs/hash-spec.md writes every rule down under Vectors."""

import math
from collections.abc import Callable

Rows = list[list[int]] | list[list[tuple[int, ...]]]
Rule = Callable[[int, int], Rows]

SIZES = (
    (1, 1),
    (2, 3),
    (5, 700),
    (64, 64),
    (65, 63),
    (100, 80),
    (191, 190),
    (184, 300),
    (185, 200),
    (200, 185),
    (193, 257),
    (640, 480),
    (1001, 201),
)
PERIODS = (1, 2, 3, 8, 16)


def noise(count: int) -> list[int]:
    """Return the first levels of a linear congruential generator."""
    state, levels = 1, []
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        levels.append(state // 2**16 % 256)
    return levels


def each(level: Callable[[int, int, int, int], int]) -> Rule:
    """Make a gray rule from a formula in x, y, w, h."""
    return lambda w, h: [[level(x, y, w, h) for x in range(w)] for y in range(h)]


def every(pixel: Callable[[int, int, int, int], tuple[int, ...]]) -> Rule:
    """Make a colour rule from a formula in x, y, w, h."""
    return lambda w, h: [[pixel(x, y, w, h) for x in range(w)] for y in range(h)]


def ramp(at: int, count: int) -> int:
    """Return the level of a ramp over `count` steps, 0 first and 255 last."""
    return 255 * at // max(1, count - 1)


def scaled(change: Callable[[int], int]) -> Rule:
    """Make a rule of noise, each level changed."""

    def rule(w: int, h: int) -> list[list[int]]:
        levels = noise(w * h)
        return [[change(level) for level in levels[y * w : y * w + w]] for y in range(h)]

    return rule


def sampled(at: Callable[[int, int, int, int], int], count: Callable[[int, int], int]) -> Rule:
    """Make a rule that picks one of the first `count` levels of noise for every pixel."""

    def rule(w: int, h: int) -> list[list[int]]:
        levels = noise(count(w, h))
        return [[levels[at(x, y, w, h)] for x in range(w)] for y in range(h)]

    return rule


def several(channels: int) -> Rule:
    """Make a rule of noise in several channels."""

    def rule(w: int, h: int) -> list[list[tuple[int, ...]]]:
        levels = iter(noise(w * h * channels))
        return [[tuple(next(levels) for _ in range(channels)) for _ in range(w)] for _ in range(h)]

    return rule


def ring(x: int, y: int, w: int, h: int) -> int:
    """Return twice the distance from the centre, in whole pixels."""
    return math.isqrt((2 * x + 1 - w) ** 2 + (2 * y + 1 - h) ** 2)


def text_like(x: int, y: int, _w: int, _h: int) -> int:
    """Return 0 on the strokes of lines of made-up text, else 255."""
    line = y // 12
    return 0 if y % 12 < 8 and x % 9 != 0 and (7 * x + 5 * line) % 11 < 5 and (x + 13 * line) % 61 < 50 else 255


def colours(x: int, y: int, w: int, h: int) -> tuple[int, ...]:
    """Return a ramp of red to the right, of green downwards, and blue squares."""
    return ramp(x, w), ramp(y, h), 255 * ((x // 16 + y // 16) % 2)


RULES: dict[str, Rule] = {
    **{f"flat-{level}": each(lambda _x, _y, _w, _h, level=level: level) for level in (0, 1, 127, 128, 255)},  # type: ignore[misc]
    "ramp-x": each(lambda x, _y, w, _h: ramp(x, w)),
    "ramp-y": each(lambda _x, y, _w, h: ramp(y, h)),
    "ramp-xy": each(lambda x, y, w, h: ramp(x + y, w + h - 1)),
    "ramp-back": each(lambda x, y, w, h: 255 - ramp(x + h - 1 - y, w + h - 1)),
    **{f"bars-x-{p}": each(lambda x, _y, _w, _h, p=p: 255 * (x // p % 2)) for p in PERIODS},  # type: ignore[misc]
    **{f"bars-y-{p}": each(lambda _x, y, _w, _h, p=p: 255 * (y // p % 2)) for p in PERIODS},  # type: ignore[misc]
    **{f"board-{p}": each(lambda x, y, _w, _h, p=p: 255 * ((x // p + y // p) % 2)) for p in PERIODS},  # type: ignore[misc]
    "red-x": every(lambda x, _y, _w, _h: (255 * (x % 2), 0, 0)),
    "red-y": every(lambda _x, y, _w, _h: (255 * (y % 2), 0, 0)),
    "red-board": every(lambda x, y, _w, _h: (255 * ((x + y) % 2), 0, 0)),
    "dot": each(lambda x, y, w, h: 255 * (x == w // 2 and y == h // 2)),
    "corner": each(lambda x, y, _w, _h: 255 * (x == 0 and y == 0)),
    "half-x": each(lambda x, _y, w, _h: 255 * (2 * x >= w)),
    "half-y": each(lambda _x, y, _w, h: 255 * (2 * y >= h)),
    "quarters": each(lambda x, y, w, h: 255 * ((2 * x >= w) != (2 * y >= h))),
    "blocks": each(lambda x, y, w, h: 127 + (8 * x // w + 8 * y // h) % 2),
    "pairs-x": each(lambda x, _y, w, _h: 60 * (8 * x // w // 2)),
    "pairs-y": each(lambda _x, y, _w, h: 60 * (8 * y // h // 2)),
    "mirror-x": sampled(lambda x, y, w, _h: y * w + min(x, w - 1 - x), lambda w, h: w * h),
    "mirror-y": sampled(lambda x, y, w, h: min(y, h - 1 - y) * w + x, lambda w, h: w * h),
    "mirror-xy": sampled(lambda x, y, w, h: min(y, h - 1 - y) * w + min(x, w - 1 - x), lambda w, h: w * h),
    "mirror-diagonal": sampled(lambda x, y, w, h: min(x, y) * max(w, h) + max(x, y), lambda w, h: max(w, h) ** 2),
    "rings": each(lambda x, y, w, h: 8 * ring(x, y, w, h) % 256),
    "disc": each(lambda x, y, w, h: 230 if 2 * ring(x, y, w, h) < min(w, h) else 20),
    "text": each(text_like),
    "noise": scaled(lambda level: level),
    "noise-low": scaled(lambda level: 100 + level // 64),
    "noise-two": scaled(lambda level: 255 * (level // 128)),
    "cells": sampled(lambda x, y, w, h: 12 * y // h * 16 + 16 * x // w, lambda _w, _h: 192),
    "cells-16": sampled(lambda x, y, w, h: 16 * y // h * 16 + 16 * x // w, lambda _w, _h: 256),
    "tiles": sampled(lambda x, y, _w, _h: y % 8 * 8 + x % 8, lambda _w, _h: 64),
    "noise-rgb": several(3),
    "noise-rgba": several(4),
    "colours": every(colours),
    "colours-clear": every(lambda x, y, w, h: (*colours(x, y, w, h), 255 * (2 * ring(x, y, w, h) >= min(w, h)))),
    "colours-fade": every(lambda x, y, w, h: (*colours(x, y, w, h), ramp(w - 1 - x, w))),
    "colours-half": every(lambda x, y, w, h: (*colours(x, y, w, h), 128)),
    "colours-opaque": every(lambda x, y, w, h: (*colours(x, y, w, h), 255)),
}


def picture(rule: str, width: int, height: int) -> Rows:
    """Make the picture of a rule and a size."""
    return RULES[rule](width, height)
