"""State and timers of DoFns: which a class of DoFns has is looked up once in a process.

Beam asks four times for each DoFn of a pipeline, and again for each bundle that runs, by the signatures of all methods:
45% of the CPU of a build of five documents.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from types import FunctionType, MethodType
from typing import Any

import apache_beam as beam
from apache_beam.transforms import userstate
from apache_beam.transforms.core import CallableWrapperDoFn, _DoFnParam, get_function_args_defaults

beams_own = userstate.get_dofn_specs


def remember_specs() -> None:
    """From here on Beam, in this process, looks into each class of DoFns once."""
    userstate.get_dofn_specs = dofn_specs


def dofn_specs(dofn: Any) -> tuple[set[Any], set[Any]]:
    """The specs of a DoFn's state, and of its timers, as Beam's own function says."""
    kind: Any = type(dofn)  # Any for mypy, to which a class is not hashable
    if is_plain(kind) and not any(isinstance(value, MethodType) for value in vars(dofn).values()):
        return set(), set()
    return beams_own(dofn)


@lru_cache(maxsize=1000)
def is_plain(kind: type[Any]) -> bool:
    """Whether no method of a class takes any of Beam's parameters, and each method is the same for all its DoFns."""
    for name in dir(kind):
        attribute = getattr(kind, name, None)
        if isinstance(attribute, FunctionType | MethodType):
            if any(isinstance(default, _DoFnParam) for default in get_function_args_defaults(attribute)[1]):
                return False
        elif isinstance(attribute, property | cached_property) and attribute is not getattr(beam.DoFn, name, None):
            return False
    return not hasattr(kind, "__getattr__") and (hasattr(kind, "_inspect_process") <= (kind is CallableWrapperDoFn))
