"""SIGHUP during the start: it does not end the process, and is handled later."""

import os
import signal


class Remembered:
    """Handles SIGHUP until the gateway does."""

    __slots__ = ("at_terminal", "came")

    def __init__(self) -> None:
        """As the process stands now."""
        self.came = False
        #: whether there was a terminal that may be closed meanwhile
        self.at_terminal = os.isatty(0)

    def __call__(self, *_: object) -> None:
        """Note a SIGHUP."""
        self.came = True


def remember_hang_up() -> Remembered:
    """Install the handler, or return the installed one. Main thread only."""
    former = signal.getsignal(signal.SIGHUP)
    if isinstance(former, Remembered):
        return former
    remembered = Remembered()
    signal.signal(signal.SIGHUP, remembered)
    return remembered
