"""What tuning measured, and what it recommends: as text for a terminal and as one HTML page."""

from collections.abc import Iterator, Mapping
from typing import Any

from lookalike.report import plain
from lookalike.report.charts import Curve, curves, swatch
from lookalike.report.html import page, part, safe

Document = Mapping[str, Any]


def number(value: float) -> str:
    """Return a number of pairs as people read it.

    Parameters
    ----------
    value : float
        Not negative; need not be whole.

    Returns
    -------
    str
        Three digits, or all of those before the point.

    Examples
    --------
    >>> number(74416.2), number(13.94), number(0.0003), number(0.0)
    ('74,416', '13.9', '<0.01', '0')
    """
    if 0 < value < 0.01:
        return "<0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def lines(document: Document, command: str) -> Iterator[str]:
    """Render what tuning measured, and what it recommends.

    Parameters
    ----------
    document : dict
        The object of ``tune --json``.
    command : str
        The recommended command line.

    Yields
    ------
    str
        One line without its end.
    """
    yield from _measured_on(document)
    yield ""
    yield from _hashes(document)
    yield ""
    yield from _find(document)
    yield ""
    for note in document["notes"]:
        yield f"note: {note}"
    yield ""
    yield "Recommended:"
    yield f"  {command}"


def tuning_page(document: Document, command: str) -> Iterator[str]:
    """Render the same as a page that needs nothing else, with curves.

    Parameters
    ----------
    document : dict
        The object of ``tune --json``.
    command : str
        The recommended command line.

    Yields
    ------
    str
        HTML, part by part.
    """
    recall, false = _curves(document, "recall"), _curves(document, "false_pairs")
    where = "expected in the whole collection" if document["collection"] else "among those labelled as different"
    radius = "radius, as a share of the bits of the hash"
    drawn = [
        curves("recall", "Recall by radius", recall, across=radius, up="recall"),
        curves("false", "False pairs by radius", false, across=radius, up="false pairs, " + where, logarithmic=True),
    ]
    legend = [(safe(swatch(curve, best=at == 0)), curve.name) for at, curve in enumerate(recall)]
    failure = part("group.html", "failure")
    yield from page(
        "tuning.html", styles=("looks.css", "page.css"), document=document, command=command,
        measured=list(_measured_on(document)), charts=[safe(chart) for chart in drawn], legend=legend,
        budget=_budget(document), counted=_counted(document), where=_where(document), share=_share, count=_count,
        failures=[safe(failure(row)) for row in document["failures"]],
    )  # fmt: skip


def _curves(document: Document, name: str) -> list[Curve]:
    rows = document["hashes"]
    names, sizes = (sorted({row[key] for row in rows}) for key in ("algorithm", "size"))
    made = []
    for row in rows:
        points = [point[name] for point in row["curve"]]
        made.append(
            Curve(
                f"{row['algorithm']} {row['size']}, radius {row['radius']}",
                [point["radius"] / row["bits"] for point in row["curve"]],
                [point["estimate"] for point in points],
                row["radius"],
                names.index(row["algorithm"]),
                sizes.index(row["size"]),
                [point["low"] for point in points] if row is rows[0] else (),
                [point["high"] for point in points] if row is rows[0] else (),
            )
        )
    return made


def _measured_on(document: Document) -> Iterator[str]:
    """Yield what was measured on, a line each."""
    found, pairs = document["collection"], document["pairs"]
    if found is not None:
        yield (
            f"{found['images']:,} images; {found['compared']:,} were compared with each other, {found['same']:,} left out "
            f"as the same picture as another, {found['low_detail']:,} have too little detail to be matched by hash"
        )
    if pairs["edits"]:
        yield f"recall: {pairs['same']:,} edited pictures, {pairs['edits']} edits of each of {pairs['images']:,} images"
    else:
        yield (
            f"labelled pairs: {pairs['same']:,} the same picture, of {pairs['images']:,} pictures in all; "
            f"{pairs['different']:,} not the same"
        )
    if pairs["unread"]:
        yield f"{pairs['unread']:,} {'edits' if pairs['edits'] else 'labelled pairs'} could not be read and do not count"
    if document["failures"]:
        first = document["failures"][0]
        example = f"{plain(first['path'])}: {plain(first['reason'])}"
        yield f"{len(document['failures']):,} not read (for example {example})"


