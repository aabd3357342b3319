"""What the Gateway API and Envoy Gateway take, as far as our manifests use it.

Written by hand from the type definitions of kubernetes-sigs/gateway-api (`apis/v1`) and
envoyproxy/gateway (`api/v1alpha1`), their validation marks and CEL rules included. A field that is
not here is an error, so that a misspelt one cannot pass.
"""

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

Label = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
ServiceName = Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
LabelValue = Annotated[
    str, Field(pattern=r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$", max_length=63)
]
LabelKey = Annotated[
    str, Field(pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$")
]
Port = Annotated[int, Field(ge=1, le=65535)]
Duration = Annotated[str, Field(pattern=r"^([0-9]{1,5}(h|m|s|ms)){1,4}$")]
Quantity = Annotated[str, Field(pattern=r"^[1-9]+[0-9]*([EPTGMK]i|[EPTGMk])?$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$", max_length=256)]
HeaderValue = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[\x20-\x7e]+$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Strict):
    name: Label
    namespace: Label
    labels: dict[LabelKey, LabelValue] = {}
    annotations: dict[LabelKey, str] = {}


class ServicePort(Strict):
    name: Label
    port: Port
    target_port: Port = Field(alias="targetPort")
    protocol: Literal["TCP"]


class ServiceSpec(Strict):
    selector: dict[LabelKey, LabelValue] | None = None
    ports: list[ServicePort] = Field(min_length=1)
    type: Literal["ClusterIP"] | None = None


class ServiceMetadata(Metadata):
    name: ServiceName


class Service(Strict):
    api_version: Literal["v1"] = Field(alias="apiVersion")
    kind: Literal["Service"]
    metadata: ServiceMetadata
    spec: ServiceSpec


class Conditions(Strict):
    ready: bool


class Endpoint(Strict):
    addresses: list[str] = Field(min_length=1, max_length=100)
    conditions: Conditions


class SlicePort(Strict):
    name: Label
    port: Port
    protocol: Literal["TCP"]


class EndpointSlice(Strict):
    api_version: Literal["discovery.k8s.io/v1"] = Field(alias="apiVersion")
    kind: Literal["EndpointSlice"]
    metadata: Metadata
    address_type: Literal["IPv4", "IPv6"] = Field(alias="addressType")
    endpoints: list[Endpoint]
    ports: list[SlicePort]

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        """Kubernetes takes no loopback, unspecified, link-local or multicast address."""
        assert "kubernetes.io/service-name" in self.metadata.labels
        for endpoint in self.endpoints:
            address = ipaddress.ip_address(endpoint.addresses[0])
            assert f"IPv{address.version}" == self.address_type
            assert not (address.is_loopback or address.is_unspecified)
            assert not (address.is_link_local or address.is_multicast)
        return self


class Namespaces(Strict):
    from_: Literal["Same", "All"] = Field(alias="from")


class AllowedRoutes(Strict):
    namespaces: Namespaces


class Listener(Strict):
    name: Label
    port: Port
    protocol: Literal["HTTP"]
    allowed_routes: AllowedRoutes = Field(alias="allowedRoutes")


class GatewaySpec(Strict):
    gateway_class_name: str = Field(alias="gatewayClassName", min_length=1, max_length=253)
    listeners: list[Listener] = Field(min_length=1, max_length=64)


class Gateway(Strict):
    api_version: Literal["gateway.networking.k8s.io/v1"] = Field(alias="apiVersion")
    kind: Literal["Gateway"]
    metadata: Metadata
    spec: GatewaySpec


class Header(Strict):
    name: HeaderName
    value: HeaderValue


class HeaderModifier(Strict):
    set: list[Header] = Field(default=[], max_length=16)
    add: list[Header] = Field(default=[], max_length=16)
    remove: list[HeaderName] = Field(default=[], max_length=16)


class Backend(Strict):
    group: Literal[""]
    kind: Literal["Service"]
    name: ServiceName
    port: Port


class Fraction(Strict):
    numerator: int = Field(ge=0)
    denominator: int = Field(ge=1)

    @model_validator(mode="after")
    def _is_no_more_than_one(self) -> Self:
        assert self.numerator <= self.denominator
        return self


class Mirror(Strict):
    backend: Backend = Field(alias="backendRef")
    fraction: Fraction | None = None


class Extension(Strict):
    group: Literal["gateway.envoyproxy.io"]
    kind: Literal["HTTPRouteFilter"]
    name: Label


class Filter(Strict):
    type: Literal["RequestHeaderModifier", "RequestMirror", "ExtensionRef"]
    header: HeaderModifier | None = Field(default=None, alias="requestHeaderModifier")
    mirror: Mirror | None = Field(default=None, alias="requestMirror")
    extension: Extension | None = Field(default=None, alias="extensionRef")

    @model_validator(mode="after")
    def _is_what_its_type_says(self) -> Self:
        given = {
            "RequestHeaderModifier": self.header,
            "RequestMirror": self.mirror,
            "ExtensionRef": self.extension,
        }
        assert [kind for kind, value in given.items() if value is not None] == [self.type]
        return self


class WeightedBackend(Backend):
    weight: int = Field(ge=0, le=1_000_000)
    filters: list[Filter] = Field(default=[], max_length=16)


class PathMatch(Strict):
    type: Literal["Exact", "PathPrefix", "RegularExpression"]
    value: str = Field(max_length=1024, pattern="^/")


class HeaderMatch(Strict):
    type: Literal["Exact", "RegularExpression"]
    name: HeaderName
    value: HeaderValue


class Match(Strict):
    path: PathMatch
    headers: list[HeaderMatch] = Field(default=[], max_length=16)


class Timeouts(Strict):
    request: Duration


class Rule(Strict):
    matches: list[Match] = Field(max_length=64)
    filters: list[Filter] = Field(default=[], max_length=16)
    backends: list[WeightedBackend] = Field(default=[], alias="backendRefs", max_length=16)
    timeouts: Timeouts | None = None


class Reference(Strict):
    group: Literal["gateway.networking.k8s.io"]
    kind: Literal["Gateway", "HTTPRoute"]
    name: Label


class Parent(Reference):
    section: Label = Field(alias="sectionName")


class RouteSpec(Strict):
    parents: list[Parent] = Field(alias="parentRefs", max_length=32)
    rules: list[Rule] = Field(min_length=1, max_length=16)


class Route(Strict):
    api_version: Literal["gateway.networking.k8s.io/v1"] = Field(alias="apiVersion")
    kind: Literal["HTTPRoute"]
    metadata: Metadata
    spec: RouteSpec


class EnvoyGateway(Strict):
    api_version: Literal["gateway.envoyproxy.io/v1alpha1"] = Field(alias="apiVersion")
    metadata: Metadata


class DirectResponse(Strict):
    status: int = Field(alias="statusCode", ge=200, le=599)


class FilterSpec(Strict):
    direct_response: DirectResponse = Field(alias="directResponse")


class RouteFilter(EnvoyGateway):
    kind: Literal["HTTPRouteFilter"]
    spec: FilterSpec


class Headers(Strict):
    request_id: Literal["PreserveOrGenerate", "Preserve", "Generate", "Disable"] = Field(
        alias="requestID"
    )
    early: HeaderModifier = Field(alias="earlyRequestHeaders")


class ClientHTTP(Strict):
    received: Duration = Field(alias="requestReceivedTimeout")


class ClientTimeout(Strict):
    http: ClientHTTP


class ConnectionLimit(Strict):
    value: int = Field(ge=1)


class Connection(Strict):
    limit: ConnectionLimit = Field(alias="connectionLimit")
    buffer: Quantity = Field(alias="bufferLimit")


class ClientSpec(Strict):
    targets: list[Reference] = Field(alias="targetRefs", min_length=1)
    headers: Headers
    timeout: ClientTimeout
    connection: Connection

    @model_validator(mode="after")
    def _is_about_gateways(self) -> Self:
        assert {target.kind for target in self.targets} == {"Gateway"}
        return self


class ClientPolicy(EnvoyGateway):
    kind: Literal["ClientTrafficPolicy"]
    spec: ClientSpec


class HTTPHealth(Strict):
    path: str = Field(min_length=1, max_length=1024)
    method: Literal["GET"]


class ActiveHealth(Strict):
    type: Literal["HTTP"]
    http: HTTPHealth
    timeout: Duration
    interval: Duration
    unhealthy: int = Field(alias="unhealthyThreshold", ge=1)
    healthy: int = Field(alias="healthyThreshold", ge=1)


class Health(Strict):
    active: ActiveHealth
    panic: int = Field(alias="panicThreshold", ge=0, le=100)


class TCPTimeout(Strict):
    connect: Duration = Field(alias="connectTimeout")


class HTTPTimeout(Strict):
    idle: Duration = Field(alias="connectionIdleTimeout")


class Timeout(Strict):
    tcp: TCPTimeout
    http: HTTPTimeout


class Buffer(Strict):
    limit: Quantity


class Breaker(Strict):
    connections: int = Field(alias="maxConnections", ge=0, le=4294967295)
    pending: int = Field(alias="maxPendingRequests", ge=0, le=4294967295)
    requests: int = Field(alias="maxParallelRequests", ge=0, le=4294967295)
    retries: int = Field(alias="maxParallelRetries", ge=0, le=4294967295)


class RetryOn(Strict):
    triggers: list[
        Literal[
            "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure",
            "retriable-4xx", "refused-stream", "retriable-status-codes",
        ]
    ]  # fmt: skip


class BackOff(Strict):
    base: Duration = Field(alias="baseInterval")
    most: Duration = Field(alias="maxInterval")


class PerRetry(Strict):
    back_off: BackOff = Field(alias="backOff")


class Retry(Strict):
    number: int = Field(alias="numRetries", ge=0)
    on: RetryOn = Field(alias="retryOn")
    each: PerRetry = Field(alias="perRetry")


class Rate(Strict):
    requests: int = Field(ge=0, le=4294967295)
    unit: Literal["Second", "Minute", "Hour"]


class RateRule(Strict):
    limit: Rate


class LocalRate(Strict):
    rules: list[RateRule] = Field(max_length=16)


class RateLimit(Strict):
    type: Literal["Local"]
    local: LocalRate


class HashedHeader(Strict):
    name: HeaderName


class ConsistentHash(Strict):
    type: Literal["Header", "Cookie"]
    header: HashedHeader | None = None
    cookie: HashedHeader | None = None

    @model_validator(mode="after")
    def _is_what_its_type_says(self) -> Self:
        assert (self.type == "Header") == (self.header is not None)
        assert (self.type == "Cookie") == (self.cookie is not None)
        return self


class LoadBalancer(Strict):
    type: Literal["ConsistentHash"]
    hash: ConsistentHash = Field(alias="consistentHash")


class BackendSpec(Strict):
    targets: list[Reference] = Field(alias="targetRefs", min_length=1)
    health: Health = Field(alias="healthCheck")
    timeout: Timeout
    buffer: Buffer = Field(alias="requestBuffer")
    breaker: Breaker = Field(alias="circuitBreaker")
    retry: Retry | None = None
    rate: RateLimit | None = Field(default=None, alias="rateLimit")
    balancer: LoadBalancer | None = Field(default=None, alias="loadBalancer")


class BackendPolicy(EnvoyGateway):
    kind: Literal["BackendTrafficPolicy"]
    spec: BackendSpec


class LocalKeys(Strict):
    type: Literal["Inline"]
    inline: str


class ClaimToHeader(Strict):
    header: HeaderName
    claim: str


class Provider(Strict):
    name: str = Field(min_length=1, max_length=253)
    issuer: str = Field(max_length=253)
    audiences: list[str] = Field(max_length=8)
    keys: LocalKeys = Field(alias="localJWKS")
    claims: list[ClaimToHeader] = Field(default=[], alias="claimToHeaders")
    again: bool = Field(default=False, alias="recomputeRoute")

    @model_validator(mode="after")
    def _recomputes_for_claims_only(self) -> Self:
        assert self.claims or not self.again
        return self


class JWT(Strict):
    optional: bool
    providers: list[Provider] = Field(min_length=1, max_length=4)


class SecuritySpec(Strict):
    targets: list[Reference] = Field(alias="targetRefs", min_length=1)
    jwt: JWT


class SecurityPolicy(EnvoyGateway):
    kind: Literal["SecurityPolicy"]
    spec: SecuritySpec


Known = (
    Service | EndpointSlice | Gateway | Route | RouteFilter | ClientPolicy | BackendPolicy
    | SecurityPolicy
)  # fmt: skip
_ADAPTER: TypeAdapter[Known] = TypeAdapter(Annotated[Known, Field(discriminator="kind")])


def read(manifest: Mapping[str, Any]) -> Any:
    """Read a manifest, or fail with what is wrong with it."""
    return _ADAPTER.validate_python(manifest)
