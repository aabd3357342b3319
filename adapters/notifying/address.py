"""Where alerts are sent: declared addresses, and their secrets at the moment of sending only."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote, quote_plus, unquote

from adapters.records import LOG, Receiver
from lifecycle.errors import ProjectError

PLACE = "monitoring.alerts.to"

_VARIABLE = re.compile(r"\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HAS_A_HOST = {"json", "jsons", "form", "forms", "xml", "xmls", "mailto", "mailtos"}
"""Forms in which what stands after user and password is a machine. In others it is a token."""

_FORMS = (
    "An address has Apprise's form: json://HOST/PATH (a webhook), "
    "mailto://USER:${PASSWORD}@HOST?to=WHO, slack://${TOKENS}."
)


class AddressError(ProjectError):
    """An address alerts cannot be sent to."""


@dataclass(frozen=True)
class Address:
    """An address with its secrets filled in.

    Parameters
    ----------
    url
        As Apprise needs it. Never shown, never kept.
    stand_ins
        What to say in place of each text that must not be shown.
    """

    url: str = field(repr=False)
    stand_ins: Mapping[str, str] = field(repr=False)

    def redact(self, text: str) -> str:
        """Take everything out of a text that must not be shown."""
        for secret in sorted(self.stand_ins, key=len, reverse=True):
            text = text.replace(secret, self.stand_ins[secret])
        return text


def receivers(to: Sequence[str]) -> tuple[Receiver, ...]:
    """Give who is told: the log, and each declared address by a name that can be kept."""
    return (LOG, *(receiver_of(declared) for declared in to))


def receiver_of(declared: str) -> Receiver:
    """Name an address without what is secret in it.

    Examples
    --------
    >>> receiver_of("mailto://me:s3cret@mail.example.com?to=you@example.com").shown
    'mailto://mail.example.com/…'
    >>> receiver_of("slack://${TOKENS}").shown, receiver_of("slack://T1/B2/s3cret").shown
    ('slack://${TOKENS}', 'slack://…')
    """
    digest = sha256(_without_password(declared).encode()).hexdigest()[:16]
    return Receiver(key=digest, shown=show(declared))


def show(declared: str) -> str:
    """Write an address as it may be read by anybody: variables by their names, no secrets."""
    scheme = _SCHEME.match(declared)
    if scheme is None:
        return declared if _VARIABLE.fullmatch(declared) else "…"
    rest = declared[scheme.end() :]
    if not _VARIABLE.sub("", rest).strip("/"):
        return declared
    if scheme[1].lower() not in _HAS_A_HOST:
        return f"{scheme[0]}…"
    end = _user_ends(declared)
    rest = declared[end + 1 :] if end else rest
    machine = re.split(r"[/?#]", rest)[0]
    is_all = not end and rest.rstrip("/") == machine
    return f"{scheme[0]}{machine}" + ("" if is_all else "/…")


def fill(declared: str, environment: Mapping[str, str] = os.environ) -> Address:
    """Fill `${NAME}` in from the environment.

    A variable that stands for user or password (before the `@`), or after the `?`, is taken as
    it is and percent-encoded here, so that a password may hold any character. Elsewhere it may
    be several parts of the address, or all of it.

    Raises
    ------
    AddressError
        If a variable is not set or its name is not closed.

    Examples
    --------
    >>> fill("mailto://me:${PW}@host", {"PW": "p@ss"}).url
    'mailto://me:p%40ss@host'
    """
    user_ends, question = _user_ends(declared), declared.find("?")
    stand_ins: dict[str, str] = {}

    def put(match: re.Match[str]) -> str:
        value = _look_up(match, environment)
        stand_ins.update(dict.fromkeys(_spellings(value), match[0]))
        is_part = match.start() < user_ends or -1 < question < match.start()
        return quote(value, safe="") if is_part else value

    url = _VARIABLE.sub(put, declared)
    # What is written down, or comes as a whole from one variable, has secrets of its own.
    for secret in _secrets(url):
        for spelling in _spellings(secret):
            stand_ins.setdefault(spelling, "***")
    return Address(url=url, stand_ins=stand_ins)


def check(addresses: Sequence[str], *, environment: Mapping[str, str] | None = None) -> None:
    """Hold declared addresses against what can be sent to.

    Parameters
    ----------
    environment
        Where variables are looked up: what is missing there is a fault as well. Without it an
        address with a variable is held against its form only.

    Raises
    ------
    AddressError
        With every address that cannot be used, and where it stands.
    """
    faults = []
    for at, declared in enumerate(addresses):
        try:
            _check(declared, environment)
        except AddressError as error:
            faults.append(f"{PLACE}[{at}] is {show(declared)}: {error}")
    if faults:
        raise AddressError("\n".join(faults))


def _check(declared: str, environment: Mapping[str, str] | None) -> None:
    from adapters.notifying.sending import is_understood, schemes

    variables = [*_VARIABLE.finditer(declared)]
    for match in variables:
        _require_name(match)
    if environment is None and variables:
        scheme = _SCHEME.match(declared)
        if scheme is None and declared.startswith("${"):
            return  # the whole of it is in a variable
        if scheme is None or scheme[1].lower() not in schemes():
            raise AddressError(f"Apprise knows no such kind of address. {_FORMS}")
        return
    if not is_understood(fill(declared, environment or {})):
        raise AddressError(f"Apprise does not understand it. {_FORMS}")


def _look_up(match: re.Match[str], environment: Mapping[str, str]) -> str:
    name = _require_name(match)
    if not environment.get(name):
        raise AddressError(
            f"the environment variable {name} is not set. Set it (export {name}=...) where "
            "alerts are sent from."
        )
    return environment[name]


def _require_name(match: re.Match[str]) -> str:
    if not match[0].endswith("}") or not _NAME.fullmatch(match[1]):
        raise AddressError(f'"{match[0]}" is not a variable. Write ${{NAME}}.')
    return match[1]


def _user_ends(url: str) -> int:
    """Where the `@` after user and password stands; 0 without one."""
    scheme = _SCHEME.match(url)
    found = re.compile(r"[^/?#]*@").match(url, scheme.end()) if scheme else None
    return found.end() - 1 if found else 0


def _without_password(declared: str) -> str:
    """Leave a password out that is written down: not even its hash is kept."""
    scheme, end = _SCHEME.match(declared), _user_ends(declared)
    if scheme is None or not end:
        return declared
    return (
        declared[: scheme.end()] + declared[scheme.end() : end].partition(":")[0] + declared[end:]
    )


def _secrets(url: str) -> list[str]:
    """Give what may be secret in a filled address: all but scheme, user, machine and names."""
    scheme, end = _SCHEME.match(url), _user_ends(url)
    if scheme is None:
        return [url]
    found = [url[scheme.end() : end].partition(":")[2]] if end else []
    rest = url[end + 1 if end else scheme.end() :]
    machine, *further = re.split(r"[/?&#]", rest)
    found += [part.partition("=")[2] or part for part in further]
    if scheme[1].lower() not in _HAS_A_HOST:
        found += [machine, url[scheme.end() : end]]
    # Short parts are words such as a port or "yes"; masking them would only garble a message.
    return [secret for secret in found if len(secret) >= 6]


def _spellings(secret: str) -> set[str]:
    """Give the ways in which a message may spell a secret."""
    forms = {secret, unquote(secret), quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return {form for form in forms if form}
