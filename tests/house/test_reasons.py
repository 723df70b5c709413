"""Every reason by which something is dropped has a row in docs/dropped.md, and every row a reason that there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib import import_module

from persona_hub.transforms.calls.clients.failures import FAILURES, NO_STATUS
from persona_hub.transforms.corpus.archives.tar import NO_FILES
from persona_hub.transforms.corpus.content import UNREAD
from persona_hub.transforms.corpus.local_files import PASSED
from persona_hub.transforms.dedup.chunks import BLANK_LINE
from persona_hub.transforms.llm.dialects.endings import OF_THE_INPUT
from persona_hub.transforms.llm.protocol import MALFORMED
from persona_hub.transforms.read_corpus.unique_documents import MET
from persona_hub.transforms.synthesis.checks.programs import PUZZLE_REASONS
from tests.helpers.places import ROOT

# Which argument of a call is the reason. A name in small letters hands on what was raised elsewhere.
REASONS = {
    "BrokenError": 0,
    "Undecodable": 0,
    "Damage": 1,
    "_damage": 0,
    "SkippedRecord": 2,
    "DeadLetter": 1,
    "RowFault": 0,
    "ModelError": 0,
    "MalformedAnswer": 1,
    "Rejected.of": 1,
    "RejectedSample": 0,
}
WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
NOT_DROPPED = {"document", "unasked", BLANK_LINE.reason}  # records that go on, and lines that hold none
FILTERS = ROOT / "transforms" / "filter_persona"


def reasons_in_code() -> Iterator[tuple[str, str]]:
    """(reason, file); "*" stands for what is filled in where it is raised."""
    for path in sorted(ROOT.glob("transforms/**/*.py")):
        file = path.relative_to(ROOT)
        module = "persona_hub." + ".".join(file.with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = called(node.func)
                if len(node.args) > REASONS.get(name, 99) and (reason := reason_of(node.args[REASONS[name]], module)):
                    yield f"skipped-{reason}" if name == "SkippedRecord" else reason, str(file)
            elif isinstance(node, ast.Constant) and re.fullmatch(r"skipped-[a-z-]+", str(node.value)):
                yield str(node.value), str(file)


def called(function: ast.expr) -> str:
    """The name of what is called: "Damage" of `records.Damage`, but "Rejected.of"."""
    name = str(getattr(function, "id", getattr(function, "attr", "")))
    owner = function.value if isinstance(function, ast.Attribute) else None
    return f"{owner.id}.{name}" if name == "of" and isinstance(owner, ast.Name) else name


def reason_of(argument: ast.expr, module: str) -> str:
    """The reason that an argument is; "" where it hands one on."""
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    if isinstance(argument, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in argument.values)
    if isinstance(argument, ast.Name) and argument.id.isupper():
        return str(getattr(import_module(module), argument.id))
    return ""


def reasons_of_tables() -> set[str]:
    """Those that are keys of a table in the code."""
    unread = {f"unread-{kind}" for kind in UNREAD}
    passed = {f"skipped-{kind}" for kind in (*PASSED, *NO_FILES.values())}
    return unread | passed | set(OF_THE_INPUT) | set(MET) | set(PUZZLE_REASONS.values()) | {MALFORMED}


def documented() -> set[str]:
    """The reasons in the tables of docs/dropped.md: what stands in code spans of the first cells."""
    rows = [line for line in (ROOT / "docs/dropped.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    return {span for row in rows for span in re.findall(r"`([^`]+)`", row.split(" | ")[0])}


def test_every_reason_has_a_row() -> None:
    rows = documented()
    found = [*reasons_in_code(), *((reason, "a table") for reason in reasons_of_tables())]
    assert len(found) > 100
    lacking = [(reason, file) for reason, file in found if not any(fnmatchcase(row, reason) for row in rows)]
    assert not [one for one in lacking if one[0] not in NOT_DROPPED]


def test_every_row_is_of_a_reason_that_there_is() -> None:
    of_servers = {re.sub("STATUS", "[0-9][0-9][0-9]", row.reason) for row in FAILURES} | {row[1] for row in NO_STATUS}
    of_filters = set(WORD.findall("".join(path.read_text("utf-8") for path in FILTERS.glob("*.py"))))
    known = {reason for reason, _ in reasons_in_code()} | reasons_of_tables() | of_servers | of_filters
    assert not [row for row in documented() if not any(fnmatchcase(row, reason) for reason in known)]
