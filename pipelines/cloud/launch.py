"""launch: starts a flex template on Dataflow, by the official client."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.commands import JOB_BY_NAME, Job
from persona_hub.pipelines.cli.date_macros import DATED, dated, utc_now
from persona_hub.pipelines.cli.exit_status import DONE, FAILED, JobError, UnknownArgument, UsageError
from persona_hub.pipelines.cli.launch_options import LaunchOptions, ServiceOptions, TemplateOptions
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.model_file import with_model_file
from persona_hub.pipelines.cli.model_options import EmbedderOptions, LanguageModelOptions
from persona_hub.pipelines.cli.option import Options, options_of
from persona_hub.pipelines.cli.parser import Parser, read_options
from persona_hub.pipelines.cloud.template import CLOUD_FOLDER, CLOUD_OBJECT, pattern_faults
from persona_hub.pipelines.planning.budget import has_budget
from persona_hub.pipelines.planning.corpus.sources import check_sources
from persona_hub.pipelines.planning.models import embeds, named_model
from persona_hub.pipelines.planning.store_choice import store_of
from persona_hub.pipelines.planning.trust import last_settings
from persona_hub.pipelines.runners.dataflow import DATAFLOW, job_link
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.secrets import without_logins

if TYPE_CHECKING:
    from google.cloud.dataflow_v1beta3 import Job as DataflowJob
    from google.cloud.dataflow_v1beta3 import LaunchFlexTemplateRequest

ENDED = {"JOB_STATE_DONE": DONE, "JOB_STATE_UPDATED": DONE, "JOB_STATE_DRAINED": DONE}
BROKEN = ("JOB_STATE_FAILED", "JOB_STATE_CANCELLED")  # STOPPED is a job that has not begun
POLL_SECONDS = 20.0
POLL_RETRY_SECONDS = 600.0  # that a look at a job is tried again
# As both services ask.
RESOURCE_NAME = (r"[a-z]([-a-z0-9]{0,498}[a-z0-9])?", "small letters, digits and -, a letter first")
EMAIL = (r"[^@\s]+@[^@\s]+", "the address of a service account")
PLACE = (CLOUD_FOLDER, "a folder of Cloud Storage, gs://...")
FORMS = {  # of texts that the services would refuse later, or take for something else: (all of it, how it is said)
    "template": (CLOUD_OBJECT, "a file of Cloud Storage, gs://..."),
    "project": (r"[a-z0-9][a-z0-9.:-]*", "the id of a project"),
    "region": (r"[a-z0-9-]+", "a region, as europe-west1"),
    "name": RESOURCE_NAME,
    "job_name": RESOURCE_NAME,
    "service_account": EMAIL,
    "scheduler_account": EMAIL,
    "temp_location": PLACE,
    "staging_location": PLACE,
}


def launch_template(options: LaunchOptions, rest: Sequence[str]) -> int:
    """Launches the template with the job's flags `rest`; returns the exit code."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import dataflow_v1beta3 as dataflow

    request = launch_request(options, rest)
    if options.dry_run:
        say(shown(request))
        return DONE
    try:
        with dataflow.FlexTemplatesServiceClient(**connection(options.endpoint)) as templates:
            job = templates.launch_flex_template(request).job
        say(f"job {job.id} is launched\n{job_link(options.project, options.region, job.id)}", flush=True)
        return wait_for_end(options, job.id) if options.wait else DONE
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise JobError(f"Dataflow refused: {error}; docs/dataflow.md says which roles it takes") from error


def launch_request(options: TemplateOptions, rest: Sequence[str]) -> LaunchFlexTemplateRequest:
    """What is asked of the service. Raises UsageError for a wrong flag, of launch or of the job."""
    from google.cloud import dataflow_v1beta3 as dataflow

    check_forms(options)
    return dataflow.LaunchFlexTemplateRequest(
        project_id=options.project, location=options.region, launch_parameter=launch_parameter(options, rest)
    )


def check_forms(options: ServiceOptions) -> None:
    """Raises UsageError for a text that is not of the form that its flag has."""
    taken = options_of(type(options))
    for name in (name for name in FORMS if name in taken):
        form, meaning = FORMS[name]
        text = getattr(options, name)
        if (text or taken[name].required) and not re.fullmatch(form, text):
            raise UsageError(f"--{name} {text}: must be {meaning}")
    if isinstance(options, TemplateOptions) and 0 < options.max_workers < options.num_workers:
        raise UsageError(f"--max_workers {options.max_workers}: is less than --num_workers {options.num_workers}")


