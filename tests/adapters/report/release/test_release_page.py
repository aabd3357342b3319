"""The page of a release: whole, safe, small, and true to what was found."""

import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from adapters.report.release import folder, render, render_index, write, write_index
from lifecycle.verdict import Verdicts
from tests.adapters.report.parsing import Page, coordinates, drawings
from tests.adapters.report.release import releases
from tests.adapters.report.release.releases import Told

ROOT = Path(__file__).parents[4]
PLAUSIBLE = [one for one in releases.ALL if one is not releases.hostile]
EVERY = [*PLAUSIBLE, releases.hostile, releases.many]
SECTIONS = ["traffic", "verdicts", "guard", "answers", "labels", "trail", "declared"]


@cache
def html_of(told: Callable[[], Told]) -> str:
    return render(*told())


def page_of(told: Callable[[], Told]) -> Page:
    return Page(html_of(told))


@cache
def index() -> str:
    return render_index(*releases.several())


def section(html: str, name: str) -> str:
    return html.split(f'<section id="{name}">')[1].split("</section>")[0]


def text_of(told: Callable[[], Told], name: str) -> str:
    return Page(section(html_of(told), name)).text


def head_of(told: Callable[[], Told]) -> str:
    return Page(html_of(told).split("</header>")[0]).text


@pytest.mark.parametrize("told", EVERY)
def test_every_element_is_closed_in_its_place(told: Callable[[], Told]):
    page = page_of(told)

    assert (page.wrong, page.open) == ([], [])


@pytest.mark.parametrize("told", EVERY)
def test_every_release_has_all_sections_and_a_test_one_more(told: Callable[[], Told]):
    found = [attrs.get("id") for tag, attrs in page_of(told).elements if tag == "section"]

    extra = ["test"] if told().release.strategy == "ab" else []
    assert found == [*SECTIONS[:2], *extra, *SECTIONS[2:]]


@pytest.mark.parametrize("told", EVERY)
def test_the_page_asks_for_nothing_and_leads_only_to_its_neighbours(told: Callable[[], Told]):
    page = page_of(told)

    links = {attrs[key] for _, attrs in page.elements for key in ("href", "src") if key in attrs}
    outside = {link for link in links if link and not re.fullmatch(r"#[\w-]+|data:,|[\w.-]+", link)}
    assert outside == set()
    assert {"script", "iframe", "img", "object"}.isdisjoint(tag for tag, _ in page.elements)
    assert [key for _, attrs in page.elements for key in attrs if key.startswith("on")] == []


@pytest.mark.parametrize("told", EVERY)
def test_every_drawing_is_well_formed_has_a_name_and_no_place_is_missing(
    told: Callable[[], Told],
):
    html = html_of(told)

    for root in drawings(html):
        assert root.get("aria-hidden") == "true" or root.findtext("title")
    assert [value for value in coordinates(html) if re.search(r"nan|inf|None", value)] == []


@pytest.mark.parametrize("told", PLAUSIBLE)
def test_no_machine_words_reach_the_reader(told: Callable[[], Told]):
    text = page_of(told).text

    assert re.findall(r"\b(?:None|nan|NaN|inf|Undefined|True|False)\b", text) == []


def test_values_of_the_data_stay_text():
    html = html_of(releases.hostile)

    assert "<script>alert" not in html and "{{ 7 * 7 }}" in html
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)
    assert html.encode("utf-8")


def test_five_thousand_looks_stay_a_page():
    told = releases.many()
    began = time.process_time()

    html = render(*told)

    assert len(told.looks) > 4_900
    assert time.process_time() - began < 2
    assert len(html.encode("utf-8")) < 150_000


def test_a_release_nobody_has_looked_at_says_so_and_is_no_pass():
    text = head_of(releases.fresh)

    assert '<div class="ending unknown">' in html_of(releases.fresh)
    assert "Step 1 of 3: 5% of the requests go to version 4" in text
    assert "nothing has been looked at yet" in text


