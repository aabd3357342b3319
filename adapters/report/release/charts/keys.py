"""The marks of the charts again, small, for the words below them."""

from typing import Literal

from markupsafe import Markup

from adapters.report.scales import element, joined

Kind = Literal["champion", "challenger", "limit", "thin", "effect", "band", "copied"]


def key(kind: Kind) -> Markup:
    """Draw one mark as the charts do."""
    drawn = {
        "champion": [element("path", d="M0 7H22", class_="line champion")],
        "challenger": [element("path", d="M0 7H22", class_="line challenger")],
        "limit": [element("path", d="M0 7H22", class_="limit")],
        "thin": [element("path", d="M0 7H22", class_="limit thin")],
        "effect": [element("path", d="M0 7H22", class_="wanted")],
        "copied": [element("path", d="M0 7H22", class_="copied")],
        "band": [
            element("rect", x=0, y=2, width=22, height=10, class_="sequence"),
            element("path", d="M0 7H22", class_="line challenger"),
        ],
    }[kind]
    return element(
        "svg", joined(drawn), viewBox="0 0 22 14", class_="mark long chart-key", aria_hidden="true"
    )


def swatch(tone: str) -> Markup:
    """Draw the colour of a version's part."""
    drawn = element("rect", x=1, y=1, width=12, height=12, class_=f"share {tone}")
    return element("svg", drawn, viewBox="0 0 14 14", class_="mark", aria_hidden="true")
