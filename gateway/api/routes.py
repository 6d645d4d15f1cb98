"""All routes in one table: method, handler, scope, models, and possible problems.

The routes and `/openapi.json` are made from it.
"""

from dataclasses import dataclass

from pydantic import BaseModel

from gateway.api import (
    audit,
    citizens,
    corrections,
    deliveries,
    dossiers,
    files,
    openid,
    operation,
    papers,
    predicates,
    prefill,
    procedures,
    report,
    shared_lists,
    tokens,
    trials,
)
from gateway.api.audit_models import ExportBody, IdentifyBody, SearchBody, UsageBody
from gateway.api.consent_models import (
    AttestBody,
    ConsentBody,
    ConsentSearchBody,
    SubjectRequestBody,
    SubjectRequestSearchBody,
    SubjectRequestUpdateBody,
    WithdrawBody,
)
from gateway.api.corrections_models import (
    CorrectionBody,
    CorrectionSearchBody,
    CorrectionTakeBody,
    CorrectionUpdateBody,
)
from gateway.api.deliveries_models import ReconcileBody
from gateway.api.dispatcher import Endpoint, Handler, Routes
from gateway.api.dossier_models import (
    DossierBody,
    DossierSearchBody,
    DossierStatusBody,
    EvidenceBody,
    InboxAckBody,
    ProgressBody,
)
from gateway.api.files_models import FileLinkBody
from gateway.api.models import DecisionBody, PredicatesBody, PrefillBody, ResumeBody, TrialBody
from gateway.api.papers_models import PaperFetchBody, PaperKeepBody, PaperListBody, PaperSearchBody
from gateway.api.report_models import ReportBody
from gateway.domain.files import FileKind

