"""The coverage map says of each field what `/v1/explain` says of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.config.configuration import Configuration, load
from gateway.mapping.load import load_catalogue
from gateway.prefill.coverage import Coverage, FieldCoverage, FieldRow, Why
from tests.flows.conftest import House, on_session

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
CATALOGUE = load_catalogue(ROOT)


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return load(ROOT / "config")


def fields(configuration: Configuration, procedure: str, requester: str = "portal") -> dict[str, FieldRow]:
    rows = Coverage(configuration, CATALOGUE).of(requester, NOW)
    return {one.field: one for row in rows if row.procedure == procedure for one in row.fields}


def agreeing(configuration: Configuration, name: str, **changes: Any) -> Configuration:
    changed = configuration.agreements[name].model_copy(update=changes)
    return configuration.model_copy(update={"agreements": {**configuration.agreements, name: changed}})


def test_field_that_an_agreement_grants_is_prefilled_from_its_source(configuration: Configuration) -> None:
    rows = fields(configuration, "1.004873").values()
    filled = [row for row in rows if row.state is FieldCoverage.PREFILLED]
    assert filled
    assert all(row.sources for row in filled)
    assert any("population" in row.sources for row in filled)


def test_agreement_by_consent_fills_with_consent(configuration: Configuration) -> None:
    asking = agreeing(configuration, "portal", consent="required")
    before, after = fields(configuration, "1.004873"), fields(asking, "1.004873")
    own = {
        name
        for name, row in before.items()
        if row.state is FieldCoverage.PREFILLED and row.sources != ("account",)
    }
    changed = {name for name in own if after[name].state is FieldCoverage.WITH_CONSENT}
    assert changed
    assert not [
        row for row in after.values() if row.state is FieldCoverage.PREFILLED and "population" in row.sources
    ]


def test_attribute_that_is_not_agreed_is_never_filled_and_says_the_remedy(
    configuration: Configuration,
) -> None:
    services = dict(configuration.agreements["portal"].services)
    left = {name: one for name, one in services.items() if not name.startswith("population.")}
    rows = fields(agreeing(configuration, "portal", services=left), "1.004873")
    withheld = [row for row in rows.values() if row.why is Why.NOT_AGREED]
    assert withheld
    assert all("config/agreements" in (row.remedy or "") for row in withheld)
    assert all(row.rule.startswith("not_agreed:") for row in withheld)


def test_field_whose_source_is_off_says_that_no_source_gives_it(configuration: Configuration) -> None:
    sources = {
        name: one.model_copy(
            update={
                "services": {key: s.model_copy(update={"enabled": False}) for key, s in one.services.items()}
            }
        )
        for name, one in configuration.sources.items()
    }
    rows = fields(configuration.model_copy(update={"sources": sources}), "1.004873").values()
    assert {row.why for row in rows if row.state is FieldCoverage.NEVER} == {Why.NO_DATA, Why.NO_SOURCE}
    assert not [row for row in rows if row.state is not FieldCoverage.NEVER]


def test_procedure_without_an_agreement_is_never_filled(configuration: Configuration) -> None:
    rows = fields(configuration, "1.000656", "provincial_system").values()
    assert {row.state for row in rows} == {FieldCoverage.NEVER}
    assert Why.NO_AGREEMENT in {row.why for row in rows}


@on_session
@pytest.mark.parametrize("procedure", ["1.004873", "1.001612"])
async def test_map_agrees_with_explain(patient: House, configuration: Configuration, procedure: str) -> None:
    one = {**patient.subject("facts_example")}
    roles = CATALOGUE.procedures[procedure].roles
    subjects: dict[str, Any] = {
        name: one if number == 0 else {"same_as": next(iter(roles))}
        for number, (name, role) in enumerate(roles.items())
        if role.found_in is None and "person" in role.kind
    }
    status, said = await patient.post("/v1/explain", {"procedure": procedure, "subjects": subjects})
    assert status == 200, said
    rows = fields(configuration, procedure)
    assert said["fields"].keys() == rows.keys()
    for name, entry in said["fields"].items():
        if entry["state"] == "asked":
            assert rows[name].state is not FieldCoverage.NEVER, name
        if entry["state"] == "citizen":
            assert rows[name].why is Why.NO_DATA, name
