"""Storages looked at before a command begins: client, flags, credentials and rights, each told in one line."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apache_beam.options.pipeline_options import HadoopFileSystemOptions, PipelineOptions

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.files.access import (
    FAR,
    SECONDS,
    AccessError,
    StorageAway,
    bucket_and_name,
    require_client,
    scheme_of,
)
from persona_hub.transforms.files.atomic import UNFINISHED, write_bytes
from persona_hub.transforms.files.gcs import gcs_client, gcs_refusal
from persona_hub.transforms.files.s3 import client_of, require_conditions, s3_refusal, settings_of
from persona_hub.transforms.files.storage import delete_file, join_path, storage_options

PATIENCE = (SECONDS / 2, SECONDS)  # seconds for the connection and for the answer
EXPLAINED = {"gs": gcs_refusal, "s3": s3_refusal}


@contextmanager
def refusals(path: str) -> Iterator[None]:
    """What a client raises inside becomes AccessError or StorageAway, which name the path, the cause and the remedy."""
    try:
        yield
    except (InvalidInputError, StorageAway):
        raise
    except Exception as error:  # each client's are of many families
        raise EXPLAINED[scheme_of(path)](path, error) from error


def require_readable(path: str) -> None:
    """Asks the storage of `path`, or of a glob pattern, for one name. Raises AccessError, or StorageAway."""
    require_client(path)
    scheme = scheme_of(path)
    bucket, name = bucket_and_name(path)
    prefix = name.partition("*")[0]
    if scheme == "hdfs":
        require_name_node(path)
    elif scheme == "s3":
        with refusals(path):
            client_of(settings_of(storage_options()), patient=False).list_objects_v2(
                Bucket=bucket, Prefix=prefix, MaxKeys=1
            )
    elif scheme == "gs":
        with refusals(path):
            found = gcs_client(storage_options()).list_blobs(
                bucket, prefix=prefix, max_results=1, retry=None, timeout=PATIENCE
            )
            list(found)


def require_writable(folder: str) -> None:
    """Writes a file of no byte into `folder` and deletes it, on a far storage. Raises AccessError, or an OSError."""
    scheme = scheme_of(folder)
    if scheme not in FAR:
        return
    path = join_path(folder, f"{UNFINISHED}{uuid.uuid4().hex}")
    bucket, name = bucket_and_name(path)
    if scheme == "s3":
        with refusals(folder):
            client: Any = client_of(settings_of(storage_options()), patient=False)
            client.put_object(Bucket=bucket, Key=name, Body=b"")
            require_conditions(client, path)
            client.delete_object(Bucket=bucket, Key=name)
    elif scheme == "gs":
        with refusals(folder):
            blob = gcs_client(storage_options()).bucket(bucket).blob(name)
            blob.upload_from_string(b"", retry=None, timeout=PATIENCE)
            blob.delete(retry=None, timeout=PATIENCE)
    else:
        write_bytes(path, b"")
        delete_file(path)


def require_name_node(path: str) -> None:
    """Asks the WebHDFS of the name node that Beam's flags tell. Raises AccessError, or StorageAway."""
    import hdfs

    given = (storage_options() or PipelineOptions([])).view_as(HadoopFileSystemOptions)
    lacking = [flag for flag in ("hdfs_host", "hdfs_port", "hdfs_user") if not getattr(given, flag)]
    if lacking:
        flags = " and ".join(f"--{flag}" for flag in lacking)
        raise AccessError(f"{path}: {flags} must say where WebHDFS of the name node is, and as whom to ask")
    address = f"http://{given.hdfs_host}:{given.hdfs_port}"
    try:
        hdfs.InsecureClient(address, user=given.hdfs_user, timeout=SECONDS).status("/", strict=False)
    except hdfs.HdfsError as error:
        raise AccessError(f"{path}: {address} refuses ({error}); see --hdfs_user") from error
    except Exception as error:  # of requests
        raise StorageAway(f"{path}: no WebHDFS at {address} ({error}); see --hdfs_host and --hdfs_port") from error
