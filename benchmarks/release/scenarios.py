"""What happens to the shop while users ask; each scenario leaves one version alone that answers."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from subprocess import Popen

from adapters.records import Records
from benchmarks.release.heard import Heard, between, last_of, share, times, turned_back
from benchmarks.release.place import NAME
from benchmarks.release.stage import Stage
from lifecycle.release.release import Movement, Release

Tell = Callable[[list[Heard]], list[str]]


@dataclass
class Scene:
    """One scenario that has been played.

    Parameters
    ----------
    back_s
        Seconds from a breach, or from a command's start, to all traffic on the champion.
    notes
        What is told of it, from all answers.
    """

    name: str
    start: float
    end: float = 0.0
    back_s: list[float] = field(default_factory=list)
    notes: list[Tell] = field(default_factory=list)
    events: list[tuple[float, str]] = field(default_factory=list)

    @property
    def is_apart(self) -> bool:
        """Whether nothing here can take from users what it costs them."""
        return self.name.startswith("(apart)")

    def mark(self, at: float, what: str) -> float:
        """Note when something was done to the shop, for failures to be told beside."""
        self.events.append((at, what))
        return at

    def say(self, *told: str) -> None:
        """Note what needs no answers to be told."""
        self.notes.append(lambda _: [*told])


def steady(stage: Stage) -> Scene:
    """Let one version answer, and nothing happen."""
    scene = Scene("one version, nothing happens", time.time())
    time.sleep(15)
    return _over(scene)


def canary(stage: Stage) -> Scene:
    """Take a good version through all steps to its promotion; the one before is stopped."""
    new = stage.challenger()
    scene = Scene("canary 10, 30, 60 %, promoted", time.time())
    said = stage.until_over(stage.shop.release(new, "canary"))
    moves = stage.movements(scene.start)
    kinds = [one.kind for one in moves]
    if "promote" not in kinds:
        raise SystemExit(f"The good version was not promoted: {kinds}\n{said}")
    scene.notes.append(lambda answers: _shares(answers, moves, new))
    scene.notes.append(lambda answers: [
        f"users who met the challenger and then the champion: "
        f"{turned_back(between(answers, scene.start, scene.end), new)}"
    ])  # fmt: skip
    return _over(scene)


def _shares(answers: list[Heard], moves: list[Movement], version: str) -> list[str]:
    """Tell which part each step got of the requests, beside what was planned."""
    told = []
    for one, after in pairwise(moves):
        if one.kind not in ("begin", "advance") or one.after is None:
            continue
        weights = one.after.weights
        planned = sum(
            weights[target.name] for target in one.after.targets if target.version == version
        )
        asked = between(answers, _done(one) + 0.1, _done(after) - 0.1)
        told.append(
            f"{planned / 100:g} % planned, {share(asked, version):.1%} of {len(asked)} measured"
        )
    return told


def blue_green(stage: Stage) -> Scene:
    """Flip all at once, and go back by the command, twice."""
    scene = Scene("blue-green back and forth, twice", time.time())
    for _ in range(2):
        new, begun = stage.challenger(), time.time()
        process = stage.shop.release(new, "blue-green", "release.keep=120s")
        stage.until_moved("promote", begun, process)
        time.sleep(3)
        _roll_back(stage, scene, new)
        stage.until_over(process)
    return _over(scene)


def _roll_back(stage: Stage, scene: Scene, version: str) -> None:
    """Roll back by the command, and time it."""
    done = stage.rollback()
    moved = _done(stage.until_moved("roll back", done.began)) - done.began
    scene.back_s.append(moved)
    scene.mark(done.began, "the rollback began")
    scene.say(f"rollback: traffic moved {moved:.2f} s after the command began, "
              f"the whole command {done.seconds:.2f} s")  # fmt: skip

    def last(answers: list[Heard]) -> list[str]:
        at = last_of(between(answers, done.began, done.ended), version, done.began)
        return [] if at is None else [f"its last request came {at - done.began:.2f} s after it"]

    scene.notes.append(last)


def killed(stage: Stage) -> Scene:
    """Kill the champion during a canary, and when it is back the challenger."""
    scene = Scene("kill -9 of champion, then challenger", time.time())
    new = stage.challenger()
    process = stage.shop.release(new, "canary", "release.hold=60s", "release.steps=[50%]")
    scene.mark(_done(stage.until_moved("begin", scene.start, process)), "the release began")
    time.sleep(4)
    old, challenger = stage.live(), stage.name_of(new)
    at = scene.mark(stage.kill(stage.name_of(old)), "the champion was killed")
    back = stage.until(lambda: _answers(stage, old, at), "the champion is back")
    scene.say(f"the champion answered again {back - at:.1f} s after it was killed")
    time.sleep(4)
    if stage.release() is not None:
        _breach(stage, scene, scene.mark(stage.kill(challenger), "the challenger was killed"))
    stage.until_over(process)
    return _over(scene)


def _answers(stage: Stage, version: str, since: float) -> bool:
    """Say whether a version that was killed answers again, a while after."""
    time.sleep(0.5)
    recent = [one for one in stage.answers()[-60:] if one.due > since + 1]
    return any(one.version == version for one in recent)


def _breach(stage: Stage, scene: Scene, at: float) -> None:
    """Wait for the rollback that follows a breach, and time it."""
    move = stage.until_moved("roll back", at)
    scene.back_s.append(scene.mark(_done(move), "rolled back") - at)
    scene.say(f"rolled back {_done(move) - at:.2f} s after it began: {move.reason[:160]}")


def rewritten(stage: Stage) -> Scene:
    """Write the router's files anew, again and again."""
    scene = Scene("router's configuration replaced 40 times", time.time())
    seconds = stage.plan().limits.seconds
    for at in range(40):
        stage.rewrite(seconds + (at + 1) % 2)
        time.sleep(0.2)
    return _over(scene)


