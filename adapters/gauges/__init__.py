"""What monitoring found, as gauges for Prometheus: in a file, and over HTTP."""

from adapters.gauges.figures import figures_of as figures_of
from adapters.gauges.publishing import publish as publish
from adapters.gauges.publishing import serve as serve
