"""Figures for Prometheus: counts and states only, nothing that belongs to a person."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from telephony.api.services import Services, read
from telephony.store import figures
from telephony.store.figures import DayFigures
from telephony.store.registers import standing_alarms

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
AGENT_STATES = ("logged_out", "ready", "paused", "ringing", "talking", "wrap_up")


class Metrics:
    """Counts ended calls once each: the first scrape reads the whole ledger, later ones what is new.

    So the counters go on where they were when the service starts again.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._seen = 0
        self._ended: Counter[tuple[str, str]] = Counter()
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)

    async def text(self) -> bytes:
        """Return the exposition; reads the store."""
        services = self._services
        demo = services.config.hotline.demo.caller_number
        # Two scrapes at once may read the same ends: only the first to come back adds them.
        seen = self._seen
        last, ended = await read(services, partial(figures.ended_after, after=seen, demo_caller=demo))
        if seen == self._seen:
            self._seen = last
            self._ended.update(ended)
        today = await read(services, partial(figures.of_today, now=services.clock.now(), demo_caller=demo))
        alarms = await read(services, standing_alarms)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Once([*self._ledger(today, alarms), *self._floor(), *self._counters()]))
        return generate_latest(registry) + generate_latest(self._process)

    def _ledger(self, today: DayFigures, alarms: int) -> Iterator[Metric]:
        ended = CounterMetricFamily("hotline_calls", "Ended calls", labels=["number", "outcome"])
        for labels, count in sorted(self._ended.items()):
            ended.add_metric(labels, count)
        yield ended
        waiting = GaugeMetricFamily("hotline_queue_waiting", "Callers waiting now", labels=["queue"])
        talking = GaugeMetricFamily("hotline_queue_talking", "Calls talking now", labels=["queue"])
        for queue in self._services.config.queues:
            of = today.queues.get(queue, figures.Figures())
            waiting.add_metric([queue], of.waiting)
            talking.add_metric([queue], of.talking)
        yield from (waiting, talking)
        yield GaugeMetricFamily("hotline_alarms", "Alarms nobody has acknowledged", value=alarms)

    def _floor(self) -> Iterator[Metric]:
        states = Counter(agent.state for agent in self._services.roster.all())
        agents = GaugeMetricFamily("hotline_agents", "Agents by state", labels=["state"])
        for state in AGENT_STATES:
            agents.add_metric([state], states[state])
        yield agents
        working = GaugeMetricFamily("hotline_component_up", "Whether a part works", labels=["component"])
        for name, part in self._services.health.components().items():
            working.add_metric([name], float(part.ok))
        yield working

    def _counters(self) -> Iterator[Metric]:
        for name, value in sorted(self._services.counters.items()):
            if not _NAME.match(name):
                continue
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            yield family(f"hotline_{name.removeprefix('hotline_')}", name.replace("_", " "), value=value)


class _Once(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics
