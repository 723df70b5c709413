"""Keys and passwords in flags where none belongs: refused with the flag and the remedy, and shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.secrets import without_logins

BUILD = "build --input CORPUS --output OUT --llm openai:m"
ADDRESSES = [
    "http://user:planted@host/v1",
    "http://user:planted@",
    "http://user:planted",
    "https:/user:planted@host/v1",
    "http://user:planted@[::1/v1",
    "http://[::1/planted",
    "http://host:planted/v1",
    "http://user:pl?planted@host/v1",
    "https://host/v1?token=planted",
    "https://host/v1?code=planted",
    "https://host/v1?sv=1&sig=planted",
    "https://host/v1?api-version=1&subscription-key=planted",
    "https://host/v1?x=planted",
    "https://host/v1#access_token=planted",
    "https://host/v1;jwt=planted",
]


def refused(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The line that a wrong command prints, which holds no planted secret."""
    (folder / "corpus.txt").write_text("Notes on ferries, and on those who keep them running in winter.")
    words = [word.replace("CORPUS", f"{folder}/corpus.txt").replace("OUT", f"{folder}/out") for word in command.split()]
    assert main(words) == WRONG_COMMAND
    said = capsys.readouterr()
    assert not said.out
    assert len(said.err.splitlines()) == 1
    assert "planted" not in said.err
    assert not (folder / "out").exists()
    return said.err


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("flag", ["--llm_base_url", "--embedder_base_url"])
def test_an_address_of_a_model_holds_no_secret(
    flag: str, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    embedder = "--embedder openai:m" if "embedder" in flag else ""
    said = refused(f"{BUILD} {embedder} {flag} {address}", tmp_path, capsys)
    assert f"error: {flag} " in said
    assert "never in the address" in said or "must be an address such as http://HOST:PORT/v1" in said


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--rate_limiter envoy://user:planted@host:1/domain", "--rate_limiter"),
        ("--rate_limiter envoy:/user:planted@host", "--rate_limiter"),
        ("--rate_limiter envoy://host:1/domain?token=planted", "--rate_limiter"),
        ("--response_store redis://user:planted@host", "REDIS_PASSWORD"),
        ("--response_store redis://:planted@host/0", "REDIS_PASSWORD"),
        ("--response_store mysql://user:planted@host", "--response_store"),
        ("--response_store redis://host?password=planted", "REDIS_PASSWORD"),
        ("--input https://user:planted@host/corpus.txt", "--input https://…"),
        ("--input https://host/corpus.txt?sig=planted", "--input https://host/corpus.txt?…"),
        ("--input s3://key:planted@bucket/*.jsonl", "--input s3://…"),
        ("--prompt_dir https://host/prompts?token=planted", "--prompt_dir https://host/prompts?…"),
        ("--price_file https://user:planted@host/prices.yaml", "--price_file https://…"),
        ("--openai_api_key planted", "unknown argument --openai_api_key"),
        ("--openai_api_key=planted", "unknown argument --openai_api_key"),
        ("--llm_api_key=planted", "unknown argument --llm_api_key"),
        ("-key=planted", "unknown argument -key"),
        ("planted", "an argument that belongs to no flag"),
    ],
)
def test_a_secret_where_none_belongs_is_not_shown(
    flags: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(f"{BUILD} {flags}", tmp_path, capsys)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("export --hub h --api_key=planted", "unknown argument --api_key"),
        ("status --token planted", "unknown argument --token"),
        ("build --input CORPUS --output OUT --llm vllm:m --vllm_args=--hf-token=planted", "HF_TOKEN"),
        ("build --input CORPUS --output OUT --llm vllm:m --vllm_args=--api-key=planted", "needs no key"),
    ],
)
def test_nor_in_other_commands(command: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in refused(command, tmp_path, capsys)


@pytest.mark.parametrize(
    "text",
    [
        "gs://bucket/part-?.jsonl",
        "https://host/v1?api-version=2024-06-01",
        "redis://host?password_secret=projects/p/secrets/s/versions/1",
        "s3://bucket/user@example.org/a.jsonl",
        "corpus/a:b@c.jsonl",
        "the tokens a minute: 5",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert without_logins(text) == text
