"""Which errors of a program say only that the sandbox's Python lacks what the program asks for.

The sandbox is a Python of its own with a part of the language and of its library. A program that CPython would run is
not wrong because it meets the rest. Where an error may mean both, it counts as lacking.
"""

from __future__ import annotations

import builtins
import re
import types
from functools import cache
from importlib import import_module
from typing import Any

# All that the sandbox's Python can import. Those of the second row are there for other uses: they reach nothing here.
USEFUL_MODULES = (
    "base64", "binascii", "bisect", "collections", "copy", "csv", "dataclasses", "datetime", "decimal", "functools",
    "hashlib", "itertools", "json", "math", "random", "re", "typing", "unicodedata",
)  # fmt: skip
OTHER_MODULES = ("asyncio", "os", "os.path", "pathlib", "posixpath", "sys", "time", "tomllib")
BEYOND = {"NotImplementedError", "ModuleNotFoundError", "PermissionError"}  # syntax, modules, files
UNKNOWN_NAME = re.compile(r"name '(\w+)' is not defined")
NO_ATTRIBUTE = re.compile(r"(?:type object )?'([\w.]+)'(?: object)? has no attribute '(\w+)'")
OF_MODULE = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'|cannot import name '(\w+)' from '([\w.]+)'")
# Iterators of CPython that are lists in the sandbox, and calls which it takes in part.
IN_PART = re.compile(
    r"'list' object is not an iterator|cannot convert '\w+' object to bytes|cannot create 'object' instances"
    r"|pow\(\) 2nd argument cannot be negative|'file' argument must be sys\.stdout|Internal error in monty"
    r"|is not supported in this environment|suspension limit \d+ exceeded|not yet support"
)


def lacking(kind: str, message: str) -> bool:
    """Whether an exception, by the name of its class and its message, is of what the sandbox lacks."""
    if kind in BEYOND or IN_PART.search(message):
        return True
    if kind == "NameError" and (name := UNKNOWN_NAME.search(message)):
        return hasattr(builtins, name[1]) or name[1].startswith("__")
    if kind in ("AttributeError", "ImportError") and (found := OF_MODULE.search(message)):
        module, name_ = (found[1], found[2]) if found[1] else (found[4], found[3])
        return module in (*USEFUL_MODULES, *OTHER_MODULES) and hasattr(import_module(module), name_)
    if kind == "AttributeError" and (found := NO_ATTRIBUTE.search(message)):
        return any(hasattr(one, found[2]) for one in _types().get(found[1].rpartition(".")[2], [object]))
    return False


@cache
def _types() -> dict[str, list[Any]]:
    """CPython's types by their names, of which a value in the sandbox says that it is."""
    named: dict[str, list[Any]] = {}
    for module in (builtins, *(import_module(name) for name in USEFUL_MODULES)):
        for one in vars(module).values():
            if isinstance(one, type):
                named.setdefault(one.__name__, []).append(one)
    named.setdefault("list", []).extend([types.GeneratorType, zip, map])  # which are lists there
    named["function"] = [types.FunctionType]
    named["builtin_function_or_method"] = [types.BuiltinFunctionType]
    return named
