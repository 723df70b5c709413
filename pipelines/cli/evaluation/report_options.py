"""Options of `report`."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.hub_options import HubOptions, StatusOptions, StoreOptions
from persona_hub.pipelines.cli.option import Options, again, option


@dataclass(frozen=True, kw_only=True)
class ReportOptions(Options):
    """Of which job, where the page goes, and how often it is made again."""

    hub: str = again(HubOptions, "hub", help="folder of the job: what it was given as --output")
    output: str = option("folder for index.html and report.json, not one of `evaluate`", required=True, metavar="DIR")
    watch: float = again(StatusOptions, "watch", help="make the page again every SECONDS, until the job has published")
    response_store: str = again(StoreOptions, "response_store")
