"""Settings of the gateway itself: `config/gateway.yaml`, and types that other settings share."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator

from gateway.config.values import Moved, Secret, SecretKey, Settings
from gateway.domain.dossier import DossierStatus
from gateway.domain.files import FileKind

Profile = Literal["sandbox", "production"]


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


AS_LIST = BeforeValidator(_listed)
WordList = Annotated[tuple[str, ...], AS_LIST]
StatusList = Annotated[tuple[DossierStatus, ...], AS_LIST]
Rate = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}/(minute|hour|day)$")]


class Label(Settings):
    """A text for people, Vietnamese first."""

    vi: str
    en: str


def is_http(url: str) -> bool:
    """Whether this is an http or https address with a host, without user, password, query or fragment.

    A name and password are a secret, and a query belongs to the request.
    """
    try:
        parts = urlsplit(url)
        plain = not (parts.username or parts.password or parts.query or parts.fragment)
        written = url.isascii() and url.isprintable() and " " not in url
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and plain
            and written
        )
    except ValueError:
        return False


def address_of(host: str, port: int, scheme: str = "http") -> str:
    """Address of a listener; an IPv6 host is in brackets (RFC 3986, 3.2.2)."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class Limits(Settings):
    """Limits of calls to a source or a portal; times in milliseconds."""

    connect_ms: int = Field(1_000, gt=0, le=600_000)
    total_ms: int = Field(5_000, gt=0, le=3_600_000)
    connections: int = Field(64, gt=0, le=10_000)
    answer_bytes: int = Field(2_097_152, gt=0, le=67_108_864)
    breaker_failures: int = Field(5, gt=0, le=1_000_000)
    breaker_window_seconds: int = Field(10, gt=0, le=3_600)
    breaker_probe_seconds: int = Field(10, gt=0, le=3_600)
    #: share of the calls in the window that must have failed as well
    breaker_share: float = Field(0, ge=0, le=1)
    retry_budget: float = Field(0.1, ge=0, le=1)


class Listener(Settings):
    """One listening socket."""

    host: str = Field("127.0.0.1", pattern=r"^[A-Za-z0-9.:_-]+$")
    port: int = Field(0, ge=0, le=65535)


class TlsSettings(Settings):
    """TLS of this listener. PEM files; relative paths start in the configuration's folder."""

    #: the certificate, followed by the intermediate certificates
    certificate: Path
    key: Path
    #: authorities that issue requesters' certificates directly (`tls_client_auth`)
    client_ca: Path | None = None


class DoorListener(Listener):
    """The listener of the API."""

    tls: TlsSettings | None = None


class ProxySettings(Settings):
    """A proxy that ends TLS and forwards the caller's certificate; authenticated by its address and a secret."""

    #: addresses or networks (`10.0.0.0/28`) from which it connects
    addresses: WordList
    #: header of the certificate: percent-encoded PEM (nginx `$ssl_client_escaped_cert`), or RFC 9440
    certificate_header: str = Field("Client-Cert", pattern=r"^[A-Za-z0-9-]{1,64}$")
    secret_header: str = Field("X-Proxy-Secret", pattern=r"^[A-Za-z0-9-]{1,64}$")
    secret: Secret
    #: authorities as in `api.tls.client_ca`
    client_ca: Path | None = None


class LoginKeySettings(Settings):
    """Keys of logins. Without them, they are kept in the state folder; machines that share logins need the same keys.

    Each signing key is a PEM text (PKCS #8) with an RSA key of 2048 bits or more, and behind it, where clients have
    another `id_token_alg`, a P-256 and an Ed25519 key.
    """

    signing_key: Secret | None = None
    #: the next signing keys, published before their use
    next_signing_key: Secret | None = None
    #: the previous ones: what they signed is valid until it expires
    former_signing_key: Secret | None = None
    #: 32 bytes in base64. The subjects of all people follow from it: with another key, systems know nobody any more
    subject_key: Secret | None = None


