"""What goes wrong between a plan and the router."""

from lifecycle.release.plan import PlanError


class RoutingError(PlanError):
    """Requests cannot be routed as was asked."""