BODY = (400, 408, 413, 415, 422)
GUARDED = (401, 403, 429)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path. `scope` None: open to all; empty: any token."""

    method: str
    path: str
    handler: Handler
    id: str
    vi: str
    en: str
    scope: str | None = None
    #: it only waits for late answers
    waits: bool = False
    #: the body is a file, read piece by piece
    streams: bool = False
    body: type[BaseModel] | None = None
    #: name of the answer's schema in openapi.py
    answer: str
    problems: tuple[int, ...] = ()
    #: media type of the answer, and of its second form
    media: tuple[str, ...] = ("application/json",)
    #: parameters of the query, each with an example; those of the path are in the path
    query: tuple[tuple[str, str], ...] = ()
    #: requests with the same Idempotency-Key are done once; by the stored answer, unless the handler sees to it itself
    keyed: bool = False
    sees_to_keys: bool = False
    #: of its answer
    status: int = 200


#: parameters of an authorization request, with examples
_AUTHORIZE = (
    ("client_id", "provincial"),
    ("redirect_uri", "https://dvc.example.gov.vn/callback"),
    ("response_type", "code"),
    ("scope", "openid profile"),
    ("state", "af0ifjsldkj"),
    ("nonce", "n-0S6_WzA2Mj"),
    ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
    ("code_challenge_method", "S256"),
)

OPERATIONS = (
    Route(
        method="POST", path="/v1/prefill", handler=prefill.fill, id="prefill", scope="prefill", body=PrefillBody,
        vi="Điền sẵn biểu mẫu của một thủ tục", en="Prefill the form of a procedure",
        answer="PrefillAnswer", problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/prefill/resume", handler=prefill.resume, id="resume", scope="prefill", waits=True,
        body=ResumeBody, vi="Lấy dữ liệu đến muộn", en="Fetch what arrived late",
        answer="ResumeAnswer", problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/prefill/decision", handler=prefill.decide, id="decision", scope="prefill",
        body=DecisionBody, vi="Ghi nhận công dân đồng ý hay từ chối dữ liệu đã xem trước",
        en="Record what of a preview the citizen accepts and refuses",
        answer="PrefillAnswer", problems=(*BODY, *GUARDED, 404, 409, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/explain", handler=prefill.explain, id="explain", scope="prefill", body=PrefillBody,
        vi="Giải thích quyền khai thác (không hỏi nguồn nào)", en="Explain what would be given and why",
        answer="Explanation", problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/predicates", handler=predicates.ask, id="predicates", scope="prefill",
        body=PredicatesBody, vi="Hỏi điều kiện, trả lời có, không hoặc không rõ, không lộ dữ liệu",
        en="Ask predicates: yes, no or cannot_tell, and no value",
        answer="Predicates", problems=(*BODY, *GUARDED, 503),
    ),
    Route(
        method="POST", path="/v1/corrections", handler=corrections.open_one, id="correction", scope="prefill",
        body=CorrectionBody, vi="Gửi yêu cầu chỉnh sửa dữ liệu tới cơ quan quản lý cơ sở dữ liệu",
        en="Report what is wrong to the owner of a database", answer="Correction",
        problems=(*BODY, *GUARDED, 404, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/corrections/search", handler=corrections.search, id="corrections_search",
        scope="prefill", body=CorrectionSearchBody, vi="Tra cứu yêu cầu chỉnh sửa dữ liệu",
        en="How reports stand", answer="Corrections", problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/corrections/take", handler=corrections.take, id="corrections_take", scope="prefill",
        body=CorrectionTakeBody, vi="Lấy nội dung yêu cầu chỉnh sửa để chuyển cơ quan quản lý cơ sở dữ liệu",
        en="Take a report out, to bring it to the owner of the database", answer="CorrectionTaken",
        problems=(*BODY, *GUARDED, 404, 409, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/corrections/update", handler=corrections.update, id="corrections_update",
        scope="prefill", body=CorrectionUpdateBody,
        vi="Ghi nhận trả lời của cơ quan quản lý cơ sở dữ liệu về yêu cầu chỉnh sửa",
        en="What the owner of the database answered to a report", answer="CorrectionState",
        problems=(*BODY, *GUARDED, 404, 409, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/dossiers", handler=dossiers.post, id="dossier", scope="dossiers", body=DossierBody,
        vi="Gửi hồ sơ lên các cổng (lưu bền vững rồi mới trả lời)", en="Send a dossier to the portals",
        answer="DossierAccepted", problems=(*BODY, *GUARDED, 409, 503), keyed=True, sees_to_keys=True, status=202,
    ),
    Route(
        method="POST", path="/v1/dossiers/progress", handler=dossiers.progress, id="progress", scope="dossiers",
        body=ProgressBody, vi="Gửi tiến độ của hồ sơ", en="Send the progress of dossiers",
        answer="ProgressAccepted", problems=(*BODY, *GUARDED, 404, 409, 503), keyed=True, sees_to_keys=True, status=202,
    ),
    Route(
        method="GET", path="/v1/dossiers/inbox", handler=dossiers.inbox, id="inbox", scope="dossiers",
        vi="Lấy hồ sơ mà các cổng chuyển về", en="Pull what portals forwarded", answer="Inbox",
        query=(("after", "0"), ("count", "20")), problems=(400, *GUARDED, 503),
    ),
    Route(
        method="POST", path="/v1/dossiers/inbox/ack", handler=dossiers.acknowledge, id="inbox_ack", scope="dossiers",
        body=InboxAckBody, vi="Xác nhận đã nhận hồ sơ", en="Acknowledge what was pulled",
        answer="InboxAcknowledged", problems=(*BODY, *GUARDED, 404, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/dossiers/search", handler=dossiers.search, id="dossier_search", scope="dossiers",
        body=DossierSearchBody, vi="Tra cứu hồ sơ", en="Search dossiers, also by their owner", answer="Dossiers",
        problems=(*BODY, *GUARDED, 503),
    ),
    Route(
        method="POST", path="/v1/dossiers/status", handler=dossiers.status, id="dossier_status", scope="dossiers",
        body=DossierStatusBody, vi="Tình trạng hồ sơ, cho chủ hồ sơ", en="The status of a dossier, for its owner",
        answer="DossierStatusAnswer", problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/dossiers/evidence", handler=dossiers.evidence, id="dossier_evidence",
        scope="dossiers", body=EvidenceBody, vi="Dữ liệu chứng minh cho một hồ sơ đã nhận",
        en="Prefill for a dossier that the requester has", answer="PrefillAnswer",
        problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="GET", path="/v1/dossiers/{code}", handler=dossiers.one, id="dossier_one", scope="dossiers",
        vi="Một hồ sơ: nội dung, tiến độ, các lượt gửi", en="One dossier: content, steps, deliveries",
        answer="DossierShown", problems=(*GUARDED, 404, 503),
    ),
    Route(
        method="GET", path="/v1/deliveries", handler=deliveries.search, id="deliveries", scope="dossiers",
        vi="Các lượt gửi hồ sơ, tiến độ tới các cổng", en="Deliveries to portals and inboxes, newest first",
        answer="Deliveries", query=(("state", "dead"), ("target", "national_bus"), ("dossier", "H31.14-260105-0007"),
        ("after", "100"), ("count", "50")), problems=(400, *GUARDED, 503),
    ),
    Route(
        method="GET", path="/v1/deliveries/{delivery}", handler=deliveries.one, id="delivery", scope="dossiers",
        vi="Một lượt gửi: diễn biến, lý do, cách xử lý", en="One delivery: its history, reason and remedy",
        answer="DeliveryShown", problems=(*GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/deliveries/{delivery}/replay", handler=deliveries.replay, id="delivery_replay",
        scope="dossiers", vi="Gửi lại một lượt gửi đã dừng", en="Queue a delivery again that was given up",
        answer="DeliveryReplayed", problems=(*GUARDED, 404, 409, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/deliveries/{delivery}/drop", handler=deliveries.drop, id="delivery_drop",
        scope="dossiers", vi="Bỏ một lượt gửi đã dừng, các lượt sau của hồ sơ được gửi",
        en="Drop a delivery that was given up, so that later ones of its dossier go",
        answer="DeliveryReplayed", problems=(*GUARDED, 404, 409, 503), keyed=True,
    ),
    Route(
        method="GET", path="/v1/reconciliation", handler=deliveries.reconciliation, id="reconciliation",
        scope="dossiers", vi="Kết quả đối soát hồ sơ với các cổng", en="Where both sides' dossiers differ",
        answer="Reconciliation", problems=(*GUARDED, 503),
    ),
    Route(
        method="POST", path="/v1/reconciliation", handler=deliveries.reconcile, id="reconcile", scope="dossiers",
        body=ReconcileBody, vi="Bắt đầu đối soát hồ sơ với các cổng", en="Compare dossiers with portals, and mend them",
        answer="ReconciliationBegun", problems=(*BODY, *GUARDED, 404, 409, 503), keyed=True, status=202,
    ),
    Route(
        method="GET", path="/v1/scores", handler=deliveries.scores, id="scores", scope="dossiers",
        vi="Tính trước điểm chất lượng phục vụ", en="Scores of service quality, computed in advance", answer="Scores",
        query=(("month", "2026-11"), ("agency", "000.00.14.H31")), problems=(400, *GUARDED, 503),
    ),
    Route(
        method="POST", path="/v1/papers/search", handler=papers.search, id="papers_search", scope="papers",
        body=PaperSearchBody, vi="Tra cứu giấy tờ đã có trong kho để dùng lại",
        en="Search for papers that the state holds already", answer="PaperList",
        problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/papers/fetch", handler=papers.fetch, id="papers_fetch", scope="papers",
        body=PaperFetchBody, vi="Lấy tệp của giấy tờ đã tra cứu, kèm kết quả kiểm tra chữ ký số",
        en="Fetch the file of a found paper, with the verdict on its signatures", answer="FetchedPaper",
        problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/papers/keep", handler=papers.keep, id="papers_keep", scope="papers",
        body=PaperKeepBody, vi="Lưu giấy tờ công dân đã nộp, theo sự đồng ý, để dùng lại lần sau",
        en="Keep a paper that the citizen gave, by consent, to reuse it", answer="KeptPaper",
        problems=(*BODY, *GUARDED, 404, 409, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/papers/list", handler=papers.listing, id="papers_list", scope="consents",
        body=PaperListBody, vi="Giấy tờ của một người mà cổng đang giữ, cho chính người đó",
        en="The papers of a person that the gateway holds, for that person", answer="PapersOfPerson",
        problems=(*BODY, *GUARDED, 503),
    ),
    Route(
        method="GET", path="/v1/procedures", handler=procedures.listing, id="procedures",
        vi="Danh sách thủ tục", en="List the procedures", answer="Procedures",
    ),
    Route(
        method="GET", path="/v1/procedures/{code}", handler=procedures.one, id="procedure",
        vi="Một thủ tục", en="One procedure", answer="Procedure", problems=(404,),
    ),
    Route(
        method="GET", path="/v1/procedures/{code}/form", handler=procedures.form, id="form",
        vi="Biểu mẫu (JSON Schema)", en="The form (JSON Schema 2020-12)", answer="Form", problems=(404,),
    ),
    Route(
        method="GET", path="/v1/catalogues/{name}", handler=shared_lists.one, id="catalogue", scope="",
        vi="Các dòng của một danh mục dùng chung (DMDC)", en="Rows of one shared catalogue (DMDC)", answer="SharedList",
        problems=(*GUARDED, 404, 503),
    ),
    Route(
        method="GET", path="/v1/reasons", handler=operation.reasons, id="reasons",
        vi="Danh sách mã lý do", en="The closed list of reason codes", answer="Reasons",
    ),
    Route(
        method="GET", path="/v1/sources", handler=operation.sources, id="sources", scope="",
        vi="Tình trạng các nguồn dữ liệu", en="How the sources are doing", answer="Sources", problems=GUARDED,
    ),
    Route(
        method="POST", path="/v1/sources/{service}/try", handler=trials.run, id="source_trial", scope="sources:try",
        body=TrialBody, vi="Thử một dịch vụ dữ liệu: gửi gì, nhận gì, đọc được gì (được ghi nhật ký)",
        en="Try a data service: what was sent, what came, what became of it (recorded)", answer="SourceTrial",
        problems=(*BODY, *GUARDED, 404, 409, 503),
    ),
    Route(
        method="POST", path="/v1/audit/search", handler=audit.search, id="audit_search", scope="audit:search",
        body=SearchBody, vi="Tìm trong nhật ký giao dịch", en="Search the exchange log",
        answer="AuditPage", problems=(*BODY, *GUARDED, 503),
    ),
    Route(
        method="GET", path="/v1/audit/records/{exchange_id}", handler=audit.records, id="audit_records",
        scope="audit:search", vi="Các bản ghi của một giao dịch", en="The records of one exchange",
        answer="AuditRecords", problems=(*GUARDED, 404, 410, 503),
    ),
    Route(
        method="POST", path="/v1/audit/identify", handler=audit.identify, id="audit_identify",
        scope="audit:identify", body=IdentifyBody, vi="Giao dịch này về ai (phải có lý do, được ghi lại)",
        en="Who an exchange is about (with a reason, which is recorded)",
        answer="Identified", problems=(*BODY, *GUARDED, 404, 410, 503),
    ),
    Route(
        method="GET", path="/v1/audit/checkpoint", handler=audit.checkpoint, id="audit_checkpoint", scope="",
        vi="Điểm kiểm tra đã ký mới nhất", en="The newest signed checkpoint", answer="Note", media=("text/plain",),
        problems=(*GUARDED, 404, 503),
    ),
    Route(
        method="GET", path="/v1/audit/anchors", handler=audit.anchors, id="audit_anchors", scope="audit:search",
        vi="Bằng chứng neo nhật ký ra bên ngoài", en="What anchors outside have proven of the log", answer="Anchors",
        query=(("size", "100"),), problems=(400, *GUARDED, 404, 503),
    ),
    Route(
        method="GET", path="/v1/audit/proof/inclusion", handler=audit.inclusion, id="audit_inclusion", scope="",
        vi="Bằng chứng bản ghi có trong nhật ký", en="Prove that a record is in the log", answer="Inclusion",
        query=(("leaf_hash", "b1674191a88ec5cdd733e4240a81803105dc412d6c6708d53ab94fc248f4f553"),
               ("exchange_id", "01KB0000000000000000000000"), ("size", "100")),
        problems=(400, *GUARDED, 404, 410, 503),
    ),
    Route(
        method="GET", path="/v1/audit/proof/consistency", handler=audit.consistency, id="audit_consistency", scope="",
        vi="Bằng chứng nhật ký chỉ được nối thêm", en="Prove that the log only grew", answer="Consistency",
        query=(("from", "40"), ("to", "100")), problems=(400, *GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/audit/export", handler=audit.export, id="audit_export", scope="audit:export",
        body=ExportBody, vi="Xuất nhật ký (JSONL có bằng chứng, hoặc CSV)", en="Export (JSONL with proofs, or CSV)",
        answer="ExportLines", media=("application/x-ndjson", "text/csv"), problems=(*BODY, *GUARDED, 404, 410, 503),
    ),
    Route(
        method="POST", path="/v1/audit/report", handler=report.report, id="audit_report", scope="audit:search",
        body=ReportBody, vi="Báo cáo từ nhật ký giao dịch (không nêu tên ai)",
        en="A report from the exchange log (names nobody)", answer="Report", media=("application/json", "text/csv"),
        problems=(*BODY, *GUARDED, 503),
    ),
    Route(
        method="POST", path="/v1/usage", handler=audit.usage, id="usage", scope="usage", body=UsageBody,
        vi="Ai đã khai thác dữ liệu của một người", en="Who used the data of a subject",
        answer="Usage", problems=(*BODY, *GUARDED, 503),
    ),
    Route(
        method="POST", path="/v1/consents", handler=citizens.give, id="consent_give", scope="consents",
        body=ConsentBody, vi="Ghi nhận sự đồng ý, nhận biên nhận", en="Record a consent, with a receipt",
        answer="Consent", problems=(*BODY, *GUARDED, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/consents/withdraw", handler=citizens.withdraw, id="consent_withdraw",
        scope="consents", body=WithdrawBody, vi="Rút lại sự đồng ý (có hiệu lực ngay)",
        en="Withdraw a consent (at once)", answer="Consent", problems=(*BODY, *GUARDED, 404, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/consents/search", handler=citizens.search, id="consent_search", scope="consents",
        body=ConsentSearchBody, vi="Tìm các sự đồng ý", en="Search consents",
        answer="Consents", problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/attest", handler=citizens.attest, id="attest", scope="prefill", body=AttestBody,
        vi="Đối chiếu biểu mẫu đã điền với dữ liệu đã trả", en="Compare a finished form with what was answered",
        answer="Attested", problems=(*BODY, *GUARDED, 404, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/subject-requests", handler=citizens.open_subject_request, id="subject_request",
        scope="consents", keyed=True, sees_to_keys=True, body=SubjectRequestBody,
        vi="Tiếp nhận yêu cầu của chủ thể dữ liệu",
        en="Take in a request of a data subject", answer="SubjectRequest", problems=(*BODY, *GUARDED, 503),
    ),
    Route(
        method="POST", path="/v1/subject-requests/search", handler=citizens.search_subject_requests,
        id="subject_request_search", scope="consents", body=SubjectRequestSearchBody,
        vi="Danh sách yêu cầu và hạn trả lời",
        en="Requests of data subjects and their due dates", answer="SubjectRequests",
        problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="POST", path="/v1/subject-requests/update", handler=citizens.update_subject_request,
        id="subject_request_update", scope="consents", body=SubjectRequestUpdateBody,
        vi="Xác nhận, gia hạn, trả lời hoặc từ chối yêu cầu",
        en="Acknowledge, extend, answer or refuse a request", answer="SubjectRequest",
        problems=(*BODY, *GUARDED, 404, 409, 503), keyed=True,
    ),
    Route(
        method="POST", path="/v1/files", handler=files.upload, id="file", scope="dossiers", streams=True,
        vi="Gửi một tệp của hồ sơ", en="Store a file of a dossier", answer="StoredFile",
        problems=(*BODY, *GUARDED, 503),
    ),
    Route(
        method="POST", path="/v1/files/link", handler=files.link, id="file_link", scope="dossiers", body=FileLinkBody,
        vi="Tạo đường dẫn có thời hạn để tải tệp", en="Make a link for downloads that ends",
        answer="FileLink", problems=(*BODY, *GUARDED, 404, 503),
    ),
    Route(
        method="GET", path="/files/{opaque}", handler=files.download, id="file_download",
        vi="Tải tệp theo đường dẫn có thời hạn", en="Download a file by its link", answer="FileContent",
        media=tuple(one.media_type for one in FileKind), problems=(404, 503),
    ),
    Route(
        method="GET", path="/log/checkpoint", handler=audit.public_checkpoint, id="log_checkpoint",
        vi="Điểm kiểm tra đã ký (công khai)", en="The signed checkpoint (public)", answer="Note",
        media=("text/plain",), problems=(404, 503),
    ),
    Route(
        method="GET", path="/log/tile/{path}", handler=audit.tile, id="log_tile",
        vi="Mảnh cây băm (công khai)", en="A tile of the hash tree (public)", answer="Tile",
        media=("application/octet-stream",), problems=(404, 503),
    ),
    Route(
        method="POST", path="/oauth2/token", handler=tokens.token, id="token",
        vi="Lấy mã truy cập", en="Fetch an access token", answer="TokenAnswer", problems=(400, 401, 503),
    ),
    Route(
        method="POST", path="/oauth2/introspect", handler=tokens.introspect, id="introspect",
        vi="Xem thông tin một mã truy cập", en="What an access token is (RFC 7662)", answer="Introspection",
        problems=(400, 401, 503),
    ),
    Route(
        method="POST", path="/oauth2/revoke", handler=tokens.revoke, id="revoke",
        vi="Thu hồi một mã truy cập", en="End an access token (RFC 7009)", answer="Done", problems=(400, 401, 503),
    ),
    Route(
        method="POST", path="/oauth2/par", handler=openid.push, id="par", status=201,
        vi="Gửi trước yêu cầu đăng nhập (PAR)", en="Push an authorization request (RFC 9126)", answer="PushedRequest",
        problems=(400, 401, 404, 503),
    ),
    Route(
        method="GET", path="/oauth2/authorize", handler=openid.authorize, id="authorize", status=303,
        vi="Bắt đầu đăng nhập", en="Begin a login (OpenID Connect Core 1.0)", answer="BrowserAnswer",
        media=("text/html",), query=_AUTHORIZE, problems=(400, 404, 503),
    ),
    Route(
        method="POST", path="/oauth2/authorize", handler=openid.authorize, id="authorize_form", status=303,
        vi="Bắt đầu đăng nhập bằng biểu mẫu", en="Begin a login, by a form", answer="BrowserAnswer",
        media=("text/html",), problems=(400, 404, 503),
    ),
    Route(
        method="GET", path="/oauth2/userinfo", handler=openid.userinfo, id="userinfo",
        vi="Thông tin người đã đăng nhập", en="Claims about the person who signed in", answer="UserInfo",
        problems=(401, 404, 503),
    ),
    Route(
        method="POST", path="/oauth2/userinfo", handler=openid.userinfo, id="userinfo_post",
        vi="Thông tin người đã đăng nhập", en="Claims about the person who signed in", answer="UserInfo",
        problems=(401, 404, 503),
    ),
    Route(
        method="GET", path="/.well-known/openid-configuration", handler=openid.discovery, id="openid_configuration",
        vi="Thông tin cho hệ thống đăng nhập OpenID", en="What OpenID clients need to know", answer="Metadata",
        problems=(404,),
    ),
    Route(
        method="GET", path="/oauth2/jwks", handler=tokens.jwks, id="jwks",
        vi="Khóa công khai của cổng (JWK)", en="Public keys of the gateway (RFC 7517)", answer="KeySet",
    ),
    Route(
        method="GET", path="/.well-known/oauth-authorization-server", handler=tokens.metadata, id="metadata",
        vi="Thông tin máy chủ cấp quyền", en="Authorization server metadata", answer="Metadata",
    ),
    Route(
        method="GET", path="/health/live", handler=operation.live, id="live",
        vi="Hệ thống kết nối đang chạy", en="The process answers", answer="Health",
    ),
    Route(
        method="GET", path="/health/ready", handler=operation.ready, id="ready",
        vi="Hệ thống kết nối sẵn sàng", en="The gateway is ready", answer="Health", problems=(503,),
    ),
)  # fmt: skip


def add_operations(routes: Routes) -> None:
    """Add the table to the routes."""
    for item in OPERATIONS:
        methods = ("GET", "HEAD") if item.method == "GET" else (item.method,)
        keyed = item.keyed and not item.sees_to_keys
        endpoint = Endpoint(item.path, item.handler, item.scope, item.waits, item.streams, keyed)
        routes.add(methods, endpoint)
