"""What only an adapter knows of a source's settings is told with file, line and remedy as well."""

from pathlib import Path

import pytest

from tests.config.telling import Fault, all_told, together
from tests.config.test_broken_files import check, replace, root

__all__ = ["root"]

SOAP = "config/sources/population.yaml"
REST = "config/sources/civil_status.yaml"
#: without options
PLAIN = "config/sources/health.yaml"
LOGIN = "config/sources/health_card.yaml"
GATEWAY = "config/gateway.yaml"
HEALTH = "mappings/sources/health.yaml"
CIVIL = "mappings/sources/civil_status.yaml"
MAPPING = "mappings/sources/population.yaml"
SECRET = "{value: sandbox-secret-population}"
LOG = "log:\n"

#: file, what is written instead of what, the words of the line at fault, what is said
HELD = "url: 'http://127.0.0.1:9/v1', key: log"
FAULTS: dict[str, Fault] = {
    "attribute of no contradiction": (
        CIVIL, "doubts: *of_marriages", "doubts: [marital_status]", "check: end_denies",
        "did you mean 'marital_state'?",
    ),
    "needs that no request gives": (
        "mappings/sources/social_insurance.yaml", "[[full_name, birth_date]]", "[[full_name, birth_date, number]]",
        "needs:", "no request gives number with the rest of [full_name, birth_date, number] of a person",
    ),
    "kind of nobody": (SOAP, "population_v1", "population_v7", "kind:", "write one of api_key"),
    "word left out": (SOAP, "  username: sandbox\n", "", "auth:", "add 'username:' under 'auth'"),
    "word of another kind": (
        REST, "  kind: oauth2\n", "  kind: oauth2\n  scpoe: x\n", "scpoe:", "did you mean 'scope'?",
    ),
    "word of an expired session": (LOGIN, "expired_path", "expird_path", "expird_path:", "'expired_path'?"),
    "secret that is not there": (SOAP, SECRET, "{file: /nowhere}", "secret:", "file /nowhere"),
    "secret in clear": (SOAP, SECRET, "sandbox", "secret:", "write 'secret: {file: …}'"),
    "WSDL of no such name": (
        SOAP, "population.wsdl", "popolation.wsdl", "wsdl:", "no file 'schemas/sources/population/popolation.wsdl'",
    ),
    "option of no such name": (SOAP, "soap_action", "soap_acton", "soap_acton:", "did you mean 'soap_action'?"),
    "fault that means nothing": (SOAP, "QUOTA: unavailable", "QUOTA: bsuy", "faults:", "did you mean 'busy'?"),
    "reason of another outcome": (
        SOAP, "QUOTA: unavailable", "QUOTA: {outcome: unavailable, reason: no_such_person}", "faults:",
        "write one of source_busy",
    ),
    "any other code about a person": (SOAP, "QUOTA: unavailable", '"*": not_found', "faults:", "name the codes"),
    "place in a fault that is none": (
        SOAP, "options:\n", "options:\n  fault_code: detail.n:MaLoi\n", "fault_code:", "'detail.Fout.Code'",
    ),
    "status that is no error": (
        PLAIN, "services:\n", "options:\n  http:\n    204: not_found\nservices:\n", "204:", "'status' and 'statuses'",
    ),
    "status about the server that is about a person": (
        PLAIN, "services:\n", "options: {http: {503: not_found}}\nservices:\n", "options:", "write refused",
    ),
    "table of statuses where it was": (
        REST, "services:\n", "http: {404: not_found}\nservices:\n", "http: {404", "write it under 'options'",
    ),
    "code without a table": (
        PLAIN, "services:\n", "options:\n  fault_code: loi\nservices:\n", "fault_code:", "faults: {CODE: outcome}",
    ),
    "pages of an address in a POST": (
        REST, "    method: POST\n", "    method: POST\n    pages: {by: link, list_at: khaiSinh}\n", "pages:",
        "'method: GET'",
    ),
    "pages of another word": (
        REST, "    method: POST\n", "    method: POST\n    pages: {by: number, plaec: p}\n", "pages:", "'place'?",
    ),
    "pages over SOAP": (
        SOAP, "  XacThucThongTinCongDan:\n", "  XacThucThongTinCongDan:\n    pages: {by: link}\n", "pages:",
        "take it out",
    ),
    "client that proves itself otherwise": (
        REST, "  kind: oauth2\n", "  kind: oauth2\n  client_auth: private_key\n", "client_auth:", "basic, form",
    ),
    "authority that is not there": (SOAP, "options:\n", "options:\n  tls: {ca: no.pem}\n", "tls:", "are PEM"),
    "option of a REST source": (
        PLAIN, "services:\n", "options: {tsl: {}}\nservices:\n", "options:", "did you mean 'tls'?",
    ),
    "id in an address": (REST, "method: POST", "method: GET", "trichLuc:", "use 'method: POST'"),
    "adapter of no such name": (REST, "sources.rest", "sources.rets", "adapter:", "check the name"),
    "adapter that is none": (REST, "sources.rest", "transport.xml", "adapter:", "see adapters/README.md"),
    "element that the WSDL lacks": (MAPPING, "HoVaTen:", "HoVaTne:", "HoVaTne:", "named as in the WSDL"),
    "path through an element that repeats": (
        MAPPING, "found_when: CongDan\n", "found_when: CongDan.SoDinhDanh\n", "found_when: CongDan",
        "'CongDan[latest:key].SoDinhDanh', or end 'record' at it",
    ),
    "unless of no place": (MAPPING, "unless: SoDinhDanh", "unless: SoDinhDnah", "SoCMND:", "'SoDinhDanh'?"),
    "unless of a later place": (
        HEALTH, "SO: {from: subject.number}", "SO: {from: subject.number, unless: SO_CCCD_NND}",
        "SO:", "change their order",
    ),
    "root key that is not there": (GATEWAY, LOG, f"{LOG}  root_key: {{env: NO_KEY}}\n", "root_key:", "NO_KEY"),
    "root key too short": (GATEWAY, LOG, f"{LOG}  root_key: {{value: YWJj}}\n", "root_key:", "44 characters"),
    "former root key too short": (
        GATEWAY, LOG, f"{LOG}  former_root_key: {{value: YWJj}}\n", "former_root_key:", "44 characters",
    ),
    "signing key not there": (
        GATEWAY, LOG, f"{LOG}  signing_key: {{file: /nowhere}}\n", "signing_key:", "/nowhere",
    ),
    "holder of a key of no such kind": (
        GATEWAY, LOG, f"{LOG}  signing_key: {{held_by: {{adapter: adapters.keys.nobody, {HELD}}}}}\n", "signing_key:",
        "check the name",
    ),
    "holder of a key without an address": (
        GATEWAY, LOG, f"{LOG}  root_key: {{held_by: {{adapter: adapters.keys.transit, url: vault, key: log}}}}\n",
        "root_key:", "write 'url: https://",
    ),
    "token for a holder that is not there": (
        GATEWAY, LOG,
        f"{LOG}  root_key: {{held_by: {{adapter: adapters.keys.transit, {HELD}, token: {{env: NO_TOKEN}}}}}}\n",
        "root_key:", "NO_TOKEN",
    ),
    "key in two places": (
        GATEWAY, LOG, f"{LOG}  root_key: {{env: A, held_by: {{adapter: adapters.keys.transit, {HELD}}}}}\n",
        "root_key:", "one of them",
    ),
    "origin with a space": (GATEWAY, "motlan.example/", "mot lan/", "origin:", "leave out spaces"),
}  # fmt: skip


RUNS = together(FAULTS)


@pytest.mark.parametrize("names", RUNS)
def test_fault_of_a_source_is_told_at_its_line(root: Path, names: str) -> None:
    all_told(root, RUNS[names])


def test_faults_of_several_sources_are_told_in_one_run(root: Path) -> None:
    replace(root, SOAP, "  username: sandbox\n", "")
    replace(root, REST, "oauth2", "oauth3")
    replace(root, "config/agreements/portal.yaml", "legal_basis: ", 'legal_basis: "" # ')
    code, said = check(root)
    assert code == 2
    for file in (SOAP, REST, "config/agreements/portal.yaml"):
        assert f"{file}:" in said
    assert "3 to mend" in said
