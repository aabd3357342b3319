"""Renders a plan for Kubernetes."""

import re
from collections.abc import Collection
from copy import deepcopy

from adapters.gateway.lacking import require_accepted
from adapters.gateway.naming import LONGEST, GatewayError, Manifest, label_name
from adapters.gateway.policies import policies
from adapters.gateway.route import gateway, nobody, route
from adapters.gateway.targets import MANAGED, Backends
from lifecycle.release.plan import Plan

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")

RELEASE, WITHOUT = "perennial/release", "perennial/without"


def render(
    plan: Plan,
    *,
    namespace: str,
    gateway_class: str = "eg",
    without: Collection[str] = (),
) -> tuple[Manifest, ...]:
    """Say a plan in manifests: Services, a Gateway, its route and Envoy Gateway's policies.

    They are the whole of it: applied together, in any order, requests go where the plan says.

    Parameters
    ----------
    gateway_class
        The GatewayClass that Envoy Gateway implements in the cluster.
    without
        What is accepted to be left out, of what `lacks` lists.

    Raises
    ------
    GatewayError
        If the plan asks for something that cannot be said, and nobody accepted to go without it.
    PlanError
        If the plan could not be used anywhere.

    Examples
    --------
    >>> from lifecycle.release.plan import Part, Target
    >>> one = Target(name="one", version="1", host="flights-v1", port=3000)
    >>> plan = Plan(project="flights", host="0.0.0.0", port=80, targets=(one,),
    ...             parts=(Part(target="one", weight=10_000),))
    >>> [manifest["kind"] for manifest in render(plan, namespace="models")]
    ['Gateway', 'HTTPRoute', 'ClientTrafficPolicy', 'BackendTrafficPolicy']
    """
    plan.check()
    require_accepted(plan, without)
    if len(namespace) > LONGEST or not _NAMESPACE.fullmatch(namespace):
        raise GatewayError(
            f'"{namespace}" cannot be a namespace: up to {LONGEST} lower-case letters, digits and '
            "dashes, a letter or a digit first and last."
        )
    metadata = {
        "name": label_name(plan.project),
        "namespace": namespace,
        "labels": dict(MANAGED),
    }
    if noted := _noted(plan, without):
        metadata["annotations"] = noted
    backends = Backends(plan, namespace)
    manifests = (
        *backends.manifests(),
        gateway(plan, metadata, gateway_class),
        route(plan, metadata, backends),
        *(() if plan.parts else (nobody(metadata),)),
        *policies(plan, metadata),
    )
    return tuple(deepcopy(manifest) for manifest in manifests)  # each its own metadata


def _noted(plan: Plan, without: Collection[str]) -> dict[str, str]:
    """Say on what is applied which release it is of, and what was left out."""
    noted = {} if plan.release is None else {RELEASE: str(plan.release)}
    return {**noted, WITHOUT: ", ".join(sorted(without))} if without else noted
