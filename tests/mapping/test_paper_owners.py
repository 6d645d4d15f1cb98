"""Whose paper a row of the paper store is, where the person has a number of another country."""

import pytest

from gateway.domain.parties import Identifier, Subject, SubjectKind
from gateway.mapping.paper_owners import names_another_owner

NUMBER = "537534982"


@pytest.mark.parametrize("row", [{"SoDinhDanhChuSoHuu": NUMBER}, {"MaChuGiayTo": NUMBER}])
def test_paper_of_an_old_number_is_not_that_of_a_foreigner_with_the_same_digits(row: dict[str, str]) -> None:
    foreigner = Subject(kind=SubjectKind.PERSON, identifier=Identifier("nl_bsn", NUMBER))
    assert names_another_owner([row], foreigner)
    assert not names_another_owner([row], Subject(kind=SubjectKind.PERSON, old_id=NUMBER))
    assert not names_another_owner([{"MaGiayTo": "1"}], foreigner)
