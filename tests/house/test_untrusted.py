"""Nothing that comes from a file or a store is unpickled or run, and no folder that others may make is trusted."""

from __future__ import annotations

import ast

import pytest

from tests.helpers.places import ROOT

# What these modules pickle never leaves the job: elements of Beam's shuffle, a temporary file without a name, a key.
PICKLE = {
    "transforms/calls/engines.py",
    "transforms/dedup/chunk_rows.py",
    "transforms/dedup/drop_rows.py",
    "transforms/hub/table_files.py",
    "transforms/minhash_dedup/minhash_dedup.py",
    "transforms/wire/batches.py",
    "transforms/wire/packing.py",
}
PICKLERS = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "pandas"}
UNSAFE = {
    "eval",
    "exec",
    "numpy.load",
    "np.load",
    "torch.load",
    "tempfile.gettempdir",
    "tempfile.mktemp",
    "yaml.load",
    "yaml.load_all",
    "yaml.full_load",
    "yaml.unsafe_load",
}
TEMPORARY = {"transforms/files/private_folder.py": "tempfile.gettempdir"}
FILES = [*ROOT.glob("transforms/**/*.py"), *ROOT.glob("pipelines/**/*.py")]


def faults(code: str, name: str) -> list[str]:
    """What a module does that it may not."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [one for one in modules if one.split(".")[0] in PICKLERS and name not in PICKLE]
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in UNSAFE:
            found += [called] if TEMPORARY.get(name) != called else []
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "yaml.safe_load":
            found += [] if "resources.files(" in ast.unparse(node) else ["yaml.safe_load"]  # `load_yaml` has bounds
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            found.append("allow_pickle")
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith(("/tmp", "/var/tmp"))
        ):
            found.append(node.value)
    return found


def test_nothing_from_outside_is_unpickled_or_trusted() -> None:
    own = {file: str(file.relative_to(ROOT)) for file in FILES}
    assert not {name: found for file, name in own.items() if (found := faults(file.read_text("utf-8"), name))}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from dill import loads",
        "np.load(path)",
        "x = dict(allow_pickle=True)",
        "yaml.load(text, yaml.Loader)",
        "yaml.safe_load(text)",
        "Path(tempfile.gettempdir()) / 'vllm'",
        "open('/tmp/lock')",
        "eval(text)",
    ],
)
def test_each_of_these_is_found(code: str) -> None:
    assert faults(code, "transforms/records.py")
