"""Small Parquet files that stand for much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def repeated(value: str, times: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(times, np.int32)), pa.array([value]))


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    options = {"compression": "zstd", "store_schema": False, "dictionary_pagesize_limit": 1 << 30, **options}
    pq.write_table(pa.table(columns), path, **options)
    return path


def members(times: int) -> pa.LargeListArray:
    """One row that lists an address so many times."""
    return pa.LargeListArray.from_arrays(pa.array([0, times], pa.int64()), repeated("https://a.example", times))
