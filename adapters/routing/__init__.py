"""Sends requests to the versions that answer: the only door to Envoy (`envoy`).

One router for each project, kept running by the supervisor. ::

    plan = Plan(project=..., host=..., port=..., targets=(Target(...),), parts=(Part(...),))
    apply(state, plan)             # -> Applied(before, unfinished); no request is lost
    current(state, project)        # -> Plan | None
    withdraw(state, project)       # takes no more requests, finishes those it has, ends
    counted(state, project)        # -> Counts: what became of every attempt, since it began
    since(now, before, target=..., version=...)  # -> Traffic, the difference
"""

from adapters.routing.counting import Count as Count
from adapters.routing.counting import Counts as Counts
from adapters.routing.counting import counted as counted
from adapters.routing.counting import since as since
from adapters.routing.errors import RoutingError as RoutingError
from adapters.routing.router import Applied as Applied
from adapters.routing.router import apply as apply
from adapters.routing.router import current as current
from adapters.routing.router import withdraw as withdraw
from lifecycle.release.plan import Mirror as Mirror
from lifecycle.release.plan import Part as Part
from lifecycle.release.plan import Plan as Plan
from lifecycle.release.plan import PlanError as PlanError
from lifecycle.release.plan import Sticky as Sticky
from lifecycle.release.plan import Target as Target
from lifecycle.release.plan import Tokens as Tokens
