"""Every command: what it does, the function that runs it, and its options."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.command_options import (
    AblateOptions,
    BuildOptions,
    CompactOptions,
    DedupOptions,
    EstimateOptions,
    EvaluateOptions,
    ImportOptions,
    PreviewOptions,
    RefreshOptions,
    SearchOptions,
    SynthesizeOptions,
    TakedownOptions,
)
from persona_hub.pipelines.cli.evaluation.report_options import ReportOptions
from persona_hub.pipelines.cli.evaluation.review_options import ReviewExportOptions, ReviewImportOptions
from persona_hub.pipelines.cli.hub_options import (
    CleaningOptions,
    ClustersOptions,
    ExportOptions,
    ListingOptions,
    RollbackOptions,
    StatusOptions,
    TwoVersionsOptions,
)
from persona_hub.pipelines.cli.launch_options import (
    LaunchOptions,
    ScheduleNameOptions,
    ScheduleOptions,
    SchedulerOptions,
)
from persona_hub.pipelines.cli.option import Options


@dataclass(frozen=True)
class Job:
    """A command: what it does, the function that runs it ("module:function"), and its options."""

    name: str
    help: str
    function: str
    options: type[Options]
    runs_on_beam: bool = True


JOBS = [
    Job("build", "corpus -> hub of personas (-> samples)", "persona_hub.pipelines.build:build_hub", BuildOptions),
    Job(
        "refresh",
        "hub + new corpus -> the hub's next version, with what the corpus brings",
        "persona_hub.pipelines.refresh:refresh_hub",
        RefreshOptions,
    ),
    Job(
        "dedup",
        "personas, or any short texts -> those that are not near-duplicates",
        "persona_hub.pipelines.dedup:deduplicate",
        DedupOptions,
    ),
    Job(
        "synthesize",
        "hub -> samples of use cases",
        "persona_hub.pipelines.synthesize:synthesize_samples",
        SynthesizeOptions,
    ),
    Job(
        "ablate",
        "hub -> whether its personas make samples more diverse than a few, or none: gain, no gain, too little data",
        "persona_hub.pipelines.ablate:ablate_hub",
        AblateOptions,
    ),
    Job(
        "evaluate",
        "hub or files of personas, and samples -> a report: how diverse, repetitive, balanced, faithful, right, new",
        "persona_hub.pipelines.evaluate:evaluate_hub",
        EvaluateOptions,
    ),
    Job(
        "export",
        "hub and samples -> JSON Lines as the authors released, Parquet, or a data set to train on",
        "persona_hub.pipelines.commands.export:export_hub",
        ExportOptions,
        runs_on_beam=False,
    ),
    Job(
        "search",
        "hub + a text, or one of its personas -> the personas nearest to it, by meaning and by words",
        "persona_hub.pipelines.commands.search:search_hub",
        SearchOptions,
        runs_on_beam=False,
    ),
    Job(
        "clusters",
        "what a hub is about: its clusters as a tree, with labels, sizes, languages and examples",
        "persona_hub.pipelines.commands.clusters:show_clusters",
        ClustersOptions,
        runs_on_beam=False,
    ),
    Job(
        "review export",
        "samples -> a page on which people rate them, offline and by keyboard",
        "persona_hub.pipelines.commands.review.export:export_review",
        ReviewExportOptions,
        runs_on_beam=False,
    ),
    Job(
        "review import",
        "files that the page saved -> how far raters agree, what they find, and a gold set for judges",
        "persona_hub.pipelines.commands.review.import_ratings:import_ratings",
        ReviewImportOptions,
        runs_on_beam=False,
    ),
    Job(
        "versions",
        "which versions a hub has, and which one readers see",
        "persona_hub.pipelines.commands.versions:list_hub_versions",
        ListingOptions,
        runs_on_beam=False,
    ),
    Job(
        "diff",
        "two versions of a hub -> personas added and removed, and the settings that changed",
        "persona_hub.pipelines.commands.diff:diff_versions",
        TwoVersionsOptions,
        runs_on_beam=False,
    ),
    Job(
        "rollback",
        "an earlier version becomes the one that readers see; nothing is deleted",
        "persona_hub.pipelines.commands.rollback:roll_back",
        RollbackOptions,
        runs_on_beam=False,
    ),
    Job(
        "takedown",
        "a version without what came of some sources, which no refresh reads again",
        "persona_hub.pipelines.takedown:take_down_sources",
        TakedownOptions,
    ),
    Job(
        "compact",
        "a chain of versions -> one that has files of its own only",
        "persona_hub.pipelines.compact:compact_hub",
        CompactOptions,
    ),
    Job(
        "gc",
        "removes the files that no kept version of a hub names",
        "persona_hub.pipelines.commands.gc:collect_garbage",
        CleaningOptions,
        runs_on_beam=False,
    ),
    Job(
        "preview",
        "a few documents -> prompts, answers, personas and verdicts, to look at before paying",
        "persona_hub.pipelines.commands.preview:preview_build",
        PreviewOptions,
        runs_on_beam=False,
    ),
    Job(
        "estimate",
        "what a build, or samples of a hub, will take: calls, tokens, cost and time by stage, from a part that is sent",
        "persona_hub.pipelines.commands.estimate:estimate_build",
        EstimateOptions,
    ),
    Job(
        "status",
        "calls, tokens and cost by stage so far, of a running or finished job",
        "persona_hub.pipelines.commands.status:show_status",
        StatusOptions,
        runs_on_beam=False,
    ),
    Job(
        "report",
        "what a job has spent and made so far -> a page, made again while it runs",
        "persona_hub.pipelines.commands.live.report:show_report",
        ReportOptions,
        runs_on_beam=False,
    ),
    Job(
        "import-responses",
        "answers of a batch API -> response store",
        "persona_hub.pipelines.commands.import_responses:import_batch_answers",
        ImportOptions,
        runs_on_beam=False,
    ),
    Job(
        "launch",
        "starts a flex template on Dataflow; the flags of its job follow",
        "persona_hub.pipelines.cloud.launch:launch_template",
        LaunchOptions,
    ),
    Job(
        "schedule create",
        "has Cloud Scheduler launch a flex template by a schedule; the flags of its job follow",
        "persona_hub.pipelines.cloud.schedule_create:create_schedule",
        ScheduleOptions,
    ),
    Job(
        "schedule list",
        "schedules, when they ran and will run, and what they read",
        "persona_hub.pipelines.cloud.schedule_list:list_schedules",
        SchedulerOptions,
        runs_on_beam=False,
    ),
    Job(
        "schedule delete",
        "deletes a schedule; jobs that it has started keep running",
        "persona_hub.pipelines.cloud.schedule_delete:delete_schedule",
        ScheduleNameOptions,
        runs_on_beam=False,
    ),
]
JOB_BY_NAME = {job.name: job for job in JOBS}
