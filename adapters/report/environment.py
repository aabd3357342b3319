"""How templates become pages: what they may call, and how every text is made safe to show."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from lifecycle.governance import figures

LONGEST_TEXT = 100_000
"""Signs of a declaration that are shown; longer ones are cut, and the page says so."""

_HERE = Path(__file__).parent


def environment(folders: Sequence[Path] = (), /, **known: Any) -> Environment:
    """Make an environment that reads the templates and styles of some folders and the shared ones.

    All text is escaped and made legible; a name a template does not know is an error.

    Parameters
    ----------
    folders
        Each with a folder `templates`, read before the shared one, and a `style.css`, which is
        added to the shared one.
    known
        What templates may use by name besides.
    """
    made = Environment(
        loader=FileSystemLoader(
            [*(folder / "templates" for folder in folders), _HERE / "templates"]
        ),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    styles = ((folder / "style.css").read_text("utf-8") for folder in (_HERE, *folders))
    made.globals.update(figures=figures, style=Markup("\n".join(styles)), **known)
    made.filters.update(
        count=figures.count,
        number=figures.number,
        share=figures.share,
        metric=figures.metric_title,
        clip=figures.legible,
        block=_block,
        lines=_lines,
    )
    return made


def _finalize(value: Any) -> Any:
    """Make every text that a template prints legible; markup of our own passes."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return figures.legible(value, 2_000)
    return value


def _block(text: str) -> Markup:
    """Show text of several lines as it is, each line made legible."""
    shown = (figures.legible(line, 2_000) for line in text[:LONGEST_TEXT].split("\n"))
    return Markup("\n").join(escape(line) for line in shown)


def _lines(text: str) -> int:
    """Count the lines of a text that are not shown."""
    return text[LONGEST_TEXT:].count("\n")
