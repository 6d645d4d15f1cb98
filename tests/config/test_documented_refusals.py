"""What the READMEs of `mappings` and `config` say is refused, is refused: file, line and remedy."""

from pathlib import Path

import pytest

from tests.config.telling import together, told
from tests.config.test_broken_files import root

__all__ = ["root"]

TAX = "mappings/sources/tax.yaml"
POPULATION = "mappings/sources/population.yaml"
BIRTH = "mappings/procedures/1.001193.yaml"
INSURANCE = "mappings/sources/social_insurance.yaml"
MARRIAGE = "mappings/procedures/1.000894.yaml"
MARITAL = "mappings/codes/form_marital.yaml"
LINKED = "mappings/procedures/2.000986.yaml"
STAY = "mappings/procedures/1.004194.yaml"
BUSINESS = "mappings/procedures/1.001612.yaml"
PORTAL = "config/agreements/portal.yaml"
CLIENT = "config/requesters/portal.yaml"

#: file, what stands there, what is written instead, what is said
REFUSALS = {
    "tag": ("config/sources/tax.yaml", "source: tax", "source: !!int tax", "is not allowed"),
    "status that is a success": (
        "config/sources/tax.yaml", "services:\n", "options: {http: {200: found}}\nservices:\n", "success is no fault"
    ),
    "meaning of a status": (
        "config/sources/tax.yaml", "services:\n", "options: {http: {404: gone}}\nservices:\n", "not_found"
    ),
    "status of the server": (
        "config/sources/tax.yaml", "services:\n", "options: {http: {503: not_found}}\nservices:\n",
        "nobody was looked for"
    ),
    "any other code": (
        "config/sources/tax.yaml", "services:\n", 'options: {faults: {"*": not_found}}\nservices:\n', "name the codes"
    ),
    "pages without their cursor": (
        "config/sources/tax.yaml", "    method: POST\n", "    method: POST\n    pages: {by: cursor, place: p}\n",
        "needs 'next_at'"
    ),
    "word twice": ("config/sources/tax.yaml", "source: tax\n", "source: tax\nsource: tax\n", "is written twice"),
    "name of the file": ("config/sources/tax.yaml", "source: tax\n", "source: taxx\n", "the file is called 'tax'"),
    "list not total": ("mappings/codes/account_gender.yaml", '"2"]', '"2", "77"]', "misses 77"),
    "list that lost a code": ("mappings/codes/form_ethnicity.yaml", '  "05": Khơ-me\n', "", "says that it has 55"),
    "unit of a power": ("mappings/codes/area_units.yaml", '"km2": "1000000"', '"km2": "1e6"', "no positive number"),
    "unit of another unit": ("mappings/codes/mass_units.yaml", '"tấn": "1000000"', '"tấn": "1000 kg"', "write how"),
    "unit of nothing": ("mappings/codes/length_units.yaml", '"mét": "1"', '"mét": null', "leads to nothing"),
    "unit that is no word": ("mappings/codes/area_units.yaml", '"a": "100"', '"10 a": "1000"', "begin with a letter"),
    "list not one to one": (
        "mappings/codes/provinces_2025.yaml", '"Cao Bằng"', '"Hà Nội"', "does not read both ways"
    ),
    "place of nothing": (TAX, "{from: subject.tax_code", "{value: a, from: subject.tax_code",
                         "needs either 'value' or 'from'"),
    "transform of a constant": (POPULATION, '{value: "0",', "{value: a, transform: text,", "is sent as it stands"),
    "number of another form": (POPULATION, '{value: "0",', "{value: 1.50,", "would write in another way"),
    "constant of a list": (POPULATION, '{value: "0",', "{value: [1],", "must be one text, number, true or false"),
    "transform of a source": (TAX, "path: TEN_NNT", "path: TEN_NNT, transform: titel_case", "does not exist"),
    "path": (TAX, "path: TEN_NNT", "path: 'a[b'", "is not a path"),
    "order of no attribute": (
        "mappings/sources/civil_status.yaml", '"ketHon[latest:ngayDangKy].so"', '"ketHon[latest:ngayGhi].so"',
        "no attribute says how the dates at 'ketHon[latest:ngayGhi].ngayGhi' are written",
    ),
    "order of another transform": (
        "mappings/sources/civil_status.yaml", 'ngayDangKy].ngayDangKy", transform: date_vn}',
        'ngayDangKy].ngayDangKy", transform: text}', "and a transform such as date_vn",
    ),
    "time of change that is no time": (
        TAX, "      attributes:\n", "      updated_at: {path: capNhat, transform: text}\n      attributes:\n",
        "end with one of time_compact",
    ),
    "attribute": (TAX, "        name: {path", "        naem: {path", "did you mean 'name'?"),
    "number that vouches": (INSURANCE, "vouched: {number:", "vouched: {numbr:", "did you mean 'number'?"),
    "who vouches": (INSURANCE, "health_card.insurance_number,", "health_card.insurance_numbr,",
                    "did you mean 'health_card.insurance_number'?"),
    "attribute that agrees": (BIRTH, "agree: mother:person.marital_status", "agree: mother:person.maritl_status",
                              "did you mean 'marital_status'?"),
    "include": (STAY, 'include: "1.004222"', 'include: "1.004229"', "there is no procedure 1.004229"),
    "predicate of a paper": (STAY, "when: applicant_is_minor", "when: applicant_is_minr", "does not exist"),
    "role of an example": (STAY, "      applicant: {personal_id", "      aplicant: {personal_id",
                           "did you mean 'applicant'?"),
    "code of the procedure": (STAY, 'procedure: "1.004194"', 'procedure: "1.004195"', "the file is called"),
    "word that never is": (MARRIAGE, "yes: [never_married]", "yes: [never_maried]", "did you mean 'never_married'?"),
    "end that is past": ("mappings/procedures/1.002809.yaml", "until: applicant:driving_licence.expires_on",
                         "until: applicant:driving_licence.issued_on", "is never later than today"),
    "date of nothing": ("schemas/evidence/vehicle.schema.json", '"x-dates": ["state"]', '"x-dates": ["stat"]',
                        "did you mean 'state'?"),
    "word of dates": ("schemas/evidence/vehicle.schema.json", '"x-dates"', '"x-date"', "did you mean 'x-dates'?"),
    "order of no dates": ("schemas/evidence/death_notice.schema.json", '"x-not-before": "death_date"',
                          '"x-not-before": "death_place"', "which is no date"),
    "date that is none": ("schemas/evidence/vehicle.schema.json", '"pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"',
                          '"minLength": 1', "stands at what is no date"),
    "text for true": ("schemas/evidence/health_card.schema.json", '"x-ahead": true', '"x-ahead": "true"', "write true"),
    "field of many": (STAY, "from: input, editable", "from: members:person.full_name, editable", "takes many"),
    "keep of one": (STAY, "from: input, editable", "from: applicant:household.members, keep: owner, editable",
                    "is no role that takes many"),
    "keep of no list": (STAY, "from: input, editable", "from: applicant:person.full_name, keep: members, editable",
                        "no list of people"),
    "left out of no list": (STAY, "from: input, editable",
                            "from: applicant:person.full_name, leave_out: applicant, editable", "no list of people"),
    "one of nothing": (MARITAL, "one_of: {divorced_or_widowed: [", "one_of: {married: [", "no code that leads to null"),
    "English of nothing": ("mappings/codes/form_life_status.yaml", "Đang sống: Alive", "Đang sông: Alive",
                           "did you mean 'Đang sống'?"),
    "described and not identified": (LINKED, "describes: head, editable: true, mark: sandbox}\n\n",
                                     "describes: hed, editable: true, mark: sandbox}\n\n",
                                     "no field identifies 'hed'"),
    "no person left out": (STAY, "from: input, editable",
                           "from: applicant:household.members, leave_out: parcel, editable", "no role of a person"),
    "proposal of what agrees": (STAY, "from: input, editable",
                                "from: account.phone, else: applicant:own_data.phone, agree: true, propose",
                                "take out one"),
    "proposal in two ways": (STAY, "from: input, editable", "from: input, propose_unless: owner, propose",
                             "exclude one another"),
    "proposal unless nobody": (STAY, "from: input, editable: true", "from: input, propose_unless: ownr",
                               "did you mean 'owner'?"),
    "proposal of no other reference": (STAY, "from: input, editable", "from: input, propose_else: true, editable",
                                       "needs a second reference"),
    "many that sign in": (BUSINESS, "kind: person, signs_in: true,", "kind: person, signs_in: true, many: true,",
                          "takes many neither signs in"),
    "several of one": (BUSINESS, "      members#2: {personal_id", "      owner#2: {personal_id", "takes one"),
    "day that is none": (PORTAL, 'valid_until: "2027-12-31"', 'valid_until: "2027-02-31"', "is not a date"),
    "procedure that is not": (PORTAL, "procedures: ", 'procedures: ["1.000000"] # ', "there is no procedure"),
    "agency that is not": (CLIENT, "agency: ", "agency: nobody # ", "there is no agency"),
    "agreement that is not": (CLIENT, "agreements: ", "agreements: [nothing] # ", "there is no agreement"),
}  # fmt: skip


RUNS = together({name: (file, old, new, "", says) for name, (file, old, new, says) in REFUSALS.items()})


@pytest.mark.parametrize("names", RUNS)
def test_what_the_readme_says_is_refused(root: Path, names: str) -> None:
    told(root, RUNS[names])
