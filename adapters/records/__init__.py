"""Small mutable state in SQL: reviews, alerts, what has to be sent, decisions, leases."""

from adapters.records.decisions import DecisionChange
from adapters.records.leases import Holder, Lease
from adapters.records.outbox import LOG, Delivery, Receiver
from adapters.records.place import VARIABLE, RecordsError
from adapters.records.records import Records, Swept

__all__ = [
    "LOG",
    "VARIABLE",
    "DecisionChange",
    "Delivery",
    "Holder",
    "Lease",
    "Receiver",
    "Records",
    "RecordsError",
    "Swept",
]
