"""What someone has to hear of: `alerts list`, `show`, `silence`, `unsilence`, `send`, `test`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from commands.place import ROOT, opened_state, who
from lifecycle.errors import PerennialError, ProjectError

if TYPE_CHECKING:
    from adapters.notifying import Outcome
    from adapters.records import Delivery, Records
    from lifecycle.monitoring.alert import Alert

app = typer.Typer(help="List, show, silence and send alerts.")
Project = Annotated[str, typer.Option(help="Whose alerts.")]
Number = Annotated[int, typer.Argument(help="The number of the alert.")]


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """List, show, silence and send alerts."""
    if context.invoked_subcommand is None:
        listing()


@app.command("list")
def listing(
    project: Annotated[str | None, typer.Option(help="Of one project only.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over as well.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="With --all, how many of the newest.")] = 20,
) -> None:
    """List the alerts that stand."""
    with _records() as records:
        found = records.alerts(project, limit) if everything else records.open_alerts(project)
        for alert in found:
            print(f"{alert.number:>4}  {alert.severity:<8}  {_state(alert):<9}  {alert.title}")
        if not found:
            print("There is no alert." if everything else "No alert stands. Older ones: --all")
        _tell_waiting(records.deliveries(project, state="pending"))


@app.command()
def show(number: Number) -> None:
    """Print an alert, what is behind it, and who has been told."""
    from lifecycle.monitoring.alerts import telling_of

    with _records() as records:
        alert = records.alert(number)
        if alert is None:
            raise ProjectError(f"There is no alert {number}. See: python run.py alerts list --all")
        print(f"{alert.title} ({alert.severity}, {_state(alert)})")
        print(telling_of(alert, "resolved" if not alert.is_open else "again", at=alert.seen).text)
        if alert.silenced_until is not None and alert.is_silenced(datetime.now(UTC)):
            until = f"{alert.silenced_until:%d %b %Y %H:%M} UTC"
            print(f"\nSilenced until {until} by {alert.silenced_by}: {alert.why_silenced}")
        deliveries = records.deliveries(alert=number)
    print("\nTold:" if deliveries else "\nNobody has been told.")
    for delivery in deliveries:
        print(
            f"  {delivery.telling.at:%d %b %Y %H:%M}  {delivery.telling.kind:<8}  {_came(delivery)}"
        )


@app.command()
def silence(
    number: Number,
    length: Annotated[str, typer.Option("--for", help="How long, such as 3d or 12h.")] = "1d",
    why: Annotated[str, typer.Option(help="Why nobody needs to hear of it.")] = "",
) -> None:
    """Tell nobody of an alert for a while, unless it becomes more severe."""
    from lifecycle.section import read_duration

    duration = read_duration(length)
    if not isinstance(duration, timedelta) or not duration:
        raise ProjectError(f'--for is "{length}". Write a length of time: 12h, 3d or 2w.')
    if not why.strip():
        raise ProjectError('Say why, for whoever wonders about the silence: --why "..."')
    with _records() as records:
        until = datetime.now(UTC) + duration
        alert = records.silence(number, until=until, by=who(), why=why.strip())
    print(f"{alert.title}: silent until {until:%d %b %Y %H:%M} UTC, unless it becomes worse.")


@app.command()
def unsilence(number: Number) -> None:
    """Have an alert told again."""
    with _records() as records:
        alert = records.unsilence(number)
    print(f"{alert.title}: told again.")


@app.command()
def send(project: Project = "flights") -> None:
    """Send now what is waiting to be sent."""
    from adapters.declaration import load
    from adapters.notifying import deliver

    declared = load(project, root=ROOT).project
    to, folder = declared.monitoring.alerts.to, opened_state()
    with _records() as records:
        outcome = deliver(records, declared.name, to, state=folder, force=True)
    print(f"Delivered {outcome.delivered}, waiting {outcome.waiting}, given up {outcome.given_up}.")
    _leave_if_failed(outcome)


@app.command("test")
def try_out(project: Project = "flights") -> None:
    """Send a test message to every address, and say what happened."""
    from adapters.declaration import load
    from adapters.notifying import try_all

    declared = load(project, root=ROOT).project
    to = declared.monitoring.alerts.to
    if not to:
        print(
            f"{declared.name} declares no address (monitoring.alerts.to). Its alerts are in "
            f"{opened_state() / 'monitoring' / 'alerts.log'} only."
        )
    tried = try_all(declared.name, to)
    for one in tried:
        print(f"{one.shown}: {one.problem or 'taken'}")
    if any(one.problem for one in tried):
        raise PerennialError("Not every address takes alerts.")


@contextmanager
def _records() -> "Iterator[Records]":
    from adapters.records import Records

    with Records.open(opened_state()) as records:
        yield records


def _state(alert: "Alert") -> str:
    if not alert.is_open:
        return "over"
    return "silenced" if alert.is_silenced(datetime.now(UTC)) else "open"


def _came(delivery: "Delivery") -> str:
    if delivery.state == "pending":
        tried = f", tried {delivery.attempts} times: {delivery.error}" if delivery.attempts else ""
        return f"{delivery.shown}: waiting{tried}"
    return f"{delivery.shown}: {delivery.state}" + (f", {delivery.error}" * bool(delivery.error))


def _tell_waiting(deliveries: "Iterable[Delivery]") -> None:
    waiting = list(deliveries)
    for shown in dict.fromkeys(each.shown for each in waiting):
        of_it = [each for each in waiting if each.shown == shown]
        error = next((each.error for each in of_it if each.error), "not tried yet")
        print(f"{len(of_it)} waiting for {shown}: {error}. Now: python run.py alerts send")


def _leave_if_failed(outcome: "Outcome") -> None:
    if outcome.problems:
        raise PerennialError("\n".join(outcome.problems))
