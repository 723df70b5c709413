"""The option of a table of columns that a choice asks for."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.option import Options, option


@dataclass(frozen=True, kw_only=True)
class ColumnOptions(Options):
    """Columns of personas that the hub does not hold."""

    columns: tuple[str, ...] = option(
        "files or folders of JSON Lines with persona_id and columns of your own, which --where and --choose know as "
        "given.NAME: weights and quota sample of `evaluate --balance`, as in --where given.quota=1",
        (),
        many=True,
        paths=True,
        metavar="FILE",
    )
