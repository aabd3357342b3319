"""Whether there are personal data among the features, by pattern or by the column's name."""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pyarrow as pa
import pyarrow.compute as pc

from lifecycle.data.declaration import Role
from lifecycle.data.rules.rule import Evidence, Rule, at_most_told, passed
from lifecycle.section import Share
from lifecycle.verdict import Outcome, Verdict

SAMPLED_VALUES = 2_000
"""Distinct values looked at per column."""

SAMPLED_ROWS = 20_000

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_PHONE = re.compile(
    r"(\+|00)[1-9][\d ()./-]{6,18}\d|\(\d{2,5}\)[ -]?\d[\d -]{4,12}\d"
    r"|\d{3}-\d{3}-\d{4}|0\d{2,4}[ /-]\d[\d -]{4,9}\d"
)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"[2-6]\d{12,18}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{2}[./-]\d{2}[./-]\d{4}")
_NAME = re.compile(
    r"(^|_)(e_?mail|phone|mobile|fax|iban|ssn|social_security|passport|credit_?card|card_number"
    r"|first_?name|last_?name|full_?name|given_?name|surname|family_?name|birth_?(date|day)"
    r"|date_of_birth|dob|street|home_address|postal_address|ip_?address|license_plate)(_|$)"
)


def is_email(text: str) -> bool:
    """Tell whether an e-mail address stands in the text."""
    return "@" in text and _EMAIL.search(text) is not None


def is_phone(text: str) -> bool:
    """Tell whether the text is a telephone number, written so that it can be told from others."""
    if not _PHONE.fullmatch(text) or _DATE.fullmatch(text):
        return False
    return 7 <= sum(character.isdigit() for character in text) <= 15  # ITU-T E.164


def is_iban(text: str) -> bool:
    """Tell whether the text is an IBAN whose check digits are right (ISO 13616).

    Examples
    --------
    >>> is_iban("GB82 WEST 1234 5698 7654 32"), is_iban("GB82 WEST 1234 5698 7654 33")
    (True, False)
    """
    compact = text.replace(" ", "").upper()
    if not _IBAN.fullmatch(compact):
        return False
    digits = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    return int(digits) % 97 == 1


def is_card(text: str) -> bool:
    """Tell whether the text is a payment card number whose check digit is right (Luhn).

    Examples
    --------
    >>> is_card("4111 1111 1111 1111"), is_card("4111 1111 1111 1112")
    (True, False)
    """
    compact = text.replace(" ", "").replace("-", "")
    if not _CARD.fullmatch(compact):
        return False
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in compact[-2::-2]]
    return (sum(doubled) + sum(int(digit) for digit in compact[-1::-2])) % 10 == 0


def is_ip(text: str) -> bool:
    """Tell whether the text is an IP address."""
    if text.count(".") != 3 and text.count(":") < 2:
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


PATTERNS: dict[str, Callable[[str], bool]] = {
    "e-mail addresses": is_email,
    "telephone numbers": is_phone,
    "IBANs": is_iban,
    "card numbers": is_card,
    "IP addresses": is_ip,
}
"""What is looked for, and how a value is told to be it."""


class Personal(Rule):
    """No feature holds personal data, unless it is declared to.

    A column is declared by `role: personal` (kept out of the model and masked) or
    `role: [feature, personal]` (the model may see it).

    Parameters
    ----------
    at_least
        Share of a column's distinct values that must look personal before it is told. One in
        twenty: random digits pass the Luhn check one time in ten, but seldom have a card's
        length and first digit as well.
    """

    at_least: Share = 0.05

    def judge(self, evidence: Evidence) -> Iterator[Verdict]:
        """Fail for a feature that holds personal data; warn of other columns and of names."""
        verdicts = [
            verdict
            for name in evidence.table.column_names
            if Role.PERSONAL not in evidence.schema[name].role
            and (verdict := self._judge_column(evidence, name)) is not None
        ]
        yield from at_most_told("personal", verdicts)
        if not verdicts:
            yield passed("personal", "No undeclared personal data by pattern or name.")

    def _judge_column(self, evidence: Evidence, name: str) -> Verdict | None:
        what, share = self._find(evidence.table[name])
        is_feature = evidence.schema[name].is_feature
        advice = "Declare role: personal" + (
            ", or [feature, personal] if the model may see it." if is_feature else "."
        )
        if what:
            return Verdict(
                rule=f"personal {name}",
                outcome=Outcome.FAIL if is_feature else Outcome.WARN,
                measured=share,
                limit=self.at_least,
                reason=f'Column "{name}" holds {what}. {advice}',
            )
        if _NAME.search(_snake(name)):
            return Verdict(
                rule=f"personal {name}",
                outcome=Outcome.WARN,
                reason=f'Column "{name}" is named like personal data. {advice}',
            )
        return None

    def _find(self, column: pa.ChunkedArray) -> tuple[str, float]:
        """Name what the values are, and the share of the distinct ones that are it."""
        values = _distinct(column)
        if not values:
            return "", 0.0
        found = {what: sum(map(test, values)) / len(values) for what, test in PATTERNS.items()}
        what = max(found, key=lambda one: found[one])
        limit = max(self.at_least, 0.5) if _is_integer(column) else self.at_least
        return (what, found[what]) if found[what] >= max(limit, 1e-9) else ("", 0.0)


def _distinct(column: pa.ChunkedArray) -> list[str]:
    """Give distinct values as text, if they could be personal: text, or whole numbers as long."""
    sampled = column.slice(0, SAMPLED_ROWS)
    if _is_integer(column):
        largest = pc.max(sampled).as_py()
        if largest is None or largest < 10**12:  # shorter than any card number
            return []
        sampled = sampled.cast(pa.string())
    if not pa.types.is_string(sampled.type):
        return []
    distinct = pc.unique(sampled.drop_null()).slice(0, SAMPLED_VALUES).to_pylist()
    return [text.strip() for text in distinct]


def _is_integer(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_integer(column.type))


def _snake(name: str) -> str:
    """Write `FirstName` and `first name` as `first_name`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower())
