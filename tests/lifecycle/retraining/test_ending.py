from typing import Any

import pytest

from lifecycle.errors import Refused
from lifecycle.retraining.decision import Decision
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.ending import approve, finish, give_up, reject
from lifecycle.verdict import Outcome, Verdict, Verdicts
from tests.lifecycle.retraining.deciding import AS_OF, DAY, retraining

AUTOMATIC = Retraining(approval="automatic")
PASSED = Verdicts((Verdict(rule="champion", outcome=Outcome.PASS, reason="It is better."),))
FAILED = Verdicts((Verdict(rule="champion", outcome=Outcome.UNKNOWN, reason="Nobody knows."),))
WAITING = retraining(7, 3, "awaiting", version="4")


def approving(decision: Decision = WAITING, **given: Any) -> Decision:
    usual = {
        "champion": "3", "challenger": "4", "gates": PASSED, "policy": Retraining(),
        "as_of": AS_OF, "now": AS_OF, "by": "ada",
    }  # fmt: skip
    return approve(decision, **{**usual, **given})


@pytest.mark.parametrize(
    ("end", "policy", "ending"),
    [
        ("registered", Retraining(), "awaiting"),
        ("registered", AUTOMATIC, "won"),
        ("refused", AUTOMATIC, "lost"),
        ("stopped", AUTOMATIC, "stopped"),
        ("unfinished", AUTOMATIC, "broke"),
    ],
)
def test_a_training_that_ended_becomes_an_ending(end: Any, policy: Retraining, ending: str) -> None:
    begun = retraining(7, 0, "running")

    done = finish(begun, end=end, version="4", policy=policy, now=AS_OF)

    assert (done.ending, done.version, done.settled) == (ending, "4", AS_OF)


@pytest.mark.parametrize("policy", [Retraining(), AUTOMATIC])
def test_a_version_that_was_there_before_has_not_won_whatever_its_gates_say(
    policy: Retraining,
) -> None:
    begun = retraining(7, 0, "running")

    done = finish(begun, end="registered", version="3", policy=policy, now=AS_OF, is_known=True)

    assert done.ending == "lost"
    assert "the rows have not changed" in done.remark


def test_what_was_taken_over_is_not_ended_a_second_time() -> None:
    died = give_up(retraining(7, 1, "running"), now=AS_OF, why="It was killed.")

    assert (died.ending, died.remark) == ("broke", "It was killed.")
    with pytest.raises(Refused, match="has ended already: it broke on 1 Jun 2013"):
        finish(died, end="registered", version="4", policy=AUTOMATIC, now=AS_OF)


@pytest.mark.parametrize("ending", ["awaiting", "won"])
def test_a_waiting_version_is_approved_or_rejected_by_somebody(ending: str) -> None:
    waiting = retraining(7, 3, ending, version="4")

    yes = approving(waiting, remark="Go.")
    no = reject(waiting, now=AS_OF, by="bob", remark="Not before Christmas.")

    assert (yes.ending, yes.settled_by, yes.settled) == ("approved", "ada", AS_OF)
    assert (no.ending, no.settled_by, no.remark) == ("rejected", "bob", "Not before Christmas.")


@pytest.mark.parametrize(
    ("given_to", "told"),
    [
        ({"champion": "5"}, "judged against version 3, and 5 is the champion now"),
        ({"champion": None}, "and none is the champion now"),
        ({"champion": "4"}, "is the champion already"),
        ({"challenger": "6"}, "version 6 is"),
        ({"challenger": None}, "no version is"),
        ({"gates": FAILED}, r"its gates refused it \(champion\)"),
        ({"as_of": AS_OF + 28 * DAY}, "it has waited for 31 days"),
        ({"by": " "}, "say who you are"),
    ],
)
def test_what_cannot_be_approved_says_why(given_to: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused, match=told):
        approving(**given_to)


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("lost", "a gate refused its version"),
        ("stopped", "a data check stopped it"),
        ("broke", "it broke"),
        ("running", "still in work"),
        ("approved", "was approved by bob on 1 Jun 2013"),
        ("rejected", "was rejected by bob"),
    ],
)
def test_only_what_waits_can_be_answered(ending: str, told: str) -> None:
    other = retraining(7, 3, ending, version="4", settled=AS_OF, settled_by="bob")

    with pytest.raises(Refused, match=told):
        approving(other)
    with pytest.raises(Refused, match=told):
        reject(other, now=AS_OF, by="ada")


def test_what_was_not_due_cannot_be_approved() -> None:
    with pytest.raises(Refused, match="it was not due"):
        approving(retraining(7, 3, "not due", is_due=False))
