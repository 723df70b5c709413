"""S3 for one test session: moto's server in a process of its own, on a free port of loopback, all of it in memory."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from typing import Any

START_SECONDS = 120.0
# No account of the user's, and no metadata server of a cloud's machine.
ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


class S3Server:
    """moto's server. Clients find it by AWS_ENDPOINT_URL_S3, or --s3_endpoint_url."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> S3Server:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + START_SECONDS
        while not self.listens():
            assert self.process.poll() is None, "moto's server ended at once"
            assert time.monotonic() < until, "moto's server does not listen"
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def listens(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def bucket(self, name: str) -> Any:
        """A new bucket."""
        import boto3

        resource = boto3.session.Session().resource(
            "s3", endpoint_url=self.url, aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
        )
        return resource.create_bucket(Bucket=name)
