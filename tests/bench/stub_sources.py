"""Is in for the providers while something else is measured: fixed answers after a fixed delay.

A bare protocol on one core, so that it never is the bottleneck. It repeats the id, name and birth date it is
asked about, because a gateway worth measuring refuses an answer about somebody else; the gender is the one in the id
(databases.md 9), and the last six digits are in every answer, so that the bench sees a mix-up.

    python -m tests.bench.stub_sources --port 8099 --delay 0.005 [--answers FILE]

FILE is a JSON object from path ending to body, for jobs that need other answers.
"""

import argparse
import asyncio
import json
import re
from pathlib import Path
from typing import cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ASKED_ID = re.compile(rb"(?:[sS]oDinhDanh|maSoBhxh)[>\": ]+(\d{12})")
_ASKED_NAME = re.compile(rb"HoVaTen>([^<]+)<")
_ASKED_BIRTH = re.compile(rb"NgayThangNam>(\d{8})<")

_ADDRESS = (
    "<ns1:{0}><ns1:MaTinhThanh>33</ns1:MaTinhThanh><ns1:MaPhuongXa>11953</ns1:MaPhuongXa>"
    "<ns1:ChiTiet>SỐ 1 PHỐ MẪU</ns1:ChiTiet><ns1:QuocGia>VN</ns1:QuocGia></ns1:{0}>"
)
_RELATIVE = (
    "<ns1:{0}><ns1:HoVaTen>{1}</ns1:HoVaTen><ns1:QuocTich/>"
    "<ns1:SoDinhDanh>{2}</ns1:SoDinhDanh><ns1:SoCMND/></ns1:{0}>"
)
_CITIZEN = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<ns1:CongdanCollection xmlns:ns1="http://www.mic.gov.vn/dancu/1.0"><ns1:CongDan>'
    "<ns1:SoDinhDanh>@id@</ns1:SoDinhDanh><ns1:SoCMND>145678901</ns1:SoCMND>"
    "<ns1:HoVaTen><ns1:Ho/><ns1:ChuDem/><ns1:Ten>@name@</ns1:Ten></ns1:HoVaTen>"
    "<ns1:GioiTinh>@gender@</ns1:GioiTinh><ns1:DanToc>01</ns1:DanToc><ns1:TonGiao>01</ns1:TonGiao>"
    "<ns1:TinhTrangHonNhan>2</ns1:TinhTrangHonNhan><ns1:NhomMau>01</ns1:NhomMau>"
    "<ns1:NgayThangNamSinh><ns1:Nam>@year@</ns1:Nam><ns1:NgayThangNam>@birth@</ns1:NgayThangNam>"
    "</ns1:NgayThangNamSinh>"
    + "".join(_ADDRESS.format(name) for name in ("NoiDangKyKhaiSinh", "QueQuan", "ThuongTru", "NoiOHienTai"))
    + "<ns1:QuocTich/>"
    + _RELATIVE.format("Cha", "TRẦN VĂN MẪU", "033060731846")
    + _RELATIVE.format("Me", "NGUYỄN THỊ THỬ", "033162905713")
    + _RELATIVE.format("VoChong", "PHẠM VĂN THỬ", "033085648207")
    + "<ns1:ChuHo><ns1:QuanHe>CH01</ns1:QuanHe><ns1:SoDinhDanh>@id@</ns1:SoDinhDanh><ns1:SoCMND/>"
    "<ns1:HoVaTen>@name@</ns1:HoVaTen></ns1:ChuHo><ns1:SoSoHoKhau>330112233</ns1:SoSoHoKhau>"
    "</ns1:CongDan></ns1:CongdanCollection></soapenv:Body></soapenv:Envelope>"
)
_CIVIL = {
    "soDinhDanh": "@id@",
    "khaiSinh": {
        "so": "@number@",
        "quyenSo": "01/1990",
        "ngayDangKy": "03/1990",
        "noiDangKy": "UBND phường Mẫu",
    },
    "ketHon": [
        {
            "so": "12",
            "quyenSo": "01/2015",
            "ngayDangKy": "12/05/2015",
            "voChong": {"hoTen": "PHẠM VĂN THỬ", "soDinhDanh": "033085648207"},
        }
    ],
    "khaiTu": None,
    "tinhTrang": "2",
}
_INSURANCE = {
    "maSoBhxh": "3312@number@",
    "hoTen": "TRẦN THỊ MẪU",
    "soSoCu": "",
    "ngaySinh": "19900215",
    "loaiNgaySinh": "0",
    "gioiTinh": "2",
    "maTinhKs": "33",
    "maXaKs": "11953",
    "trangThai": "1",
}
_TOKEN = {"access_token": "stub", "token_type": "Bearer", "expires_in": 3600}
ANSWERS = {
    "/population": _CITIZEN,
    "/trichLuc": json.dumps(_CIVIL, ensure_ascii=False),
    "/getTraCuuTtHgdByMaSoBhxh": json.dumps(_INSURANCE, ensure_ascii=False),
    "/token": json.dumps(_TOKEN),
}


class Stub(asyncio.Protocol):
    """One kept-alive connection; requests come one after another."""

    def __init__(self, answers: dict[bytes, bytes], delay: float) -> None:
        """`answers`: path ending to body with the places that `_answer` fills."""
        self.answers = answers
        self.delay = delay
        self.loop = asyncio.get_running_loop()
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        length = int(found[1]) if (found := _LENGTH.search(head)) else 0
        if end and len(rest) >= length:
            self.buffer = rest[length:]
            self.loop.call_later(self.delay, self._write, self._answer(head, rest[:length]))

    def _write(self, answer: bytes) -> None:
        if self.transport and not self.transport.is_closing():
            self.transport.write(answer)

    def _answer(self, head: bytes, body: bytes) -> bytes:
        path = head.split(b" ", 2)[1].split(b"?")[0].rstrip(b"/")
        found = next((answer for ending, answer in self.answers.items() if path.endswith(ending)), None)
        if found is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        asked = _first(_ASKED_ID, body, b"033190274816")
        text = found.replace(b"@id@", asked).replace(b"@number@", asked[6:])
        if found[:1] == b"<":
            birth = _first(_ASKED_BIRTH, body, b"19900215")
            text = text.replace(b"@name@", _first(_ASKED_NAME, body, "TRẦN THỊ MẪU".encode()))
            text = text.replace(b"@birth@", birth).replace(b"@year@", birth[:4])
            text = text.replace(b"@gender@", b"2" if asked[3] % 2 else b"1")
        kind = b"text/xml" if found[:1] == b"<" else b"application/json"
        return b"HTTP/1.1 200 OK\r\nContent-Type: %b; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b" % (
            kind,
            len(text),
            text,
        )


def _first(pattern: re.Pattern[bytes], body: bytes, default: bytes) -> bytes:
    found = pattern.search(body)
    return found[1] if found else default


async def serve(port: int, delay: float, answers: dict[str, str]) -> None:
    """Serve until cancelled."""
    bodies = {ending.encode(): body.encode() for ending, body in answers.items()}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Stub(bodies, delay), "127.0.0.1", port, backlog=1024)
    print(json.dumps({"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    await server.serve_forever()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Fixed answers after a fixed delay.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.005, help="seconds")
    parser.add_argument("--answers", type=Path, help="JSON object: path ending to body")
    given = parser.parse_args()
    extra = json.loads(given.answers.read_text("utf-8")) if given.answers else {}
    uvloop.run(serve(given.port, given.delay, {**extra, **ANSWERS}))


if __name__ == "__main__":
    main()
