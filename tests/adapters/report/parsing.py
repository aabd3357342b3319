"""Pages as a parser sees them."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """What a parser finds on a page: elements in order, their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self.pieces: list[str] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.pieces))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if "style" not in self.open:
            self.pieces.append(data)


def drawings(html: str) -> list[ET.Element]:
    """Read the drawings of a page, each of which has to be well formed."""
    found = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    return [ET.fromstring(drawing) for drawing in found]


def coordinates(html: str) -> list[str]:
    """Gather what says where something is drawn."""
    drawn = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    return re.findall(r'\b(?:x|y|d|cx|cy|r|width|height)="([^"]*)"', drawn)
