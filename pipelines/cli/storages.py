"""Far storages, as a command uses them: their flags, and whether they can be used, before anything else is done."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from apache_beam.options.pipeline_options import HadoopFileSystemOptions, PipelineOptions, S3Options

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.option import Options
from persona_hub.pipelines.cli.parser import Parser
from persona_hub.transforms.files.access import FAR, scheme_of
from persona_hub.transforms.files.check import require_readable
from persona_hub.transforms.files.storage import set_storage_options

SECRETS = ("s3_access_key_id", "s3_secret_access_key", "s3_session_token")
# What was read once, and what a cloud's service reads: no files of the command's own.
NO_FILES = ("source", "template", "temp_location", "staging_location")


def use_storage_flags(arguments: Sequence[str]) -> list[str]:
    """Has this process use storages as Beam's flags among `arguments` say; returns the other arguments.

    Raises UsageError for a key among them: the list of processes would show it.
    """
    parser = storage_parser()
    found, rest = parser.parse_known_args(list(arguments))
    for name in SECRETS:
        if getattr(found, name):
            raise UsageError(
                f"--{name}: no key belongs on a command line, which others can read; boto3 finds it in the environment "
                "(AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), in ~/.aws, or by the machine's role"
            )
    if "@" in (found.s3_endpoint_url or ""):
        raise UsageError("--s3_endpoint_url: this address holds what looks like a password; write it without")
    set_storage_options(PipelineOptions(list(arguments)))
    return list(rest)


def storage_flags() -> list[str]:
    """The names of the flags, without their dashes."""
    return [name.removeprefix("--") for name in storage_parser()._option_string_actions]


def storage_parser() -> argparse.ArgumentParser:
    """The parser of the flags of storages: Beam's own, which commands without Beam take too."""
    parser = Parser(prog="persona-hub COMMAND", add_help=False, allow_abbrev=False)
    for group in (S3Options, HadoopFileSystemOptions):
        group._add_argparse_args(parser)
    parser.add_argument("--project")
    parser.add_argument("--impersonate_service_account")
    return parser


def check_storages(options: Options) -> None:
    """Raises AccessError, or StorageAway, for a path of a far storage that cannot be used, each bucket asked once."""
    asked = set[str]()
    for path in far_paths(options):
        place = path.rpartition("/")[0]
        if place not in asked:
            asked.add(place)
            require_readable(path)


def far_paths(options: Options) -> Iterator[str]:
    """The paths on far storages among the values of options."""
    for name, value in vars(options).items():
        texts = [value] if isinstance(value, str) else value if isinstance(value, tuple) else []
        if name not in NO_FILES:
            yield from (
                path for text in texts for path in map(str.strip, str(text).split(",")) if scheme_of(path) in FAR
            )
