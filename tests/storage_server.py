"""fsouza's emulator of Cloud Storage for one test session: built once by Go, started on a free port of loopback."""

from __future__ import annotations

import sys
from typing import Any

from tests import bigtable_server
from tests.bigtable_server import CACHE, BigtableServer

MODULE, VERSION = "github.com/fsouza/fake-gcs-server", "v1.56.1"
PROGRAM = CACHE / f"fake-gcs-server-{VERSION}"


class StorageServer(BigtableServer):
    """The emulator, all of it in memory. Clients find it by STORAGE_EMULATOR_HOST."""

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def command(self) -> list[str]:
        where = ["-host", "127.0.0.1", "-port", str(self.port), "-external-url", self.url, "-public-host", self.host]
        return [str(PROGRAM), "-scheme", "http", "-backend", "memory", *where]

    def bucket(self, name: str) -> Any:
        """A new bucket."""
        from google.cloud import storage  # type: ignore[attr-defined]

        client = storage.Client.create_anonymous_client()
        client.project = "test"
        return client.create_bucket(name)


def build() -> str:
    """Builds the emulator where it is not yet; what went wrong, "" if nothing did."""
    return bigtable_server.build(MODULE, VERSION, PROGRAM)


if __name__ == "__main__":
    sys.exit(build() or None)
