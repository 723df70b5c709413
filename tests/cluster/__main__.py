"""python -m tests.cluster [FOLDER]: a Flink cluster to try things on, until Ctrl-C; prints the flags that reach it."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from tests.cluster.flink import Cluster

signal.signal(signal.SIGTERM, signal.default_int_handler)
folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="persona-hub-flink-"))
try:
    with Cluster(folder) as cluster:
        print(*cluster.flags(), flush=True)
        print(f"console http://{cluster.address}, logs in {folder}; Ctrl-C ends it", file=sys.stderr)
        signal.pause()
except KeyboardInterrupt:
    pass
