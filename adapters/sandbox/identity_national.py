"""The national portal's identity provider in the dialect of WSO2 (national-portal B.2, B.3).

Paths and claims are as seen; `introspect`, `revoke`, `logout` are WSO2's defaults (memory). What the claims
of addresses look like inside was not seen: one line of text here (sandbox).
"""

from typing import Any

from adapters.sandbox.accounts import AccountHolder
from adapters.sandbox.identity_dialect import Dialect
from adapters.sandbox.identity_tokens import Claims
from adapters.sandbox.people import Address, Person, Register
from gateway.config.gateway import Label

_GENDER = {"male": 1, "female": 2}
_MARITAL = {"never_married": 1, "married": 2, "divorced": 3, "widowed": 3}


def dialect() -> Dialect:
    """The dialect; the issuer of WSO2 is its token endpoint, and its discovery document stands below that."""
    return Dialect(
        name="national",
        title=Label(vi="Cổng Dịch vụ công Quốc gia", en="National public-service portal"),
        issuer="/oauth2/token",
        authorize="/oauth2/authorize",
        page="/authenticationendpoint/login.do",
        choose="/commonauth",
        token="/oauth2/token",
        userinfo="/oauth2/userinfo",
        jwks="/oauth2/jwks",
        introspect="/oauth2/introspect",
        revoke="/oauth2/revoke",
        logout="/oidc/logout",
        claims=claims,
        number="SoDinhDanh",
        levels=("loAs", "IAL"),
    )


def claims(holder: AccountHolder, register: Register) -> Claims:
    """Claims of an account in its shape (B.3); the portal leaves blank what it does not know."""
    account, person = holder.account, holder.person
    kind: str | int = int(account.kind) if account.kind_as == "number" else account.kind
    level = {"loAs": f"LoA{account.level}"}
    found: Claims = {"LoaiTaiKhoan": kind, "TechID": account.tech_id, **level}
    if person is not None:
        found |= {"HoVaTen": account.full_name or person.full_name, "SoDinhDanh": person.personal_id}
        if account.birth_as != "none":
            found["NgayThangNamSinh"] = birth(person.birth_date, as_object=account.birth_as == "object")
    if account.shape == "thin":
        found |= {"IAL": account.level, "userProfileUri": "", "logoutUri": ""}
    else:
        found |= _of_portal(person, register) if person is not None else {}
        found |= {"SoDienThoai": "", "SoDienThoaiBan": "", "ThuDienTu": ""}
    if account.kind != "1":
        found |= {"MaSoThue": account.tax_code, "TenDoanhNghiep": holder.organisation}
        found |= {"MaSoDoanhNghiep": account.tax_code, "NguoiDaiDien": person.full_name if person else ""}
    return {name: value for name, value in found.items() if name != "TechID" or value}


def birth(date: str, *, as_object: bool) -> str | dict[str, str]:
    """`yyyyMMdd`, or an object; a date without its day is an object always."""
    compact = date.replace("-", "")
    if len(compact) == 8 and not as_object:
        return compact
    return {"Nam": compact[:4], "NgayThangNam": compact if len(compact) == 8 else ""}


def _of_portal(person: Person, register: Register) -> Claims:
    """What the portal holds of a person beside name, number and birth date."""
    relatives = {"Cha": person.father, "Me": person.mother, "VoChong": person.spouse, "ChuHo": person.head}
    names = {claim: register.by_key[key].full_name if key else "" for claim, key in relatives.items()}
    places: dict[str, Any] = {
        "NoiDangKyKhaiSinh": person.birth_registration, "QueQuan": person.origin, "ThuongTru": person.permanent,
        "NoiOHienNay": person.current, "DiaChi": person.permanent,
    }  # fmt: skip
    return {
        "SoCMND": person.old_id, "HoChieu": person.passport, "MaSoThue": "", "MaSoDoanhNghiep": "",
        "TenDoanhNghiep": "", "MaBHXH": person.insurance.number if person.insurance else "",
        "GioiTinh": _GENDER.get(person.gender, 0), "DanToc": person.ethnicity, "TonGiao": person.religion,
        "TinhTrangHonNhan": _MARITAL.get(person.marital, 0), "NhomMau": person.blood_group,
        "QuocTich": person.nationality or "VN", "NguoiDaiDien": "", "TrangThai": "1",
        **{claim: _line(place, register) for claim, place in places.items()}, **names,
    }  # fmt: skip


def _line(place: Address | None, register: Register) -> str:
    return register.address_text(place.commune, place.detail) if place is not None else ""
