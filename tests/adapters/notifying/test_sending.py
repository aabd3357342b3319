"""What really arrives: letters, JSON, and Slack's own form."""

import logging
import time
from collections.abc import Iterator
from io import StringIO

import pytest

from adapters.notifying.address import fill
from adapters.notifying.sending import send
from tests.servers.process import LOOPBACK, free_port
from tests.servers.receivers import Mailbox, Webhook

TEXT = "- Column <a & b> has moved.\n- It costs 5 \\n *really*.\n\nDo: something"
SAID = {"title": "flights version 3: düsig (critical)", "text": TEXT, "kind": "failure"}


def test_a_letter_arrives_as_plain_text(mailbox: Mailbox) -> None:
    address = (
        f"mailto://{LOOPBACK}:{mailbox.port}?mode=insecure&from=us@example.com&to=you@example.org"
    )

    assert send(fill(address), **SAID, values={}) is None

    letter = mailbox.letters[0]
    assert letter["subject"] == SAID["title"]
    assert (letter["from"], letter["to"]) == ("us@example.com", "you@example.org")
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content().splitlines() == TEXT.splitlines()


def test_a_mail_server_is_told_a_password_of_odd_characters(mailbox: Mailbox) -> None:
    where = f"{LOOPBACK}:{mailbox.port}?mode=insecure&from=us@example.com&to=you@example.org"
    password = "p@/:?#% &=+"

    problem = send(fill(f"mailto://me:${{PW}}@{where}", {"PW": password}), **SAID, values={})

    assert problem is None
    assert mailbox.logins == [("me", password)]


def test_a_webhook_gets_words_and_values(hook: Webhook) -> None:
    values = {"kind": "opened", "alert": {"number": 4}}

    assert send(fill(f"json://{hook.host}/in"), **SAID, values=values) is None

    assert hook.paths == ["/in"]
    assert hook.bodies == [
        {
            "version": "1.0",
            "title": SAID["title"],
            "message": TEXT,
            "type": "failure",
            "alert": values,
        }
    ]


def test_an_address_may_say_what_the_body_is_to_be(hook: Webhook) -> None:
    form = "?:message=text&:title=&:version=&:attachments=&:type="

    send(fill(f"json://{hook.host}/in{form}"), **SAID, values={"kind": "opened"})

    assert hook.bodies == [{"text": TEXT}]


def test_slack_gets_its_own_form(hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.slack import NotifySlack

    # Slack's own address is fixed in Apprise: only the machine is another one here.
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://{hook.host}/services")
    tokens = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"

    assert send(fill("slack://${T}/#ops", {"T": tokens}), **SAID, values={}) is None

    assert hook.paths == [f"/services/{tokens}"]
    assert hook.bodies[0]["channel"] == "#ops"
    shown = hook.bodies[0]["attachments"][0]
    assert shown["title"] == SAID["title"]
    assert "Column &lt;a &amp; b&gt; has moved." in shown["text"]
    assert not [key for key in shown if "icon" in key or "image" in key]


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_receiver_that_does_not_take_it_has_not_got_it(hook: Webhook, status: int) -> None:
    hook.status = status

    problem = send(fill(f"json://{hook.host}/in"), **SAID, values={})

    assert problem is not None
    assert str(status) in problem


def test_a_receiver_that_hangs_is_left_after_a_while(hook: Webhook) -> None:
    hook.hangs.set()
    began = time.monotonic()

    problem = send(fill(f"json://{hook.host}/in?rto=0.5"), **SAID, values={})

    assert problem is not None
    assert "timed out" in problem
    assert time.monotonic() - began < 5


@pytest.fixture
def debugging() -> Iterator[StringIO]:
    """Give all a program that logs everything would log."""
    text, root = StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(
    "address",
    [
        "json://me:${SECRET}@{where}/${SECRET}?-key=${SECRET}",
        "mailto://me:${SECRET}@{where}?to=you@example.com&from=us@example.com",
        "json://me:hunter2hunter2@{where}/hunter2hunter2",
    ],
)
def test_no_secret_is_in_what_is_said_or_logged(
    address: str, hook: Webhook, debugging: StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    for where in (f"{LOOPBACK}:{free_port()}", hook.host):
        filled = fill(address.replace("{where}", where), {"SECRET": "hunter2hunter2"})
        said = send(filled, **SAID, values={}) or ""

        if where != hook.host:
            assert "refused" in said
        assert "hunter2" not in said + debugging.getvalue() + "".join(capfd.readouterr())
