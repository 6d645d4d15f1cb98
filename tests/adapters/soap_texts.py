"""SOAP of the population database, as text: a person of its own, envelopes, answers and faults."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from gateway.mapping.load import load_catalogue
from gateway.mapping.source import ServicePlan

ROOT = Path(__file__).parents[2]
WSDL = ROOT / "schemas/sources/population/population.wsdl"
S11 = "http://schemas.xmlsoap.org/soap/envelope/"
ANSWER = "http://www.mic.gov.vn/dancu/1.0"
LOOK_UP = "TraCuuThongTinCongDan"
CANARY = "033917264058"
PERSON = (
    f"<CongDan><SoDinhDanh>{CANARY}</SoDinhDanh><SoCMND/><HoVaTen><Ho/><ChuDem/><Ten>TRẦN THỊ MẪU</Ten></HoVaTen>"
    "<GioiTinh>2</GioiTinh><NgayThangNamSinh><Nam>1990</Nam></NgayThangNamSinh></CongDan>"
)


@lru_cache(maxsize=1)
def plans() -> Mapping[str, ServicePlan]:
    return load_catalogue(ROOT).services["population"]


def envelope(inner: str, space: str = S11) -> bytes:
    return f'<s:Envelope xmlns:s="{space}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def collection(inner: str) -> str:
    return f'<CongdanCollection xmlns="{ANSWER}">{inner}</CongdanCollection>'


def fault(code: str, text: str = "Không được phép", prefix: str = "s") -> str:
    return (
        f"<{prefix}:Fault><faultcode>{prefix}:Client</faultcode><faultstring>{text}</faultstring>"
        f"<detail><MaLoi>{code}</MaLoi><MoTa>{text}</MoTa></detail></{prefix}:Fault>"
    )
