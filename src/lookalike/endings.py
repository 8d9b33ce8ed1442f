"""File name endings that more than one module sorts files by, lower case."""

RAW = frozenset({
    "3fr", "ari", "arw", "bay", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "iiq", "k25", "kdc", "mef", "mos", "mrw",
    "nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
})  # fmt: skip
"""Camera raw files."""
JPEG = frozenset({"jpg", "jpeg", "jpe", "jfif"})
"""JPEG as cameras, phones and browsers write it."""
HEIC = frozenset({"heic", "heif", "hif"})
"""HEIF with one picture, as phones and cameras write it."""
VIDEO = frozenset({"mov", "mp4"})
"""What the moving half of a Live Photo ends in: MOV from the phone, MP4 from Google Takeout."""
