"""What hostile or careless inputs are made of: bytes, JSON values, words."""

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from latentq.config.config import known_fields

HUGE = 10**400
ALL_KEYS = [*dict(known_fields())]
ODD_TEXT = [
    *("", " ", "\n", "\x00", "\x1b[31m", "🙂", "é" * 300, "a" * 3000, "../../x", "/etc/passwd"),
    *("<script>alert(1)</script>", "{{ 7 * 7 }}", "${oc.env:HOME}", "%s%n", "None", "null", "nan"),
    *("\udc80", "\u202e", "-", "--", "~", "[", "{", "[1,2", "{a:", "'", '"', "\\", "a=b", "1e999"),
]
ODD_NUMBERS = [
    *(0, -1, 1, 2**31, 2**32, 2**63, -(2**63), HUGE, 0.5, -0.0, 1e-320, 1e308, True, False),
    *(float("nan"), float("inf"), -float("inf")),
]
texts: SearchStrategy[str] = st.one_of(st.sampled_from(ODD_TEXT), st.text(max_size=20))
numbers: SearchStrategy[Any] = st.one_of(
    st.sampled_from(ODD_NUMBERS), st.integers(), st.floats(), st.integers(-3, 20)
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


@st.composite
def changed_bytes(draw: Any, content: bytes) -> bytes:  # noqa: ANN401
    """Bytes of a good file, changed: cut, edited, doubled, with parts moved, or other ones."""
    way = draw(st.sampled_from(["edit", "head", "cut", "insert", "repeat", "noise", "swap"]))
    place = draw(st.integers(0, max(0, len(content) - 1)))
    some = draw(st.binary(min_size=1, max_size=16))
    match way:
        case "edit":
            return content[:place] + some + content[place + len(some) :]
        case "head":
            place = min(place % 64, len(content))
            return content[:place] + some + content[place + len(some) :]
        case "cut":
            return content[:place]
        case "insert":
            return content[:place] + some + content[place:]
        case "repeat":
            return content * draw(st.integers(2, 3))
        case "swap":
            return content[place:] + content[:place]
    return draw(st.binary(max_size=200))


@st.composite
def changed_json(draw: Any, content: dict[str, Any]) -> bytes:  # noqa: ANN401
    """JSON of a good object, some of whose values are others, or gone, or which is damaged."""
    way = draw(st.integers(0, 9))
    if way == 0:
        return draw(changed_bytes(json.dumps(content).encode()))
    if way == 1:
        return draw(st.sampled_from([b"[" * 5000, b'{"a":' * 3000, b"1" * 5000, b"\xff\xfe", b""]))
    if way == 2:
        return json.dumps(draw(values), default=str).encode("utf-8", "surrogatepass")
    made = json.loads(json.dumps(content))
    for _ in range(draw(st.integers(1, 3))):
        _change(draw, made)
    text = json.dumps(made)
    if way == 3:  # A key twice: which value counts?
        text = text.replace("{", '{"kind": 1, "seed": "x", ', 1)
    return text.encode("utf-8", "surrogatepass")


def _change(draw: Any, place: Any) -> None:  # noqa: ANN401
    """Changes a value somewhere in a nested object."""
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        inner = place[key]
        if isinstance(inner, (dict, list)) and inner and draw(st.integers(0, 2)):
            place = inner
            continue
        if isinstance(place, dict) and not draw(st.integers(0, 4)):
            place[draw(texts)] = place.pop(key)
        else:
            place[key] = draw(values)
        return


def _written(value: object) -> str:
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def short(value: object) -> bool:
    """Whether a value can be written: an integer of thousands of digits cannot."""
    return not isinstance(value, int) or abs(value) <= HUGE


keys = st.one_of(
    st.sampled_from(ALL_KEYS),
    st.sampled_from(ALL_KEYS).map(lambda k: k[:-1]),
    st.sampled_from(["model", "data", "prior", "images", "hydra.run.dir", "model.kind", "+x"]),
    texts,
)
right = st.sampled_from(
    [
        *("images.epochs=3", "images.lr=0.01", "seed=7", "prior.layers=2", "data=digits"),
        *(
            "model=classical",
            "model=mixture",
            "denoising.start_batch_size=8",
            "threads=1",
            "data.limit=99",
        ),
    ]
)
written = st.one_of(scalars, values).map(_written)
words = st.one_of(
    right,
    right,
    st.tuples(keys, written).map(lambda pair: f"{pair[0]}={pair[1]}"),
    st.tuples(st.sampled_from(["+", "++", "~", ""]), keys, written).map(
        lambda w: f"{w[0]}{w[1]}={w[2]}"
    ),
    texts,
)
