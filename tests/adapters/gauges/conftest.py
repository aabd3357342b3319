"""Lends promtool, which comes with Prometheus."""

from tests.servers.prometheus import promtool as promtool
