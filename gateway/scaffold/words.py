"""The table of names by which providers and forms call what a request may say, and how names are compared.

Only names of the person (or thing) asked about: all other guesses come from the mappings of the house.
"""

import unicodedata
from collections.abc import Mapping

#: word of a request (`from`) -> names in Vietnamese, without accents and in English, as `squeezed` writes them
_ASKED = {
    "subject.personal_id": (
        "sodinhdanh sodinhdanhcanhan socccd cccd cancuoc socancuoc socancuoccongdan cancuoccongdan ddcn madinhdanh"
        " personalid personalno personalnumber nationalid citizenid identitynumber idnumber idno soddcn"
        " citizenno citizennumber nationalno nationalnumber"
    ),
    "subject.old_id": "socmnd cmnd sochungminh sochungminhnhandan oldid oldidnumber",
    "subject.passport": (
        "sohochieu hochieu passport passportno passportnumber reisepassnummer numeropasseport numeropasaporte"
        " numeropassaporte paspoortnummer"
    ),
    "subject.full_name": "hoten hovaten hotencongdan hotennguoi tendaydu fullname personname hovatenten citizenname",
    "subject.birth_date": (
        "ngaysinh ngaythangnamsinh ngaythangnamsinhngaythangnam birthdate dateofbirth birthday dob born ngsinh"
        " birthdatestr geburtsdatum datenaissance datedenaissance fechanacimiento fechadenacimiento datanascimento"
        " datadenascimento geboortedatum"
    ),
    "subject.tax_code": "masothue mst taxcode taxid taxnumber masodoanhnghiep enterprisecode",
    "subject.registration_no": "bienso biensoxe biendangky plate plateno licenseplate registrationno",
    "subject.sheet": "sohieutobando tobando soto sheet sheetno mapsheet",
    "subject.commune": "maxa maphuongxa communecode commune",
    "official.personal_id": "macanbo sodinhdanhcanbo officialid",
    "official.agency": "madonvi madinhdanhdv agencycode agency unitcode",
    "call_id": "mayeucau magiaodich requestid messageid transactionid callid",
    "purpose": "mucdich purpose purposecode",
    "dossier": "mahoso sohoso dossiercode dossier",
    "procedure": "mathutuc mathutuchanhchinh procedurecode",
}
#: how many there are, and which page this is: nothing about the subject
_COUNTS = frozenset(
    (
        "count total totalcount totalelements totalitems totalrecords totalpages totalresults numberofrecords"
        " numberofresults numfound recordcount resultcount odatacount page pageno pagenumber pagesize pageindex"
        " limit offset tongso tongsobanghi sobanghi soluong soluongbanghi trang sotrang"
    ).split()
)
#: `HoVaTen.Ten`; what stands deeper may be about somebody else
_MOST_NAMES = 2
_WORDS: Mapping[str, str] = {name: word for word, names in _ASKED.items() for name in names.split()}


def squeezed(name: str) -> str:
    """The name in small ASCII letters and digits: `Số định danh`, `so_dinh_danh`, `SoDinhDanh` are one."""
    apart = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return "".join(one for one in apart if one.isascii() and one.isalnum())


def asked_word(steps: tuple[str, ...]) -> str:
    """What is said at this place; blank where the names tell nothing. Two names must tell it together."""
    return _WORDS.get(squeezed("".join(steps)), "") if len(steps) <= _MOST_NAMES else ""


def is_count(name: str) -> bool:
    """Whether the name is that of a number of records, or of a page."""
    return squeezed(name) in _COUNTS


def snake(name: str) -> str:
    """`SoGPLX`, `Số GPLX` -> `so_gplx`, in ASCII; blank where no letter is left."""
    apart = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    found = ""
    for before, one in zip(" " + apart, apart, strict=False):
        if not one.isascii():
            continue
        starts = one.isupper() and before.isascii() and (before.islower() or before.isdigit())
        found += ("_" if starts else "") + (one.lower() if one.isalnum() else "_")
    return "_".join(part for part in found.split("_") if part)
