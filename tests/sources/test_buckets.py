"""Buckets, on a real S3 server of this machine, a real web server, and what fsspec has in memory."""

import functools
import http.server
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

import lookalike as la
from conftest import encode, scene
from lookalike.errors import SourceError, UsageError
from lookalike.sources import buckets
from lookalike.sources.buckets import Bucket
from lookalike.sources.folders import Unreadable
from lookalike.sources.reading import Reader


def names(findings: la.Findings) -> list[list[str]]:
    return [sorted(member.ref.path for member in group.members) for group in findings.groups]


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def test_a_folder_in_memory(memory: fsspec.AbstractFileSystem) -> None:
    for name in ("a.jpg", "sub/b.jpg", "sub/deep/c[1]*.jpg"):
        memory.pipe(f"/set/{name}", encode(scene(1)))
    memory.pipe("/set/d.jpg", encode(scene(2)))
    memory.pipe("/set/notes.txt", b"hello")
    findings = la.find("memory://set/")
    paths = ["memory://set/a.jpg", "memory://set/sub/b.jpg", "memory://set/sub/deep/c[1]*.jpg"]
    assert names(findings) == [paths]
    assert findings.stats["images"] == 4
    assert findings.stats["skipped"] == {"not an image": 1}
    assert {member.ref.source for group in findings.groups for member in group.members} == {"bucket"}
    assert Reader().read(paths[2]) == encode(scene(1))
