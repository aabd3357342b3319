"""What a plan says and Gateway API has no word for."""

import ipaddress
from collections.abc import Collection, Iterator

from adapters.gateway.naming import GatewayError
from lifecycle.errors import suggest
from lifecycle.release.plan import Plan
from lifecycle.section import Value

ENVOY_LEEWAY = 60
"""Seconds by which clocks may differ for Envoy's token filter; Envoy Gateway passes no other."""


class Lack(Value):
    """Something a plan says that cannot be rendered.

    Parameters
    ----------
    word
        By which going without it is accepted.
    why
        A sentence: what is asked for, and what happens instead.
    """

    word: str
    why: str


WORDS = ("address", "leeway", "rate", "salt", "spares")


def lacks(plan: Plan) -> tuple[Lack, ...]:
    """List what a plan says and the manifests cannot, in alphabetical order; often something.

    Examples
    --------
    >>> from lifecycle.release.plan import Part, Target
    >>> one = Target(name="one", version="1", host="10.0.0.1", port=3000)
    >>> plan = Plan(project="p", host="127.0.0.1", port=3000, targets=(one,),
    ...             parts=(Part(target="one", weight=10_000),))
    >>> [lack.word for lack in lacks(plan)]
    ['address']
    >>> lacks(plan.model_copy(update={"host": "0.0.0.0"}))
    ()
    """
    found = {
        "address": [*_of_address(plan)],
        "leeway": [*_of_leeway(plan)],
        "rate": [*_of_rate(plan)],
        "salt": [*_of_salt(plan)],
        "spares": [*_of_spares(plan)],
    }
    return tuple(Lack(word=word, why=why) for word in WORDS for why in found[word])


def require_accepted(plan: Plan, without: Collection[str]) -> None:
    """Refuse to render what cannot be said, unless it is accepted to go without it.

    Raises
    ------
    GatewayError
        Naming everything that is lacking, with its reason; or a word that is none.
    """
    for word in sorted({*without} - {*WORDS}):
        raise GatewayError(f'Nothing is called "{word}". {suggest(word, WORDS)}')
    missing = [lack for lack in lacks(plan) if lack.word not in without]
    if missing:
        listed = "".join(f"\n  {lack.word}: {lack.why}" for lack in missing)
        words = " ".join(f"--without {lack.word}" for lack in missing)
        raise GatewayError(
            f'The plan of "{plan.project}" asks for what Gateway API has no word for:{listed}\n'
            f"If that is acceptable, say so: {words}"
        )


def _of_address(plan: Plan) -> Iterator[str]:
    if not ipaddress.ip_address(plan.host).is_unspecified:
        yield (
            f"requests come in at {plan.host} only. A Gateway has an address of its own, and "
            "takes in whoever reaches that."
        )


def _of_leeway(plan: Plan) -> Iterator[str]:
    if plan.tokens is not None and plan.tokens.leeway_seconds != ENVOY_LEEWAY:
        yield (
            f"clocks may differ by {plan.tokens.leeway_seconds} seconds where tokens are checked. "
            f"Envoy Gateway allows {ENVOY_LEEWAY}; the version itself, which checks tokens once "
            "more, goes by what was declared."
        )


def _of_rate(plan: Plan) -> Iterator[str]:
    if plan.limits.rate is not None:
        yield (
            f"{plan.limits.rate:g} requests a second of all together are let through. Each proxy "
            "of Envoy Gateway counts for itself, and each rule of a route as well: with two "
            "proxies it may be twice as many."
        )


def _of_salt(plan: Plan) -> Iterator[str]:
    if plan.sticky is not None and plan.sticky.kind != "header":
        yield (
            f'"{plan.sticky.salt}" is mixed into the {plan.sticky.kind} "{plan.sticky.name}", so '
            "that two releases do not choose the same users. Envoy Gateway can mix it into a "
            f"header only: here the same users are chosen whenever the {plan.sticky.kind} has "
            "the same name."
        )


def _of_spares(plan: Plan) -> Iterator[str]:
    spared = [f"{one.name} ({one.spare})" for one in plan.targets if one.spare]
    if spared:
        waited = plan.limits.try_seconds
        slow = "" if waited is None else f" or takes more than {waited:g} seconds"
        yield (
            f"another version answers when one cannot{slow}: {', '.join(spared)}. A route tries "
            "the same version again, and only what no version can have seen; run two pods of "
            "each, and let their readiness take a broken one out."
        )
