"""Curves as pictures; needs the extra ``plots``."""

import io
from typing import Any

from lookalike.extras import optional

LINES = ("-", "--", ":")
"""Of sizes, the smallest first."""


def check_plots() -> None:
    """Check that something can be drawn, before any work is done.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    optional("matplotlib.figure", "plots")


def draw_tuning(document: dict[str, Any]) -> bytes:
    """Draw recall and expected false pairs by radius.

    Parameters
    ----------
    document : dict
        The object of ``tune --json``.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    matplotlib = optional("matplotlib", "plots")
    figure = optional("matplotlib.figure", "plots").Figure(figsize=(11, 9), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    rows = document["hashes"]
    names = sorted({row["algorithm"] for row in rows})
    sizes = sorted({row["size"] for row in rows})
    for row in reversed(rows):  # the best is drawn last, above the others
        best = row is rows[0]
        look = {
            "color": matplotlib.colormaps["tab10"](names.index(row["algorithm"]) % 10),
            "linestyle": LINES[sizes.index(row["size"]) % len(LINES)],
            "linewidth": 2.6 if best else 1.1,
        }
        share = [point["radius"] / row["bits"] for point in row["curve"]]
        for axes, name in ((above, "recall"), (below, "false_pairs")):
            label = f"{row['algorithm']} {row['size']}, radius {row['radius']}{' (best)' if best else ''}"
            axes.plot(share, [point[name]["estimate"] for point in row["curve"]], label=label, **look)
            axes.plot(
                share[row["radius"]], row[name]["estimate"], "o", color=look["color"], markersize=8 if best else 4
            )
            if best:
                low, high = ([point[name][end] for point in row["curve"]] for end in ("low", "high"))
                axes.fill_between(share, low, high, color=look["color"], alpha=0.15, linewidth=0)
    where = "expected in the whole collection" if document["collection"] else "among those labelled as different"
    above.set(ylabel="recall: pairs of the same picture within the radius", ylim=(0, 1.02))
    below.set(xlabel="radius, as a share of the bits of the hash", ylabel=f"false pairs {where}")
    below.set_yscale("symlog", linthresh=1)
    below.set_ylim(bottom=0)
    above.set_title(
        f"Each dot is the best radius of a hash; the band is the {document['level']:.0%} interval of the best hash"
    )
    for axes in (above, below):
        axes.grid(alpha=0.3)
    handles, labels = above.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside right upper", fontsize="small")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": None})  # the same bytes by any version of it
    return file.getvalue()
