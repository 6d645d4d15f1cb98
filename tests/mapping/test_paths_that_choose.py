"""`[key=value]` takes the one item that fits, however JSON writes its key, and never one of two."""

import pytest

from gateway.mapping.paths import Paths, compile_path, steps_of
from gateway.mapping.transforms import Doubtful


def read(tree: object, path: str) -> object:
    paths = Paths()
    slot = paths.add(steps_of(path))
    return paths.read(tree)[slot]


@pytest.mark.parametrize(("key", "word"), [("1", "1"), (1, "1"), (True, "true"), (False, "false")])
def test_key_is_a_text_a_number_or_a_truth(key: object, word: str) -> None:
    items = [{"k": "x", "v": "other"}, {"k": key, "v": "this"}, {"v": "none"}]
    assert read({"a": items}, f"a[k={word}].v") == "this"


def test_two_fitting_items_are_a_doubt_unless_they_are_the_same() -> None:
    items = [{"k": "1", "v": "one"}, {"k": "1", "v": "two"}]
    found = read({"a": items}, "a[k=1].v")
    assert isinstance(found, Doubtful)
    assert (found.value, found.doubt.kind) == (None, "several_records")
    assert read({"a": [items[0], items[0]]}, "a[k=1].v") == "one"
    # a fault of a provider is its first one
    assert compile_path("a[k=1].v")({"a": items}) == "one"
