"""Holds configuration and mappings against one another: what one names, the other must have.

Used before the gateway starts and by `motlan check-config`; every problem names file, line and remedy.
"""

from collections.abc import Iterator

from gateway.checks.agreements import agreement_faults, scope_faults
from gateway.checks.gateway import gateway_faults
from gateway.checks.procedures import procedure_faults
from gateway.checks.production import refused_in_production
from gateway.checks.requesters import agency_faults, purpose_faults, requester_faults
from gateway.checks.sources import source_faults
from gateway.config import Configuration
from gateway.domain.errors import Problem
from gateway.mapping.load import Catalogue


def crosscheck(configuration: Configuration, catalogue: Catalogue) -> Iterator[Problem]:
    """Every contradiction between `config/` and `mappings/`."""
    yield from refused_in_production(configuration)
    yield from gateway_faults(configuration, catalogue)
    yield from source_faults(configuration, catalogue)
    yield from agreement_faults(configuration, catalogue)
    yield from scope_faults(configuration, catalogue)
    yield from requester_faults(configuration)
    yield from agency_faults(configuration)
    yield from purpose_faults(configuration)
    yield from procedure_faults(configuration, catalogue)
