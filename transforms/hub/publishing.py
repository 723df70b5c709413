"""Publishing: what a job wrote begins to exist, a version by compare-and-set of CURRENT."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from persona_hub.transforms.counting.stages import arm_stage, check_stage, judge_stage, synthesize_stage
from persona_hub.transforms.files.atomic import UNFINISHED, write_bytes
from persona_hub.transforms.files.storage import delete_quietly, is_local, split_path
from persona_hub.transforms.hub.current import PublishConflict, exclusive, read_current, require_current, set_current
from persona_hub.transforms.hub.manifest import (
    MANIFEST,
    BaseManifest,
    FileEntry,
    Manifest,
    RunManifest,
    by_folder,
    content_of,
)
from persona_hub.transforms.hub.places import list_inside
from persona_hub.transforms.hub.versions import path_of, read_version
from persona_hub.transforms.judging.agreement import agreement_in
from persona_hub.transforms.llm.protocol import MALFORMED_REASONS

UNFINISHED_SECONDS = 3600  # a file being written that has not grown for so long belongs to a job that is gone


def publish(
    output: str, draft: BaseManifest, entries: Iterable[FileEntry], counts: Mapping[str, Mapping[str, int]]
) -> BaseManifest:
    """Makes what a job wrote exist: the manifests of its runs' folders, the version's own, and CURRENT at last.

    `draft` is all of the manifest but what the job found out; a version's draft names the files that it takes over
    from its parent. Done again it changes nothing, and neither does a successor that is as partial as what it replaces:
    that stays. Raises PublishConflict if another version was published meanwhile, if what a run has read was purged, or
    if a file is gone, as by a `gc` that was told to spare nothing.
    """
    created = draft.created or datetime.now(UTC).isoformat(timespec="seconds")
    made = replace(draft, counts=counts, created=created)
    folders = by_folder(entries)
    if isinstance(made, RunManifest):
        with exclusive(output) if read_current(output) else nullcontext():  # a folder without a hub stays without
            require_unpurged(output, made)
            require_files(output, folders)
            _publish_runs(output, made, folders or {f"dead_letters/{made.run}": ()})  # one that lost nothing has counts
        return replace(made, files=tuple(entry for group in folders.values() for entry in group))
    assert isinstance(made, Manifest)
    with exclusive(output):
        current = read_current(output)
        if current == made.version and (done := read_version(output, current)):
            return done
        require_current(output, made.parent, current)
        made = replace(made, files=tuple(sorted({*made.files, *folders.pop(made.folder, ())})))
        if made.replaces and (before := read_version(output, made.replaces)) and is_as_partial(before, made):
            for folder in (made.folder, *folders):
                delete_unnamed(output, folder, ())
            return before
        require_files(output, {**folders, **by_folder(made.files)})
        _publish_runs(output, made, folders)
        write_bytes(path_of(output, f"{made.folder}/{MANIFEST}"), made.to_json())
        set_current(output, made.parent, made.version)
        delete_unnamed(output, made.folder, made.files)
    return made


def require_unpurged(output: str, run: RunManifest) -> None:
    """Raises PublishConflict if the version that a run read, where OUTPUT holds it, has been purged since."""
    version = read_version(output, run.hub_version) if run.hub_content else None
    if version and content_of(version) != run.hub_content:
        raise PublishConflict(
            f"{output}: version {version.version} was purged while this run read it, and nothing of the run is "
            "published; purge again (`takedown --purge`), so that the answers that it has stored since go too, and run "
            "it again (other answers are not paid twice)"
        )


def require_files(output: str, folders: Mapping[str, tuple[FileEntry, ...]]) -> None:
    """Raises PublishConflict where a file that is about to be named is not there."""
    patterns = {"hub/*/*" if folder.startswith("hub/") else f"{folder}/*" for folder in folders}
    there = {found.path for pattern in sorted(patterns) for found in list_inside(output, pattern)}
    for files in folders.values():
        for entry in files:
            if (path := path_of(output, entry.path)) not in there:
                raise PublishConflict(
                    f"{path}: is not there any more, and nothing is published: a `gc` or a purge with a low "
                    "--older_than_hours beside this run has removed it; run it again without one (answers are stored "
                    "and are not paid twice)"
                )


def is_as_partial(before: Manifest, after: Manifest) -> bool:
    """Whether nothing came of another attempt; names of files hold a hash of their content."""
    names = [{entry.path.rpartition("/")[2] for entry in manifest.files} for manifest in (before, after)]
    same = before.counts == after.counts and names[0] == names[1]
    return bool(after.partial) and same and before.repairs == after.repairs


def _publish_runs(output: str, made: BaseManifest, folders: Mapping[str, tuple[FileEntry, ...]]) -> None:
    """A manifest for each folder of samples or dead letters."""
    common = {name: getattr(made, name) for name in BaseManifest.__dataclass_fields__}
    if isinstance(made, Manifest):
        run = RunManifest(**common, run=made.version, hub_version=made.version)
    else:
        assert isinstance(made, RunManifest)
        run = made
    for folder, files in folders.items():
        own = replace(run, files=files, **checks_of_folder(folder, made))
        write_bytes(path_of(output, f"{folder}/{MANIFEST}"), own.to_json())
        delete_unnamed(output, folder, files)


def checks_of_folder(folder: str, made: BaseManifest) -> dict[str, Any]:
    """What became of the answers of the use case whose samples lie in `folder`."""
    kind, _, rest = folder.partition("/")
    if kind != "samples":
        return {}
    use_case, counts = rest.partition("/")[0], made.counts
    if arm := counts.get(arm_stage(use_case)):
        return checks_of_arm(arm, made.checks)
    asked, checked = counts.get(synthesize_stage(use_case), {}), counts.get(check_stage(use_case), {})
    unread = {reason: asked.get(f"lost-{reason}", 0) for reason in sorted(MALFORMED_REASONS)}
    judging = counts.get(judge_stage(use_case), {})
    return {
        "accepted": checked.get("accepted", 0),
        "candidates": asked.get("answered", 0) + sum(unread.values()),
        "rejected": {reason: n for reason, n in sorted({**unread, **rejected_in(checked)}.items()) if n},
        "judged": judged(made.checks, judging.get("answered", 0), judging),
    }


def checks_of_arm(counts: Mapping[str, int], checks: Mapping[str, Any]) -> dict[str, Any]:
    """The same of an arm of an experiment, by the counts under its `arm_stage` and the run's `checks`."""
    return {
        "accepted": counts.get("accepted", 0),
        "candidates": counts.get("candidates", 0),
        "rejected": rejected_in(counts),
        "judged": judged(checks, counts.get("judged", 0), counts),
    }


