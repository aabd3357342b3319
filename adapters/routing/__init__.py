"""Sends requests to the versions that answer: the only door to Envoy (`envoy`).

One router for each project, kept running by the supervisor. ::

    route = Route(project=..., host=..., port=..., backends=(Backend(name=..., ...),))
    apply(state, route)            # -> Applied(before, unfinished); no request is lost
    replace(state, project, new)   # the same with one new backend instead of all there are
    current(state, project)        # -> Route | None
    withdraw(state, project)       # takes no more requests, finishes those it has, ends
"""

from adapters.routing.route import Backend as Backend
from adapters.routing.route import Route as Route
from adapters.routing.route import RoutingError as RoutingError
from adapters.routing.router import Applied as Applied
from adapters.routing.router import apply as apply
from adapters.routing.router import current as current
from adapters.routing.router import replace as replace
from adapters.routing.router import withdraw as withdraw
