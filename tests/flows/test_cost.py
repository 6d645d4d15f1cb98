"""What a prefill costs, counted and not timed: functions of Python that one warm prefill of the bench's job runs.

`python -m tests.bench.parts` says where they are. A change that needs fewer lowers the limit.
"""

from tests.bench.parts import asked

#: in the thread of the loop, one prefill after another
LIMIT = 700
#: with the threads of the log, beside what each batch of the sequencer costs: how many there are is the machine's
LIMIT_WITH_LOG = 745
LIMIT_BATCH = 350
LOG_THREADS = ("exchange-log", "sequencer")


def test_warm_prefill_runs_few_functions_and_leaves_no_garbage() -> None:
    counted = asked("calls")
    in_loop, prefills = counted["loop"]["python"], counted["prefills"]
    in_log = sum(counted["threads"][name]["python"] for name in LOG_THREADS)
    assert prefills >= 20
    assert in_loop <= LIMIT
    assert in_loop + in_log - LIMIT_BATCH * counted["batches"] / prefills <= LIMIT_WITH_LOG
    # circles of objects stop everybody while they are searched for: 100 ms a few hundred prefills later
    assert counted["garbage"] < 1
