"""What a prefill costs, counted and not timed: functions of Python that one warm prefill of the bench's job runs.

`python -m tests.bench.parts` says where they are. A change that needs fewer lowers the limit.
"""

from typing import Any

from tests.bench.parts import asked

#: in the thread of the loop, the median of one prefill after another
LIMIT = 780
#: with the threads of the log; what the sequencer does for a batch is spread over the prefills of half a second
LIMIT_WITH_LOG = 850
LOG_THREADS = ("exchange-log", "sequencer")


def in_log(counted: Any) -> float:
    return float(sum(counted["threads"][name]["python"] for name in LOG_THREADS))


def test_warm_prefill_runs_few_functions_and_leaves_no_garbage() -> None:
    counted = asked("calls")
    in_loop = counted["loop"]["python"]
    assert counted["prefills"] >= 20
    assert in_loop <= LIMIT
    for _ in range(2):
        if in_loop + in_log(counted) <= LIMIT_WITH_LOG:
            break
        # on a busy machine half a second has fewer prefills, and the same batches
        counted = asked("calls")
    assert in_loop + in_log(counted) <= LIMIT_WITH_LOG
    # circles of objects stop everybody while they are searched for: 100 ms a few hundred prefills later
    assert counted["garbage"] < 1
