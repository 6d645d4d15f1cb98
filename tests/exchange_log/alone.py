"""The verifier as one file, in an interpreter that can import nothing of the project and nothing but `cryptography`."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

#: refuses every import but those of the standard library and of cryptography with what it stands on itself;
#: runs the file for each list of words, one after another, for a start takes longer than a verdict
ALONE = """
import builtins, contextlib, io, json, runpy, sys
allowed = set(sys.stdlib_module_names) | {"cryptography", "cffi", "_cffi_backend", "pycparser"}
really = builtins.__import__
def only(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and name.split(".")[0] not in allowed:
        raise ImportError(f"{name} is not installed here")
    return really(name, globals, locals, fromlist, level)
builtins.__import__ = only
def say(words):
    sys.argv, out, err, code = words, io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(words[0], run_name="__main__")
        except SystemExit as end:
            code = end.code or 0
    out.flush()
    return code, out.buffer.getvalue().decode(), err.getvalue()
print(json.dumps([say(words) for words in json.load(sys.stdin)]))
"""


class Verdict(NamedTuple):
    """What one run left behind."""

    code: int
    out: str
    err: str


def verdicts(verifier: Path, calls: Sequence[Sequence[str | Path]]) -> list[Verdict]:
    """What the file says to each list of words. One that fails otherwise than it should fails the caller."""
    ran = subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-I", "-W", "error", "-c", ALONE], cwd=verifier.parent, capture_output=True, check=True,
        input=json.dumps([[str(verifier), *map(str, words)] for words in calls]), encoding="utf-8",
    )  # fmt: skip
    assert ran.stderr == ""
    return [Verdict(*one) for one in json.loads(ran.stdout)]