def slow(stage: Stage) -> Scene:
    """Release a challenger that begins to stall for 0.3 s, again and again."""
    scene = Scene("bad challenger: slow", time.time())
    process, name = _begun(stage, scene)
    stalled = stage.slowed(name, stopped_s=0.3, running_s=0.03)
    with stalled as at:
        scene.mark(at, "the challenger was stalled")
        _breach(stage, scene, at)
    stage.until_over(process)
    return _over(scene)


def hanging(stage: Stage) -> Scene:
    """Release a challenger that stops to answer, and does not die either."""
    scene = Scene("bad challenger: hanging", time.time())
    process, name = _begun(stage, scene)
    with stage.slowed(name, stopped_s=60, running_s=0) as at:
        scene.mark(at, "the challenger was stalled")
        _breach(stage, scene, at)
    stage.until_over(process)
    return _over(scene)


def crashing(stage: Stage) -> Scene:
    """Release a challenger that dies whenever it has come up."""
    scene = Scene("bad challenger: crashing", time.time())
    process, name = _begun(stage, scene)
    at = scene.mark(stage.kill(name), "the challenger was killed")
    while not any(one.kind == "roll back" for one in stage.movements(at)):
        scene.mark(stage.kill(name), "the challenger was killed again")
        time.sleep(0.3)
    _breach(stage, scene, at)
    stage.until_over(process)
    return _over(scene)


def _begun(stage: Stage, scene: Scene) -> "tuple[Popen[str], str]":
    """Begin a canary of the good version; it is at its first step when this returns."""
    new = stage.challenger()
    process = stage.shop.release(new, "canary", "release.hold=120s", "release.steps=[30%]")
    scene.mark(_done(stage.until_moved("begin", scene.start, process)), "the release began")
    time.sleep(4)
    return process, stage.name_of(new)


def wrong(stage: Stage) -> Scene:
    """Release a challenger that answers quickly, and the opposite."""
    scene = Scene("bad challenger: wrong answers", time.time())
    process = stage.shop.release("3", "canary", "release.hold=120s", "release.steps=[30%]")
    begun = stage.until_moved("begin", scene.start, process)
    _breach(stage, scene, _done(begun))
    stage.until_over(process)
    return _over(scene)


