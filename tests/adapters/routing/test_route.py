from pathlib import Path

import pytest

from adapters.routing import Backend, Route, RoutingError
from adapters.routing.documents import bootstrap, clusters, listeners, routes
from adapters.routing.lint import lint

ONE = Backend(name="shop-1", host="127.0.0.1", port=8001)
TWO = Backend(name="shop-2", host="127.0.0.1", port=8002, weight=0)


def route(*backends: Backend, **settings) -> Route:
    settings = {"host": "127.0.0.1", "port": 3000, **settings}
    return Route(project="shop", backends=backends, **settings)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (route(ONE, ONE), "2 backends are called shop-1"),
        (route(TWO), "all weights are zero"),
        (route(ONE, host="localhost"), 'host "localhost" is no address'),
        (route(ONE, port=8001), "listens at the public port 8001 itself"),
        (route(ONE.model_copy(update={"name": "a b"})), '"a b" cannot be the name of a backend'),
    ],
)
def test_what_would_not_work_is_refused_with_its_reason(wrong: Route, told: str) -> None:
    with pytest.raises(RoutingError, match=told):
        wrong.check()


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(RoutingError) as caught:
        route(TWO, TWO, host="here").check()

    assert str(caught.value).count("\n") == 3


@pytest.mark.parametrize("backends", [(), (ONE,), (ONE, TWO)])
def test_what_is_written_for_a_route_holds(backends) -> None:
    made = route(*backends)

    made.check()
    lint(routes(made), clusters(made))


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"virtual_hosts": []}, "404"),
        ({"virtual_hosts": [{"domains": ["*"], "routes": []}]}, "404"),
        (
            {"virtual_hosts": [{"domains": ["shop"], "routes": [{"match": {"prefix": "/"}}]}]},
            "404",
        ),
        (
            {"virtual_hosts": [{"domains": ["*"], "routes": [{"match": {"prefix": "/predict"}}]}]},
            "404",
        ),
    ],
)
def test_routes_that_answer_404_to_somebody_are_refused(table, told) -> None:
    with pytest.raises(RoutingError, match=told):
        lint([{"name": "ingress", **table}], clusters(route(ONE)))


def test_no_routes_at_all_are_refused() -> None:
    with pytest.raises(RoutingError, match="no routes"):
        lint([], clusters(route(ONE)))


def test_a_backend_that_is_named_and_not_there_is_refused() -> None:
    with pytest.raises(RoutingError, match="name shop-1, and the backends are none"):
        lint(routes(route(ONE)), [])


def test_a_backend_without_weight_stays_and_gets_nothing() -> None:
    made = route(ONE, TWO)

    (action,) = (one["route"] for one in routes(made)[0]["virtual_hosts"][0]["routes"])

    assert [one["name"] for one in clusters(made)] == ["shop-1", "shop-2"]
    assert [one["name"] for one in action["weighted_clusters"]["clusters"]] == ["shop-1"]


def test_a_backend_may_be_named_instead_of_addressed() -> None:
    (named,) = clusters(route(ONE.model_copy(update={"host": "backend.internal"})))

    assert named["type"] == "STRICT_DNS"


def test_nobody_else_can_ask_the_router_what_it_does(tmp_path: Path) -> None:
    address = bootstrap(tmp_path, tmp_path / "admin.sock")["admin"]["address"]["pipe"]

    assert address == {"path": str(tmp_path / "admin.sock"), "mode": 0o600}


def test_requests_are_not_written_down(tmp_path: Path) -> None:
    assert "access_log" not in str(listeners(route(ONE), tmp_path))
