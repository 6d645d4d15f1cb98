"""Metrics of anchors, read from the rounds at each scrape."""

from collections.abc import Iterable
from time import time

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.anchors.rounds import Rounds


class AnchorGauges(Collector):
    """A collector for the process's registry."""

    def __init__(self, rounds: Rounds) -> None:
        """`rounds`: the source of the values."""
        self._rounds = rounds

    def collect(self) -> Iterable[Metric]:
        """Age of the last proof and failures of each anchor, and whether prefill is refused."""
        age = GaugeMetricFamily(
            "motlan_log_anchor_age_seconds", "Time since the last proof of an anchor", labels=["anchor"]
        )
        owed = GaugeMetricFamily(
            "motlan_log_anchor_owed_seconds", "For how long an anchor has owed a proof", labels=["anchor"]
        )
        failures = CounterMetricFamily(
            "motlan_log_anchor_failures", "Attempts of this process without a proof", labels=["anchor"]
        )
        now = time()
        for one in self._rounds.states:
            labels = [one.anchor.name]
            if one.last is not None:
                age.add_metric(labels, max(0.0, now - one.last.seconds))
            owed.add_metric(labels, one.behind(now))
            failures.add_metric(labels, one.failures)
        refusing = GaugeMetricFamily(
            "motlan_log_anchor_refusing", "1 while prefill is refused for want of anchors"
        )
        refusing.add_metric([], float(self._rounds.refusing))
        return [age, owed, failures, refusing]

    def describe(self) -> Iterable[Metric]:
        """Nothing: `collect` has the names."""
        return []
