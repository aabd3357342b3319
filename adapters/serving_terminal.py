"""What is told at a terminal of deployments, of what runs, and of one answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from adapters.terminal import origin, print_facts, print_verdicts
from lifecycle.governance import figures
from lifecycle.governance.story import Story
from lifecycle.serving.deployment import Deployment
from lifecycle.serving.standing import Standing
from lifecycle.verdict import Outcome


def print_deployment(deployment: Deployment, *, console: Console) -> None:
    """Print what was built and proven, and whether the version took over."""
    console.print()
    console.print(Text(f"{deployment.project} version {deployment.version}", style="bold"))
    print_facts(_facts(deployment), console)
    verdicts = [*deployment.gates.blocking, *deployment.parity, *deployment.smoke]
    if verdicts:
        console.print()
        print_verdicts(verdicts, console)
    console.print()
    console.print(_ending(deployment), soft_wrap=True)
    if deployment.is_live:
        print_facts(_next(deployment), console)


def _facts(deployment: Deployment) -> Iterator[tuple[str, str]]:
    if (built := deployment.built) is None:
        return
    yield "bento", built.bento
    if built.image is not None:
        yield "image", f"{built.image}, {built.image_mb:.0f} MB"
    if built.sbom is not None:
        yield "contents", built.sbom
    for verdict in built.vulnerabilities:
        if verdict.outcome is not Outcome.PASS:
            yield "known holes", verdict.reason
    yield "runs as", f"{built.kind}, because {built.why}"
    yield "manifest", built.manifest


def _next(deployment: Deployment) -> Iterator[tuple[str, str]]:
    project = deployment.project
    yield "token", f"python run.py token create --project {project}"
    yield "look", f"python run.py status; open {deployment.url}/docs"
    yield "stop", f"python run.py stop --project {project}"


def _ending(deployment: Deployment) -> Text:
    version = f"{deployment.project} version {deployment.version}"
    if deployment.is_live:
        return Text(
            f"✓ {version} answers at {deployment.url}{deployment.instead}.", style="bold green"
        )
    rules = ", ".join(f'"{verdict.rule}"' for verdict in deployment.blocking)
    return Text(
        f"✕ {version} was not deployed: refused by {rules or 'an earlier step'}. "
        "Nothing else has changed: what answered before, if anything did, still does.",
        style="bold red",
    )


def print_status(standings: Sequence[Standing], *, console: Console) -> None:
    """Print what is deployed, one line each."""
    if not standings:
        console.print("Nothing is deployed. To deploy the challenger of a project:")
        console.print("  python run.py --pipeline deployment --project NAME")
        return
    for found in standings:
        line = Text.assemble(
            (f"{found.project} version {found.version} ", "bold"),
            (found.state, _style(found)),
            f" at {found.url}",
            f", {found.gets}" if found.gets else "",
        )
        console.print(line, soft_wrap=True)
        print_facts(_standing(found), console)


def _standing(found: Standing) -> Iterator[tuple[str, str]]:
    yield "runs as", found.runs_as
    yield "since", f"{figures.moment(found.started)} UTC"
    if found.memory:
        yield "memory", found.memory
    for remark in found.remarks:
        yield "look", remark


def _style(standing: Standing) -> str:
    return "green" if standing.is_ready else "bold red"


def print_trace(
    request: str, events: Sequence[Mapping[str, Any]], story: Story, *, console: Console
) -> None:
    """Print one request from question to model: inputs, answer, truth, and its version's origin."""
    for event in events:
        console.print()
        if "label" in event:
            console.print(Text(f"Label of {request}", style="bold"))
            print_facts(_label(event), console)
        else:
            console.print(Text(f"Prediction {request}", style="bold"))
            print_facts(_prediction(event), console)
    version = story.version
    alias = f", {version.alias}" if version and version.alias else ""
    console.print()
    console.print(
        Text(f"{story.name} version {version.number if version else '?'}{alias}", style="bold")
    )
    if story.gates:
        console.print(f"  gates      {_gates(story)}")
    origin(story.lineage, console=console)


def _gates(story: Story) -> str:
    passed = sum(not verdict.outcome.blocks for verdict in story.gates)
    return f"{passed} of {len(story.gates)} passed"


def _prediction(event: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "at", f"{figures.moment(str(event['at']))} UTC"
    yield "row", str(event["row"])
    yield "asked by", str(event["by"] or "anybody")
    yield (
        "asked",
        ", ".join(
            f"{name} {'null' if value is None else value}"
            for name, value in event["inputs"].items()
        ),
    )
    yield "score", str(event["score"])
    if event.get("decision") is not None:
        yield "decision", str(event["decision"])
    yield "version", str(event["version"])
    if event.get("arm"):
        yield "arm", str(event["arm"])
    if event.get("unit"):
        yield "unit", f"{event['unit']} (a keyed hash)"


def _label(event: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "told at", f"{figures.moment(str(event['at']))} UTC"
    yield "label", str(event["label"])
    if event.get("known_at"):
        yield "known at", figures.moment(str(event["known_at"]))