def test_missing_evidence_is_told_with_its_reason():
    text = page_of(releases.bare).text

    for reason in (
        "Not told of champion: The router cannot be asked.",
        "Whether they agree is unknown. The package of version 3 is gone.",
        "How the scores lie is unknown. Nothing is logged.",
        "Who is right more often is unknown. No label has come.",
    ):
        assert reason in text


def test_what_was_rolled_back_says_why_at_the_top():
    text = head_of(releases.rolled_back)

    assert "Rolled back: version 3 answers again 4.3% of the requests to version 4 failed" in text
    assert "Released by ann" in text and "Trained on May as well" in text


def test_rules_that_fail_come_before_those_without_an_answer():
    release, movements, looks = releases.rolled_back()
    going_on = release.model_copy(update={"state": "moving", "ended": None, "ending": ""})

    rules, at_last = (
        re.findall(r"<li><code>(.*?)</code>", render(one, movements, looks).split("<nav")[0])
        for one in (going_on, release)
    )

    assert rules == ["error rate", "p99", "performance"]
    assert at_last == ["error rate", "p99"]


def test_what_was_judged_last_is_shown_even_where_the_release_does_not_carry_it():
    release, movements, looks = releases.rolled_back()
    bare = release.model_copy(update={"verdicts": Verdicts(), "judged": None})

    html = render(bare, movements, looks)

    assert section(html, "verdicts") == section(render(release, movements, looks), "verdicts")


def test_shares_are_drawn_between_movements_and_back_again():
    html = section(html_of(releases.rolled_back), "traffic")

    areas = re.findall(r'class="share (c\d)"><title>(.*?)</title>', html)
    assert areas == [
        ("c1", "version 3: 100%"),
        ("c2", "version 4: 5%"), ("c1", "version 3: 95%"),
        ("c2", "version 4: 25%"), ("c1", "version 3: 75%"),
        ("c1", "version 3: 100%"),
    ]  # fmt: skip


def test_a_movement_that_did_not_happen_moves_nothing():
    release, movements, looks = releases.open_canary()
    undone = movements[-1].model_copy(update={"state": "undone", "done_at": None})

    html = render(release, (*movements[:-1], undone), looks)

    assert "version 4: 25%" not in section(html, "traffic")
    assert "! did not happen" in Page(section(html, "trail")).text


def test_a_movement_in_doubt_is_said_to_be():
    release, movements, looks = releases.open_canary()
    doubt = movements[-1].model_copy(update={"state": "intended", "done_at": None})

    html = render(release, (*movements[:-1], doubt), looks)

    assert "? not known to be done" in Page(section(html, "trail")).text


def test_movements_of_other_releases_are_left_out():
    release, movements, looks = releases.open_canary()
    other = movements[0].model_copy(update={"number": 99, "release": 8})

    html = render(release, (*movements, other), looks)

    assert "movement-99" not in html


def test_each_movement_on_the_line_of_time_leads_to_its_entry():
    page = page_of(releases.promoted)

    ids = {attrs.get("id") for tag, attrs in page.elements if tag == "tr"}
    links = {str(attrs["href"])[1:] for tag, attrs in page.elements if tag == "a" and attrs["href"]}
    assert {f"movement-{number}" for number in range(12, 17)} <= ids & links


def test_the_trail_tells_who_moved_what_from_where_to_where_and_on_which_verdicts():
    text = text_of(releases.rolled_back, "trail")

    assert "rolled back" in text and "conductor" in text
    assert "25% to version 4, 75% to version 3 → all to version 3" in text
    assert "✕ 2 fail" in text


def test_limits_are_drawn_where_they_are_declared():
    html = section(html_of(releases.rolled_back), "guard")

    charts = dict(zip(re.findall(r"<h4>(.*?)</h4>", html), html.split("<h4>")[1:], strict=True))
    assert 'class="limit"' in charts["Failed"]
    assert charts["99th percentile, ms"].count('class="limit') == 2
    assert 'class="limit' not in charts["Median, ms"]