def _hashes(document: Document) -> Iterator[str]:
    yield f"Hashes alone, {_budget(document)};"
    yield f"in brackets {document['level']:.0%} intervals. False pairs: {_counted(document)}."
    beside = document["collection"] and document["pairs"]["different"]
    yield f"  {'hash':<18}{'bits':>4}  {'radius':>6}   {'recall':<22}false pairs"
    for row in document["hashes"]:
        name = f"{row['algorithm']} {row['size']}"
        recall, false = _share(row["recall"]), _count(row["false_pairs"])
        labelled = f"   {row['labelled_false']} of those labelled" if beside else ""
        over = "" if row["within_budget"] else "   over the budget"
        yield f"  {name:<18}{row['bits']:>4}  {row['radius']:>6}   {recall:<22}{false}{labelled}{over}"


def _budget(document: Document) -> str:
    budget = document["options"]["budget"]
    most = f"{budget:g} false candidate{'' if budget == 1 else 's'} an image"
    return f"each at the largest radius with at most {most}, the best first"


def _counted(document: Document) -> str:
    if document["collection"]:
        return "pairs of different images to be expected among all images"
    return "those labelled as different"


def _find(document: Document) -> Iterator[str]:
    runs = document["find"]
    yield "What find does: share that it proposes, that it finds as copy, and as copy or edit"
    heads = "  ".join(f"{head:>8}" for head in ("proposed", "copy", "edit"))
    yield f"  {'':<12}{'':>7}   {'with the defaults':<31}recommended"
    yield f"  {'':<12}{'pairs':>7}   {heads:<31}{heads}"
    families = list(runs["default"]["families"])
    for name in [*families, "total"] if len(families) > 1 else families:
        rows = [run["total"] if name == "total" else run["families"][name] for run in runs.values()]
        cells = ["  ".join(f"{row[part]['estimate']:>8.1%}" for part in ("proposed", "copy", "edit")) for row in rows]
        label = "all" if name == "total" else name
        yield f"  {label:<12}{rows[0]['pairs']:>7,}   {cells[0]:<31}{cells[1]}"
    shares = [_share(run["total"]["edit"]) for run in runs.values()]
    yield f"  of all found as copy or edit: {shares[0]} with the defaults, {shares[1]} recommended"
    if not runs["recommended"]["image_pairs"]:
        return
    yield f"  false pairs, {_where(document)}:"
    for label, run in (("with the defaults", runs["default"]), ("recommended", runs["recommended"])):
        false = run["false_pairs"]
        yield (
            f"    {label:<18} proposed {_count(run['false_candidates'])}, copy {_count(false['copy'])}, copy or edit "
            f"{_count(false['edit'])}"
        )


def _where(document: Document) -> str:
    run = document["find"]["recommended"]
    if not document["pairs"]["edits"]:
        return f"of the {run['image_pairs']:,} labelled as different"
    left = f", {run['same']:,} left out as the same picture" if run["same"] else ""
    return f"expected among all images (seen among {run['image_pairs']:,} pairs of images and their edits{left})"


def _share(row: Mapping[str, float]) -> str:
    return f"{row['estimate']:.1%} ({row['low']:.1%}-{row['high']:.1%})"


def _count(row: Mapping[str, float]) -> str:
    if not row["estimate"]:
        return f"none seen (<{number(row['high'])})"
    return f"{number(row['estimate'])} ({number(row['low'])}-{number(row['high'])})"
