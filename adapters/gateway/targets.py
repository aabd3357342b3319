"""The versions of a plan as Services a route can name."""

import ipaddress
from collections import Counter
from collections.abc import Iterator

from adapters.gateway.naming import GatewayError, Manifest, label_name, label_value
from lifecycle.release.plan import Plan, Target

PORT = 3000
"""Where the service listens inside its image."""

MANAGED = {"app.kubernetes.io/managed-by": "perennial"}


class Backends:
    """Where each target of a plan is found in a cluster.

    A target on the machine that made the plan is nowhere in a cluster: its Service picks pods by
    the labels `app.kubernetes.io/name` (the project) and `app.kubernetes.io/version`. One with an
    address gets a Service of that address. One with the name of a Service is that Service.
    """

    def __init__(self, plan: Plan, namespace: str) -> None:
        self._plan = plan
        self._namespace = namespace
        self._refuse_twins()

    def reference(self, name: str) -> Manifest:
        """Name the Service of a target, as routes do."""
        target = self._plan.target(name)
        port = PORT if _is_local(target) else target.port
        return {"group": "", "kind": "Service", "name": self._service(target), "port": port}

    def manifests(self) -> Iterator[Manifest]:
        """Give what is not there yet."""
        for target in self._plan.targets:
            if _is_local(target):
                yield self._chosen(target)
            elif _address(target) is not None:
                yield from self._addressed(target)

    def _service(self, target: Target) -> str:
        if _is_local(target):
            return label_name(f"{self._plan.project}-v{target.version}")
        return label_name(target.name) if _address(target) else self._found(target)

    def _found(self, target: Target) -> str:
        name, _, rest = target.host.partition(".")
        namespace, _, rest = rest.partition(".")
        is_service = not rest or rest == "svc" or rest.startswith("svc.")
        is_service = is_service and label_name(name) == name
        if not is_service or namespace not in ("", self._namespace):
            raise GatewayError(
                f'"{target.name}" is at {target.host}, which is no Service of the namespace '
                f'"{self._namespace}". Name one there, or an address, or render for its namespace.'
            )
        return name

    def _chosen(self, target: Target) -> Manifest:
        labels = {
            "app.kubernetes.io/name": label_value(self._plan.project, "The project's name"),
            "app.kubernetes.io/version": label_value(target.version, "The version"),
        }
        ports = [{"name": "http", "port": PORT, "targetPort": PORT, "protocol": "TCP"}]
        return self._manifest(target, {"selector": labels, "ports": ports})

    def _addressed(self, target: Target) -> Iterator[Manifest]:
        address = _address(target)
        assert address is not None
        if address.is_unspecified or address.is_multicast or address.is_link_local:
            raise GatewayError(f'"{target.name}" is at {target.host}, which no pod can have.')
        ports = [{"name": "http", "port": target.port, "protocol": "TCP"}]
        service = self._manifest(
            target, {"ports": [{**ports[0], "targetPort": target.port}], "type": "ClusterIP"}
        )
        yield service
        metadata = service["metadata"]
        labels = {**metadata["labels"], "kubernetes.io/service-name": metadata["name"]}
        yield {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": labels},
            "addressType": f"IPv{address.version}",
            "endpoints": [{"addresses": [str(address)], "conditions": {"ready": True}}],
            "ports": ports,
        }

    def _manifest(self, target: Target, spec: Manifest) -> Manifest:
        name, namespace = self._service(target), self._namespace
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "labels": dict(MANAGED)},
            "spec": spec,
        }

    def _refuse_twins(self) -> None:
        for name, times in Counter(self._service(one) for one in self._made()).items():
            if times > 1:
                raise GatewayError(f'{times} targets would be the Service "{name}". Rename one.')

    def _made(self) -> Iterator[Target]:
        """Give the targets a Service is made for; refuse those whose pods nobody can tell apart."""
        versions = Counter(target.version for target in self._plan.targets if _is_local(target))
        for version, times in versions.items():
            if times > 1:
                raise GatewayError(
                    f"{times} targets are version {version} on this machine, and labels cannot "
                    "tell their pods apart. Render a plan of two versions."
                )
        yield from (one for one in self._plan.targets if _is_local(one) or _address(one))


def _address(target: Target) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(target.host)
    except ValueError:
        return None


def _is_local(target: Target) -> bool:
    address = _address(target)
    return target.host == "localhost" or (address is not None and address.is_loopback)
