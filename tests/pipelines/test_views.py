"""Views: each is made once, and all of them hold the same values."""

from __future__ import annotations

import pickle

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions, TypeOptions

from persona_hub.pipelines.runners.cached_options import Views
from persona_hub.pipelines.runners.run import beam_options

FLAGS = ["--runner=FlinkRunner", "--direct_num_workers=3"]


def test_a_view_is_made_once() -> None:
    options = Views(FLAGS)
    assert options.view_as(TypeOptions) is options.view_as(TypeOptions)
    assert isinstance(beam_options([]), Views), "a job's options are such"
    assert options.view_as(StandardOptions).runner == "FlinkRunner"
    assert options.view_as(DirectOptions).direct_num_workers == 3


def test_what_is_set_in_one_view_stands_in_all_as_with_beams_own() -> None:
    for kind in (PipelineOptions, Views):
        options = kind(FLAGS)
        options.view_as(StandardOptions).runner = "PrismRunner"
        assert options.view_as(StandardOptions).runner == "PrismRunner"
        assert options.get_all_options()["runner"] == "PrismRunner"
    assert Views(FLAGS).get_all_options() == PipelineOptions(FLAGS).get_all_options()


def test_they_travel_as_beams_own_do() -> None:
    options = Views(FLAGS)
    options.view_as(DirectOptions).direct_num_workers = 4
    again = pickle.loads(pickle.dumps(options))
    assert again.view_as(DirectOptions).direct_num_workers == 4
    assert again.get_all_options() == options.get_all_options()
