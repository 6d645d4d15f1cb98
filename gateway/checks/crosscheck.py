"""Checks configuration and mappings against one another: a name in one must exist in the other.

Used before the gateway starts and by `motlan check-config`; every problem names file, line and remedy.
"""

from gateway.checks.access import access_faults
from gateway.checks.agreements import agreement_faults, scope_faults
from gateway.checks.applications import application_faults
from gateway.checks.consents import consent_faults
from gateway.checks.gateway import gateway_faults
from gateway.checks.identity_providers import identity_provider_faults, login_client_faults
from gateway.checks.logins import login_faults
from gateway.checks.pages import page_faults
from gateway.checks.portals import portal_faults
from gateway.checks.procedures import procedure_faults
from gateway.checks.production import refused_in_production
from gateway.checks.requesters import agency_faults, purpose_faults, requester_faults
from gateway.checks.sources import source_faults
from gateway.config.configuration import Configuration
from gateway.domain.faults import Faults
from gateway.mapping.load import Catalogue


def crosscheck(configuration: Configuration, catalogue: Catalogue, faults: Faults) -> None:
    """Every contradiction between `config/` and `mappings/` goes to `faults`."""
    faults.add(refused_in_production(configuration))
    faults.add(gateway_faults(configuration, catalogue))
    faults.add(access_faults(configuration))
    faults.add(source_faults(configuration, catalogue))
    faults.add(portal_faults(configuration, catalogue))
    agreed = list(agreement_faults(configuration, catalogue))
    faults.add(agreed)
    # the grant of such an agreement is not completely known
    faults.unread.update(problem.file for problem in agreed)
    faults.add(scope_faults(configuration, catalogue))
    faults.add(consent_faults(configuration, catalogue))
    faults.add(requester_faults(configuration))
    faults.add(login_faults(configuration))
    faults.add(identity_provider_faults(configuration, catalogue))
    faults.add(login_client_faults(configuration, catalogue))
    faults.add(page_faults(configuration))
    faults.add(application_faults(configuration))
    faults.add(agency_faults(configuration))
    faults.add(purpose_faults(configuration))
    faults.add(procedure_faults(configuration, catalogue))
