"""S3, and what speaks its protocol, by boto3: a file that is written, a file that is swapped, why it refuses.

Beam's own client begins an upload in parts for every file, cannot write an empty one, and leaves the parts of a failed
one behind; so files are written here. Credentials are found by boto3's own chain: environment, profile, role.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions, S3Options

from persona_hub.transforms.files.access import SECONDS, AccessError, StorageAway, Swapped, bucket_and_name

log = logging.getLogger(__name__)

PART_BYTES = 16 << 20  # of an upload: 10,000 parts are the most, so a file has up to 160 GB
TRIES = 5  # at a swap that others keep from happening
GONE = ("404", "NoSuchKey", "NotFound")
CHANGED = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")
UNKNOWN = ("501", "NotImplemented", "InvalidArgument", "InvalidRequest", "UnsupportedHeader")
NOT_CREDENTIALS = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "TokenRefreshRequired",
)
ELSEWHERE = ("301", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")
HOW_TO_LOG_IN = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role"

Settings = tuple[tuple[str, Any], ...]


def settings_of(options: PipelineOptions | None) -> Settings:
    """The flags of an S3 client."""
    given = (options or PipelineOptions([])).view_as(S3Options)
    return (
        ("endpoint_url", given.s3_endpoint_url),
        ("region_name", given.s3_region_name),
        ("api_version", given.s3_api_version),
        ("verify", given.s3_verify),
        ("use_ssl", not given.s3_disable_ssl),
    )


@lru_cache(maxsize=8)
def client_of(settings: Settings, patient: bool = True) -> Any:
    """The client of some flags; threads may share it. One that is not `patient` gives up within seconds.

    Raises AccessError for an endpoint that is no address.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    quick = {"connect_timeout": SECONDS / 2, "read_timeout": SECONDS, "retries": {"total_max_attempts": 1}}
    try:
        config = None if patient else Config(**quick)
        return boto3.session.Session().client("s3", config=config, **dict(settings))
    except ValueError as error:
        raise AccessError(f"--s3_endpoint_url: {error}; it must be like https://s3.example.org") from None
    except BotoCoreError as error:  # a profile that is not there, a configuration that cannot be read
        raise AccessError(f"s3://: {error}; {HOW_TO_LOG_IN}") from None


def share_client() -> None:
    """Has Beam's filesystem use one client for all calls of a process.

    By itself it makes one for each, which is a quarter of a second of CPU.
    """
    from apache_beam.io.aws import s3io
    from apache_beam.io.aws.clients.s3.boto3_client import Client

    class SharedClient(Client):
        """Beam's calls on the client of these flags; what a download has open is each instance's own."""

        def __init__(self, options: PipelineOptions | None):
            self.client = client_of(settings_of(options))
            self._download_request = self._download_stream = None
            self._download_pos = 0

    if getattr(s3io.boto3_client, "__name__", ""):  # Beam's own module
        s3io.boto3_client = SimpleNamespace(Client=SharedClient)  # type: ignore[assignment]


