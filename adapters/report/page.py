"""The report of one run: a single HTML page that opens anywhere, without a network."""

from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from adapters.report import charts, excerpts, headline
from lifecycle.governance import figures
from lifecycle.governance.caveats import caveats, is_worse
from lifecycle.governance.story import Story
from lifecycle.task import Task

LONGEST_TEXT = 100_000
"""Signs of a declaration that are shown; longer ones are cut, and the page says so."""


def render(story: Story) -> str:
    """Write the page of one run, as far as it got.

    The page holds its own style and drawings and asks for nothing else. Its size does not
    grow with the data: of many columns, slices or trials it shows the ones that matter most
    and says how many it leaves out. All text of the data is escaped.
    """
    is_share = story.task is not Task.REGRESSION
    return _environment().get_template("page.html.j2").render(
        story=story,
        evaluation=story.evaluation,
        ending=headline.ending(story),
        sentence=headline.sentence(story),
        tiles=headline.tiles(story),
        caveats=caveats(story),
        is_share=is_share,
        label=partial(_label, is_share=is_share),
        label_unit=f", {story.units[story.label]}" if story.label in story.units else "",
    )  # fmt: skip


@cache
def _environment() -> Environment:
    here = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(here / "templates"),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        charts=charts,
        excerpts=excerpts,
        figures=figures,
        is_worse=is_worse,
        style=Markup((here / "style.css").read_text("utf-8")),
    )
    environment.filters.update(
        count=figures.count,
        number=figures.number,
        share=figures.share,
        metric=figures.metric_title,
        clip=figures.legible,
        block=_block,
        lines=_lines,
    )
    return environment


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


def _label(value: float | None, *, is_share: bool) -> str:
    return figures.share(value) if is_share else figures.number(value)