def shadow(stage: Stage) -> Scene:
    """Compare a shadow that hangs for half of its time."""
    scene = Scene("shadow, hanging for half of its time", time.time())
    new = stage.challenger()
    process = stage.shop.release(new, "shadow", "release.shadow.hold=24s")
    begun = _done(stage.until_moved("begin", scene.start, process))
    time.sleep(max(begun + 12 - time.time(), 0))
    with stage.slowed(stage.name_of(new), stopped_s=60, running_s=0) as hung:
        scene.mark(hung, "the shadow was stalled")
        time.sleep(10)
    said = stage.until_over(process)
    if "compared" not in {one.state for one in _ended(stage, scene)}:
        scene.say(f"it was not compared: {said[-300:]}")

    def told(answers: list[Heard]) -> list[str]:
        whole, ill = between(answers, begun, hung), between(answers, hung, hung + 10)
        return [
            f"users' p50 / p99: {times(one)[0]:.1f} / {times(one)[1]:.1f} ms while it {what}"
            for one, what in ((whole, "answered"), (ill, "hung"))
        ]

    scene.notes.append(told)
    return _over(scene)


def _ended(stage: Stage, scene: Scene) -> list[Release]:
    with Records.open(stage.state) as records:
        return [one for one in records.releases(NAME) if one.began.timestamp() >= scene.start]


def test(stage: Stage) -> Scene:
    """Begin an A/B test whose share grows from 10 to 30 to 100 % of the users; then end it."""
    scene = Scene("A/B test, 10, 30, 100 % of the users", time.time())
    new = stage.challenger()
    process = stage.shop.release(new, "ab")
    stage.until_moved("begin", scene.start, process)
    stage.until(lambda: _step(stage) == 2, "all users are in the test")
    time.sleep(14)
    ends = time.time()
    _roll_back(stage, scene, new)
    stage.until_over(process)

    def told(answers: list[Heard]) -> list[str]:
        asked = between(answers, scene.start, ends)
        return [f"users who met the challenger and then the champion: {turned_back(asked, new)}"]

    scene.notes.append(told)
    return _over(scene)


def _step(stage: Stage) -> int:
    time.sleep(0.2)
    release = stage.release()
    return release.step if release is not None else -1


def router_killed(stage: Stage) -> Scene:
    """Kill Envoy itself; whoever asks until it is begun again is not answered."""
    scene = Scene("(apart) Envoy killed with -9", time.time())
    time.sleep(3)
    scene.mark(stage.kill("router-shop"), "the router was killed")
    time.sleep(8)
    scene.notes.append(lambda answers: [_gap(between(answers, scene.start, scene.end))])
    return _over(scene)


def alone_killed(stage: Stage) -> Scene:
    """Kill the only version there is; nobody can stand in for it."""
    scene = Scene("(apart) the only version killed with -9", time.time())
    time.sleep(3)
    scene.mark(stage.kill(stage.name_of(stage.live())), "the version was killed")
    time.sleep(15)
    scene.notes.append(lambda answers: [_gap(between(answers, scene.start, scene.end))])
    return _over(scene)


def _gap(answers: list[Heard]) -> str:
    bad = [one.due for one in answers if one.problem]
    if not bad:
        return "no request failed"
    return f"from the first failed request to the last {max(bad) - min(bad):.2f} s"


def _over(scene: Scene) -> Scene:
    time.sleep(1)
    scene.end = time.time()
    return scene


def _done(move: Movement) -> float:
    assert move.done_at is not None
    return move.done_at.timestamp()


SCENES: tuple[Callable[[Stage], Scene], ...] = (
    steady, canary, blue_green, killed, rewritten, slow, hanging, crashing, wrong, shadow, test,
)  # fmt: skip
APART: tuple[Callable[[Stage], Scene], ...] = (router_killed, alone_killed)
"""What nothing here can take from users: counted by itself."""
