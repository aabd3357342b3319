"""Apprise, and nothing of it anywhere else: webhooks, e-mail, Slack and a hundred more."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from adapters.notifying.address import Address

SECONDS = 10.0
"""How long one receiver may take, all in all; connecting and waiting take 4 s at most each."""

_CALLS_ITSELF = "Perennial"
_REASON = re.compile(r"^[A-Z]\w*(?:/O)? Exception: ")
_LONGEST = 500


def is_understood(address: Address) -> bool:
    """Whether Apprise knows what to do with an address; nothing is sent."""
    return _service(address) is not None


def schemes() -> frozenset[str]:
    """Give every kind of address there is, as it stands before `://`."""
    _quieten()
    import apprise

    known = apprise.Apprise(asset=_asset()).details()["schemas"]
    return frozenset(
        str(name).lower()
        for each in known
        for name in (*(each["protocols"] or ()), *(each["secure_protocols"] or ()))
    )


def send(
    address: Address, *, title: str, text: str, kind: str, values: Mapping[str, Any]
) -> str | None:
    """Send a message, once.

    Parameters
    ----------
    kind
        `info`, `success`, `warning` or `failure`: colours and signs of the receiver.
    values
        What a webhook gets besides, as `alert`; the body is JSON then.

    Returns
    -------
    str or None
        Why it failed, without secrets; `None` where it was taken.
    """
    _quieten()
    import apprise

    service = _service(address)
    if service is None:
        return "Apprise does not understand the address."
    _shape(service, values)
    sender = apprise.Apprise(service, asset=_asset())
    with _hushed("urllib3.connectionpool"):
        result = sender.notify(
            body=text,
            title=title,
            notify_type=kind,
            body_format=apprise.NotifyFormat.TEXT,
            timeout=SECONDS,
            log_level=logging.DEBUG,
        )
    return (
        None
        if result
        else address.redact(_why((entry.level, entry.message) for entry in result.logs()))
    )


def _service(address: Address) -> Any:
    _quieten()
    import apprise

    return apprise.Apprise.instantiate(address.url, asset=_asset())


def _asset() -> Any:
    """Give Apprise's settings: no files, no plug-ins, no pictures from elsewhere."""
    import apprise

    return apprise.AppriseAsset(
        app_id=_CALLS_ITSELF,
        app_desc=_CALLS_ITSELF,
        app_url="",
        image_url_mask="",
        image_url_logo="",
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        pgp_autogen=False,
        pem_autogen=False,
        # A message that is sent on elsewhere arrives as an empty question, and counts as sent.
        http_redirects=False,
        service_timeout=SECONDS,
        allow_templates=False,
    )


def _quieten() -> None:
    """Keep Apprise's own log to itself: it holds addresses as they are, secrets included.

    Why something failed it says on the level for debugging only.
    """
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


@contextmanager
def _hushed(name: str) -> Iterator[None]:
    """Keep a log from telling whole addresses, which it does on the level for debugging."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(max(before, logging.INFO))
    try:
        yield
    finally:
        logger.setLevel(before)


def _shape(service: Any, values: Mapping[str, Any]) -> None:
    """Give a webhook the values, unless its address says itself what the body is to be."""
    import apprise

    extras = getattr(service, "payload_extras", None)
    if service.service_name == "JSON" and extras == {}:
        extras.update({"alert": dict(values), "attachments": ""})
    if "mail" in str(service.protocol):
        service.notify_format = apprise.NotifyFormat.TEXT


def _why(said: Iterable[tuple[str, str]]) -> str:
    """Pick out of all Apprise has logged, each with its level, what tells someone why."""
    lines = [*said]
    told = [line for level, line in lines if level in ("WARNING", "ERROR", "CRITICAL")]
    reasons = [_REASON.sub("", line) for _, line in lines if _REASON.match(line)]
    picked = " ".join(" ".join([*told[:1], *reasons[:1]]).split())
    return picked[:_LONGEST] or "Apprise gave no reason."