class AccessSettings(Settings):
    """Access tokens: lifetime, signing keys, trusted proxy.

    Keys are 32 bytes in base64, seeds of Ed25519; without them, they are kept in the state folder.
    """

    token_seconds: int = Field(600, ge=30, le=3_600)
    signing_key: Secret | None = None
    #: the next signing key, published before its use
    next_signing_key: Secret | None = None
    #: the previous signing key: its tokens are valid until they expire
    former_signing_key: Secret | None = None
    #: longest delay until a revocation by another process counts here
    check_seconds: float = Field(0.5, ge=0.05, le=5)
    proxy: ProxySettings | None = None
    login: LoginKeySettings = LoginKeySettings()


class DoorLimits(Settings):
    """Limits of the API; sizes in bytes, times in seconds."""

    body_bytes: int = Field(262_144, gt=0, le=16_777_216)
    json_depth: int = Field(20, gt=0, le=100)
    header_seconds: float = Field(10, gt=0, le=600)
    body_seconds: float = Field(10, gt=0, le=600)
    idle_seconds: float = Field(30, gt=0, le=3_600)
    #: longest time in which a client reads nothing of an answer; beyond it a slow reader must take 32 KB a second
    unread_seconds: float = Field(10, gt=0, le=600)
    #: unread bytes of all clients of a process together; beyond it the client that waits longest is cut
    unread_bytes: int = Field(33_554_432, ge=1_048_576, le=1_073_741_824)
    requests_per_requester: int = Field(256, gt=0, le=100_000)
    #: requests of one requester that wait for late answers, counted separately
    waiting_per_requester: int = Field(256, gt=0, le=100_000)
    connections: int = Field(4_000, gt=0, le=100_000)


class PrefillSettings(Settings):
    """Times of a prefill in milliseconds, lifetimes in seconds."""

    deadline_ms: int = Field(2_000, gt=0, le=600_000)
    max_deadline_ms: int = Field(10_000, gt=0, le=600_000)
    #: longest wait for sources; answers after the deadline can be fetched later
    late_ms: int = Field(30_000, gt=0, le=3_600_000)
    pending_seconds: int = Field(900, gt=0, le=900)


class PolicySettings(Settings):
    """Limits of unusual use; None: not counted. Only named officials are counted.

    Above every limit except `refusals` and `requester_refusals` the answer is 429 until the window ends.
    """

    #: refusals and mismatches by one requester for one official; more are an alert
    refusals: Rate | None = "50/hour"
    #: by one requester, for all officials
    requester_refusals: Rate | None = "50/hour"
    #: exchanges by one requester for one official; more are an alert, and are refused
    exchanges: Rate | None = "300/hour"
    #: by one requester, for all officials
    requester_exchanges: Rate | None = "30000/hour"
    #: different names and birth dates about one person, over all officials and citizens of the requester; more are an
    #: alert, and nothing more about the person is answered; those with the person's own account are counted apart
    claims: Rate | None = "5/day"
    #: different persons without a number (name, birth date, gender or place) of one requester, whatever the dossier;
    #: more are an alert and refused: with names tried one by one a requester would make a list of people
    without_number: Rate | None = "50/day"
    #: different parameters of one predicate about one person, over all officials and citizens of the requester; more
    #: are an alert and refused: asked province by province, `resident_of` would reveal the address
    parameters: Rate | None = "5/day"
    #: different numbers with which one requester asks for the status of one dossier; more are an alert, and nothing
    #: more about the dossier is answered by number. So are the three below
    lookup_owners: Rate | None = "5/day"
    #: different dossiers that one requester asks for with one number, whose they are not
    lookup_codes: Rate | None = "50/day"
    #: different pairs of dossier and number of one requester that do not fit each other
    lookup_misses: Rate | None = "300/hour"
    #: different numbers of owners with which a portal asks at its door, and who have no dossier there
    portal_misses: Rate | None = "3000/hour"


