"""How a call of the national bus is written: to the bus itself, or to what a provincial platform makes of it.

National-portal.md A.1 to A.3, and the table of profiles at its top. Promises: addresses come from the configuration
alone; a number of a person is in an address only where the settings allow it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlencode

import orjson
from pydantic import AfterValidator, Field

from adapters.portals.bus_answers import BusAnswer, BusVerdict, read_plain, read_wrapped
from adapters.transport.call import Wire
from gateway.config.gateway import is_http
from gateway.config.values import NonBlankText, Settings

_JSON = "application/json"


def _address(text: str) -> str:
    if text and not is_http(text):
        raise ValueError("is no address", "write 'https://…', without a password, '?' or '#'")
    return text


UrlPath = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~/-]*)?$")]


class BusOptions(Settings):
    """`options` of a portal whose adapter is the national bus."""

    #: own unit code (`madonvi`, `MaDinhDanhDV`)
    unit: NonBlankText
    #: paths below `url`. mapi_direct: login, push, and catalogues with look-ups
    login_path: UrlPath = "/mapi/login"
    integration_path: UrlPath = "/mapi/g"
    share_path: UrlPath = "/mapi/g"
    #: the platform's path before the name of an operation; blank: that of the profile
    path: UrlPath = ""
    #: target subsystem, and where the adapter in front reads it
    dstcode: str = Field("", pattern=r"^[!-~]{0,200}$")
    dstcode_in: Literal["query", "header"] = "query"
    #: base address of the real back end, for the adapter in front
    providerurl: Annotated[str, AfterValidator(_address)] = ""
    #: how a message names files: by links with an end, or by uids, which the portal downloads at `downloadfile/{uid}`
    files: Literal["link", "uid"] = "link"
    session_seconds: int = Field(600, gt=0, le=3_600)
    #: profile of the mapping (`profiles`): how the portal folds statuses; blank: the usual way
    message_profile: str = ""
    #: operations of no publication that list dossiers of a day, and steps of a dossier; blank: there are none
    listing: str = Field("", pattern=r"^[A-Za-z0-9]{0,60}$")
    progress_listing: str = Field("", pattern=r"^[A-Za-z0-9]{0,60}$")
    #: code -> what it means, where clients have not seen it
    errors: dict[Annotated[str, Field(pattern=r"^-?[0-9]{1,9}$")], BusVerdict] = {}
    #: whether a number of a person may be in an address
    allow_url_ids: bool = False
    #: ca, certificate, key
    tls: Any = None


class BusCall(NamedTuple):
    """One call of an operation."""

    operation: str
    #: of the operation, in its spelling
    parameters: Mapping[str, str] = {}
    #: what is pushed: a list of items, or an object; None: it is a read
    data: Any = None
    #: whether a dossier is changed, or created; None: the operation does not say
    updating: bool | None = None
    #: code of the dossier that it is about
    dossier: str = ""

    @property
    def is_push(self) -> bool:
        """Whether it changes something."""
        return self.data is not None


def _as_text(updating: bool) -> str:  # noqa: FBT001 -- it is the value
    return "True" if updating else "False"


@dataclass(frozen=True, slots=True)
class DirectForm:
    """`mapi_direct`: one address, the operation and the session in the body."""

    options: BusOptions
    has_session = True
    #: what each address ends with, and what each call has for headers
    _ending: str = field(init=False)
    _headers: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Both are the same for all calls."""
        options = self.options
        query, headers = {}, {"Accept": _JSON, "Content-Type": _JSON, "Charset": "utf-8"}
        if options.dstcode and options.dstcode_in == "query":
            query["dstcode"] = options.dstcode
        elif options.dstcode:
            headers["dstcode"] = options.dstcode
        if options.providerurl:
            query["providerurl"] = options.providerurl
        object.__setattr__(self, "_ending", "?" + urlencode(query, safe=":") if query else "")
        object.__setattr__(self, "_headers", MappingProxyType(headers))

    def write(self, call: BusCall, session: str) -> Wire:
        """The generic call (A.3), members in the order of the examples."""
        options = self.options
        body: dict[str, Any] = {"session": session, "madonvi": options.unit, "service": call.operation}
        if call.updating is not None:
            body["isUpdating"] = _as_text(call.updating)
        body |= call.parameters
        if call.is_push:
            body["data"] = call.data
        path = options.integration_path if call.is_push else options.share_path
        return self._wire(path, body, repeatable=not call.is_push)

    def login(self, user: str, password: str) -> Wire:
        """The login (A.2)."""
        return self._wire(self.options.login_path, {"username": user, "password": password}, repeatable=True)

    def read(self, body: bytes) -> BusAnswer:
        """The answer of the bus."""
        return read_plain(body)

    def _wire(self, path: str, body: Mapping[str, Any], *, repeatable: bool) -> Wire:
        return Wire("POST", path + self._ending, self._headers, orjson.dumps(body), repeatable=repeatable)


@dataclass(frozen=True, slots=True)
class PlatformForm:
    """`lgsp_facade`, `lgsp_query`: an address for each operation, the bare data in the body, the rest in the query."""

    path: str
    #: what every query has
    fixed: Mapping[str, str]
    has_session = False

    def write(self, call: BusCall, session: str) -> Wire:
        """A push is a POST of its data, a read is a GET."""
        del session
        query = {**self.fixed, **call.parameters}
        if call.updating is not None:
            query["isUpdating"] = _as_text(call.updating)
        target = f"{self.path}/{call.operation}" + ("?" + urlencode(query) if query else "")
        if not call.is_push:
            return Wire("GET", target, {"Accept": _JSON}, None)
        headers = {"Accept": _JSON, "Content-Type": _JSON}
        return Wire("POST", target, headers, orjson.dumps(call.data), repeatable=False)

    def read(self, body: bytes) -> BusAnswer:
        """The answer of the platform, with that of the bus in it."""
        return read_wrapped(body)


def form_of(profile: str, options: BusOptions) -> DirectForm | PlatformForm | None:
    """The form of a profile; None when there is none of this name."""
    match profile:
        case "mapi_direct":
            return DirectForm(options)
        case "lgsp_facade":
            return PlatformForm(options.path or "/KetNoiMotCuaQuocGia", {})
        case "lgsp_query":
            return PlatformForm(options.path or "/api/SynsTTHCC", {"MaDinhDanhDV": options.unit})
        case _:
            return None


PROFILES = ("mapi_direct", "lgsp_facade", "lgsp_query")
