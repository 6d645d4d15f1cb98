"""F34: the release before and this tree at once over one state folder, as while machines are renewed one by one.

    python -m tests.replay.side_by_side [COMMIT]

The older one opens the folder, the newer one migrates it under it; both answer, each takes the other's tokens, and
the older one goes on after the newer one ended. Every answer has its receipt in the log, which verifies.
Exit status: 0 all of it is so, 1 something is not, 2 it could not be tried.
"""

import asyncio
import io
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.verify import verify_export
from tests.replay import wire
from tests.replay.__main__ import BASE
from tests.replay.sides import ROOT, Gateway, NotPossible, check_out, running

_SECONDS_TO_NUMBER = 20
#: the address at which both are known, so that tokens of one are good at the other
ONE_HOUSE = {"gateway.issuer": "https://motlan.example"}


async def asked(gateway: Gateway, path: str, body: Mapping[str, Any], token: str) -> tuple[int, bytes]:
    headers = {"Host": "gateway", "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = await wire.ask(gateway.port, wire.message("POST", path, headers, json.dumps(body).encode()))
    return answer.status, answer.body


class Trial:
    """Prefills at either gateway, and the receipts of what they answered."""

    def __init__(self, persona: Mapping[str, Any]) -> None:
        self._who = {name: persona[name] for name in ("personal_id", "full_name", "birth_date")}
        self.receipts: set[str] = set()

    async def prefill(self, at: Gateway, token: str) -> None:
        official = {"personal_id": f"033072{len(self.receipts):06}", "agency": "000.00.14.H31"}
        subjects = {"requester": self._who, "person": {"same_as": "requester"}}
        body = {"procedure": "1.004873", "subjects": subjects, "official": official}
        status, answer = await asked(at, "/v1/prefill", body, token)
        assert status == 200, answer.decode()
        self.receipts.add(json.loads(answer)["receipt"]["leaf_hash"])

    async def verify(self, at: Gateway, vkey: str) -> None:
        """AssertionError unless every receipt is in the log, and the log verifies."""
        until = asyncio.get_running_loop().time() + _SECONDS_TO_NUMBER
        while True:
            status, export = await asked(at, "/v1/audit/export", {}, await at.token("auditor"))
            lines = export.splitlines()[1:] if status == 200 else []
            leaves = [json.loads(line)["leaf"] for line in lines if b'"leaf"' in line]
            if self.receipts <= {leaf_hash(leaf.encode()).hex() for leaf in leaves}:
                break
            assert asyncio.get_running_loop().time() < until, "an answer has no record in the log"
            await asyncio.sleep(0.5)
        verdict = verify_export(io.BytesIO(export), [vkey], strict=True)
        assert verdict.good, verdict.findings


async def tried(base: Path, folder: Path) -> int:
    """How many prefills were answered."""
    state = folder / "state"
    async with running(base, ONE_HOUSE, folder / "before", state) as before:
        trial = Trial(next(one for one in before.ready["personas"] if "facts_example" in one["traits"]))
        await trial.prefill(before, await before.token("portal"))
        async with running(ROOT, ONE_HOUSE, folder / "now", state) as now:
            for _ in range(5):
                for at, of in ((before, before), (now, now), (before, now), (now, before)):
                    await trial.prefill(at, await of.token("portal"))
            await trial.verify(now, now.ready["log"]["vkey"])
        await trial.prefill(before, await before.token("portal"))
        await trial.verify(before, before.ready["log"]["vkey"])
    return len(trial.receipts)


def main(commit: str) -> int:
    """See the module."""
    try:
        with tempfile.TemporaryDirectory(prefix="motlan-beside-") as scratch:
            base = check_out(commit, Path(scratch) / "base")
            count = asyncio.run(tried(base, Path(scratch)))
    except NotPossible as error:
        sys.stdout.write(f"{error}\n")
        return 2
    except AssertionError as error:
        sys.stdout.write(f"not side by side: {error}\n")
        return 1
    sys.stdout.write(
        f"{count} prefills by {commit} and this tree side by side, all in one log that verifies\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else BASE))
