"""Where requests of a project come in, by its declaration."""

from pathlib import Path

from adapters.admission import token_keys
from lifecycle.release.plan import Limits, Target, Tokens
from lifecycle.release.planning import Entrance
from lifecycle.serving.declaration import Serving
from lifecycle.serving.live import Live


def entrance_of(serving: Serving, project: str, *, folder: Path) -> Entrance:
    """Describe the public port of a project, and what the router asks of each request.

    Parameters
    ----------
    folder
        The project's folder, for files its declaration names.
    """
    limits, router = serving.limits, serving.router
    return Entrance(
        project=project,
        host=serving.host,
        port=serving.port,
        limits=Limits(
            seconds=limits.seconds,
            body_kb=limits.body_kb,
            rate=router.rate,
            connections=router.connections,
            retries=router.retries,
        ),
        tokens=_tokens(serving, folder),
    )


def target_of(live: Live) -> Target:
    """Say where something that runs is reached."""
    return Target(name=live.name, version=live.version, host=live.host, port=live.port)


def _tokens(serving: Serving, folder: Path) -> Tokens | None:
    declared, keys = serving.access.tokens, token_keys(serving, folder)
    # The router checks a token that is a JWT; an API key comes in the same header, and is none.
    if declared is None or keys is None or not serving.router.check_tokens or serving.access.keys:
        return None
    return Tokens(
        keys=keys.read_text(encoding="utf-8"),
        issuer=declared.issuer,
        audience=declared.audience,
        leeway_seconds=round(declared.leeway.total_seconds()),
        required=not serving.access.anonymous,
    )
