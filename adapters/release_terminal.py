"""What is told at a terminal of releases: how one goes, how it ended, and what the ledger says."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from adapters.report.monitoring.telling import gravest_first, moment, sentence, tally
from adapters.report.release.rails import buckets_of, share_of, within
from adapters.report.release.travels import destination, happened
from adapters.terminal import STYLES, print_facts, print_verdicts
from lifecycle.governance import figures
from lifecycle.release.evidence import Traffic
from lifecycle.release.plan import Plan
from lifecycle.release.release import Look, Movement, Release
from lifecycle.verdict import Outcome

LOOKS = 12
"""Looks at a release that are told one line each; its page draws all."""

_TONES = {
    "promoted": Outcome.PASS, "compared": Outcome.PASS, "kept": Outcome.PASS,
    "rolled back": Outcome.FAIL, "stopped": Outcome.WARN,
}  # fmt: skip
_ACTIONS = {
    "hold": ("·", "dim"), "advance": ("→", "green"), "promote": ("✓", "bold green"),
    "roll back": ("✕", "bold red"), "finish": ("■", "bold"),
}  # fmt: skip


def release_lines(
    release: Release, plan: Plan | None = None, traffic: Iterable[Traffic] = ()
) -> Iterator[tuple[str, str]]:
    """Tell how an open release stands, as facts each with its name.

    Parameters
    ----------
    plan
        Where requests go now; without it the plan of the step is told.
    traffic
        What each version did since the step began, challenger first.
    """
    yield "release", f"{release.number}, {_what(release)}, by {figures.legible(release.by)}"
    yield "step", _step(release, plan)
    yield "since", moment(release.stepped)
    if release.waits:
        yield "now", figures.legible(release.waits, 400)
    if len(release.verdicts):
        yield "verdicts", tally(release.verdicts)
    for verdict in gravest_first(release.verdicts):
        if verdict.outcome is not Outcome.PASS:
            mark = figures.MARKS[verdict.outcome]
            rule, reason = figures.legible(verdict.rule), figures.legible(verdict.reason, 400)
            yield "", f"{mark} {rule}: {reason}"
    for found in traffic:
        yield figures.legible(f"v{found.version}", 8), traffic_line(found)


def print_open(
    release: Release,
    plan: Plan | None,
    traffic: Iterable[Traffic],
    is_looked_after: bool,
    quiet: str = "",
    *,
    console: Console,
) -> None:
    """Print how an open release stands, below what is deployed."""
    print_facts(release_lines(release, plan, traffic), console)
    if not is_looked_after:
        resume = "nobody looks after it: python run.py resume begins that again"
        print_facts([("look", resume)], console)
    elif quiet:
        print_facts([("look", quiet)], console)


def traffic_line(found: Traffic) -> str:
    """Tell in a line what a version did with its requests.

    Examples
    --------
    >>> traffic_line(Traffic(version="4", requests=1200, failed=3, memory_mb=240.0))
    '1,200 requests, failed 0.2% (3), 240 MB'
    """
    told = [figures.plural(found.requests, "request")]
    if found.requests:
        told.append(f"failed {share_of(found.failed, found.requests)}")
    if found.turned_away:
        told.append(f"turned away {share_of(found.turned_away, found.requests)}")
    told += _times(found)
    if found.memory_mb is not None:
        told.append(f"{figures.number(found.memory_mb)} MB")
    if found.is_alive is False:
        told.append("does not answer")
    return ", ".join(told)


def print_look_line(release: Release, look: Look, *, console: Console) -> None:
    """Print in a line what was found at one look and what follows from it."""
    mark, style = _ACTIONS[look.action]
    found = look.findings.challenger
    line = Text.assemble(
        f"{look.at.astimezone(UTC):%H:%M:%S}  {_place(release, look):<8}  ",
        (f"{mark} {look.action:<9}", style),
        ("" if found is None else f"  {_in_short(found)}", "dim"),
        f"  {_shortly(look)}",
    )
    line.rstrip()
    console.print(line, soft_wrap=True)


def _shortly(look: Look) -> str:
    """Tell what is waited for, and name the rules that do not know yet.

    What each of them still needs is on the page, and in `run.py status`.
    """
    reason = figures.legible(look.reason, 2_000)
    told = [(f"{one.rule} is not known yet", one.rule) for one in look.verdicts]
    unknown = [rule for phrase, rule in told if phrase in reason]
    if look.action != "hold" or not unknown:
        return figures.legible(reason, 400)
    start = min(reason.index(phrase) for phrase, rule in told if rule in unknown)
    return f"{reason[:start].rstrip(' ;:')}; not known yet: {', '.join(unknown)}"


def print_release(release: Release, *, console: Console, page: str | None = None) -> None:
    """Print how a release ended, and what can be done next; of an open one, how it stands.

    Parameters
    ----------
    page
        Where its page lies.
    """
    _print_head(release, page, console)
    wrong = [one for one in release.verdicts if one.outcome is not Outcome.PASS]
    if wrong and not release.is_open:
        console.print()
        print_verdicts(gravest_first(wrong), console)
    _print_next(release, console)


def print_one(
    release: Release,
    movements: Sequence[Movement],
    looks: Sequence[Look],
    *,
    page: str | None,
    console: Console,
) -> None:
    """Print a release with its plan, how it went step by step, and what was found.

    Parameters
    ----------
    movements, looks
        Of this release, in their order.
    """
    _print_head(release, page, console)
    if release.design is not None:
        _print_title("The plan of the test", console)
        for told in release.design.told:
            console.print(Padding(Text(figures.legible(told, 400)), (0, 0, 0, 2), expand=False))
    if movements:
        _print_title("How it went (times in UTC)", console)
        _print_moves(movements, console)
    if len(release.verdicts) and not release.is_open:
        _print_title("The last verdicts", console)
        print_verdicts(gravest_first(release.verdicts), console)
    if looks:
        _print_title("What was found", console)
        for look in looks:
            print_look_line(release, look, console=console)
    _print_next(release, console)


def print_ledger(
    releases: Sequence[Release], movements: Sequence[Movement], *, console: Console
) -> None:
    """Print releases, and all movements of traffic, the newest last."""
    if releases:
        _print_title("Releases (times in UTC)", console)
        _print_releases(releases, console)
    if movements:
        _print_title("Movements (times in UTC)", console)
        _print_moves(movements, console)
    console.print()


def print_live(
    project: str, at: datetime, plan: Plan | None, movement: Movement | None, *, console: Console
) -> None:
    """Print what was live at a moment, with its weights, and which movement had brought it.

    Parameters
    ----------
    movement
        The last one before the moment; `None`: the ledger begins later.
    """
    when = moment(at)
    if movement is None:
        told = f"Nothing of {project} was live at {when}, as far as the ledger knows."
        console.print(Text(told, style="bold"), soft_wrap=True)
        return
    console.print()
    told = f"{project}, {when}: {destination(plan)}"
    console.print(Text(told, style="bold"), soft_wrap=True)
    facts = [
        ("since", moment(happened(movement))),
        ("by", f"{figures.legible(movement.by)} ({movement.kind}, movement {movement.number})"),
    ]
    if movement.reason:
        facts.append(("because", figures.legible(movement.reason, 400)))
    if movement.release is not None:
        facts.append(("release", str(movement.release)))
    if plan is not None:
        facts.append(("address", f"{plan.host}, port {plan.port}"))
    print_facts(facts, console)
    console.print()


def _print_head(release: Release, page: str | None, console: Console) -> None:
    console.print()
    console.print(_headline(release))
    if release.ending:
        text = Text(sentence(figures.legible(release.ending, 900)))
        console.print(Padding(text, (0, 0, 0, 2), expand=False))
    console.print()
    print_facts(release_lines(release) if release.is_open else _past(release), console)
    if page is not None:
        console.print(Text.assemble(("  page      ", "dim"), page), soft_wrap=True)


def _what(release: Release) -> str:
    names = {"ab": "A/B test", "canary": "canary", "shadow": "shadow", "blue-green": "blue-green"}
    return f"{names[release.strategy]} of version {release.challenger} against {release.champion}"


def _step(release: Release, plan: Plan | None) -> str:
    if release.state == "keeping":
        until = moment(release.stepped + release.policy.keep)
        return (
            f"all requests go to version {release.challenger}; {release.champion} stands by until "
            f"{until}"
        )
    shares = release.policy.shares
    place = f"{min(release.step + 1, len(shares))} of {len(shares)}: " if shares else ""
    if plan is not None:
        return f"{place}{destination(plan)}"
    share = figures.share(release.share)
    return place + {
        "shadow": f"a copy of {share} of the requests goes to version {release.challenger}",
        "ab": f"{share} of the units are in the test",
    }.get(release.strategy, f"{share} of the requests go to version {release.challenger}")


def _place(release: Release, look: Look) -> str:
    """Say at which step a look was taken; since the promotion there is none."""
    shares = release.policy.shares
    is_past = release.state in ("keeping", "promoted") and look.at >= release.stepped
    if is_past or look.step >= len(shares):
        return "all"
    return f"{look.step + 1}/{len(shares)} {figures.share(shares[look.step])}"


def _times(found: Traffic) -> Iterator[str]:
    took = buckets_of(found)
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        place, value = took.quantile(share), within(took, share)
        if place is not None and value is not None:
            yield f"{name} {'over ' if place.high is None else ''}{_rounded(value)} ms"


def _rounded(ms: float) -> str:
    """Write milliseconds no finer than a histogram tells them."""
    return figures.number(ms, decimals=0 if ms >= 10 else 1 if ms >= 1 else 2)


def _in_short(found: Traffic) -> str:
    failed = f", {figures.count(found.failed)} failed" if found.requests else ""
    p99 = [told for told in _times(found) if told.startswith("p99")]
    return ", ".join([f"v{found.version}: {figures.count(found.requests)} asked{failed}", *p99])


def _headline(release: Release) -> Text:
    outcome = _TONES.get(release.state)
    mark, style = (figures.MARKS[outcome], STYLES[outcome]) if outcome else ("→", "bold")
    name = f"Release {release.number} of {release.project}{' goes on' * (not outcome)}"
    old, new = f"version {release.champion}", f"version {release.challenger}"
    endings = {
        "moving": f"{_what(release)}.",
        "keeping": f"{new} answers all requests; {old} still stands by.",
        "promoted": f"{new} answers all requests, instead of {old}.",
        "rolled back": f"{new} was rolled back; {old} answers all requests again.",
        "compared": f"{new} was compared with {old}; no user has met it.",
        "kept": f"{old} goes on answering.",
        "stopped": f"it was stopped, and {new} was not released.",
    }
    return Text(f"{mark} {name}: {endings[release.state]}", style=style)


def _past(release: Release) -> Iterator[tuple[str, str]]:
    yield "strategy", _what(release)
    yield "begun", f"{moment(release.began)}, by {figures.legible(release.by)}"
    if release.why:
        yield "because", figures.legible(release.why, 400)
    if release.ended is not None:
        took = figures.duration((release.ended - release.began).total_seconds())
        yield "ended", f"{moment(release.ended)}, after {took}"
    if len(release.verdicts):
        yield "verdicts", tally(release.verdicts)


def _print_next(release: Release, console: Console) -> None:
    place = f"--project {release.project}"
    steps = {
        "moving": ("To take it back", f"rollback {place}"),
        "keeping": ("To take it back", f"rollback {place}"),
        "promoted": ("To go back", f"rollback {place}"),
        "rolled back": (
            "It is not released again before somebody decides anew",
            f'readmit {place} --version {release.challenger} --why "..."',
        ),
        "compared": (
            "To let it meet users",
            f"--pipeline release {place} --version {release.challenger} --strategy canary",
        ),
    }
    if release.state in steps:
        what, command = steps[release.state]
        console.print()
        console.print(Text(f"  {what}:"), soft_wrap=True)
        console.print(Text(f"    python run.py {command}", style="bold"), soft_wrap=True)
    console.print()


def _print_title(title: str, console: Console) -> None:
    console.print()
    console.print(Text(title, style="bold"))


def _print_releases(releases: Sequence[Release], console: Console) -> None:
    for release in releases:
        outcome = _TONES.get(release.state)
        line = _line(release.number, release.began)
        line.append(f"  {release.strategy:<10}")
        line.append(f"  {figures.legible(f'{release.champion} → {release.challenger}', 16):<8}")
        line.append(f"  {release.state}", style=STYLES[outcome] if outcome else "bold")
        console.print(line, soft_wrap=True)
        _print_below(release.by, release.ending or release.waits, console)


def _print_moves(movements: Sequence[Movement], console: Console) -> None:
    for one in movements:
        line = _line(one.number, happened(one))
        what = one.kind if one.state == "done" else f"{one.kind} ({one.state})"
        line.append(f"  {what:<10}  {figures.legible(one.version, 12):<3}")
        if one.before != one.after:
            line.append(f"  {destination(one.after)}")
        if one.state != "done":
            line.stylize("dim")
        console.print(line, soft_wrap=True)
        of = f" (release {one.release})" if one.release is not None else ""
        _print_below(f"{one.by}{of}", one.reason, console)


def _line(number: int, when: datetime) -> Text:
    """Begin a line with a number and a moment, as `--at` takes it."""
    return Text.assemble((f"  {number:>4}", "bold"), f"  {when.astimezone(UTC):%Y-%m-%d %H:%M:%S}")


def _print_below(by: str, why: str, console: Console) -> None:
    told = f"by {figures.legible(by)}" + (f": {figures.legible(why, 400)}" if why else "")
    console.print(Padding(Text(told, style="dim"), (0, 0, 0, 8), expand=False))
