"""Plans of every kind."""

from hypothesis import strategies as st

from lifecycle.release.plan import WHOLE, Limits, Mirror, Part, Plan, Sticky, Target, Tokens

KEYS = '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "no"}]}'


def of_two(**changed: object) -> Plan:
    """A canary of a quarter, on a laptop."""
    targets = (
        Target(name="new", version="4", host="127.0.0.1", port=8004, spare="old"),
        Target(name="old", version="3", host="127.0.0.1", port=8003, spare="new"),
    )
    parts = (Part(target="new", weight=2_500), Part(target="old", weight=7_500))
    plan = Plan(project="flights", host="0.0.0.0", port=3000, targets=targets, parts=parts)
    return plan.model_copy(update=changed)


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", fullmatch=True)
headers = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)
words = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)
projects = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,61}[A-Za-z0-9]", fullmatch=True)
hosts = st.sampled_from(
    ("127.0.0.1", "::1", "localhost", "10.1.2.3", "2001:db8::7", "flights-v3", "a.models.svc")
)


@st.composite
def stickies(draw: st.DrawFn, without: str) -> Sticky:
    kind = draw(st.sampled_from(("header", "cookie", "claim")))
    return Sticky(kind=kind, name=draw(headers), salt=draw(words), without=without)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any plan that `check` takes and that can be rendered."""
    called = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    targets = tuple(
        Target(
            name=name, version=str(place + 1), host=draw(hosts),
            port=draw(st.integers(1, 65_535)),
            spare=draw(st.sampled_from((None, *(one for one in called if one != name)))),
        )
        for place, name in enumerate(called)
    )  # fmt: skip
    cuts = sorted(draw(st.lists(st.integers(0, WHOLE), max_size=4)))
    weights = [end - begin for begin, end in zip((0, *cuts), (*cuts, WHOLE), strict=True)]
    sticky = draw(st.none() | stickies(called[0]))
    arms = ("", "challenger", "champion") if sticky else ("",)
    parts = tuple(
        Part(target=draw(st.sampled_from(called)), weight=weight, arm=draw(st.sampled_from(arms)))
        for weight in weights
    )
    tokens = Tokens(
        keys=KEYS, issuer=draw(words), audience=draw(words), required=draw(st.booleans())
    )
    has_tokens = draw(st.booleans()) or (sticky is not None and sticky.kind == "claim")
    if draw(st.integers(0, 9)) == 0:
        return Plan(project=draw(projects), host="0.0.0.0", port=3000)
    return Plan(
        project=draw(projects),
        host=draw(st.sampled_from(("0.0.0.0", "127.0.0.1", "::"))),
        port=draw(st.integers(1, 65_535)),
        targets=targets,
        parts=parts,
        mirror=draw(
            st.none()
            | st.builds(Mirror, target=st.sampled_from(called), weight=st.integers(1, WHOLE))
        ),
        sticky=sticky,
        tokens=tokens if has_tokens else None,
        limits=Limits(
            seconds=draw(st.floats(0.001, 3_600)),
            body_kb=draw(st.integers(1, 100_000)),
            rate=draw(st.none() | st.integers(1, 100_000).map(lambda a_minute: a_minute / 60)),
            connections=draw(st.integers(1, 1_000_000)),
            retries=draw(st.integers(0, 10)),
        ),
        release=draw(st.integers(1, 10_000)),
    )
