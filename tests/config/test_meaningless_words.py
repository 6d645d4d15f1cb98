"""Words and numbers that can be read and mean nothing: each is told before a gateway starts with it."""

from pathlib import Path

import pytest

from tests.config.telling import Fault, all_told, together
from tests.config.test_broken_files import root

__all__ = ["root"]

GATEWAY = "config/gateway.yaml"
LAND_AUTH = "kind: oauth2\n  token_path: /token\n  client_id: sandbox\n  secret: {value: sandbox-secret-land}"
TAX_AUTH = LAND_AUTH.replace("land", "tax")
FIRST_LAND = "mappings/procedures/1.012753.yaml"
BIRTH_FORM, MARRIAGE_FORM = "schemas/forms/2.000986.schema.json", "schemas/forms/1.004873.schema.json"
FAULTS: dict[str, Fault] = {
    "digits with a gap": (GATEWAY, 'deadline_ms: "2000"', "deadline_ms: 2_000", " deadline_ms:", "a whole number"),
    "body of a gigabyte": (GATEWAY, '"262144"', '"1073741824"', "body_bytes:", "less than or equal to 16777216"),
    "depth without end": (GATEWAY, 'json_depth: "20"', 'json_depth: "100000"', "json_depth:", "less than or equal"),
    "patience below the deadline": (GATEWAY, '"30000"', '"9000"', "late_ms:", "below 'max_deadline_ms'"),
    "port of two": (GATEWAY, 'port: "8090"', 'port: "8080"', "sandbox:", "as 'api.port' is"),
    "cache of nowhere": (GATEWAY, "memory://", "redis:///0", "cache_url:", "names no host"),
    "cache at no socket": (GATEWAY, "memory://", "unix://None", "cache_url:", "names no socket"),
    "cache at no port": (GATEWAY, "memory://", "redis://127.0.0.1:637900", "cache_url:", "a port that is none"),
    "header with a space": (
        "config/sources/land.yaml", LAND_AUTH, 'kind: api_key\n  header: "API Key"\n  secret: {value: x}',
        "header:", "no name of a header",
    ),
    "header of the transport": (
        "config/sources/tax.yaml", TAX_AUTH, "kind: api_key\n  header: Host\n  secret: {value: x}",
        "header:", "every request has already",
    ),
    "other code of another": (FIRST_LAND, '"1.013978"', '"1.004873"', "aliases:", "that of the procedure 1.004873"),
    "two that sign in": (
        "mappings/procedures/1.000894.yaml", "female: {kind: person,", "female: {kind: person, signs_in: true,",
        "subjects:", "both sign in",
    ),
    "status nobody reads": (
        "mappings/sources/land.yaml", "    answer:\n", '    answer:\n      statuses: {"1": found}\n',
        "statuses:", "without 'status'",
    ),
    "misspelt word of a schema": (
        MARRIAGE_FORM, '"minLength"', '"minLenght"', '"minLenght"', "did you mean 'minLength'",
    ),
    "portal key of two fields": (
        BIRTH_FORM, '"x-portal-key": "citizenNDK_HoVaTen"', '"x-portal-key": "citizenNoisinhnks"', "",
        "'x-portal-key: citizenNoisinhnks' is at",
    ),
    "place of two fields": (BIRTH_FORM, '"x-order": 2,', '"x-order": 1,', "", "'x-order: 1' is at"),
}  # fmt: skip
RUNS = together(FAULTS)


@pytest.mark.parametrize("names", RUNS)
def test_word_that_can_be_read_and_means_nothing_is_told_once_at_its_line(root: Path, names: str) -> None:
    all_told(root, RUNS[names])
