"""The top of a release's page: where it stands, why, and the figures that matter most."""

from collections.abc import Iterator

from adapters.report.headline import Ending, Tile
from adapters.report.release import effects, rails, telling, totals
from lifecycle.governance import figures
from lifecycle.release.evidence import Traffic
from lifecycle.release.release import Look, Release
from lifecycle.verdict import Outcome, Verdict

_ORDER = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN)


def ending(release: Release) -> Ending:
    """Say where a release stands, or how it ended, and why."""
    title, why = _stands(release), release.ending or release.waits
    if release.is_open:
        why = release.waits or release.ending
        told = telling.sentence(why) or _nothing_said(release)
        return Ending(_tone(release), title, told)
    tones = {"promoted": "pass", "kept": "pass", "rolled back": "fail", "stopped": "warn"}
    tone = tones.get(release.state, _tone(release))
    return Ending(tone, title, telling.sentence(why) or "Nobody wrote down why.")


def _stands(release: Release) -> str:
    new, old = f"version {release.challenger}", f"version {release.champion}"
    return {
        "moving": _moving(release),
        "keeping": f"All requests go to {new}; {old} stands by",
        "promoted": f"Promoted: {new} took over from {old}",
        "rolled back": f"Rolled back: {old} answers again",
        "compared": f"Compared: {new} answered nobody, and {old} went on",
        "kept": f"Decided: {old} stays",
        "stopped": "Stopped before its end",
    }[release.state]


def _moving(release: Release) -> str:
    shares = release.policy.shares
    if not shares:
        return f"Version {release.challenger} is about to take over"
    part = figures.share(release.share)
    step = f"Step {min(release.step, len(shares) - 1) + 1} of {len(shares)}"
    if release.strategy == "shadow":
        return f"A copy of {part} of the requests goes to version {release.challenger}"
    if release.strategy == "ab":
        return f"{step}: {part} of the units are in the test"
    return f"{step}: {part} of the requests go to version {release.challenger}"


def _tone(release: Release) -> str:
    """Take the gravest outcome; once promoted, what has no answer holds nothing up any more."""
    found = {verdict.outcome for verdict in release.verdicts}
    if release.state == "keeping" and found:
        return "fail" if Outcome.FAIL in found else "pass"
    worst = next((outcome for outcome in _ORDER if outcome in found), None)
    if worst is not None:
        return worst.value
    return "pass" if len(release.verdicts) else "unknown"


def _nothing_said(release: Release) -> str:
    if release.judged is None:
        return "Nothing has been looked at yet."
    found = {verdict.outcome for verdict in release.verdicts}
    if Outcome.FAIL in found:
        return "Some rules do not hold."
    return "Some rules have no answer yet." if Outcome.UNKNOWN in found else "Every rule holds."


def reasons(release: Release) -> list[Verdict]:
    """Take the verdicts that hold it up, or ended it, the gravest first.

    Left out is what is said in the sentence above them already; of a release that is over, what
    had no answer.
    """
    said = ending(release).text
    shown = _ORDER if release.is_open else (Outcome.FAIL,)
    wrong = [
        verdict
        for verdict in release.verdicts
        if verdict.outcome in shown and verdict.reason.rstrip(".") not in said
    ]
    return sorted(wrong, key=lambda verdict: _ORDER.index(verdict.outcome))


def tiles(release: Release, last: Look | None) -> list[Tile]:
    """Give the figures that matter most for this strategy."""
    if last is None:
        return [
            Tile("requests to the challenger", "unknown", note="nothing has been looked at yet")
        ]
    found = last.findings
    return [*_traffic(found.champion, found.challenger), *_decisive(release, last)]


def _traffic(champion: Traffic | None, challenger: Traffic | None) -> Iterator[Tile]:
    if challenger is None:
        yield Tile("requests that failed", "unknown", note="no figures of the challenger's traffic")
        return
    asked = figures.plural(challenger.requests, "request")
    beside = _share(champion.failed, champion.requests) if champion else "unknown"
    yield Tile(
        "requests that failed",
        _share(challenger.failed, challenger.requests),
        note=f"of {asked} since the step began; of the champion’s {beside}",
    )
    slow, others = (
        totals.between_ms(rails.buckets_of(one).quantile(0.99)) if one else "unknown"
        for one in (challenger, champion)
    )
    yield Tile("99 of 100 answers within", slow, note=f"of the champion’s {others}")


def _share(part: int, whole: int) -> str:
    return figures.share(part / whole) if whole else "no request"


def _decisive(release: Release, last: Look) -> Iterator[Tile]:
    found = last.findings
    test = effects.test_of(release, [last])
    if test is not None:
        yield from _tested(test)
        return
    if found.pairs is not None and found.pairs.rows:
        rows = figures.plural(found.pairs.rows, "row")
        part = figures.share(found.pairs.agreeing / found.pairs.rows)
        yield Tile("both decide the same", part, note=f"of {rows} both answered")
    else:
        why = found.missing.get("pairs", "no row was answered by both")
        yield Tile("both decide the same", "unknown", note=why)
    if found.gain is not None and found.gain.gain is not None:
        value, _, interval = figures.gain(found.gain.gain).partition(" ")
        title = f"gain in {figures.metric_title(found.gain.metric)}"
        note = f"on {figures.plural(found.gain.rows, 'row')} whose label has come"
        yield Tile(title, value, interval, note)
    else:
        why = found.missing.get("gain", "no label has come")
        yield Tile("gain on labelled rows", "unknown", note=why)


def _tested(test: effects.Test) -> Iterator[Tile]:
    first = test.effects[0]
    units = (
        [one.units for one in (first.figures.champion, first.figures.challenger)]
        if first.figures
        else []
    )
    wanted = f"{figures.count(test.design.units)} of each arm are planned" if test.design else ""
    yield Tile(
        "units in the test",
        figures.count(sum(units)) if units else "unknown",
        note=f"{' and '.join(map(figures.count, units))}; {wanted}" if units else wanted,
    )
    value, bracket, span = telling.effect(first).partition(" [")
    wanted = f"{telling.amount(test.declared.effect, first.metric.kind)} would be worth having"
    unsure = "" if bracket else "; too early to say more"
    title = f"difference in {first.metric.name}"
    if first.effect is None:
        yield Tile(title, "unknown", note=wanted)
    else:
        yield Tile(title, value, f"[{span}" if bracket else "", wanted + unsure)
