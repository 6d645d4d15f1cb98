"""The code lists of a folder, for tests that look at them alone."""

from pathlib import Path

from gateway.domain.faults import Faults
from gateway.mapping.codes import Codes, survey_codes


def load_codes(folder: Path) -> Codes:
    """Every list; ConfigError names the file and line of each fault."""
    faults = Faults()
    codes = survey_codes(folder, faults)
    faults.finish()
    return codes
