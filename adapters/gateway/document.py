"""Writes manifests as YAML that every reader reads the same."""

import io
import re
from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter

from adapters.gateway.naming import Manifest

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9./_-]*")
_MEANT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""Words that YAML 1.1, which kubectl reads, takes for something else than text."""


class _Representer(RoundTripRepresenter):
    """Puts text in quotes unless it can be nothing but text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write what occurs twice twice: labels are no anchors."""
        return True

    def quoted(self, text: str) -> Any:
        is_plain = _PLAIN.fullmatch(text) and text.lower() not in _MEANT
        style = None if is_plain else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Representer.add_representer(str, _Representer.quoted)


def written(manifests: Iterable[Manifest]) -> str:
    r"""Write manifests as one YAML stream, in their order.

    Examples
    --------
    >>> written([{"kind": "Service", "spec": {"version": "3", "ports": [{"port": 3000}]}}])
    'kind: Service\nspec:\n  version: "3"\n  ports:\n    - port: 3000\n'
    """
    yaml, stream = YAML(), io.StringIO()
    yaml.Representer = _Representer
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 4096  # a key set is one long line, and stays one
    yaml.dump_all([*manifests], stream)
    return stream.getvalue()
