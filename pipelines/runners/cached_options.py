"""Views: Beam's options, each view of which is made once."""

from __future__ import annotations

from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions


class Views(PipelineOptions):
    """Options that Beam can ask for a view as often as it does: a thousand times while it builds a pipeline of ours.

    A view of Beam's own makes a parser and parses all flags again, which is 0.8 s of a job's start. All views read and
    write the same values, so one of each kind will do.
    """

    def view_as(self, cls: type[Any]) -> Any:
        """The view, made at the first time."""
        views = self.__dict__.setdefault("_views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        return views[cls]
