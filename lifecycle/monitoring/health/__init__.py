"""How a service is: its figures between two looks, and what the rules say of them."""

from lifecycle.monitoring.health.rules import judge_health as judge_health
from lifecycle.monitoring.health.snapshot import Buckets as Buckets
from lifecycle.monitoring.health.snapshot import Snapshot as Snapshot
from lifecycle.monitoring.health.stretch import Stretch as Stretch
from lifecycle.monitoring.health.stretch import since as since
