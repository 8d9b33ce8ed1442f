"""Write docs/licences.md: what is installed along with lookalike, by the metadata of what is installed here.

Run it where all extras are installed: `python examples/licences.py docs/licences.md`. What it does not know (a licence in
words of its own, a shared library that no table names) ends it, so that somebody looks.
"""

import re
import sys
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
NOT_FOR_USERS = {"test", "lint", "docs", "fuzz"}
SPDX = {
    "Apache 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}
"""What metadata says in other words."""
READ = {
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "scikit-image": "BSD-3-Clause AND MIT",
    "scipy": "BSD-3-Clause",
}
"""Packages whose metadata does not say it in one word, by their licence file."""
LIBRARIES = {
    "libXau": "libXau MIT",
    "libavif": "libavif BSD-2-Clause (with dav1d and libaom, BSD-2-Clause)",
    "libbrotli": "Brotli MIT",
    "libde265": "libde265 LGPL-3.0",
    "libfreetype": "FreeType FTL",
    "libgfortran": "libgfortran GPL-3.0 with the GCC Runtime Library Exception",
    "libgomp": "libgomp GPL-3.0 with the GCC Runtime Library Exception",
    "libharfbuzz": "HarfBuzz MIT",
    "libheif": "libheif LGPL-3.0",
    "libjasper": "JasPer JasPer-2.0",
    "libjpeg": "libjpeg-turbo BSD-3-Clause AND IJG",
    "liblcms2": "Little CMS MIT",
    "liblzma": "liblzma 0BSD",
    "libopenjp2": "OpenJPEG BSD-2-Clause",
    "libpng": "libpng libpng-2.0",
    "libquadmath": "libquadmath LGPL-2.1",
    "libraw": "LibRaw LGPL-2.1 OR CDDL-1.0 (without its GPL demosaic packs)",
    "libscipy_openblas": "OpenBLAS BSD-3-Clause",
    "libsharpyuv": "libwebp BSD-3-Clause",
    "libtiff": "LibTIFF libtiff",
    "libwebp": "libwebp BSD-3-Clause",
    "libxcb": "libxcb MIT",
    "libzstd": "Zstandard BSD-3-Clause",
}
"""Shared libraries in wheels, by how their file names begin."""
INSIDE = {
    "blake3": "BLAKE3 in Rust CC0-1.0 OR Apache-2.0",
    "deflate": "libdeflate MIT",
    "matplotlib": "FreeType FTL; Qhull; Agg BSD-3-Clause",
    "pillow-jxl-plugin": "libjxl BSD-3-Clause",
    "pyarrow": "Apache Arrow Apache-2.0, and what its LICENSE.txt and NOTICE.txt name",
    "pyspark": "Apache Spark and its Java libraries, named in its folder licenses",
}
"""What is linked into a package's own modules, or lies in it in another form."""
HEAD = """# Licences

lookalike is under Apache-2.0. This page lists what else is on the disk after an install. `examples/licences.py` makes it of the
metadata of the packages (wheels for Linux on x86-64; those for other systems hold the same libraries under other names), and
`tests/test_project_files.py` holds it against pyproject.toml.

**In lookalike's own wheel**: nanobind (BSD-3-Clause) and tsl::robin_map (MIT) are compiled into the kernels. Their texts are in
NOTICE, which is in the wheel beside LICENSE. No third-party source is in the repository.

**Copyleft.** The core and every extra but one hold nothing under the GPL, other than runtime libraries of GCC under its
exception, which asks nothing of programs that use them. Weak copyleft, which asks for the licence text and that the library can
be exchanged, as it can in a Python environment: `pathspec` and, in part, `tqdm` (MPL-2.0), libquadmath (LGPL-2.1) inside NumPy
and SciPy, and with `formats` libheif and libde265 (LGPL-3.0) and LibRaw (LGPL-2.1 or CDDL-1.0). `formats` takes `pi-heif`,
which only decodes, and not `pillow-heif`, whose wheels hold the encoder x265 under the GPL. `pillow-jxl-plugin` is under
**GPL-3.0**: it is in the extra `jxl` alone, and nothing else asks for it.
"""


def licence(of: Distribution) -> str:
    """Return the licence of a package as an SPDX expression."""
    name = canonicalize_name(of.metadata["Name"])
    if name in READ:
        return READ[name]
    said = of.metadata.json
    if "license_expression" in said:
        return str(said["license_expression"])
    told = [str(said.get("license", "")).strip()]
    told += [text for text in said.get("classifier", ()) if text.startswith("License ::")]
    for text in told:
        if text in SPDX:
            return SPDX[text]
    if re.fullmatch(r"[\w.+-]+( (AND|OR) [\w.+-]+)*", told[0]):
        return told[0]
    raise SystemExit(f"{name}: what licence is this? {told}")


def libraries(of: Distribution) -> list[str]:
    """Return what other libraries are in the wheel of a package."""
    name = canonicalize_name(of.metadata["Name"])
    found = {INSIDE[name]} if name in INSIDE else set()
    for path in of.files or ():
        if re.search(r"\.libs/|/lib[\w-]+\.so", str(path)) and name not in {"pyarrow", "pyspark"}:
            begins = [text for start, text in LIBRARIES.items() if path.name.startswith(start)]
            if not begins:
                raise SystemExit(f"{name}: what library is {path}?")
            found.add(begins[0])
    return sorted(found, key=str.lower)


def closure(requirements: list[str], extras: dict[str, list[str]]) -> dict[str, Distribution]:
    """Return everything that requirements install, by name."""
    found: dict[str, Distribution] = {}
    left = [Requirement(text) for text in requirements]
    while left:
        wanted = left.pop()
        name = canonicalize_name(wanted.name)
        if name == "lookalike":
            left += [Requirement(text) for extra in wanted.extras for text in extras[extra]]
        elif name not in found:
            found[name] = distribution(name)
            for text in found[name].requires or ():
                further = Requirement(text)
                chosen: set[str] = wanted.extras or {""}
                if further.marker is None or any(further.marker.evaluate({"extra": extra}) for extra in chosen):
                    left.append(further)
    return found


def page() -> str:
    """Return the whole page."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    parts = {"Core": closure(project["dependencies"], extras)}
    for name in sorted(set(extras) - NOT_FOR_USERS):
        parts[f"Extra `{name}`"] = closure(extras[name], extras)
    lines = [HEAD]
    for title, packages in parts.items():
        core = parts["Core"]
        rows = sorted(name for name in packages if title == "Core" or name not in core)
        lines += [f"## {title}\n", "| package | licence | other libraries in its wheel |", "|---|---|---|"]
        lines += [f"| {name} | {licence(packages[name])} | {'; '.join(libraries(packages[name]))} |" for name in rows]
        again = sorted(set(packages) - set(rows))
        lines.append(f"\nand of the core: {', '.join(again)}.\n" if again else "")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
