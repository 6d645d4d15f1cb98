"""What a prefill costs, counted and not timed: functions of Python that one warm prefill of the bench's job runs.

`python -m tests.bench.parts` says where they are. Whoever makes it less lowers the limit.
"""

from tests.bench.parts import asked

#: in the thread of the loop, the median of one prefill after another
LIMIT = 2_100
#: with all other threads: what the sequencer does for a batch and what comes every second is spread over the prefills
LIMIT_OF_ALL = 2_300


def test_warm_prefill_runs_few_functions() -> None:
    counted = asked("calls")
    others = sum(thread["python"] for thread in counted["threads"].values())
    assert counted["prefills"] >= 20
    assert {"exchange-log", "sequencer"} <= set(counted["threads"])
    assert counted["loop"]["python"] <= LIMIT
    assert counted["loop"]["python"] + others <= LIMIT_OF_ALL
