"""Work in a second interpreter, for libraries that the start needs and the serving process does not.

What they import goes away with that process. Function, arguments and answer travel over its pipes, pickled;
nothing of them is in the process list. The other end is this program itself, started from the same places.
"""

import asyncio
import contextlib
import io
import os
import pickle
import select
import subprocess
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import IO, Any, TypeVar

_T = TypeVar("_T")
_SECONDS = 60.0
# The path of the parent comes first: only then is this package known there.
_BOOT = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer);"
    "from adapters.transport.child import work; work()"
)


class ChildFailed(Exception):
    """The second interpreter could not be asked, or failed in a way that means nothing here."""


def call(function: Callable[..., _T], *arguments: object, seconds: float = _SECONDS) -> _T:
    """What `function` returns there; it is a function of a module. Blocks.

    Raises what it raised, where this process knows the class, else ChildFailed; TimeoutError after `seconds`.
    Calls that a loop makes in one go, as at start, share one child.
    """
    child = _current()
    good = False
    try:
        answer: _T = child.ask(function, arguments, seconds)
        good = True
    finally:
        if not (good and child.shared):
            child.end()
    return answer


class _Child:
    """One interpreter that runs functions, one after another."""

    def __init__(self, *, shared: bool) -> None:
        """Started at once. Raises OSError if it cannot be."""
        #: whether another part ends it
        self.shared = shared
        self.ended = False
        self._process = subprocess.Popen(  # noqa: S603 -- this interpreter
            # As closed to the environment as this process is, and no folder more on its path.
            [sys.executable, "-I" if sys.flags.isolated else "-P", "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Foreign libraries may quote what they read.
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for the parent: a migration is not cut in two.
            process_group=0,
        )
        self._send(sys.path)

    def ask(self, function: Callable[..., Any], arguments: tuple[object, ...], seconds: float) -> Any:  # noqa: ANN401 -- whatever the function gives
        """See `call`."""
        self._send((function, arguments))
        assert self._process.stdout is not None
        waiting = select.poll()
        waiting.register(self._process.stdout, select.POLLIN)
        if not waiting.poll(seconds * 1000):
            raise TimeoutError("a child did not answer in time")
        try:
            good, name, answer = pickle.load(self._process.stdout)  # noqa: S301 -- from our child
        except EOFError:
            raise ChildFailed("the child ended") from None
        if good:
            return _AnswerUnpickler(io.BytesIO(answer)).load()
        raise _understood(name, answer)

    def end(self) -> None:
        """It has answered, or never will: nothing that it still holds is of use."""
        if self.ended:
            return
        self.ended = True
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()

    def _send(self, content: object) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the next reading fails with the reason
            self._process.stdin.write(pickle.dumps(content))
            self._process.stdin.flush()


#: the child that the present turn of the loop began
_BEGUN: ContextVar[_Child | None] = ContextVar("child", default=None)


def _current() -> _Child:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _Child(shared=False)
    child = _BEGUN.get()
    if child is None or child.ended:
        child = _Child(shared=True)
        _BEGUN.set(child)
        loop.call_soon(child.end)
    return child


class _AnswerUnpickler(pickle.Unpickler):
    """Makes only what this process has loaded already: an answer must not bring libraries with it."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 -- as the base says
        """The class, from a module that is here."""
        if module not in sys.modules:
            raise pickle.UnpicklingError(f"{module} is not loaded")
        return super().find_class(module, name)


def _understood(name: str, answer: bytes) -> Exception:
    try:
        error = _AnswerUnpickler(io.BytesIO(answer)).load()
    except Exception:  # noqa: BLE001 -- whatever its constructor says, we know the name
        error = None
    return error if isinstance(error, Exception) else ChildFailed(name)


def work() -> None:
    """The child's side: answer until the parent says no more."""
    # What libraries print must not come between the answers.
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        with contextlib.suppress(EOFError):
            while True:
                function, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301 -- from our parent
                _answer(out, function, arguments)


def _answer(out: IO[bytes], function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    try:
        answer = (True, "", pickle.dumps(function(*arguments)))
    except Exception as error:  # noqa: BLE001 -- handed over, the parent judges
        answer = (False, type(error).__name__, _pickled(error))
    pickle.dump(answer, out)
    out.flush()


def _pickled(error: Exception) -> bytes:
    try:
        return pickle.dumps(error)
    except Exception:  # noqa: BLE001 -- its name must do
        return b""
