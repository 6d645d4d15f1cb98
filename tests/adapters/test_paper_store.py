"""The source of papers: its settings are checked at start, each fault with a remedy."""

import random
from pathlib import Path
from typing import Any

import pytest

from adapters.sources.paper_store import PaperStore, open_source
from adapters.transport.tools import Tools
from gateway.app import SystemClock
from gateway.config.configuration import load
from gateway.domain.errors import ConfigError
from gateway.mapping.load import load_catalogue
from gateway.ports.papers import PaperFiles

ROOT = Path(__file__).parents[2]
SETTINGS = load(ROOT / "config").sources["paper_store"]
PLANS = load_catalogue(ROOT).services["paper_store"]


def opened(**options: Any) -> PaperStore:
    settings = SETTINGS.model_copy(update={"options": {**SETTINGS.options, **options}})
    return open_source(settings, PLANS, Tools(root=ROOT, rng=random.Random(7), clock=SystemClock()))


async def test_source_of_the_configuration_hands_out_files() -> None:
    source = opened()
    assert isinstance(source, PaperFiles)
    await source.close()


@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [
        ("download_path", "", "write 'download_path: /<path>'"),
        ("download_path", "http://elsewhere.example/f", "write 'download_path: /<path>'"),
        ("download_bytes", "0", "write bytes, 41943040 at most"),
        ("download_bytes", "99999999999", "write bytes, 41943040 at most"),
        ("download_byte", "1", "use allow_url_ids"),
    ],
)
def test_option_that_cannot_be_used_is_refused_with_a_remedy(option: str, value: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as refused:
        opened(**{option: value})
    assert remedy in str(refused.value)
    assert "config/sources/paper_store.yaml" in str(refused.value)
