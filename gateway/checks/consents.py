"""Faults of `config/consents.yaml`, and of mappings that use own data as official evidence."""

from collections.abc import Iterator

from gateway.config.configuration import Configuration
from gateway.consents.grantable import KEEPING
from gateway.domain.errors import Problem
from gateway.domain.faults import near
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import DECLARED


def consent_faults(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    """Kept attributes must exist in a data service; own data never replace a paper."""
    own = {plan.name: plan for plan in catalogue.offers.get(DECLARED, ())}
    known = {name for plan in own.values() for name in plan.attributes}
    document = configuration.documents.get("consents.yaml")
    for name in sorted(set(configuration.consents.keep) - known if document is not None else ()):
        assert document is not None
        what = f"'{name}' can be kept, and no data service would give it again"
        remedy = near(name, known, "map it in mappings/sources/own_data.yaml")
        yield document.problem(("keep", name), what, remedy, "mappings/sources/own_data.yaml")
    purposes = configuration.documents.get("purposes.yaml")
    if purposes is not None and configuration.consents.keep and KEEPING not in configuration.purposes:
        what = f"'{KEEPING}' is missing: no consent can name the data that consents.yaml lets be kept"
        remedy = f"add '{KEEPING}', or leave 'keep' out of consents.yaml"
        yield purposes.problem(("purposes",), what, remedy, purposes.name)
    scopes = configuration.documents.get("published_scopes.yaml")
    for index, scope in enumerate(configuration.scopes if scopes is not None else ()):
        if scope.service in own:
            assert scopes is not None
            what = f"scope '{scope.scope}': what people declared themselves replaces no paper"
            yield scopes.problem(("scopes", index, "service"), what, "remove this scope")
