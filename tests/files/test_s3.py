"""Files on S3: written in one piece or in parts, empty ones too, and swapped on a condition."""

from __future__ import annotations

import os
from typing import Any

import pytest
from botocore.exceptions import ClientError

from persona_hub.transforms.files.access import StorageAway
from persona_hub.transforms.files.conditional import swap_file
from persona_hub.transforms.files.s3 import S3File, client_of, settings_of, swap_object
from persona_hub.transforms.files.storage import (
    delete_files,
    file_exists,
    list_files,
    open_to_read,
    open_to_write,
    read_bytes,
    rename_file,
)

PART = 5 << 20  # the least that S3 takes


def written(path: str, *pieces: bytes) -> bytes:
    with open_to_write(path) as file:
        for piece in pieces:
            file.write(piece)
    return read_bytes(path)


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART])
def test_what_is_written_is_read_whatever_its_size(size: int, s3_bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("persona_hub.transforms.files.s3.PART_BYTES", PART)
    path, data = f"s3://{s3_bucket.name}/a/b", os.urandom(size)
    assert written(path, data[: size // 3], data[size // 3 :]) == data
    assert [(file.path, file.size) for file in list_files(f"s3://{s3_bucket.name}/a/*")] == [(path, size)]
    assert not list(s3_bucket.multipart_uploads.all())
    with open_to_read(path) as file:
        file.seek(size // 2)
        assert file.read() == data[size // 2 :]


def test_an_upload_that_fails_leaves_neither_an_object_nor_parts(
    s3_bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persona_hub.transforms.files.s3.PART_BYTES", PART)
    client = Failing(client_of(settings_of(None)))
    file = S3File(client, f"s3://{s3_bucket.name}/a")
    file.write(bytes(PART))
    client.fails = True
    with pytest.raises(ClientError, match="SlowDown"):
        file.write(bytes(PART))
    file.close()
    assert not list(s3_bucket.objects.all())
    assert not list(s3_bucket.multipart_uploads.all())


def test_files_are_renamed_and_deleted(s3_bucket: Any) -> None:
    here = f"s3://{s3_bucket.name}/dir"
    for name in ("a", "b*"):
        written(f"{here}/{name}", name.encode())
    rename_file(f"{here}/a", f"{here}/c")
    assert not file_exists(f"{here}/a")
    assert read_bytes(f"{here}/c") == b"a"
    delete_files([f"{here}/b*", f"{here}/c"])
    assert not list(s3_bucket.objects.all())


class Failing:
    """A client whose uploads of parts fail when a test wants it."""

    def __init__(self, client: Any):
        self.client, self.fails = client, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def upload_part(self, **given: Any) -> Any:
        if self.fails:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "UploadPart")
        return self.client.upload_part(**given)


class Racing(Failing):
    """A client before whose next puts another writer puts something; with "" this very client, whose answer is lost."""

    def __init__(self, client: Any, *before: bytes):
        super().__init__(client)
        self.before = list(before)

    def put_object(self, **given: Any) -> Any:
        if self.before:
            place = {"Bucket": given["Bucket"], "Key": given["Key"]}
            if other := self.before.pop(0):
                self.client.put_object(**place, Body=other)
            else:
                self.client.put_object(**given)
        return self.client.put_object(**given)


def test_a_file_is_swapped_only_if_it_holds_what_is_expected(s3_bucket: Any) -> None:
    path = f"s3://{s3_bucket.name}/f"
    assert swap_file(path, lambda held: held == b"", b"new") == (False, None), "there is none"
    assert swap_file(path, lambda held: held is None, b"one").done
    assert swap_file(path, lambda held: held is None, b"two") == (False, b"one")
    assert swap_file(path, lambda held: held == b"one", b"two").done
    assert read_bytes(path) == b"two"


@pytest.mark.parametrize("held", [b"", b"one"])
def test_a_writer_that_comes_between_wins(held: bytes, s3_bucket: Any) -> None:
    path = f"s3://{s3_bucket.name}/f"
    if held:
        written(path, held)
    client = Racing(client_of(settings_of(None)), b"other")
    assert swap_object(client, path, lambda found: (found or b"") == held, b"mine") == (False, b"other")
    assert read_bytes(path) == b"other"


def test_a_write_whose_answer_was_lost_is_a_success(s3_bucket: Any) -> None:
    path = f"s3://{s3_bucket.name}/f"
    client = Racing(client_of(settings_of(None)), b"")
    assert swap_object(client, path, lambda found: found is None, b"mine").done
    assert read_bytes(path) == b"mine"


def test_a_file_that_others_never_leave_alone_is_given_up(s3_bucket: Any) -> None:
    client = Racing(client_of(settings_of(None)), *(b"%d" % i for i in range(9)))
    with pytest.raises(StorageAway, match="kept from being replaced 5 times"):
        swap_object(client, f"s3://{s3_bucket.name}/f", lambda _: True, b"mine")


@pytest.mark.parametrize("scheme", ["s3", "gs"])
@pytest.mark.parametrize("end", ["", "/"])
def test_a_bucket_is_no_file_and_is_not_asked_for_again_and_again(scheme: str, end: str, s3_account: None) -> None:
    assert not file_exists(f"{scheme}://bucket{end}")
    assert list_files(f"{scheme}://bucket{end}") == []


def test_one_client_serves_all_calls_of_a_process(s3_bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written(f"s3://{s3_bucket.name}/f", b"x")

    def another(*_: Any, **__: Any) -> Any:
        raise AssertionError("a second client is made")

    monkeypatch.setattr("boto3.session.Session.client", another)
    assert file_exists(f"s3://{s3_bucket.name}/f")
    assert read_bytes(f"s3://{s3_bucket.name}/f") == b"x"
    assert len(list_files(f"s3://{s3_bucket.name}/*")) == 1