def code_of(error: Exception) -> str:
    """What the server calls an error, "" for what never came to it."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


class S3File(io.RawIOBase):
    """A new object, written from its beginning to its end; it appears when it is closed, and not if that fails.

    What fits into one part is sent as one. Raises the client's own errors.
    """

    def __init__(self, client: Any, path: str):
        super().__init__()
        self.bucket, self.key = bucket_and_name(path)
        self.client, self.waiting = client, bytearray()
        self.upload, self.parts, self.failed = "", list[dict[str, Any]](), False

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any) -> int:
        """Takes `data`; sends whole parts."""
        self.waiting += data
        while len(self.waiting) >= PART_BYTES:
            self.send_part()
        return len(data)

    def send_part(self) -> None:
        """Sends a part of what is waiting."""
        part = bytes(self.waiting[:PART_BYTES])
        del self.waiting[:PART_BYTES]
        try:
            if not self.upload:
                self.upload = self.client.create_multipart_upload(Bucket=self.bucket, Key=self.key)["UploadId"]
            number = len(self.parts) + 1
            sent = self.client.upload_part(
                Bucket=self.bucket, Key=self.key, UploadId=self.upload, PartNumber=number, Body=part
            )
            self.parts.append({"ETag": sent["ETag"], "PartNumber": number})
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        """Gives up; the server frees what it has got."""
        self.failed = True
        if self.upload:
            with suppress(Exception):  # the first error is the one to report
                self.client.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=self.upload)

    def close(self) -> None:
        """Ends the upload."""
        if self.closed:
            return
        try:
            if not self.failed:
                self.finish()
        finally:
            super().close()

    def finish(self) -> None:
        """Sends the rest, and has the object appear."""
        if not self.upload:
            self.client.put_object(Bucket=self.bucket, Key=self.key, Body=bytes(self.waiting))
            return
        if self.waiting:
            self.send_part()
        try:
            self.client.complete_multipart_upload(
                Bucket=self.bucket, Key=self.key, UploadId=self.upload, MultipartUpload={"Parts": self.parts}
            )
        except BaseException:
            self.abort()
            raise


def read_object(client: Any, path: str) -> tuple[bytes | None, str]:
    """(content of a small object, its entity tag), (None, "") where there is none."""
    from botocore.exceptions import ClientError

    bucket, key = bucket_and_name(path)
    try:
        got = client.get_object(Bucket=bucket, Key=key)
        return got["Body"].read(), got["ETag"]
    except ClientError as error:
        if code_of(error) in GONE:
            return None, ""
        raise


def swap_object(client: Any, path: str, expects: Callable[[bytes | None], bool], data: bytes) -> Swapped:
    """Replaces a small object by `data` if it is what is expected, else leaves it.

    By the entity tag: the server refuses a write where another came between. Of a write that was sent again, and was
    refused by its own success, the content tells.
    """
    from botocore.exceptions import ClientError

    bucket, key = bucket_and_name(path)
    for attempt in range(TRIES):
        found, tag = read_object(client, path)
        if (attempt and found == data) or not expects(found):
            return Swapped(found == data and attempt > 0, found)
        try:
            condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
            client.put_object(Bucket=bucket, Key=key, Body=data, **condition)
        except ClientError as error:
            if code_of(error) not in (*CHANGED, *GONE):
                raise
        else:
            return Swapped(True, found)
    raise StorageAway(f"{path}: kept from being replaced {TRIES} times, by others who write it")


def require_conditions(client: Any, path: str) -> None:
    """Raises AccessError where the server takes no put on a condition, and warns where it passes the condition over.

    `path` is of an object that is there; it may be replaced by one without a byte.
    """
    from botocore.exceptions import ClientError

    bucket, key = bucket_and_name(path)
    try:
        client.put_object(Bucket=bucket, Key=key, Body=b"", IfNoneMatch="*")
    except ClientError as error:
        if code_of(error) in CHANGED:
            return
        if code_of(error) not in UNKNOWN:
            raise
        raise AccessError(
            f"{path.rpartition('/')[0]}: this server takes no put on a condition ({code_of(error)}), by which two "
            "writers are kept apart; name another storage"
        ) from None
    log.warning(
        "%s: this server passes over the condition of a put (If-None-Match), so two writers at the same moment are not "
        "kept apart; let one job at a time write",
        path.rpartition("/")[0],
    )


def s3_refusal(path: str, error: Exception) -> AccessError | StorageAway:
    """The one line for what a client has raised."""
    from botocore import exceptions as botocore

    bucket, code = bucket_and_name(path)[0], code_of(error)
    login = (
        botocore.NoCredentialsError,
        botocore.PartialCredentialsError,
        botocore.CredentialRetrievalError,
        botocore.UnauthorizedSSOTokenError,
        botocore.SSOTokenLoadError,
        botocore.TokenRetrievalError,
    )
    if isinstance(error, login):
        return AccessError(f"{path}: no credentials for S3 ({error}); {HOW_TO_LOG_IN}")
    if code in NOT_CREDENTIALS:
        return AccessError(f"{path}: the credentials are refused ({code}); {HOW_TO_LOG_IN}")
    if code in ("NoSuchBucket", *GONE):
        return AccessError(f"{path}: there is no bucket {bucket}; make it, or name another")
    if code in ELSEWHERE:
        return AccessError(f"{path}: the bucket is in another region ({code}); name it by --s3_region_name")
    status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status in (401, 403):
        return AccessError(
            f"{path}: denied (HTTP {status} {code}); the account must be allowed s3:ListBucket, s3:GetObject, and to "
            "write s3:PutObject and s3:DeleteObject too"
        )
    if isinstance(error, botocore.ParamValidationError):
        return AccessError(f"{path}: no name of a bucket; write s3://BUCKET/FOLDER")
    return StorageAway(f"{path}: S3 does not answer ({error}); see --s3_endpoint_url and the network")
