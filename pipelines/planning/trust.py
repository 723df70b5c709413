"""Which settings of a hub a later command takes over: those that name code, models and servers, of the user's own hubs.

A hub may come from a stranger, and its manifest may name a SavedModel, whose graph runs, or an address, to which a key
is sent. So each command that makes something of a hub notes the guarded settings that it was given, in the user's own
state directory. Those noted for a hub are taken from its manifest; the others have to be typed again.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import orjson

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.option import Options, options_of
from persona_hub.pipelines.cli.parser import inherit
from persona_hub.pipelines.planning.store_choice import RESPONSES
from persona_hub.transforms.embedding.registry import ONE_MODEL
from persona_hub.transforms.embedding.thresholds import FORMER_NAMES
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import is_local
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.store.registry import NO_STORE
from persona_hub.transforms.synthesis.use_cases import USE_CASE_NAMES

HARMLESS = ("", None, NO_STORE, ())
PACKAGED_MODELS = {"llm": ("offline",), "embedder": (*ONE_MODEL, *FORMER_NAMES)}  # in this very package, for nothing
NO_USE_CASE = "none"
PACKAGED_USE_CASES = (*USE_CASE_NAMES, "all", NO_USE_CASE)
WITH_PATHS = ("savedmodel", "export", "sqlite")  # before the colon of a name: a path follows

Noted = dict[str, list[str]]  # {setting: its values}
AskedT = TypeVar("AskedT", bound=Options)


def continued(options: AskedT, hub: Hub) -> AskedT:
    """`options`, those that were not given as the hub was built; and they are noted.

    Raises UsageError, which says what to type, for a guarded one which only the manifest names.
    """
    if typed := to_type(options, hub, guarded(type(options))):
        raise UsageError(
            f"--hub {hub.output}: its manifest names what you have not used with it on this machine; if you trust "
            f"that, type it too, or name others: {typed}"
        )
    asked = inherit(options, hub.manifest.parameters)
    note_settings(hub.output, asked)
    return asked


def to_type(options: Options, hub: Hub, names: Iterable[str]) -> str:
    """What has to be typed of the guarded options `names`, since only the manifest names it; "" for nothing."""
    parameters, noted = hub.manifest.parameters, noted_settings(hub.output)
    strange = {
        name: value
        for name in names
        if name not in options.given and not is_own(hub.output, name, value := parameters.get(name, ""), noted)
    }
    return " ".join(f"--{name}={shlex.quote(as_typed(value))}" for name, value in strange.items())


def guarded(command: type[Options]) -> list[str]:
    """Names of the options of a command that name code, a model, a server or a store."""
    return [name for name, one in options_of(command).items() if one.guarded]


def is_own(output: str, name: str, value: Any, noted: Mapping[str, list[str]]) -> bool:
    """Whether a value that a manifest names is harmless, in OUTPUT itself, or one that the user has used with it."""
    if isinstance(value, list):  # of use cases, or of files of examples
        return all(is_own(output, name, one, noted) for one in value)
    if value in HARMLESS or is_packaged(name, value) or (name == "use_case" and value in PACKAGED_USE_CASES):
        return True
    if not isinstance(value, str):
        return False
    seen = as_noted(name, value)
    return seen in noted.get(name, ()) or seen == f"sqlite:{hub_place(output)}/{RESPONSES}"


def is_packaged(name: str, value: Any) -> bool:
    """Whether a value names a model that comes with the package."""
    return isinstance(value, str) and value in PACKAGED_MODELS.get(name, ())


def is_built_here(output: str) -> bool:
    """Whether this user has built a hub or samples in this folder."""
    return note_file(output).is_file()


def noted_settings(output: str) -> Noted:
    """What was noted for the hub in `output`; nothing where nothing was."""
    return {name: list(map(str, values)) for name, values in note_of(output).get("settings", {}).items()}


def last_settings(output: str) -> dict[str, str]:
    """The guarded settings of the last command on the hub in `output`, as they were typed."""
    return {name: as_typed(value) for name, value in note_of(output).get("last", {}).items()}


def note_of(output: str) -> dict[str, Any]:
    """What the notes for the hub in `output` say."""
    try:
        found = orjson.loads(note_file(output).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def note_settings(output: str, options: Options) -> None:
    """Notes the guarded settings that a command uses with the hub in `output`.

    Where the state directory cannot be written, as in some containers, the next command has to name them.
    """
    noted = noted_settings(output)
    values = {name: getattr(options, name) for name in guarded(type(options))}
    used = {name: value for name, value in values.items() if value not in HARMLESS and not is_packaged(name, value)}
    for name, value in used.items():
        each = value if isinstance(value, tuple) else (value,)
        noted[name] = list(dict.fromkeys([*noted.get(name, ()), *(as_noted(name, one) for one in each)]))
    document = {"hub": hub_place(output), "settings": noted, "last": used}
    with suppress(OSError):
        state_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(str(note_file(output)), orjson.dumps(document))


def state_folder() -> Path:
    """Where notes lie: XDG_STATE_HOME/persona-hub, by default ~/.local/state/persona-hub."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "persona-hub"


def note_file(output: str) -> Path:
    """The file of the notes for one hub."""
    name = hashlib.blake2b(hub_place(output).encode("utf-8", "replace"), digest_size=16).hexdigest()
    return state_folder() / f"{name}.json"


def hub_place(output: str) -> str:
    """A hub's folder, however it was typed."""
    return os.path.realpath(output) if is_local(output) else output.rstrip("/")


def as_typed(value: object) -> str:
    """A setting as it is typed behind its flag."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def as_noted(name: str, value: str) -> str:
    """A setting with its local path made absolute: the same words in another working directory mean other files."""
    scheme, colon, place = value.partition(":")
    if name == "prompt_dir" and is_local(value):
        return os.path.realpath(value)
    if name == "use_case" and value not in PACKAGED_USE_CASES and is_local(value):
        return os.path.realpath(value)
    if name in ("judge", "rubric") and value.endswith((".yaml", ".yml")) and is_local(value):
        return os.path.realpath(value)
    if name == "examples" and is_local(value):
        use_case, equals, path = value.rpartition("=")
        return f"{use_case}{equals}{os.path.realpath(path)}"
    if colon and scheme in WITH_PATHS and is_local(place):
        return f"{scheme}:{os.path.realpath(place)}"
    return value