def test_a_breach_at_the_end_shows_beside_what_came_before_it():
    text = text_of(releases.rolled_back, "guard")

    assert "Failed, in the last seconds 13.3% (20)" in text
    assert "Failed 0.3% (16)" in text


def test_no_figure_of_traffic_is_a_spike_of_a_handful_of_requests():
    from adapters.report.release.rails import LEAST, windows

    cut = windows(releases.promoted().looks)

    asked = [one.challenger.requests for one in cut if one.challenger]
    assert min(asked[:-1]) >= LEAST
    assert len(cut) > 50


def test_windows_add_up_to_what_was_counted():
    from adapters.report.release.rails import windows

    looks = [look for look in releases.rolled_back().looks if look.step == 1]

    cut = [one.challenger for one in windows(looks) if one.challenger]

    last = looks[-1].findings.challenger
    assert last is not None
    assert sum(one.requests for one in cut) == last.requests
    assert sum(one.failed for one in cut) == last.failed
    assert sum(one.took.total for one in cut) == last.took[-1].count


def test_counters_that_began_anew_are_a_gap_and_no_negative_rate():
    from adapters.report.release.rails import windows

    looks = [look for look in releases.rolled_back().looks if look.step == 1]
    anew = [
        late.model_copy(update={"findings": late.findings.model_copy(update={
            "champion": early.findings.champion, "challenger": early.findings.challenger,
        })})
        for early, late in zip(looks, looks[90:], strict=False)
    ]  # fmt: skip

    cut = [one.challenger for one in windows((*looks[:90], *anew))]

    assert cut.count(None) == 1
    last = anew[-1].findings.challenger
    assert last is not None
    at = cut.index(None)
    assert sum(one.requests for one in cut[at + 1 :] if one) in range(
        last.requests - 60, last.requests
    )
    assert all(one.requests >= 0 for one in cut if one)


def test_a_quantile_is_placed_inside_its_bucket():
    from adapters.report.release.rails import buckets_of, within

    slow = releases.traffic("4", 10_000, seed=1, median_ms=7.5)

    median = within(buckets_of(slow), 0.5)

    assert median is not None and 7.0 < median < 8.0


def test_the_gain_is_told_with_its_interval_as_labels_came():
    text = text_of(releases.promoted, "labels")

    assert "log loss, challenger" in text and "above zero is better" in text
    assert 'class="sequence"' in section(html_of(releases.promoted), "labels")


def test_slices_distributions_and_decisions_are_told():
    text = text_of(releases.shadow, "answers")

    assert "carrier = EV 24,000 81%" in text
    assert "false 81% 79%" in text
    assert "distance in [500, 900)" in text


def test_a_shadow_says_that_its_answers_reached_nobody_and_what_they_cost():
    head, traffic, guard = (
        head_of(releases.shadow), text_of(releases.shadow, "traffic"),
        text_of(releases.shadow, "guard"),
    )  # fmt: skip

    assert "Compared: version 4 answered nobody, and version 3 went on" in head
    assert "copied to the challenger, whose answers reach nobody" in traffic
    assert "CPU of 1,000 requests 633.6 ms 410 ms" in guard


def test_a_test_tells_its_plan_its_units_and_its_effect():
    text = text_of(releases.won, "test")

    assert "Fixed before it began" in text and "a sequential test" in text
    assert "Units, challenger and champion 19,200 and 19,200" in text
    assert re.search(r"booked decides 14\.03 % 12\.33 % \+1\.7 points \[\+0\.\d+, \+2\.\d+\]", text)
    assert "<0.001 higher" in text


def test_the_interval_on_the_page_is_that_of_the_verdict():
    told = releases.won()
    effect = next(one for one in told.release.verdicts if one.rule == "effect booked")
    page = text_of(releases.won, "test")

    low, high = re.findall(r"from (\S+) points to (\S+) points", effect.reason)[0]

    assert f"[{low}, {high}]" in page


