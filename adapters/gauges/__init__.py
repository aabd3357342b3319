"""What monitoring found and how releases stand, as gauges for Prometheus: in files, over HTTP."""

from adapters.gauges.figures import figures_of as figures_of
from adapters.gauges.publishing import publish as publish
from adapters.gauges.publishing import publish_release as publish_release
from adapters.gauges.publishing import serve as serve
from adapters.gauges.releases import figures_of_release as figures_of_release