class ReloadSettings(Settings):
    """When a changed configuration is loaded: at SIGHUP, and by checking files at this interval (0: never)."""

    every_seconds: float = Field(0, ge=0)


class TsaSettings(Settings):
    """A time stamping authority (RFC 3161; needs the extra `tsa`)."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    url: str
    #: PEM file below the data root with the trusted roots of its chain
    ca: Path
    #: object identifier of the policy that its stamps must have
    policy: str | None = Field(None, pattern=r"^[0-2](\.(0|[1-9][0-9]{0,18})){1,30}$")


class WitnessSettings(Settings):
    """A witness (C2SP tlog-witness): its public key, which has its name, and its submission prefix."""

    vkey: str
    url: str


class AnchorSettings(Settings):
    """Outside anchors of the log's checkpoints; none by default. Times in seconds."""

    tsa: tuple[TsaSettings, ...] = ()
    witnesses: tuple[WitnessSettings, ...] = ()
    #: for one checkpoint a day, to be copied away by an outside keeper; relative paths start in the state folder
    daily_folder: Path | None = None
    #: between two time stamps; witnesses are asked within seconds of new records
    every_seconds: float = Field(3_600, gt=0)
    #: without a successful anchor for so long, prefill is refused
    grace_seconds: float = Field(14_400, gt=0)


class RetentionSettings(Settings):
    """How long records are kept: in the database, and then in archive files."""

    #: whole months kept in the database before the current month
    hot_months: int = Field(24, ge=1)
    #: years until an archive is due for destruction; nothing destroys it automatically
    archive_years: int = Field(5, ge=1)
    #: default: `archives` in the state folder
    archive_folder: Path | None = None


class LogSettings(Settings):
    """The exchange log: its name, its store, its root and signing keys (32 bytes each, base64, or in a key service).

    Machines that share a store need the same keys; a single machine keeps its keys in the state folder.
    """

    origin: str = "motlan.example/exchange-log"
    url: str = "sqlite:///exchange.db"
    #: PostgreSQL: the administrator's address, for erasure and pruning; only `motlan` commands use it
    admin_url: str = ""
    root_key: SecretKey | None = None
    #: seed of the Ed25519 key that signs checkpoints
    signing_key: SecretKey | None = None
    #: the previous key, during a key change: the first checkpoint then has both signatures
    former_signing_key: SecretKey | None = None
    anchors: AnchorSettings = AnchorSettings()
    #: the previous root key, until `motlan keys rotate root` has wrapped every period's keys anew
    former_root_key: SecretKey | None = None
    retention: RetentionSettings = RetentionSettings()


class DocumentSettings(Settings):
    """The key that signs documents: signed answers, receipts. Without one, it is kept in the state folder.

    Machines that share a store need the same key.
    """

    #: seed of an Ed25519 key, or a key in a key service (Ed25519 or P-256)
    signing_key: SecretKey | None = None
    #: JWK set of previous public keys, in the configuration's folder: they stay published
    former_keys: Path | None = None
    #: days for which a signed answer is valid
    passport_days: int = Field(30, ge=1, le=3_650)


class CorrectionSettings(Settings):
    """Reports to the owners of databases."""

    #: where the previous release wrote reports as files: the start removes them; default: `corrections` in the state
    #: folder
    folder: Path | None = None
    #: reports of one requester, and those about one person; more get 429
    per_requester: Rate | None = "600/hour"
    per_subject: Rate | None = "20/day"


