"""Lists that may lack codes by design (no `total_over`): none is dropped or changed by mistake."""

import hashlib
import json
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RENEW = "codes changed: compare the list with its source, then write this line in tests/mapping/test_whole_lists.py"
#: list -> number of codes (or units), and the start of the SHA-256 of all that is written of them
KNOWN: dict[str, tuple[int, str]] = {
    "area_units": (12, "84546be40d5f"),
    "form_ethnicity": (55, "4b3b3d72e9b6"),
    "form_gender_civil": (3, "308abd93caed"),
    "form_gender_vi": (3, "0b33e97523af"),
    "form_life_status": (3, "93931d20317d"),
    "form_marital": (5, "958849d8343c"),
    "form_pension": (2, "0946c4fe42f5"),
    "form_relation": (14, "c8fba0e40242"),
    "form_relation_of_child": (14, "3aa8f021ccfc"),
    "hung_yen_former_communes": (381, "a469f46ded32"),
    "hung_yen_units": (104, "443073348367"),
    "land_use": (14, "142dfe2dc3bc"),
    "length_units": (6, "2608c0d7bbdc"),
    "mass_units": (8, "1f732a7ef758"),
    "nationality_label": (249, "0d94fb11ed60"),
}  # fmt: skip


def test_no_code_is_lost_from_a_list_that_does_not_say_which_it_has() -> None:
    found = {}
    for path in sorted((ROOT / "mappings/codes").glob("*.yaml")):
        one = yaml.safe_load(path.read_text("utf-8"))
        if "total_over" not in one:
            codes = one["codes"] if "codes" in one else one["units"]
            digest = hashlib.sha256(json.dumps(codes, sort_keys=True).encode()).hexdigest()
            found[path.stem] = (len(codes), digest[:12])
    changed = [f'"{name}": ({one[0]}, "{one[1]}"),' for name, one in found.items() if KNOWN.get(name) != one]
    assert not changed, "\n".join([RENEW, *changed])
    assert found.keys() == KNOWN.keys(), f"these lists are gone: {KNOWN.keys() - found.keys()}"
