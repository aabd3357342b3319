"""The report of one run: a single HTML page that opens anywhere, without a network."""

from functools import cache, partial

from jinja2 import Environment

from adapters.report import charts, excerpts, headline
from adapters.report.environment import environment
from lifecycle.governance import figures
from lifecycle.governance.caveats import caveats, is_worse
from lifecycle.governance.story import Story
from lifecycle.task import Task


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
    return environment(charts=charts, excerpts=excerpts, is_worse=is_worse)


def _label(value: float | None, *, is_share: bool) -> str:
    return figures.share(value) if is_share else figures.number(value)