def rejected_in(counts: Mapping[str, int]) -> dict[str, int]:
    """{reason: samples}."""
    return {name.removeprefix("rejected-"): n for name, n in sorted(counts.items()) if name.startswith("rejected-")}


def judged(checks: Mapping[str, Any], samples: int, verdicts: Mapping[str, int]) -> dict[str, Any]:
    """Who judged how many samples, and how far that agrees with people; nothing where nobody did.

    `checks`: as a run's manifest has them. `verdicts`: counts, as `count_name` names them.
    """
    if not (judge := checks.get("judge")):
        return {}
    found = {"judge": judge["model"], "remark": judge["remark"], "samples": samples}
    return found | (agreement_in(verdicts).told if "gold" in checks else {})


def delete_unnamed(output: str, folder: str, files: Iterable[FileEntry]) -> None:
    """Deletes what earlier attempts left in a folder that is published now.

    Only on a local disk, where publishing is exclusive: elsewhere a twin of this run might be about to publish those
    very files. A file that was being written within the hour stays, since a twin may still be writing it.
    """
    if not is_local(output):
        return
    named = {entry.path.rpartition("/")[2] for entry in files if entry.folder == folder} | {MANIFEST}
    for path, _, modified in list_inside(output, f"{folder}/*"):
        name = split_path(path)[1]
        idle = time.time() - modified
        if name not in named and (not name.startswith(UNFINISHED) or idle > UNFINISHED_SECONDS):
            delete_quietly([path])
