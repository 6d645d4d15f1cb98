"""How many machine instructions one prefill of the bench's job takes, by thread: nearly the same on a busy machine.

    python -m tests.bench.instructions [--prefills N] [--keep FOLDER]

CPU time differs by a tenth between two rounds of the same commit, so a change of a few per cent is not seen in it.
Valgrind's callgrind counts what is executed: two runs of one commit differ by 0.1 % in the loop's thread. In it is also
what a process does as the seconds pass (a prefill takes 50 ms here), and SHA-256 without the processor's instructions
for it. It says nothing of waiting for memory. `--keep` leaves the counts there, for `callgrind_annotate`.
"""

import argparse
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.bench import gateway_target
from tests.bench.load import Run
from tests.bench.parts import one_prefill
from tests.bench.run import gateway, started, stubbed

_WARM = 60
_TOOL = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes"]
#: from the last answer until its record has its place in the tree
_SETTLED_SECONDS = 0.5
_THREAD = re.compile(r"^thread: (\d+)$.*?^totals: (\d+)$", re.MULTILINE | re.DOTALL)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Instructions of a prefill, by thread.")
    parser.add_argument("--prefills", type=int, default=300)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the counts in this folder")
    given = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is missing: apt-get install valgrind")
    with ExitStack() as stack:
        kept = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kept.mkdir(parents=True, exist_ok=True)
        found = counted(kept, given.prefills)
    for thread, count in found.items():
        print(f"{'loop' if thread == 1 else f'thread {thread}':12}{count / given.prefills:14,.0f}")
    print(json.dumps({"bench": "instructions", "prefills": given.prefills, "by_thread": found}))


def counted(kept: Path, prefills: int) -> Mapping[int, int]:
    """Thread (1: of the loop) -> instructions of so many prefills, one after another: the four with most."""
    for old in kept.glob("counts*"):
        old.unlink()
    with stubbed(0.001) as at:
        folder = at.folder / "gateway"
        gateway_target.prepare(folder)
        command = [
            *_TOOL,
            f"--callgrind-out-file={kept / 'counts'}",
            *gateway_target.command(folder, at.stub),
        ]
        process = at.stack.enter_context(started(command, 0, at.folder / "out.log"))
        target = gateway(str(gateway_target.wait_ready(folder, process, 300)["gateway"]), process.pid)
        run = Run(target, 0, 1, 0)
        connection = at.stack.enter_context(socket.create_connection((run.host, run.port)))
        for _ in range(_WARM):
            one_prefill(run, connection, target)
        _control("-i", "on", process.pid)
        for _ in range(prefills):
            one_prefill(run, connection, target)
        time.sleep(_SETTLED_SECONDS)
        _control("-d", process.pid)
    threads = [_THREAD.search(path.read_text("utf-8")) for path in kept.glob("counts.1-*")]
    found = {int(one[1]): int(one[2]) for one in threads if one is not None}
    return dict(sorted(found.items(), key=lambda item: -item[1])[:4])


def _control(*words: object) -> None:
    command = ["callgrind_control", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"callgrind_control failed: {done.stdout} {done.stderr}")


if __name__ == "__main__":
    main()
