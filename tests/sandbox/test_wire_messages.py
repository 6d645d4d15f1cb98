"""The mappings of `mappings/portals` against the simulated portal: each was written from the facts, apart."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sandbox.bus_rules import BusRefusal, check_dossier, check_progress, check_status_notice
from gateway.domain.dossier import DossierStatus
from gateway.mapping.load import load_catalogue
from gateway.mapping.messages import PortalPlans

ROOT = Path(__file__).parents[2]
PLANS = load_catalogue(ROOT).portals
BUS: PortalPlans = PLANS["national_bus"]
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(  # noqa: DTZ001 -- hypothesis wants naive
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0).isoformat()
)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)
#: 11 has no word here, and nobody knows what else a portal would say
STATUSES = st.sampled_from([one.value for one in DossierStatus if one is not DossierStatus.UNKNOWN])
PAPERS = st.fixed_dictionaries({
    "component": st.just("000.00.00.G15-GT900001"), "file_name": TEXT, "url": st.just("https://gw.example.vn/files/1"),
    "digitised": st.booleans(), "reuse": st.sampled_from(["none", "reused", "replaced"]), "from_store": st.booleans(),
})  # fmt: skip
DOSSIERS = st.fixed_dictionaries({
    "code": st.just("H31.14-260105-0008"), "procedure": st.just("1.001193"), "procedure_title": st.just("Khai sinh"),
    "field_code": st.just("G15-HT01"), "field_title": st.just("Hộ tịch"), "unit": st.just("UBND phường Mẫu"),
    "abstract": TEXT.map(lambda text: f"a{text}") | st.just("a" * 5000), "note": TEXT | st.just("b" * 5000),
    "channel": st.sampled_from(["direct", "online", "postal"]), "status": STATUSES, "received_at": MOMENTS,
    "filed_at": MOMENTS, "due_at": MOMENTS, "papers": st.lists(PAPERS, max_size=3),
    "applicant": st.fixed_dictionaries({
        "kind": st.sampled_from(["citizen", "business"]), "name": TEXT, "account": st.just("7d0c2a00-demo-techid"),
        "ids": st.sampled_from([(), ("personal_id", "033190001234"), ("old_id", "033190001")]).map(
            lambda one: [{"kind": one[0], "number": one[1]}] if one else []
        ),
    }),
})  # fmt: skip


def whole(name: str, canonical: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical message as the relay has it."""
    return BUS[name].model.model_validate(canonical).model_dump(mode="json", exclude_defaults=True)


@settings(deadline=None)
@given(DOSSIERS)
def test_portal_takes_every_dossier_that_the_mapping_writes(canonical: dict[str, Any]) -> None:
    check_dossier(BUS["dossier"].write(whole("dossier", canonical)), "data[0]", since_2022=True)


@settings(deadline=None)
@given(st.fixed_dictionaries({
    "dossier": st.just("H31.14-260105-0008"), "official": TEXT.map(lambda text: f"a{text}"), "at": MOMENTS,
    "content": TEXT.map(lambda text: f"a{text}"), "status": STATUSES,
}))  # fmt: skip
def test_portal_takes_every_step_that_the_mapping_writes(canonical: dict[str, Any]) -> None:
    check_progress(BUS["progress"].write(whole("progress", canonical)), "data[0]")


def check(name: str, wire: Mapping[str, Any]) -> None:
    if name == "dossier":
        check_dossier(wire, "data[0]", since_2022=True)
    elif name == "progress":
        check_progress(wire, "data[0]")
    else:
        check_status_notice(wire, "2")


@pytest.mark.parametrize("name", ["dossier", "progress", "status"])
def test_portal_takes_the_examples_of_the_mapping_but_no_status_of_its_own(name: str) -> None:
    # the simulated portal has no code for an online signed copy
    for example in (one for one in BUS[name].mapping.examples if one.profile != "online_copy_2"):
        if "status_text" not in example.canonical:
            check(name, example.wire)
            continue
        with pytest.raises(BusRefusal, match="TrangThai"):
            check(name, example.wire)
