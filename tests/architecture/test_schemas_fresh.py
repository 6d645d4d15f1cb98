"""Generated files are checked fresh, not trusted."""

from pathlib import Path

import pytest

from tests.architecture.export_schemas import exported


@pytest.mark.parametrize(("path", "text"), [pytest.param(p, t, id=p.name) for p, t in exported()])
def test_exported_schema_is_what_the_code_says(path: Path, text: str) -> None:
    assert path.exists(), "run make schemas"
    assert path.read_text("utf-8") == text, "run make schemas"