def launch_parameter(options: TemplateOptions, rest: Sequence[str]) -> dict[str, Any]:
    """The job and its parameters. Raises UsageError for a wrong flag of the job."""
    private = {"ip_configuration": "WORKER_IP_PRIVATE"} if options.no_public_ips else {}
    # Workers that wait for a model read as idle, and would be taken away.
    steady = {"autoscaling_algorithm": "AUTOSCALING_ALGORITHM_NONE"}
    fixed = steady if options.num_workers and not options.max_workers else {}
    given = {
        "service_account_email": options.service_account,
        "subnetwork": options.subnetwork,
        "machine_type": options.machine_type,
        "num_workers": options.num_workers,
        "max_workers": options.max_workers,
        "temp_location": options.temp_location,
        "staging_location": options.staging_location,
    }
    return {
        "job_name": options.job_name or f"persona-hub-{options.job}-{time.strftime('%Y%m%d-%H%M%S')}",
        "container_spec_gcs_path": options.template,
        "parameters": parameters(JOB_BY_NAME[options.job], rest),
        "environment": {name: value for name, value in given.items() if value} | private | fixed,
    }


def parameters(job: Job, arguments: Sequence[str]) -> dict[str, str]:
    """The flags that were given, by their names in the template. Raises UsageError for one that is wrong."""
    known = options_of(job.options)
    given = with_model_file(known, arguments)
    values, unknown = read_options(job, given)
    if unknown:
        raise UnknownArgument(unknown[0], known)
    for name in DATED:
        dated(getattr(values, name, ()), utc_now(), name)  # for its errors: the date is that of the job's start
    if isinstance(values, BuildOptions):
        check_sources(values)
    texts = typed_texts(job, given)
    if elsewhere := [name for name in texts if not known[name].in_template]:
        raise UsageError(f"--{elsewhere[0]}: goes with a job that is started from here, not with a template")
    typed = {name: ",".join(found) if known[name].many else found[-1] for name, found in texts.items()}
    if job.options.continues_hub:  # the launcher's machine is new each time, and knows no hub of this user's
        taken = {name: value for name, value in last_settings(typed["hub"]).items() if known[name].of_hub}
        typed = taken | typed
    if faults := pattern_faults(job, typed):
        raise UsageError(f"--{faults[0]} {typed[faults[0]]}: not in a template, where no disk but gs:// is seen")
    check_stores(values)
    return typed


def check_stores(options: Options) -> None:
    """Raises UsageError for a paid model whose answers would be kept nowhere that workers of Dataflow see.

    A refresh that names no model asks that of its hub, which only the job reads.
    """
    on_dataflow = Where(runner=DATAFLOW, one_machine=False, retries=True)
    if isinstance(options, LanguageModelOptions) and (not options.continues_hub or "llm" in options.given):
        name, export = named_model(options)
        store_of(options, name, on_dataflow, has_budget(options), exporting=bool(export))
    if isinstance(options, EmbedderOptions) and embeds(options):
        store_of(options, options.embedder, on_dataflow, has_budget(options))


def shown(message: Any) -> str:
    """What would be sent, as JSON, without what may be a secret in it."""
    from google.protobuf.json_format import MessageToDict

    document = MessageToDict(type(message).pb(message))
    return without_logins(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))


def typed_texts(job: Job, given: Sequence[str]) -> dict[str, list[str]]:
    """The texts of the job's flags as they were typed, of those that were."""
    bare = Parser(prog=f"persona-hub {job.name}", allow_abbrev=False)
    for name, one in options_of(job.options).items():
        several: dict[str, Any] = {"action": "extend", "nargs": "+"} if one.many else {"action": "append"}
        bare.add_argument(f"--{name}", default=argparse.SUPPRESS, **several)
    return vars(bare.parse_args(list(given)))


def wait_for_end(options: LaunchOptions, job: str) -> int:
    """Waits for the end of the job. Raises JobError where it failed, and where the waiting was interrupted."""
    from google.api_core.retry import Retry
    from google.cloud import dataflow_v1beta3 as dataflow

    request = dataflow.GetJobRequest(project_id=options.project, location=options.region, job_id=job)
    retry = Retry(timeout=POLL_RETRY_SECONDS)  # of what may pass: a service out of reach, or busy
    try:
        with dataflow.JobsV1Beta3Client(**connection(options.endpoint)) as jobs:
            while (state := state_of(jobs.get_job(request, retry=retry))) not in (*ENDED, *BROKEN):
                time.sleep(POLL_SECONDS if not options.endpoint.startswith("http://") else 0.01)
    except KeyboardInterrupt as error:
        link = job_link(options.project, options.region, job)
        raise JobError(f"interrupted; job {job} runs on without this command: {link}") from error
    say(state, file=sys.stderr)
    if state in BROKEN:
        raise JobError(f"job {job} ended as {state}; the console says why")
    return ENDED.get(state, FAILED)


def state_of(job: DataflowJob) -> str:
    """The state of a job by its name."""
    from google.cloud import dataflow_v1beta3 as dataflow

    return dataflow.JobState(job.current_state).name


def connection(endpoint: str) -> dict[str, Any]:
    """Arguments of a client: of the service, of another address of it (HOST), or of a server without TLS (http://...)."""
    if endpoint.startswith("http://"):
        from google.auth.credentials import AnonymousCredentials

        return {
            "transport": "rest",
            "credentials": AnonymousCredentials(),
            "client_options": {"api_endpoint": endpoint},
        }
    return {"client_options": {"api_endpoint": endpoint}} if endpoint else {}
