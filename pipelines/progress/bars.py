"""Progress on a terminal: a bar for each step that asks, and a line for the whole."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from persona_hub.pipelines.progress.facts import Facts
from persona_hub.pipelines.progress.lines import head, made, paid_so_far, plain_line, title, work

BAR_WIDTH = 30


class Bars:
    """`with Bars(stream) as bars: bars.show(facts)`: drawn over and over in place, and wiped at the end.

    What else is printed to the same terminal meanwhile appears above. Names are shown as they are: rich interprets no
    markup in them, and what is not printable was taken out of them.
    """

    def __init__(self, stream: TextIO):
        console = Console(file=stream, force_terminal=True, markup=False, highlight=False, emoji=False)
        self.live = Live(
            console=console,
            transient=True,
            auto_refresh=False,
            redirect_stdout=sys.stdout.isatty(),
            redirect_stderr=stream is sys.stderr,
        )

    def __enter__(self) -> Bars:
        self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.live.stop()

    def show(self, facts: Facts) -> None:
        """Draws anew."""
        self.live.update(drawing(facts), refresh=True)


def drawing(facts: Facts) -> RenderableType:
    """A bar for each step that asks, and under them a line for the whole."""
    if not facts.stages:
        return Text(plain_line(facts))
    table = Table.grid(padding=(0, 1))
    for _ in range(3):
        table.add_column(no_wrap=True, overflow="ellipsis")
    for stage in facts.stages:
        bar = ProgressBar(total=stage.total, completed=stage.done, width=BAR_WIDTH, pulse=stage.total is None)
        table.add_row(Text(title(stage.stage)), bar, Text(work(stage)))
    return Group(table, Text(" · ".join([*head(facts), *made(facts), *paid_so_far(facts)])))
