"""JPEG and PNG files: what the kernels take, against Pillow; any image file through the whole of examining."""

import os
from pathlib import Path

import numpy as np

from lookalike import decode
from lookalike.decode import native, thumbnails
from lookalike.errors import DecodeError
from lookalike.examining import Task, examine
from targets.pictures import encoded, exif, picture
from targets.target import Run, Target, require

MAX_PIXELS = 1 << 20