class StatusSettings(Settings):
    """The status machine of dossiers, where a province wants it otherwise (gateway/relay/README.md has the table)."""

    #: order of steps of the same second, the newest last; all ten statuses
    order: StatusList = ()
    #: status -> the statuses that may follow it
    follow: dict[DossierStatus, StatusList] = {}
    #: final status -> what the province reopens it with
    reopen: dict[DossierStatus, StatusList] = {}
    #: what portals may say of a dossier
    portals_say: StatusList = (DossierStatus.SUBMITTED, DossierStatus.WITHDRAWN)
    #: a step that lies further ahead of the clock counts from its time on
    ahead_seconds: float = Field(300, ge=0, le=86_400)

    @field_validator("order")
    @classmethod
    def _whole(cls, given: tuple[DossierStatus, ...]) -> tuple[DossierStatus, ...]:
        if given and sorted(given) != sorted(set(DossierStatus) - {DossierStatus.UNKNOWN}):
            raise ValueError("is not each status once", "write all ten statuses, or leave it out")
        return given


class ReconcileSettings(Settings):
    """Comparison with portals."""

    #: when the nightly run begins, in Việt Nam; blank: there is none
    nightly_at: str = Field("02:30", pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")
    #: days that it looks back
    days: int = Field(7, ge=0, le=92)
    #: questions to one portal
    per_second: float = Field(10, gt=0, le=1_000)
    #: look each dossier up whose dates the portal's list does not tell; false: compare statuses by the list
    fields: bool = True
    #: a run stops when more dossiers are missing at the portal, and a larger share of those compared
    wave: int = Field(20, ge=0)
    wave_share: float = Field(0.2, ge=0, le=1)


class RelaySettings(Settings):
    """The relay of dossiers."""

    #: how long a process has a delivery for itself
    lease_seconds: float = Field(60, ge=1, le=3_600)
    #: after so long without success a delivery is given up, and waits for `motlan outbox replay`
    give_up_hours: float = Field(168, gt=0, le=8_760)
    #: contents are erased so long after the last confirmed delivery; codes, statuses and dates stay
    erase_days: float = Field(30, gt=0, le=30)
    #: how long an Idempotency-Key is remembered
    key_days: float = Field(7, ge=1.1, le=90)
    statuses: StatusSettings = StatusSettings()
    reconcile: ReconcileSettings = ReconcileSettings()
    #: codes of the population database in `databases` of a dossier (`MaCSDL`; remembered, the table was not seen)
    population_databases: WordList = ("1",)


class AttestSettings(Settings):
    """Limits of `/v1/attest`."""

    #: by one requester, and about one exchange; more get 429
    per_requester: Rate | None = "6000/hour"
    per_form: Rate | None = "60/hour"


class ScannerSettings(Settings):
    """A virus scanner: clamd of ClamAV. `tcp://HOST:PORT` or `unix:///PATH`."""

    url: str = Field(pattern=r"^(tcp://[A-Za-z0-9.:_\[\]-]+:[0-9]{1,5}|unix:///[^\s]+)$")
    #: longest time for one file, in seconds
    seconds: float = Field(60, gt=0, le=600)


def _every_kind_but_archives() -> tuple[FileKind, ...]:
    return tuple(one for one in FileKind if one is not FileKind.ZIP)


class FileSettings(Settings):
    """Files of dossiers: where they are kept, and which are accepted."""

    #: default: `files` in the state folder; machines that share a store need one shared folder
    folder: Path | None = None
    #: largest file
    most_bytes: int = Field(52_428_800, gt=0, le=1_073_741_824)
    #: accepted kinds, as the content shows them; `zip` is off by default
    kinds: Annotated[tuple[FileKind, ...], AS_LIST] = Field(
        default_factory=_every_kind_but_archives, min_length=1
    )
    #: longest life of a link
    link_hours: int = Field(72, ge=1, le=8_760)
    #: uploads of one requester at a time, in one process
    uploads_per_requester: int = Field(8, gt=0, le=1_000)
    #: days after which a file is deleted to which no dossier refers
    unreferred_days: int = Field(7, ge=1, le=3_650)
    #: how often such files are looked for, in each process
    sweep_seconds: int = Field(86_400, ge=1, le=604_800)
    #: None: files are not scanned
    scanner: ScannerSettings | None = None


class PaperSettings(Settings):
    """Papers that the state holds already."""

    #: folder of PEM files: certificates of the authorities whose signatures in papers count; None: none is trusted
    trust: Path | None = None
    #: how long a found paper may be fetched
    reference_seconds: int = Field(900, gt=0, le=86_400)


class LoginSettings(Settings):
    """Logins of people at this gateway; on when `config/identity_providers` has a provider. Times in seconds."""

    #: from the beginning of a login until the provider sends the browser back
    attempt_seconds: int = Field(900, ge=60, le=3_600)
    #: a session that is not used ends
    idle_seconds: int = Field(1_800, ge=60, le=86_400)
    #: the longest life of a session
    longest_seconds: int = Field(28_800, ge=300, le=86_400)
    #: steps of logins from one address; many people share one, and above it nothing is stored or recorded
    per_address: Rate | None = "3000/minute"
    #: requester to which deep links lead: its `login.initiate_login_uri`; blank: deep links end at a page
    deep_link_client: str = ""
    #: first parameter of a deep link (`vnconnect`, `vneid`) -> the identity provider that it means
    deep_links: dict[str, str] = {}


class SandboxPerson(Settings):
    """An invented person, whom the demo portal offers as one of the other people of a dossier."""

    personal_id: str
    full_name: str
    birth_date: str
    #: roles of procedures that the person fits
    roles: tuple[str, ...]
    note: Label


class SandboxObject(Settings):
    """An invented parcel or vehicle, which the demo portal offers for a role of an object."""

    #: members of the subject, as a prefill names them
    subject: dict[str, str]
    #: roles of procedures that it fits
    roles: tuple[str, ...]
    note: Label


class PortalWalk(Settings):
    """Something that the demo portal shows to one invented person in one procedure."""

    procedure: str
    #: name of the account to sign in with
    who: str
    shows: Label


class PageSettings(Settings):
    """In whose name the doors of people ask: requesters of `config/requesters`. Blank: the door is off."""

    portal: str = ""
    me: str = ""
    audit: str = ""
    ops: str = ""
    #: pages and calls of their scripts for one session
    per_session: Rate | None = "300/minute"
    #: sandbox: door -> whom to sign in as, for the start page
    personas: dict[Literal["portal", "me", "audit", "ops"], Label] = {}
    #: sandbox: the other people that the demo portal offers; of `sandbox/personas.yaml`
    people: tuple[SandboxPerson, ...] = ()
    #: sandbox: the parcels and vehicles that it offers
    objects: tuple[SandboxObject, ...] = ()
    #: sandbox: what to try at the demo portal, on its start page
    walks: tuple[PortalWalk, ...] = ()


class GatewaySettings(Settings):
    """`config/gateway.yaml`."""

    moved: ClassVar[Moved] = {
        "corrections.retry_seconds": (
            "without meaning",
            "remove it: `motlan corrections take` gives reports out",
        ),
        "policy.requester_claims": (
            "a part of 'policy.claims'",
            "remove it: all who ask are counted together",
        ),
    }

    profile: Profile = "sandbox"
    province: str = "33"
    api: DoorListener = DoorListener(port=8080)
    admin: Listener = Listener(port=8081)
    sandbox: Listener = Listener(port=8090)
    limits: DoorLimits = DoorLimits()
    prefill: PrefillSettings = PrefillSettings()
    policy: PolicySettings = PolicySettings()
    reload: ReloadSettings = ReloadSettings()
    log: LogSettings = LogSettings()
    cache_url: str = "memory://"
    access: AccessSettings = AccessSettings()
    documents: DocumentSettings = DocumentSettings()
    corrections: CorrectionSettings = CorrectionSettings()
    attest: AttestSettings = AttestSettings()
    papers: PaperSettings = PaperSettings()
    files: FileSettings = FileSettings()
    relay: RelaySettings = RelaySettings()
    logins: LoginSettings = LoginSettings()
    pages: PageSettings = PageSettings()
    #: URL of the token issuer; empty: the address of the listener
    issuer: str = ""
