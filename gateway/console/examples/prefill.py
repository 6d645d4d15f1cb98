"""A whole client of the gateway in Python: token, prefill, origin of each value, papers, a problem.

Needs nothing but Python. MOTLAN_URL, MOTLAN_CLIENT and MOTLAN_SECRET say where and as whom; the sandbox is the default.
"""

import base64
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

GATEWAY = os.environ.get("MOTLAN_URL", "http://127.0.0.1:8080")
CLIENT = os.environ.get("MOTLAN_CLIENT", "portal")
SECRET = os.environ.get("MOTLAN_SECRET", "sandbox-only-portal")
PERSON = {"personal_id": "033190001234", "full_name": "Trần Thị Mẫu", "birth_date": "1990-02-15"}


class GatewayProblem(Exception):
    """What the gateway could not do (RFC 9457): decide by `code`, show `detail_vi`; 429 and 503: wait `Retry-After`."""

    def __init__(self, answer: dict[str, Any]) -> None:
        """From the answer's body."""
        super().__init__(answer.get("code") or answer["error"])  # a token is refused by `error` (RFC 6749)
        self.answer = answer


def send(path: str, body: bytes, content_type: str, authorization: str) -> dict[str, Any]:
    """The answer. Raises GatewayProblem, and URLError where nobody answers."""
    headers = {"Content-Type": content_type, "Authorization": authorization}
    try:
        with urllib.request.urlopen(urllib.request.Request(GATEWAY + path, body, headers), timeout=15) as got:
            return dict(json.load(got))
    except urllib.error.HTTPError as refused:
        if "json" not in refused.headers.get("Content-Type", ""):
            raise
        raise GatewayProblem(json.load(refused)) from None


def token() -> str:
    """Valid for some minutes: keep it, and ask for a new one when the gateway answers 401."""
    basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
    return str(
        send("/oauth2/token", form, "application/x-www-form-urlencoded", f"Basic {basic}")["access_token"]
    )


def prefill(bearer: str, person: dict[str, str]) -> dict[str, Any]:
    """The filled form of procedure 1.004873. Personal ids are in bodies, never in an address."""
    asked = {"procedure": "1.004873", "subjects": {"requester": person, "person": {"same_as": "requester"}}}
    return send("/v1/prefill", json.dumps(asked).encode(), "application/json", f"Bearer {bearer}")


def show(answer: dict[str, Any]) -> None:
    """Each field with its origin, then each paper. "unavailable" is not "not_found": say so to the citizen."""
    for name, field in answer["fields"].items():
        if field["state"] == "filled":
            origin = answer["evidence"][field["evidence"]]
            locked = "" if field["editable"] else ", locked"
            print(f"field {name}: {origin['provider']}, {origin['fetched_at']}{locked}")
        else:
            print(f"field {name}: {field['state']}")
    for paper in answer["papers"]:
        print(f"paper {paper['code']}: {paper['state']}, {paper['title']}")


if __name__ == "__main__":
    bearer = token()
    show(prefill(bearer, PERSON))
    try:
        prefill(bearer, {**PERSON, "personal_id": "12 digits are wanted"})
    except GatewayProblem as problem:
        said = problem.answer
        print(f"problem {said['status']} {said['code']}: {said['detail_vi']} ({said['exchange_id']})")
