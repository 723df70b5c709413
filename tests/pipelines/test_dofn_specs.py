"""What is remembered of a DoFn's state and timers is what Beam finds when it looks."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.coders import VarIntCoder
from apache_beam.runners.common import DoFnSignature
from apache_beam.transforms import userstate
from apache_beam.transforms.core import CallableWrapperDoFn
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec

from persona_hub.pipelines.runners import dofn_specs
from persona_hub.pipelines.runners.dofn_specs import beams_own, is_plain, remember_specs

COUNT = ReadModifyWriteStateSpec("count", VarIntCoder())
AT_END = TimerSpec("end", beam.TimeDomain.WATERMARK)
COUNTING, TIMING = beam.DoFn.StateParam(COUNT), beam.DoFn.TimerParam(AT_END)


class Windowed(beam.DoFn):
    def process(self, element: Any, window: Any = beam.DoFn.WindowParam, *more: Any) -> Any:
        yield element


class Stateless(beam.DoFn):
    def __init__(self) -> None:
        self.seen = [COUNT]

    def process(self, element: Any, side: Any = None) -> Any:
        yield element


class Stateful(beam.DoFn):
    def process(self, element: Any, count: Any = COUNTING) -> Any:
        yield element


class Inherits(Stateful):
    def finish_bundle(self) -> None:
        pass


class Timed(beam.DoFn):
    def process(self, element: Any, end: Any = TIMING) -> Any:
        yield element

    @userstate.on_timer(AT_END)
    def at_end(self) -> None:
        pass


class Lends:
    def count(self, element: Any, count: Any = COUNTING) -> Any:
        yield element


class Borrows(beam.DoFn):
    """A method of another object is its own `process`."""

    def __init__(self) -> None:
        vars(self)["process"] = Lends().count


class Computes(beam.DoFn):
    """Which method it has is known when it is asked for."""

    @cached_property
    def process(self) -> Any:
        return Lends().count


class Answers(beam.DoFn):
    def process(self, element: Any) -> Any:
        yield element

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), "other"]

    def __getattr__(self, name: str) -> Any:
        if name == "other":
            return Lends().count
        raise AttributeError(name)


def function(element: Any) -> Any:
    yield element


PLAIN: list[Any] = [Stateless(), CallableWrapperDoFn(function), CallableWrapperDoFn(str), CallableWrapperDoFn("".join)]
OTHERS: list[Any] = [Windowed(), Stateful(), Inherits(), Timed(), Borrows(), Computes(), Answers()]
OTHERS += [CallableWrapperDoFn(Lends().count)]


@pytest.mark.parametrize("dofn", [*PLAIN, *OTHERS], ids=lambda dofn: type(dofn).__name__)
def test_the_specs_are_those_that_beam_finds(dofn: Any) -> None:
    assert dofn_specs.dofn_specs(dofn) == beams_own(dofn)


@pytest.mark.parametrize("dofn", OTHERS[1:], ids=lambda dofn: type(dofn).__name__)
def test_these_have_some(dofn: Any) -> None:
    assert any(dofn_specs.dofn_specs(dofn))


def test_what_beam_refuses_is_refused() -> None:
    class Twice(beam.DoFn):
        def process(self, element: Any, a: Any = COUNTING, b: Any = COUNTING) -> Any:
            yield element

    with pytest.raises(ValueError, match="duplicate process method parameters"):
        dofn_specs.dofn_specs(Twice())


def test_beam_asks_what_is_remembered_and_looks_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(userstate, "get_dofn_specs", beams_own)
    remember_specs()
    assert all(map(is_plain, map(type, PLAIN)))
    monkeypatch.setattr(dofn_specs, "beams_own", None)  # who asks it fails
    for dofn in PLAIN:
        assert not DoFnSignature(dofn).is_stateful_dofn()
        beam.ParDo(dofn)
