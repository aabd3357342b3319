"""Contradictions between when and on what a successor is trained, and what there is."""

from collections.abc import Iterator

from lifecycle.project.contradictions.parts import Parts
from lifecycle.project.faults import Fault


def take_the_newest_rows_by_a_time(parts: Parts) -> Iterator[Fault]:
    """Want a time column where some rows are newer than others."""
    if parts.data is None or parts.retraining is None or parts.data.time is not None:
        return
    if parts.retraining.window != "all":
        remedy = "Name the column that orders the rows in data.time, or declare window: all."
        problem = "takes the newest rows, and no data.time is declared."
        yield Fault(("retraining", "window"), problem, remedy)


def declare_only_what_is_asked(parts: Parts) -> Iterator[Fault]:
    """Want no setting of a reason that is not named: it would wait in vain."""
    if parts.retraining is None:
        return
    policy, declared = parts.retraining, parts.retraining.model_fields_set
    for setting, reason in (("every", "schedule"), ("new_rows", "new_data")):
        if setting in declared and getattr(policy, setting) and reason not in policy.when:
            problem = f"is declared, and retraining.when does not name {reason}."
            named = ", ".join((*policy.when, reason))
            yield Fault(("retraining", setting), problem, f"Declare when: [{named}].")
    if "windows" in declared and policy.window != "evidence":
        problem = "is declared, and retraining.window does not choose among them."
        yield Fault(("retraining", "windows"), problem, "Declare window: evidence.")
