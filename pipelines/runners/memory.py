"""Memory of a job on this machine: what has been freed goes back to the system."""

from __future__ import annotations

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's <malloc.h>
RETURNED_BYTES = 4 << 20  # from 256 KB on EmbedDedup took a fifth longer, for new pages, and no build took less memory


def return_freed_memory(size: int = RETURNED_BYTES) -> None:
    """Has glibc give back freed blocks of `size` bytes and more, in this process and in those that it starts.

    By default glibc keeps blocks of up to 32 MB once it has seen one freed; the runner's buffers and numpy's blocks
    then leave a heap full of holes. 16,000 documents of `benchmarks.build` peaked at 879 MB with that, at 735 without.
    Elsewhere than on glibc nothing is done.
    """
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(size))
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(size))
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(M_MMAP_THRESHOLD, size)
    mallopt(M_TRIM_THRESHOLD, size)
