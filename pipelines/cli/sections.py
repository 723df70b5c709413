"""The sections of the help, and the groups of options in them: the order of flags in the help and in templates."""

from __future__ import annotations

from persona_hub.pipelines.cli import corpus_options as corpus
from persona_hub.pipelines.cli import hub_options as hub
from persona_hub.pipelines.cli import launch_options as launch
from persona_hub.pipelines.cli import model_options as models
from persona_hub.pipelines.cli.evaluation import evaluate_options as evaluation
from persona_hub.pipelines.cli.evaluation import report_options as live
from persona_hub.pipelines.cli.evaluation import review_options as review
from persona_hub.pipelines.cli.option import Option, Options, options_of, own_options, takes
from persona_hub.pipelines.cli.samples import ablation_options as ablation
from persona_hub.pipelines.cli.samples import check_options as check
from persona_hub.pipelines.cli.samples import column_options as columns
from persona_hub.pipelines.cli.samples import use_case_options as settings

SECTIONS: list[tuple[str, tuple[type[Options], ...]]] = [
    ("corpus", (corpus.InputOptions, corpus.OutputOptions, corpus.CorpusOptions)),
    ("given personas", (corpus.GivenPersonaOptions,)),
    (
        "language model",
        (models.ModelFileOptions, models.ModelOptions, models.InFlightOptions, models.SamplingOptions),
    ),
    (
        "spending",
        (
            models.StoreOptions,
            models.BudgetOptions,
            models.BudgetSharesOptions,
            models.RateOptions,
            models.PriceOptions,
            models.RepairOptions,
            models.CallOptions,
        ),
    ),
    ("sample", (hub.EstimateSizeOptions, hub.PreviewSizeOptions)),
    ("display", (hub.StatusOptions, live.ReportOptions)),
    ("personas", (corpus.PersonaOptions, corpus.PiiOptions)),
    (
        "duplicates",
        (corpus.WordDedupOptions, models.EmbedderOptions, corpus.AcrossLanguagesOptions, hub.AgainstOptions),
    ),
    (
        "samples",
        (
            corpus.UseCaseOptions,
            columns.ColumnOptions,
            settings.SettingOptions,
            check.CheckOptions,
            check.AcceptedOptions,
        ),
    ),
    ("experiment", (ablation.AblationOptions,)),
    ("evaluation", (evaluation.EvaluationOptions,)),
    (
        "hub",
        (
            hub.HubOptions,
            hub.VersionOptions,
            hub.RollbackOptions,
            hub.ListingOptions,
            hub.TwoVersionsOptions,
            hub.SourceOptions,
            hub.CleaningOptions,
            hub.ExportOptions,
            hub.TrainingOptions,
            hub.QueryOptions,
            hub.ClustersOptions,
        ),
    ),
    ("review", (review.ReviewExportOptions, review.ReviewImportOptions)),
    ("Dataflow", (launch.ServiceOptions, launch.TemplateOptions, launch.LaunchOptions)),
    ("schedule", (launch.ScheduleNameOptions, launch.ScheduleOptions, launch.SchedulerOptions)),
    ("run", (corpus.RunOptions,)),
]


def sections_of(command: type[Options]) -> list[tuple[str, dict[str, Option]]]:
    """(title, options by name) of each section of a command's help that is not empty."""
    found = options_of(command)
    sections = [
        (title, {name: found[name] for group in groups for name in own_options(group) if takes(command, group, name)})
        for title, groups in SECTIONS
    ]
    return [(title, own) for title, own in sections if own]
