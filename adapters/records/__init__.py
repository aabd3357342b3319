"""Small mutable state in SQL: reviews, alerts, what has to be sent, decisions, releases, leases."""

from adapters.records.decisions import DecisionChange
from adapters.records.leases import Holder, Lease
from adapters.records.movements import MovementBusyError
from adapters.records.outbox import LOG, Delivery, Receiver
from adapters.records.place import VARIABLE, RecordsError
from adapters.records.records import Records, Swept
from adapters.records.releases import ReleaseBusyError, ReleaseChange, ReleaseOverError

__all__ = [
    "LOG",
    "VARIABLE",
    "DecisionChange",
    "Delivery",
    "Holder",
    "Lease",
    "MovementBusyError",
    "Receiver",
    "Records",
    "RecordsError",
    "ReleaseBusyError",
    "ReleaseChange",
    "ReleaseOverError",
    "Swept",
]
