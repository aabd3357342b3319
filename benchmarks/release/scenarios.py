"""What happens to the shop while users ask; each scenario leaves one version alone that answers."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from benchmarks.release.heard import Heard, between, failures, last_of, share, times, turned_back
from benchmarks.release.stage import Stage
from lifecycle.release.release import Movement

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
    stage.readmit("2")
    scene = Scene("canary 10, 30, 60 %, promoted", time.time())
    said = stage.until_over(stage.shop.release("2", "canary"))
    moves = stage.movements(scene.start)
    kinds = [one.kind for one in moves]
    if "promote" not in kinds:
        raise SystemExit(f"The good version was not promoted: {kinds}\n{said}")
    scene.notes.append(lambda answers: _shares(answers, moves, "2"))
    scene.notes.append(lambda answers: [
        f"users who met the challenger and then the champion: "
        f"{turned_back(between(answers, scene.start, scene.end), '2')}"
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
        stage.readmit("1")
        begun = time.time()
        process = stage.shop.release("1", "blue-green", "release.keep=120s")
        stage.until_moved("promote", begun)
        time.sleep(3)
        _roll_back(stage, scene, "1")
        stage.until_over(process)
    return _over(scene)


def _roll_back(stage: Stage, scene: Scene, version: str) -> None:
    """Roll back by the command, and time it."""
    done = stage.rollback()
    moved = _done(stage.until_moved("roll back", done.began)) - done.began
    scene.back_s.append(moved)
    scene.say(f"rollback: traffic moved {moved:.2f} s after the command began, "
              f"the whole command {done.seconds:.2f} s")  # fmt: skip

    def last(answers: list[Heard]) -> list[str]:
        at = last_of(answers, version, done.began)
        return [] if at is None else [f"its last request came {at - done.began:.2f} s after it"]

    scene.notes.append(last)


def killed(stage: Stage) -> Scene:
    """Kill the champion during a canary, and when it is back the challenger."""
    scene = Scene("kill -9 of champion, then challenger", time.time())
    stage.readmit("1")
    process = stage.shop.release("1", "canary", "release.hold=60s", "release.steps=[50%]")
    stage.until_moved("begin", scene.start)
    time.sleep(4)
    champion, challenger = stage.name_of("2"), stage.name_of("1")
    at = stage.kill(champion)
    back = stage.until(lambda: _is_back(stage, champion), "the champion is back")
    scene.say(f"the champion was begun again {back - at:.1f} s after it was killed")
    time.sleep(4)
    if stage.release() is not None:
        _breach(stage, scene, stage.kill(challenger), "1")
    stage.until_over(process)
    return _over(scene)


def _is_back(stage: Stage, name: str) -> bool:
    time.sleep(0.2)
    return any(one.version == "2" for one in stage.answers()[-30:]) and bool(stage.family(name))


def _breach(stage: Stage, scene: Scene, at: float, version: str) -> None:
    """Wait for the rollback that follows a breach, and time it."""
    move = stage.until_moved("roll back", at)
    scene.back_s.append(_done(move) - at)
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
    process = _begun(stage, scene)
    stalled = stage.slowed(stage.name_of("1"), stopped_s=0.3, running_s=0.03)
    with stalled as at:
        _breach(stage, scene, at, "1")
    stage.until_over(process)
    return _over(scene)


def hanging(stage: Stage) -> Scene:
    """Release a challenger that stops to answer, and does not die either."""
    scene = Scene("bad challenger: hanging", time.time())
    process = _begun(stage, scene)
    with stage.slowed(stage.name_of("1"), stopped_s=60, running_s=0) as at:
        _breach(stage, scene, at, "1")
    stage.until_over(process)
    return _over(scene)


def crashing(stage: Stage) -> Scene:
    """Release a challenger that dies whenever it has come up."""
    scene = Scene("bad challenger: crashing", time.time())
    process = _begun(stage, scene)
    name = stage.name_of("1")
    at = stage.kill(name)
    while not any(one.kind == "roll back" for one in stage.movements(at)):
        stage.kill(name)
        time.sleep(0.3)
    _breach(stage, scene, at, "1")
    stage.until_over(process)
    return _over(scene)


def _begun(stage: Stage, scene: Scene) -> "object":
    """Begin a canary of the good version, which is at its first step when this returns."""
    stage.readmit("1")
    process = stage.shop.release("1", "canary", "release.hold=120s", "release.steps=[30%]")
    stage.until_moved("begin", scene.start)
    time.sleep(4)
    return process


def wrong(stage: Stage) -> Scene:
    """Release a challenger that answers quickly, and the opposite."""
    scene = Scene("bad challenger: wrong answers", time.time())
    process = stage.shop.release("3", "canary", "release.hold=120s", "release.steps=[30%]")
    begun = stage.until_moved("begin", scene.start)
    _breach(stage, scene, _done(begun), "3")
    stage.until_over(process)
    return _over(scene)


def shadow(stage: Stage) -> Scene:
    """Compare a shadow that hangs for half of its time."""
    scene = Scene("shadow, hanging for half of its time", time.time())
    stage.readmit("1")
    process = stage.shop.release("1", "shadow", "release.shadow.hold=24s")
    begun = _done(stage.until_moved("begin", scene.start))
    time.sleep(max(begun + 12 - time.time(), 0))
    with stage.slowed(stage.name_of("1"), stopped_s=60, running_s=0) as hung:
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


def _ended(stage: Stage, scene: Scene) -> list[object]:
    from adapters.records import Records
    from benchmarks.release.place import NAME

    with Records.open(stage.state) as records:
        return [one for one in records.releases(NAME) if one.began.timestamp() >= scene.start]


def test(stage: Stage) -> Scene:
    """Begin an A/B test whose share grows from 10 to 30 to 100 % of the users; then end it."""
    scene = Scene("A/B test, 10, 30, 100 % of the users", time.time())
    stage.readmit("1")
    process = stage.shop.release("1", "ab")
    stage.until(lambda: _step(stage) == 2, "all users are in the test")
    time.sleep(14)
    ends = time.time()
    _roll_back(stage, scene, "1")
    stage.until_over(process)

    def told(answers: list[Heard]) -> list[str]:
        asked = between(answers, scene.start, ends)
        return [f"users who met the challenger and then the champion: {turned_back(asked, '1')}"]

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
    stage.kill("router-shop")
    time.sleep(8)
    scene.notes.append(lambda answers: [_gap(between(answers, scene.start, scene.end))])
    return _over(scene)


def alone_killed(stage: Stage) -> Scene:
    """Kill the only version there is; nobody can stand in for it."""
    scene = Scene("(apart) the only version killed with -9", time.time())
    time.sleep(3)
    version = next(one.version for one in stage.answers()[::-1] if one.version)
    stage.kill(stage.name_of(version))
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

__all__ = ["APART", "SCENES", "Scene", "failures"]
