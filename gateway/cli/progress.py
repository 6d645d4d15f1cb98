"""The progress bar, mostly over records of the log, on standard error when that is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def record_bar(
    *, shown: bool, total: int | None = None, of: str = "bản ghi / records"
) -> Iterator[Callable[[int], object]]:
    """A function to call with the number of further records; shown on a terminal only. `total` None: unknown."""
    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda _count: None
        return
    columns = (TextColumn(of), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)
