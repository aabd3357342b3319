"""Contracts for tests: one with a field of every kind, and what reads it."""

from lifecycle.serving.contract import Contract, Field, Layout
from lifecycle.serving.reading import Reader

EVERY_KIND = (
    Field(name="number", type="number", minimum=-1.5, maximum=100),
    Field(name="free", type="number"),
    Field(name="integer", type="integer", minimum=0, maximum=23, may_be_missing=False),
    Field(name="long", type="integer"),
    Field(name="boolean", type="boolean"),
    Field(name="listed", type="category", allowed=("EWR", "JFK"), known=("EWR",),
          may_be_missing=False),
    Field(name="named", type="category", known=("a", "b", "ä")),
    Field(name="coded", type="category", known=("1", "2", "true", "1.5")),
    Field(name="text", type="text"),
    Field(name="time", type="time", may_be_missing=False),
    Field(name="id", type="integer", use="key", minimum=1),
    Field(name="asked", type="time", use="key"),
    Field(name="group", type="category", use="recorded", allowed=("x", "1")),
    Field(name="whom", type="text", use="recorded", personal=True),
)  # fmt: skip
LAYOUT = Layout(
    numbers=("number", "free", "integer", "long", "boolean"),
    times=("time",),
    texts=("listed", "named", "coded", "text"),
)
GOOD = {
    "number": 1.5,
    "free": 1e300,
    "integer": 7,
    "long": 2**40,
    "boolean": True,
    "listed": "JFK",
    "named": "b",
    "coded": 1,
    "text": "so",
    "time": "2013-07-01T18:00:00Z",
}


def a_contract(fields=EVERY_KIND, **changed):
    said = {
        "project": "flights",
        "label": "late",
        "task": "binary",
        "classes": ("false", "true"),
        "key": tuple(field.name for field in fields if field.name in ("id", "asked")),
        "withheld": ("arrival",),
    }
    return Contract(**{**said, "fields": fields, **changed})


def one_field(**said):
    return a_contract((Field(**{"name": "x", "type": "number", **said}),))


def layout_of(contract):
    numbers, texts = ("number", "integer", "boolean"), ("category", "text")
    return Layout(
        numbers=tuple(f.name for f in contract.features if f.type in numbers),
        times=tuple(f.name for f in contract.features if f.type == "time"),
        texts=tuple(f.name for f in contract.features if f.type in texts),
    )


def a_reader(contract=None, *, most_rows=1_000):
    contract = contract or a_contract()
    layout = LAYOUT if contract.fields == EVERY_KIND else layout_of(contract)
    return Reader(contract, layout, most_rows=most_rows)
