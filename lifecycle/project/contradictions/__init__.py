"""What no section can see by itself: sections that contradict one another.

Each rule looks at the parts that could be read and yields the faults it finds. To add one is a
function and its line in `_RULES`.
"""

from collections.abc import Callable, Iterable

from lifecycle.project.contradictions import (
    columns,
    data,
    gates,
    monitoring,
    release,
    retraining,
    search,
)
from lifecycle.project.contradictions.parts import Parts
from lifecycle.project.faults import Fault

__all__ = ["Parts", "contradictions"]

_RULES: tuple[Callable[[Parts], Iterable[Fault]], ...] = (
    data.name_each_thing_once,
    data.select_by_a_time_there_is,
    data.keep_the_order_of_time,
    data.join_tables_by_a_query,
    data.fit_the_label_to_its_task,
    data.ask_nothing_of_what_comes_later,
    columns.fit_limits_to_types,
    columns.keep_roles_apart,
    columns.fit_label_and_time_types,
    search.fit_the_search_to_the_task,
    search.cross_only_features,
    gates.fit_metrics_to_the_task,
    gates.fit_limits_to_metrics,
    gates.compare_with_what_there_is,
    gates.look_only_at_known_groups,
    release.compare_what_is_kept,
    release.wait_for_labels_that_can_come,
    release.know_the_unit,
    release.set_limits_that_can_be_met,
    release.declare_only_what_is_judged,
    release.plan_a_test_that_can_end,
    monitoring.watch_a_figure_of_the_task,
    monitoring.watch_columns_there_are,
    retraining.take_the_newest_rows_by_a_time,
    retraining.declare_only_what_is_asked,
)


def contradictions(parts: Parts) -> tuple[Fault, ...]:
    """Find all contradictions; none is right."""
    return tuple(fault for rule in _RULES for fault in rule(parts))