@pytest.mark.parametrize("metric", ["complaints", "revenue"])
def test_the_interval_of_a_guard_is_that_of_its_verdict(metric: str):
    told = releases.won()
    verdict = next(one for one in told.release.verdicts if one.rule == f"guard {metric}")
    page = text_of(releases.won, "test")

    low, high = re.findall(r"from (\S+)(?: points)? to (\S+)(?: points)? at 95", verdict.reason)[0]

    assert f"[{low}, {high}]" in page


def test_a_test_without_a_plan_or_figures_decides_nothing():
    release, movements, _ = releases.won()

    html = render(release.model_copy(update={"design": None}), movements, ())

    text = Page(section(html, "test")).text
    assert "No plan was made before this test began" in text
    assert "Nothing has been counted yet." in text


def test_no_interval_is_drawn_before_the_rule_judges():
    release, movements, looks = releases.won()

    html = section(render(release, movements, looks[:3]), "test")

    assert "too early" in html and 'class="sequence"' not in html


def test_versions_in_and_out_of_a_test_are_told_apart():
    html = section(html_of(releases.won), "traffic")

    assert "version 4 in the test: 5%" in html and 'class="share c2 tested"' in html
    assert "version 3: 90%" in html


def test_the_declaration_it_goes_by_is_on_the_page():
    assert "0.25" in text_of(releases.rolled_back, "declared")


def test_a_version_that_is_admitted_again_is_in_the_trail():
    release, movements, looks = releases.rolled_back()
    admitted = movements[-1].model_copy(
        update={
            "number": 20, "release": None, "kind": "readmit", "before": None, "after": None,
            "by": "bob", "reason": "The table was broken, not the version.",
            "at": release.began + timedelta(days=1), "done_at": release.began + timedelta(days=1),
        }
    )  # fmt: skip

    html = render(release, (*movements, admitted), looks)

    assert "admitted again" in Page(section(html, "trail")).text


def test_the_order_of_looks_and_movements_does_not_matter():
    release, movements, looks = releases.rolled_back()

    assert render(release, movements[::-1], looks[::-1]) == render(release, movements, looks)


def test_the_page_is_written_whole_for_its_owner_only(tmp_path: Path):
    told = releases.open_canary()
    place = folder(tmp_path, told.release.project)

    page = write(place, *told)

    assert page == place / "7.html"
    assert page.read_text("utf-8") == render(*told)
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert [file.name for file in place.iterdir()] == ["7.html"]


def test_a_page_that_cannot_be_made_leaves_the_one_before(tmp_path: Path, monkeypatch):
    import adapters.report.release.page as page_module

    page = write(tmp_path, *releases.fresh())
    before = page.read_text("utf-8")
    monkeypatch.setattr(page_module.headline, "tiles", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        write(tmp_path, *releases.fresh())

    assert page.read_text("utf-8") == before
    assert [file.name for file in tmp_path.iterdir()] == ["7.html"]


def test_the_index_lists_every_release_and_the_ledger():
    page = Page(index())

    links = {attrs.get("href") for tag, attrs in page.elements if tag == "a"}
    assert {"1.html", "2.html", "3.html"} <= links
    assert (page.wrong, page.open) == ([], [])
    assert "Now, by the ledger all to version 4" in page.text
    assert "deployed version 3" in page.text


def test_the_index_of_nothing_says_so(tmp_path: Path):
    page = write_index(tmp_path, (), ())

    assert "Nothing has been released yet." in Page(page.read_text("utf-8")).text


def test_rendering_brings_in_no_heavy_library():
    code = (
        "import sys; import adapters.report.release; "
        "heavy = {'matplotlib', 'sklearn', 'pandas', 'xgboost', 'zenml', 'mlflow', 'whylogs', "
        "'scipy', 'pyarrow', 'sqlalchemy'}; print(sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr
