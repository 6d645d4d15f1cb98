"""Every requester of `config/requesters` proves itself at the door, and each of its agreements opens what it says."""

import aiohttp
import pytest

from gateway.config.configuration import load
from gateway.mapping.load import load_catalogue
from tests.flows.conftest import ROOT, House, on_session
from tests.flows.conftest import patient as patient  # noqa: PLC0414 -- a fixture
from tests.flows.conftest import shared_house as shared_house  # noqa: PLC0414 -- a fixture

CONFIGURATION = load(ROOT / "config")
CATALOGUE = load_catalogue(ROOT)
ASKING = [
    (name, agreement)
    for name, one in CONFIGURATION.requesters.items()
    for agreement in one.agreements
    if "prefill" in one.scopes
]


async def asked_token(house: House, name: str, secret: str) -> tuple[int, dict[str, str]]:
    client = CONFIGURATION.requesters[name].client_id
    headers = {"Authorization": aiohttp.encode_basic_auth(client, secret)}
    form = {"grant_type": "client_credentials"}
    async with house.session.post(f"{house.url}/oauth2/token", data=form, headers=headers) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize("name", CONFIGURATION.requesters)
@on_session
async def test_requester_proves_itself_by_its_secret_and_by_nothing_else(patient: House, name: str) -> None:
    settings = CONFIGURATION.requesters[name]
    assert settings.client_secret is not None
    status, answer = await asked_token(patient, name, settings.client_secret.reveal())
    assert status == 200
    assert set(answer["scope"].split()) == set(settings.scopes)
    for wrong in ("", " ", settings.client_secret.reveal() + "x"):
        assert (await asked_token(patient, name, wrong))[0] == 401


@pytest.mark.parametrize(("name", "agreement"), ASKING)
@on_session
async def test_agreement_opens_the_procedures_that_it_names(
    patient: House, name: str, agreement: str
) -> None:
    """Nobody is named in the request: whoever may ask is told so (422), whoever may not is refused (403)."""
    terms = CONFIGURATION.agreements[agreement]
    opened = [
        code
        for code, one in CATALOGUE.procedures.items()
        if (code in terms.procedures or "*" in terms.procedures)
        and (one.purpose in terms.purposes or "*" in terms.purposes)
    ]
    assert opened, "the agreement opens nothing"
    for code in opened:
        status, problem = await patient.post("/v1/prefill", {"procedure": code, "subjects": {}}, client=name)
        assert status == 422, problem
