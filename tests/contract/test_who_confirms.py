"""Which data services say that number, name and birth date belong together: the others are only asked behind them."""

from pathlib import Path

from gateway.mapping.load import load_catalogue

ROOT = Path(__file__).parents[2]


def test_only_sources_that_hold_the_number_against_the_person_confirm_him() -> None:
    services = load_catalogue(ROOT).services
    found = {plan.source for plans in services.values() for plan in plans.values() if plan.verifies}
    assert "population" in found
    # a number that is sent as a further search key is held against nothing
    assert not {"social_insurance", "land", "tax", "paper_store", "account"} & found, found
