"""Runs the hand-made mutants of `list.yaml`: one line broken at a time, in a copy; its tests must fail.

`python -m tests.mutants` runs all, `--quick 12` so many by chance, `python -m tests.mutants WORD…` those whose name
or file has a word. Faults: a mutant that no test notices, whose text is not found once, whose tests fail without it.
"""

import argparse
import os
import queue
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from pydantic import BaseModel, ConfigDict

ROOT = Path(__file__).parents[2]
LANES = 2
#: for the tests of one mutant; what hangs longer is noticed by nobody who waits for a result
SECONDS = 180
LEFT_OUT = (
    ".git", ".venv", ".state", ".hypothesis", ".*_cache", "*.pyc.*", "node_modules", "artefacts", "build", "dist",
)  # fmt: skip


class Mutant(BaseModel):
    """One broken line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def listed(words: list[str]) -> list[Mutant]:
    """The mutants of the list; with `words` those whose name or file has one of them."""
    read = yaml.safe_load((Path(__file__).parent / "list.yaml").read_text("utf-8"))
    found = [Mutant.model_validate(one) for one in read]
    return [one for one in found if not words or any(word in f"{one.name} {one.file}" for word in words)]


def fault(one: Mutant) -> str:
    """Why the mutant cannot be made: its file, its text or a test is not there (any more)."""
    path = ROOT / one.file
    found = path.read_text("utf-8").count(one.old) if path.exists() else -1
    if found != 1:
        return "STALE: " + ("no such file" if found < 0 else f"its text stands there {found} times")
    for test in one.tests:
        file, _, name = test.partition("::")
        wanted = f"def {name.partition('[')[0]}(" if name else "def test_"
        if not (ROOT / file).exists() or wanted not in (ROOT / file).read_text("utf-8"):
            return f"STALE: no test {test}"
    return ""


def tested(lane: Path, tests: tuple[str, ...], *more: str) -> tuple[int, str]:
    """Exit code of pytest in a copy (-1: it hung) and its last lines, with where each thread stood if it hung."""
    stacks = f"faulthandler_timeout={SECONDS - 30}"
    command = [
        sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:randomly", "-o", stacks, *more, *tests
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=lane, env={**os.environ, "PYTHONPATH": str(lane)}, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=None if more else SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        said, _ = process.communicate()
        return -1, said[-4_000:]
    return process.returncode, said[-2_000:]


def verdict(one: Mutant, lanes: "queue.Queue[Path]") -> str:
    """`noticed`, or what is wrong."""
    if why := fault(one):
        return why
    lane = lanes.get()
    path = lane / one.file
    text = path.read_text("utf-8")
    try:
        path.write_text(text.replace(one.old, one.new), "utf-8")
        code, said = tested(lane, one.tests)
        if code == -1:  # what hangs by itself does so again
            code, said = tested(lane, one.tests)
    finally:
        path.write_text(text, "utf-8")
        lanes.put(lane)
    return {0: "SURVIVED", 1: "noticed", -1: f"HUNG\n{said}"}.get(code, f"BROKEN: pytest says {code}\n{said}")


def run(mutants: list[Mutant], *, control: bool) -> int:
    """Prints a line for each; the exit code."""
    wrong: list[str] = []
    with TemporaryDirectory(prefix="motlan-mutants-") as folder, ThreadPoolExecutor(LANES) as pool:
        lanes: queue.Queue[Path] = queue.Queue()
        for number in range(LANES):
            copy = Path(folder) / str(number)
            shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
            lanes.put(copy)
        if control:
            tests = tuple(dict.fromkeys(test for one in mutants for test in one.tests if not fault(one)))
            print(f"without a mutant: {len(tests)} tests or files of tests", flush=True)
            code, said = tested(Path(folder) / "0", tests, "-n", str(LANES))
            if code:
                print(said)
                return 1

        def timed(one: Mutant) -> tuple[Mutant, str, float]:
            begun = time.monotonic()
            return one, verdict(one, lanes), time.monotonic() - begun

        for number, done in enumerate(as_completed([pool.submit(timed, one) for one in mutants]), 1):
            one, said, seconds = done.result()
            print(
                f"{number:3}/{len(mutants)}  {seconds:5.1f} s  {said:8}  {one.name}  ({one.file})", flush=True
            )
            if said != "noticed":
                wrong.append(f"{one.name}: {said}")
    print(f"{len(mutants) - len(wrong)} of {len(mutants)} noticed", *wrong, sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    said = argparse.ArgumentParser(prog="python -m tests.mutants")
    said.add_argument("words", nargs="*", help="only mutants whose name or file has one of these")
    said.add_argument(
        "--quick", type=int, default=0, help="so many by chance, without the run without a mutant"
    )
    asked = said.parse_args()
    chosen = listed(asked.words)
    if asked.quick:
        chosen = random.sample(chosen, min(asked.quick, len(chosen)))
    sys.exit(run(chosen, control=not asked.quick))
