"""XML of the population database (databases.md 1.3, 1.4): reading requests, writing answers.

Promises: requests are parsed without DTD, entities or network; answers escape every value.
"""

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from lxml import etree

from adapters.sandbox.people import Address, Person, Register
from adapters.sandbox.wire import XML, BadCall, Reply, compact

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ASK = "http://dancuquocgia.bca"
ANSWER = "http://www.mic.gov.vn/dancu/1.0"

Tree = Mapping[str, "str | Tree | list[Tree] | None"]


def operation_element(body: bytes) -> etree._Element:
    """The one child of the SOAP body; BadCall for anything else, any DTD included."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadCall("body is not XML") from error
    if b"<!DOCTYPE" in body or root.getroottree().docinfo.internalDTD is not None:
        raise BadCall("a document type is not allowed")
    found = root.find(f"{{{SOAP}}}Body")
    children = [] if found is None else [child for child in found if isinstance(child.tag, str)]
    if root.tag != f"{{{SOAP}}}Envelope" or len(children) != 1:
        raise BadCall("one body child is expected")
    return children[0]


def operation_name(body: bytes) -> str:
    """The operation asked for, `unreadable` when there is none; for counting."""
    try:
        return local(operation_element(body))
    except BadCall:
        return "unreadable"


def local(element: etree._Element) -> str:
    """The name without its namespace."""
    return etree.QName(element).localname


def text(element: etree._Element, *path: str) -> str:
    """Stripped text at a path of local names in the request namespace or none; empty if absent."""
    here: etree._Element | None = element
    for name in path:
        here = next((c for c in here if isinstance(c.tag, str) and local(c) == name), None)  # type: ignore[union-attr]
        if here is None:
            return ""
    return (here.text or "").strip() if here is not None else ""


def envelope(inner: str, status: int = 200) -> Reply:
    """A SOAP 1.1 answer around a body child."""
    body = f'<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>'
    return Reply(body=body.encode(), content_type=XML, status=status)


def fault(code: str, words: str, *, side: str = "Client", status: int = 500) -> Reply:
    """A SOAP fault with detail `{MaLoi, MoTa}` (sandbox form)."""
    return envelope(
        f"<soapenv:Fault><faultcode>soapenv:{side}</faultcode><faultstring>{escape(words)}</faultstring>"
        f"<detail><MaLoi>{code}</MaLoi><MoTa>{escape(words)}</MoTa></detail></soapenv:Fault>",
        status,
    )


def collection(trees: Iterable[Tree]) -> Reply:
    """A `CongdanCollection`; empty without a match."""
    rows = "".join(_element("CongDan", tree) for tree in trees)
    return envelope(f'<ns1:CongdanCollection xmlns:ns1="{ANSWER}">{rows}</ns1:CongdanCollection>')


def verdict(exists: bool) -> Reply:  # noqa: FBT001 - the verdict is the whole message
    """`KetQuaXacThuc/TonTai`."""
    inner = _element("TonTai", "true" if exists else "false")
    return envelope(f'<ns1:KetQuaXacThuc xmlns:ns1="{ANSWER}">{inner}</ns1:KetQuaXacThuc>')


def check(root: str, tree: Tree) -> Reply:
    """The flat answer of a checking operation (sandbox form); empty without a match."""
    inner = "".join(_element(name, value) for name, value in tree.items())
    return envelope(f'<ns1:{root} xmlns:ns1="{ANSWER}">{inner}</ns1:{root}>')


def numbers(person: Person) -> dict[str, str]:
    """Both numbers of a person, for flat answers."""
    return {"SoDinhDanh": person.personal_id, "SoCMND": person.old_id}


def citizen(person: Person, register: Register) -> Tree:
    """The whole tree of one citizen; an address or relative that is unknown is an empty element."""
    if person.blocked:
        return {"SoDinhDanh": person.personal_id, "HoVaTen": {"Ho": None, "ChuDem": None, "Ten": None}}
    tree: dict[str, str | Tree | list[Tree] | None] = dict(identity(person))
    tree |= {
        "GioiTinh": {"male": "1", "female": "2"}.get(person.gender, "0"),
        "DanToc": person.ethnicity,
        "TonGiao": person.religion,
        "TinhTrangHonNhan": marital_code(person),
        "NhomMau": person.blood_group,
        "TrangThai": life_code(person),
        "NgayThangNamSinh": birth(person),
        "NoiDangKyKhaiSinh": _address(person.birth_registration),
        "QueQuan": _address(person.origin),
        "ThuongTru": _address(person.permanent),
        "NoiOHienTai": _address(person.current),
        "QuocTich": person.nationality,
        "Cha": _relative(register.by_key.get(person.father)),
        "Me": _relative(register.by_key.get(person.mother)),
        "VoChong": _relative(register.by_key.get(person.spouse)),
        "NguoiDaiDien": _relative(register.by_key.get(person.representative)),
        "ChuHo": household_head(person, register),
        "SoSoHoKhau": person.household_book,
    }
    return tree


def identity(person: Person) -> Tree:
    """Id and name, whole name upper-case in `Ten`."""
    return {
        "SoDinhDanh": person.personal_id,
        "SoCMND": person.old_id,
        "HoVaTen": {"Ho": None, "ChuDem": None, "Ten": person.full_name.upper()},
    }


def birth(person: Person) -> Tree:
    """Year, and the full date when it is known; a month alone has no place in this form."""
    full = len(person.birth_date) == len("yyyy-mm-dd")
    return {"Nam": person.birth_date[:4]} | ({"NgayThangNam": compact(person.birth_date)} if full else {})


def marital_code(person: Person) -> str:
    """0 unknown, 1 never married, 2 married, 3 divorced or widowed."""
    return {"never_married": "1", "married": "2", "divorced": "3", "widowed": "3"}.get(person.marital, "0")


def life_code(person: Person) -> str:
    """0 unknown, 1 alive, 2 dead, 3 missing."""
    return {"alive": "1", "dead": "2", "missing": "3"}.get(person.life, "0")


def household_head(person: Person, register: Register) -> Tree | None:
    """`ChuHo`: the head and the person's relation to the head."""
    head = register.by_key.get(person.head)
    if head is None:
        return None
    return {
        "QuanHe": person.head_relation,
        "SoDinhDanh": head.personal_id,
        "SoCMND": head.old_id,
        "HoVaTen": head.full_name.upper(),
    }


def _address(address: Address | None) -> Tree | None:
    if address is None:
        return None
    district = {"MaQuanHuyen": address.district} if address.district else {}
    return {
        "MaTinhThanh": address.province,
        **district,
        "MaPhuongXa": address.commune,
        "ChiTiet": address.detail.upper(),
        "QuocGia": "VN",
    }


def _relative(person: Person | None) -> Tree | None:
    if person is None:
        return None
    return {
        "HoVaTen": person.full_name.upper(),
        "QuocTich": person.nationality,
        "SoDinhDanh": person.personal_id,
        "SoCMND": person.old_id,
    }


def _element(name: str, value: "str | Tree | list[Tree] | None") -> str:
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    if value is None or value == "":
        return f"<ns1:{name}/>"
    if isinstance(value, str):
        return f"<ns1:{name}>{escape(value)}</ns1:{name}>"
    return f"<ns1:{name}>{''.join(_element(k, v) for k, v in value.items())}</ns1:{name}>"
