"""The marks of the charts again, small, for the words below them."""

from typing import Literal

from markupsafe import Markup

from adapters.report.scales import element, joined

Kind = Literal["point", "fail", "unknown", "band", "limit", "estimate", "then", "now"]


def key(kind: Kind) -> Markup:
    """Draw one mark as the charts do."""
    drawn = {
        "point": [
            element("path", d="M11 1V13", class_="whisker"),
            element("circle", cx=11, cy=7, r=3.4, class_="sign"),
        ],
        "fail": [element("path", d="M7 3l8 8m0-8l-8 8", class_="sign fail")],
        "unknown": [element("circle", cx=11, cy=7, r=4, class_="sign unknown")],
        "band": [
            element("rect", x=0, y=2, width=22, height=10, class_="band"),
            element("path", d="M0 7H22", class_="own"),
        ],
        "limit": [element("path", d="M0 7H22", class_="limit")],
        "estimate": [
            element("path", d="M11 2.6l4.4 4.4l-4.4 4.4l-4.4-4.4z", class_="shape hollow c2")
        ],
        "then": [element("rect", x=3, y=2, width=16, height=11, class_="bar")],
        "now": [element("path", d="M0 10H8V3H15V10H22", class_="line c1")],
    }[kind]
    return element(
        "svg", joined(drawn), viewBox="0 0 22 14", class_="mark long chart-key", aria_hidden="true"
    )
