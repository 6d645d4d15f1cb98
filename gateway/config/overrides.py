"""Overrides beside the files: `--set a.b=c`, and the environment `MOTLAN_A__B=c`, in capitals.

Not pydantic-settings: a value may belong to any of many YAML files, and a fault names its file and line.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

from gateway.config.values import Settings


def from_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Dotted place, in small letters -> value, of the variables for the gateway."""
    return {
        key.removeprefix("MOTLAN_").lower().replace("__", "."): value
        for key, value in variables.items()
        if key.startswith("MOTLAN_") and "__" in key
    }


def as_written(path: list[str], data: object) -> list[str]:
    """The words of a variable, which are in capitals, in the spelling of the file (`TraCuuThongTinCongDan`)."""
    if not path or not isinstance(data, dict):
        return path
    word = path[0] if path[0] in data else next((one for one in data if one.lower() == path[0]), path[0])
    return [word, *as_written(path[1:], data.get(word))]


def unknown_word(path: list[str], model: object, data: object) -> tuple[str, list[str]] | None:
    """The first unknown word of an override, and the known words there; None: all are known."""
    if not path:
        return None
    settings = next(
        (one for one in (model, *get_args(model)) if isinstance(one, type) and issubclass(one, Settings)),
        None,
    )
    inside = data.get(path[0]) if isinstance(data, dict) else None
    if get_origin(model) is dict:
        if settings is not None and isinstance(data, dict) and path[0] not in data:
            return path[0], list(data)
        return unknown_word(path[1:], settings, inside)
    if settings is None:
        return None
    if path[0] not in settings.model_fields:
        return path[0], list(settings.model_fields)
    return unknown_word(path[1:], settings.model_fields[path[0]].annotation, inside)


def put(data: dict[str, Any], path: Iterable[str], value: str) -> None:
    """Write the value at its place, and create missing parents."""
    *parents, last = path
    for part in parents:
        if not isinstance(data.get(part), dict):
            data[part] = {}
        data = data[part]
    data[last] = value
