"""Requests that are wrong, one by one: bodies, numbers, whole connections, and members of a prefill."""

from typing import Any

BODIES: dict[str, bytes] = {
    "empty": b"",
    "not json": b"<xml/>",
    "array": b"[]",
    "null": b"null",
    "truncated": b'{"procedure": "1.004873"',
    "two values": b"{}{}",
    "byte-order mark": b"\xef\xbb\xbf{}",
    "latin-1": b'{"procedure": "\xe9"}',
    "lone surrogate": b'{"procedure": "\\ud800"}',
    "nan": b'{"procedure": NaN}',
    "huge exponent": b'{"deadline_ms": 1e999}',
    "5000 digits": b'{"deadline_ms": ' + b"9" * 5_000 + b"}",
    "float": b'{"procedure": "1.004873", "subjects": {}, "deadline_ms": 1.5}',
    "boolean as number": b'{"procedure": "1.004873", "subjects": {}, "deadline_ms": true}',
    "deep": b'{"known": {"a": ' + b'{"a": ' * 300 + b"1" + b"}" * 300 + b"}}",
    "duplicate member": b'{"procedure": "1.004873", "procedure": "1.004873", "subjects": {}}',
    "duplicate by escape": b'{"procedure": "1.004873", "\\u0070rocedure": "1.004873", "subjects": {}}',
    "missing member": b'{"subjects": {}}',
    "wrong type": b'{"procedure": 7, "subjects": {}}',
    "subject is text": b'{"procedure": "1.004873", "subjects": {"requester": "033174209186"}}',
}
IDENTIFIERS: dict[str, str] = {
    "short": "03317420918",
    "full width": "０３３１７４２０９１８６",
    "line end": "033174209186\n",
    "letter": "03317420918a",
    "of nobody": "033399000001",
}
CONNECTIONS: dict[str, bytes] = {
    "length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": b"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\nabcdefghi",
    "odd coding": b"POST /v1/prefill HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "no host": b"GET /v1/reasons HTTP/1.1\r\nConnection: close\r\n\r\n",
    "no version": b"GET /v1/reasons\r\n\r\n",
    "long target": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "many headers": b"GET /v1/reasons HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 500 + b"\r\n",
    "bad chunk": b"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "http 1.0": b"GET /health/live HTTP/1.0\r\n\r\n",
    "three in a row": b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" * 3,
    "chunked body": b"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n5\r\ngrant\r\n0\r\n\r\n",
    "expect continue": b"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant",
}
_MAU = {"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}
_SELF = {"requester": _MAU, "person": {"same_as": "requester"}}
#: what differs from a good request
WRONG: dict[str, dict[str, Any]] = {
    "unknown procedure": {"procedure": "1.004874"},
    "a procedure in words": {"procedure": "xac nhan tinh trang hon nhan"},
    "no subjects": {"subjects": {}},
    "a role is missing": {"subjects": {"requester": _MAU}},
    "a strange role": {"subjects": {**_SELF, "stranger": _MAU}},
    "an organisation as a person": {"subjects": {"requester": {"tax_code": "0100109106"}, "person": _MAU}},
    "same as in a circle": {
        "subjects": {"requester": {"same_as": "person"}, "person": {"same_as": "requester"}}
    },
    "same as nobody": {"subjects": {"requester": _MAU, "person": {"same_as": "nobody"}}},
    "a number alone": {"subjects": {"requester": {"personal_id": "033190001234"}, "person": _MAU}},
    "no identifier": {"subjects": {"requester": {"full_name": "Trần Thị Mẫu"}, "person": _MAU}},
    "an impossible day": {"subjects": {"requester": {**_MAU, "birth_date": "1990-02-30"}, "person": _MAU}},
    "an unknown field": {"fields": ["nxnHoTen", "mauMat"]},
    "an unknown known": {"known": {"nxnHoTen": "Kiên", "mauMat": "nâu"}},
    "a known number of a person": {"known": {"033174962058": "x"}},
    "a known of another type": {"known": {"nxnHoTen": {"a": 1}}},
    "a known day that is none": {"known": {"nxnNgaySinh": "30/02/1990"}},
    "an unknown member": {"colour": 1},
    "an address to call": {"callback": "http://127.0.0.1:9/"},
    "a login": {"login": "x"},
    "another passport": {"passport": "pdf"},
    "an account of somebody else": {"account": {"SoDinhDanh": "033185730496"}},
    "an unknown purpose": {"purpose": "marketing"},
    "a purpose of another procedure": {"purpose": "driving_licence"},
    "an official of nowhere": {"official": {"personal_id": "033093000001", "agency": "000.00.99.H99"}},
    "an official of another province": {
        "official": {"personal_id": "033093000001", "agency": "000.00.00.H32"}
    },
    "an official without a number": {"official": {"agency": "000.00.14.H31"}},
    "a dossier with a number of a person": {"dossier": "H31-033190001234"},
    "a dossier in words": {"dossier": "Nguyen Van An"},
    "a deadline of nothing": {"deadline_ms": 0},
    "a deadline too far": {"deadline_ms": 600_001},
    "everything is wrong": {"procedure": 1, "subjects": [], "fields": {}, "known": [], "deadline_ms": "x"},
}
