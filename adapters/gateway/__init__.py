"""Says a plan in the words of Kubernetes: the Gateway API, and Envoy Gateway's own policies.

The same `Plan` that `adapters.routing` puts into effect on one machine. ::

    lacks(plan)                          # -> what Gateway API has no word for, and why it matters
    render(plan, namespace="models", without={"spares"})   # -> manifests, as kubectl takes them
    written(manifests)                   # -> YAML

Nothing of a plan is dropped in silence: what cannot be said is an error, until whoever renders
accepts to go without it, by its name.
"""

from adapters.gateway.document import written as written
from adapters.gateway.lacking import Lack as Lack
from adapters.gateway.lacking import lacks as lacks
from adapters.gateway.naming import GatewayError as GatewayError
from adapters.gateway.rendering import render as render
