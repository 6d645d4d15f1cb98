"""The closed list of causes: why a source gives no answer, or an answer or one attribute is not taken; with remedies.

For operators: in the operations log, in metrics, in `GET /v1/sources` and on /ops/sources. `Reason` is what the HTTP
contract says of the same; it is coarser. No code has anything of what a provider said.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from gateway.domain.sentences import BothWords


# the list below is a table
# fmt: off
class FaultCode(StrEnum):
    """One cause: code, words (Vietnamese, English), remedy (Vietnamese, English)."""

    words: BothWords
    remedy: BothWords

    def __new__(cls, code: str, vi: str = "", en: str = "", remedy_vi: str = "", remedy_en: str = "") -> Self:
        """A cause with its texts."""
        member = str.__new__(cls, code)
        member._value_, member.words, member.remedy = code, (vi, en), (remedy_vi, remedy_en)
        return member

    # --- there is no connection

    NAME_NOT_FOUND = ("name_not_found", "Không tra được tên máy chủ của nguồn", "Its host name cannot be looked up",
        "kiểm tra 'url' và máy chủ tên miền của cổng", "check 'url' and the name server of the gateway's machine")
    CONNECTION_REFUSED = ("connection_refused", "Địa chỉ của nguồn từ chối kết nối", "Its address refuses connections",
        "kiểm tra cổng trong 'url', tường lửa, và hỏi cơ quan cung cấp dịch vụ có chạy không",
        "check the port of 'url' and firewalls, and ask the provider whether the service runs")
    NO_ROUTE = ("no_route", "Không có đường mạng đến nguồn", "There is no route to its address",
        "kiểm tra mạng, VPN và bảng định tuyến", "check network, VPN and routes")
    CONNECT_TIMEOUT = ("connect_timeout", "Không kết nối được trong thời hạn", "No connection in time",
        "kiểm tra tường lửa và VPN; nguồn ở xa thì tăng 'limits: connect_ms' của nguồn",
        "check firewalls and VPN; raise 'limits: connect_ms' of the source for a distant source")
    CERTIFICATE_UNTRUSTED = ("certificate_untrusted", "Chứng thư của nguồn không do nơi tin cậy cấp",
        "No trusted authority issued its certificate",
        "đặt chứng thư của đơn vị cấp vào 'options.tls.ca'", "give the authority's certificate in 'options.tls.ca'")
    CERTIFICATE_EXPIRED = ("certificate_expired", "Chứng thư của nguồn hết hạn hoặc chưa có hiệu lực",
        "Its certificate has expired or is not valid yet",
        "đề nghị cơ quan cung cấp gia hạn; kiểm tra đồng hồ của máy",
        "ask the provider to renew it; check the clock of the machine")
    CERTIFICATE_OTHER_NAME = ("certificate_other_name", "Chứng thư của nguồn mang tên khác",
        "Its certificate has another name",
        "ghi vào 'url' đúng tên có trong chứng thư", "write the name of the certificate into 'url'")
    OUR_CERTIFICATE_REFUSED = ("our_certificate_refused", "Nguồn không chấp nhận chứng thư của cổng",
        "It does not accept our certificate",
        "kiểm tra 'options.tls.certificate', 'key' và thời hạn; đề nghị cơ quan cung cấp đăng ký chứng thư",
        "check 'options.tls.certificate', 'key' and their validity; ask the provider to register it")
    TLS_FAILED = ("tls_failed", "Không thiết lập được kết nối TLS", "No TLS connection can be made",
        "kiểm tra nguồn dùng https với TLS 1.2 trở lên, và có đòi chứng thư của cổng không ('options.tls')",
        "check that it speaks https with TLS 1.2 or newer, and whether it wants our certificate ('options.tls')")
    CONNECTION_LOST = ("connection_lost", "Kết nối đứt trước khi có đủ câu trả lời",
        "The connection ended before the answer was complete",
        "hỏi cơ quan cung cấp; kiểm tra tường lửa, máy chủ trung gian và nguồn có đòi chứng thư của cổng không",
        "ask the provider; check firewalls and proxies, and whether it wants our certificate ('options.tls')")

    # --- it takes too long, or is not asked

    ANSWER_TIMEOUT = ("answer_timeout", "Nguồn không trả lời xong trong 'limits: total_ms'",
        "No complete answer within 'limits: total_ms'",
        "hỏi cơ quan cung cấp vì sao chậm; tăng 'limits: total_ms' của nguồn nếu thời hạn điền sẵn cho phép",
        "ask the provider why it is slow; raise 'limits: total_ms' of the source where a prefill can wait")
    DEADLINE = ("deadline", "Hết thời hạn của yêu cầu trước khi nguồn trả lời xong",
        "The deadline of the request came before its answer",
        "xem p95 của nguồn; nếu nguồn vốn chậm: tăng prefill.deadline_ms, hoặc thời hạn của lần thử (--deadline-ms)",
        "see its p95; where it is slow by nature, raise prefill.deadline_ms, or that of the trial (--deadline-ms)")
    BREAKER_OPEN = ("breaker_open", "Tạm không hỏi nguồn vì lỗi liên tiếp", "It is not asked after repeated failures",
        "khắc phục lỗi xảy ra trước đó; cổng tự hỏi lại",
        "mend the failures before it; the gateway tries again by itself")
    ASKED_TO_WAIT = ("asked_to_wait", "Nguồn yêu cầu chờ (Retry-After)", "It asked us to wait (Retry-After)",
        "chờ; giảm số lượt hỏi hoặc đề nghị tăng hạn mức", "wait; ask less, or ask the provider for a higher quota")
    QUEUE_FULL = ("queue_full", "Quá nhiều lượt đang chờ hỏi nguồn", "Too many calls wait for it",
        "tăng 'limits: connections' của nguồn theo mức cơ quan cung cấp cho phép",
        "raise 'limits: connections' of the source as far as the provider allows")
    NO_PLACE_IN_TIME = ("no_place_in_time", "Chờ đến hết thời hạn mà chưa đến lượt hỏi nguồn",
        "Its turn did not come in time",
        "tăng 'limits: connections' của nguồn theo mức cơ quan cung cấp cho phép; hỏi vì sao nguồn chậm",
        "raise 'limits: connections' of the source as far as the provider allows; ask why it is slow")
    READING_LATE = ("reading_late", "Cổng không đọc kịp câu trả lời lớn",
        "The gateway had no time to read a large answer",
        "tăng số tiến trình của cổng, hoặc xin câu trả lời nhỏ hơn", "run more processes, or ask for smaller answers")
    CLOSING = ("closing", "Cổng đang dừng hoặc đổi cấu hình", "The gateway was stopping or changing its configuration",
        "không cần làm gì", "nothing to do")
    SERVICE_OFF = ("service_off", "Cấu hình đang dùng không có dịch vụ này, hoặc chưa bật",
        "The configuration in force has no such service, or it is not enabled",
        "bật dịch vụ trong config/sources, hoặc bỏ nguồn khỏi thủ tục",
        "enable the service in config/sources, or take the source out of the procedure")
    NO_PROCEDURE_CODE = ("no_procedure_code", "Chưa có mã mà nguồn dùng cho thủ tục này",
        "There is no code of the provider for this procedure",
        "thêm mã vào 'procedure_codes' của dịch vụ", "add it to 'procedure_codes' of the service")
    PLACE_BLANK = ("place_blank", "Thiếu giá trị trong địa chỉ của lượt hỏi", "A place of the address has no value",
        "kiểm tra 'path' của dịch vụ và 'request' trong ánh xạ",
        "check 'path' of the service and 'request' of the mapping")
    PERSON_IN_ADDRESS = ("person_in_address", "Số định danh cá nhân sẽ nằm trong địa chỉ",
        "A person's number would be in the address",
        "dùng 'method: POST'; nếu nguồn bắt buộc thì đặt 'options.allow_url_ids'",
        "use 'method: POST', or 'options.allow_url_ids' where the provider insists")
    NOT_SENDABLE = ("not_sendable", "Không viết được lượt hỏi theo mẫu của nguồn",
        "The request cannot be written in its form",
        "so 'request' trong ánh xạ với WSDL hoặc tài liệu của nguồn",
        "compare 'request' of the mapping with the WSDL or the contract")
    STORE_UNAVAILABLE = ("store_unavailable", "Không đọc được kho dữ liệu của cổng",
        "The gateway's store cannot be read",
        "xem /health/ready và cơ sở dữ liệu", "see /health/ready and the database")
    NO_TOKEN = ("no_token", "Câu trả lời không có mã truy cập ở chỗ đã cấu hình",
        "Its answer has no token at the configured place",
        "kiểm tra địa chỉ lấy mã và 'auth.token'", "check the address of the tokens and 'auth.token'")
    TOKEN_REFUSED = ("token_refused", "Nguồn từ chối cả mã truy cập vừa cấp",
        "It refuses a token that it has just given",
        "hỏi cơ quan cung cấp về quyền của tài khoản; kiểm tra đồng hồ của máy",
        "ask the provider about the rights of the account; check the clock of the machine")

    # --- it answers with something else than data

    HTTP_STATUS = ("http_status", "Nguồn trả mã trạng thái HTTP báo lỗi", "It answers with an HTTP error status",
        "xem 'status'. 400, 422: so yêu cầu với hợp đồng; 401, 403: kiểm tra 'auth'; 404: kiểm tra 'path';"
        " 5xx: báo cơ quan cung cấp; mã có nghĩa khác thì ghi vào 'options.http'",
        "see 'status'. 400, 422: compare the request with the contract; 401, 403: check 'auth'; 404: check 'path';"
        " 5xx: call the provider; write a status that means something else into 'options.http'")
    FAULT = ("fault", "Nguồn báo mã lỗi của mình", "It answers with a fault code of its own",
        "xem 'fault'; trống là mã chưa có trong 'options.faults': hỏi cơ quan cung cấp rồi thêm vào",
        "see 'fault'; blank: the code is not in 'options.faults'. Ask the provider and add it")
    SOAP_FAULT = ("soap_fault", "Nguồn báo lỗi SOAP chung", "It answers with one of SOAP's own faults",
        "Client, Sender: so lượt hỏi với WSDL; Server, Receiver: báo cơ quan cung cấp; MustUnderstand: xem"
        " 'options.addressing' và 'auth'; VersionMismatch: 'options.soap_version'",
        "Client, Sender: compare the request with the WSDL; Server, Receiver: call the provider; MustUnderstand: see"
        " 'options.addressing' and 'auth'; VersionMismatch: see 'options.soap_version'")
    PROVIDER_STATUS = ("provider_status", "Trạng thái trong câu trả lời nói nguồn không trả dữ liệu",
        "The status in its answer says that it gives no data",
        "xem 'fault' và 'statuses' trong ánh xạ", "see 'fault', and 'statuses' of the mapping")
    STATUS_UNKNOWN = ("status_unknown", "Trạng thái trong câu trả lời không có trong ánh xạ",
        "The status in its answer is not in the mapping",
        "hỏi cơ quan cung cấp rồi thêm vào 'statuses' của ánh xạ",
        "ask the provider and add it to 'statuses' of the mapping")
    NOT_HTTP = ("not_http", "Câu trả lời không phải HTTP hợp lệ", "It does not answer in valid HTTP",
        "kiểm tra 'url', giao thức và máy chủ trung gian", "check 'url', its scheme and proxies in between")
    NOT_AN_ANSWER = ("not_an_answer", "Trang HTML, nội dung trống hoặc hỏng thay cho câu trả lời",
        "An HTML page, an empty or a damaged body instead of an answer",
        "kiểm tra 'path' và máy chủ trung gian; hỏi cơ quan cung cấp",
        "check 'path' and proxies in between; ask the provider")
    FILE_MISSING = ("file_missing", "Không có tệp, hoặc tệp đã quá hạn", "The file is not there, or its time is over",
        "xem thư mục và tệp đánh dấu '.ok'; hỏi cơ quan cung cấp",
        "look into the folder, and at its '.ok' marker; ask the provider")
    FILE_DAMAGED = ("file_damaged", "Tệp không đúng như tệp đánh dấu hoặc thỏa thuận",
        "The file is not as its marker says, or as agreed",
        "hỏi cơ quan cung cấp: SHA-256, số dòng, thứ tự, UTF-8",
        "ask the provider for its SHA-256, number of rows, order, UTF-8")
    ANSWER_TOO_LARGE = ("answer_too_large", "Câu trả lời lớn hơn 'limits: answer_bytes' của nguồn",
        "Its answer is larger than 'limits: answer_bytes' of the source",
        "tăng 'limits: answer_bytes' của nguồn, hoặc xin câu trả lời nhỏ hơn",
        "raise 'limits: answer_bytes' of the source, or ask for smaller answers")
    NOT_JSON = ("not_json", "Câu trả lời không phải JSON hợp lệ", "Its answer is not valid JSON",
        "xem câu trả lời cùng cơ quan cung cấp; JSON có tên trùng cũng không nhận",
        "look at an answer with the provider; JSON with a name twice is refused too")
    NOT_XML = ("not_xml", "Câu trả lời không phải XML theo WSDL", "Its answer is not XML as its WSDL says",
        "so WSDL trong schemas/sources với WSDL đang dùng của nguồn",
        "compare the WSDL in schemas/sources with the one in use at the provider")
    ATTACHMENT = ("attachment", "Câu trả lời có tệp đính kèm (MTOM), không được đọc",
        "Its answer comes with attachments (MTOM, multipart), which are not read",
        "đề nghị nguồn trả lời bằng SOAP không đính kèm, hoặc dùng dịch vụ khác của nguồn",
        "ask the provider for plain SOAP without attachments, or use another of its services")
    SIGNATURE = ("signature", "Chữ ký của câu trả lời sai",
        "The signature of its answer is wrong",
        "kiểm tra 'auth.peer_certificate'; nguồn có thể đã đổi chứng thư",
        "check 'auth.peer_certificate'; the provider may have a new certificate")
    SIGNATURE_MISSING = ("signature_missing", "Câu trả lời, hoặc một phần của nó, không được ký",
        "Its answer, or a part of it, is not signed",
        "Body, Timestamp và mọi khối khác của Header đều phải được ký; lỗi không ký: nguồn có thể từ chối"
        " chữ ký của cổng, kiểm tra 'auth.certificate'",
        "Body, Timestamp and every other block of the Header must be signed; an error without a signature: the provider"
        " may refuse ours, check 'auth.certificate'")
    SIGNATURE_TIME = ("signature_time", "Thời điểm ký của câu trả lời không còn hiệu lực",
        "The time of its signature is too long ago or in the future",
        "so đồng hồ của cổng với đồng hồ của nguồn (Timestamp), và thời hạn chứng thư của nguồn",
        "compare the clocks of both sides (Timestamp), and look at the validity of the provider's certificate")
    SIGNATURE_FORM = ("signature_form", "Câu trả lời được ký theo cách không được nhận",
        "It signs in a way that is not accepted",
        "hỏi cơ quan cung cấp: RSA hoặc ECDSA với SHA-256, exclusive C14N, một chữ ký",
        "ask the provider for RSA or ECDSA with SHA-256, exclusive C14N, one signature")
    OTHER_MESSAGE = ("other_message", "Câu trả lời cho một lượt hỏi khác (WS-Addressing)",
        "It answers another request (WS-Addressing)",
        "báo cơ quan cung cấp; kiểm tra 'options.addressing'", "call the provider; check 'options.addressing'")
    LIST_TOO_LONG = ("list_too_long", "Danh sách có nhiều trang, dòng hoặc byte hơn giới hạn",
        "A list of more pages, rows or bytes than the bound",
        "tăng 'pages.most_pages', 'pages.most_rows' hoặc 'limits: answer_bytes' của nguồn",
        "raise 'pages.most_pages', 'pages.most_rows' or 'limits: answer_bytes' of the source")
    PAGE_REPEATED = ("page_repeated", "Một trang của danh sách lặp lại", "A page of a list, or its address, came twice",
        "kiểm tra 'pages'; ghi 'total_at' hoặc 'more_at'", "check 'pages'; write 'total_at' or 'more_at'")
    PAGE_UNREADABLE = ("page_unreadable", "Một trang của danh sách không đọc được", "A page of a list cannot be read",
        "so 'pages' của dịch vụ với tài liệu của nguồn", "compare 'pages' of the service with the contract")

    # --- the record is not what its contract says, or not about this person

    UNKNOWN_FORM = ("unknown_form", "Câu trả lời không có gì theo ánh xạ", "Nothing in its answer fits the mapping",
        "so 'record', 'found_when' và các 'path' của ánh xạ với một câu trả lời thật; giá trị không nói về ai ghi vào "
        "'envelope', của một lỗi vào 'options.fault_texts'", "compare 'record', 'found_when' and the paths of the "
        "mapping with a real answer; values that say nothing about the person belong in 'envelope', of a fault in "
        "'options.fault_texts'")
    OTHER_PERSON = ("other_person", "Bản ghi là của người khác", "The record is about another person",
        "báo cơ quan cung cấp ngay; kiểm tra 'identity' của ánh xạ nếu lượt nào cũng vậy",
        "call the provider at once; check 'identity' of the mapping where it is every answer")
    SEVERAL_RECORDS = ("several_records", "Nhiều bản ghi ở chỗ chỉ có một", "Several records where there is one person",
        "báo cơ quan cung cấp; nếu đúng tài liệu của nguồn thì ghi 'tells_apart' vào ánh xạ",
        "call the provider; where the contract says so, write 'tells_apart' into the mapping")
    NOBODY_NAMED = ("nobody_named", "Bản ghi không cho biết là của ai", "The record does not say whose it is",
        "kiểm tra 'identity' của ánh xạ; đề nghị nguồn trả số định danh",
        "check 'identity' of the mapping; ask the provider to answer the number")
    UNREADABLE = ("unreadable", "Phép chuyển đổi không đọc được giá trị", "Its transform cannot read the value",
        "sửa 'transform' hoặc 'codes' của trường này trong ánh xạ",
        "mend 'transform' or 'codes' of the attribute in the mapping")
    OTHER_SHAPE = ("other_shape", "Giá trị có dạng khác với ánh xạ",
        "The value has another shape than the mapping reads",
        "kiểm tra 'path' của trường này; danh sách, đối tượng, đúng/sai cần phép chuyển đổi đọc được chúng",
        "check 'path' of the attribute; lists, objects and truths need a transform that reads them")
    HIDDEN_SIGNS = ("hidden_signs", "Giá trị có ký tự ẩn hoặc xuống dòng",
        "The value has invisible signs or line breaks",
        "báo cơ quan cung cấp làm sạch dữ liệu", "ask the provider to clean its data")
    SCHEMA_TYPE = ("schema_type", "Giá trị sai kiểu", "The value has the wrong type",
        "sửa 'transform' của trường này, hoặc schemas/evidence",
        "mend 'transform' of the attribute, or schemas/evidence")
    SCHEMA_PATTERN = ("schema_pattern", "Giá trị sai mẫu", "The value does not have the pattern",
        "sửa 'transform' của trường này, hoặc schemas/evidence",
        "mend 'transform' of the attribute, or schemas/evidence")
    SCHEMA_ENUM = ("schema_enum", "Giá trị không có trong danh mục", "The value is not in the list",
        "thêm mã của nguồn vào 'codes' của ánh xạ", "add the provider's code to 'codes' of the mapping")
    SCHEMA_LENGTH = ("schema_length", "Giá trị quá ngắn hoặc quá dài", "The value is too short or too long",
        "kiểm tra 'path' của trường này, hoặc schemas/evidence", "check 'path' of the attribute, or schemas/evidence")
    SCHEMA_FORMAT = ("schema_format", "Giá trị sai định dạng", "The value does not have the format",
        "sửa 'transform' của trường này", "mend 'transform' of the attribute")
    LATER_THAN_TODAY = ("later_than_today", "Ngày ở tương lai, dù việc này phải xảy ra rồi",
        "The date is later than today, though it must be past",
        "báo cơ quan cung cấp sửa dữ liệu; nếu ngày được phép ở tương lai (ngày hết hạn), ghi '\"x-ahead\": true' vào"
        " schemas/evidence",
        "ask the provider to correct its data; where the date may lie ahead (the end of a validity), write"
        " '\"x-ahead\": true' into schemas/evidence")
    SCHEMA_OTHER = ("schema_other", "Giá trị không theo lược đồ", "The value does not fit its schema",
        "so trường này với schemas/evidence", "compare the attribute with schemas/evidence")
    DEFECT = ("defect", "Lỗi của cổng", "A defect of the gateway",
        "tìm 'source.defect' trong nhật ký vận hành và báo lỗi",
        "look for 'source.defect' in the operations log, and report it")

#: outcome that the settings give a code or a status -> what happened, and what to do before they are changed
_MEANT: Mapping[str, tuple[BothWords, BothWords]] = MappingProxyType({
    "not_found": (("không tìm thấy", "nobody was found"), ("", "")),
    "no_match": (("thông tin không khớp", "the data do not match"), ("", "")),
    "refused": (("từ chối trả lời", "it refuses to answer"),
        ("hỏi cơ quan cung cấp vì sao từ chối; ", "ask the provider why it refuses; ")),
    "unavailable": (("tạm thời không trả lời được", "it cannot answer now"),
        ("báo cơ quan cung cấp nếu còn lặp lại; ", "call the provider where it goes on; ")),
    "invalid": (("không nhận lượt hỏi này", "it cannot take this request"),
        ("so lượt hỏi với hợp đồng; ", "compare the request with the contract; ")),
})
_IS_MEANT: BothWords = ("kết quả là ý nghĩa của mã này; nếu sai thì sửa 'options.faults' hoặc 'options.http'",
    "the outcome is its meaning; where that is wrong, change 'options.faults' or 'options.http'")
#: statuses of HTTP -> what happened, what to do; those of each hundred that are not named stand under it
_STATUSES: Mapping[int, tuple[BothWords, BothWords]] = MappingProxyType({
    300: (("Nguồn chuyển sang địa chỉ khác", "It leads to another address"),
        ("hỏi cơ quan cung cấp địa chỉ mới, ghi vào 'url' hoặc 'path'; cổng không tự đi theo",
         "ask the provider for its new address and write it into 'url' or 'path'; the gateway does not follow")),
    400: (("Nguồn không nhận lượt hỏi này", "It does not take this request"),
        ("so 'request' của ánh xạ, 'method' và 'body' của dịch vụ với hợp đồng",
         "compare 'request' of the mapping, 'method' and 'body' of the service with the contract")),
    401: (("Nguồn không nhận thông tin xác thực của cổng", "It does not take the gateway's credentials"),
        ("kiểm tra 'auth' và bí mật của nguồn; hỏi cơ quan cung cấp", "check 'auth' and its secret; ask the provider")),
    403: (("Nguồn không cho cổng dùng dịch vụ này", "It does not let the gateway use this service"),
        ("hỏi cơ quan cung cấp về quyền của tài khoản và địa chỉ IP được phép; kiểm tra 'auth'",
         "ask the provider about the rights of the account and the addresses that it allows; check 'auth'")),
    404: (("Nguồn báo không có địa chỉ hoặc dữ liệu này", "It has no such address or data"),
        ("kiểm tra 'url' và 'path'; nếu đó là không tìm thấy người thì ghi '404: not_found' vào 'options.http',"
         " và mã trong câu trả lời (nếu có) vào 'options.faults'",
         "check 'url' and 'path'; where it means that nobody was found, write '404: not_found' into 'options.http',"
         " and a code in its body into 'options.faults'")),
    429: (("Nguồn báo cổng hỏi quá nhiều", "It says that the gateway asks too often"),
        ("giảm số lượt hỏi hoặc đề nghị tăng hạn mức", "ask less, or ask the provider for a higher quota")),
    500: (("Nguồn gặp lỗi của chính nguồn", "It has a fault of its own"),
        ("báo cơ quan cung cấp; nếu chỉ lượt hỏi này bị lỗi thì so lượt hỏi với hợp đồng",
         "call the provider; where it is this request alone, compare the request with the contract")),
})
#: codes of SOAP 1.1 and 1.2 -> what to do
_OF_SOAP: Mapping[str, BothWords] = MappingProxyType(dict.fromkeys(("Client", "Sender"), (
        "so lượt hỏi với WSDL; nếu 'detail' có mã riêng thì ghi chỗ của mã vào 'options.fault_code', ý nghĩa vào"
        " 'options.faults'",
        "compare the request with the WSDL; where 'detail' has a code, write its place into 'options.fault_code' and"
        " its meaning into 'options.faults'")) | dict.fromkeys(("Server", "Receiver"), (
        "báo cơ quan cung cấp; nếu 'detail' có mã riêng thì ghi chỗ của mã vào 'options.fault_code', ý nghĩa vào"
        " 'options.faults'",
        "call the provider; where 'detail' has a code, write its place into 'options.fault_code' and its meaning into"
        " 'options.faults'")) | {
    "MustUnderstand": ("xem 'options.addressing' và 'auth'", "see 'options.addressing' and 'auth'"),
    "VersionMismatch": ("xem 'options.soap_version'", "see 'options.soap_version'"),
})
_OF_TOKENS: tuple[BothWords, BothWords] = (
    ("Nơi cấp mã truy cập không cấp mã", "No token is given where tokens are"),
    ("kiểm tra địa chỉ lấy mã, tài khoản và bí mật trong 'auth'; hỏi cơ quan cung cấp",
     "check the address of the tokens, the account and the secret in 'auth'; ask the provider"),
)
_NOT_IN_TABLES: tuple[BothWords, BothWords] = (
    ("Nguồn báo mã lỗi chưa có trong 'options.faults'", "Its fault code is not in 'options.faults'"),
    ("hỏi cơ quan cung cấp ý nghĩa của mã rồi thêm vào 'options.faults'",
     "ask the provider what the code means, and add it to 'options.faults'"),
)
# fmt: on


def explained(
    code: FaultCode, status: int, provider_code: str, step: str, meant: str
) -> tuple[BothWords, BothWords]:
    """What happened and what to do. `meant`: the outcome that the settings give the code or status; blank: none."""
    if meant:
        (vi, en), (first, first_en) = _MEANT[meant]
        title = (
            f"Nguồn báo mã mà cấu hình hiểu là: {vi}",
            f"It answers with what the settings read as: {en}",
        )
        return title, (first + _IS_MEANT[0], first_en + _IS_MEANT[1])
    if code is FaultCode.FAULT and not provider_code:
        return _NOT_IN_TABLES
    if code is FaultCode.SOAP_FAULT and (remedy := _OF_SOAP.get(provider_code)):
        return code.words, remedy
    if code is FaultCode.HTTP_STATUS and step:
        return _OF_TOKENS
    if code is FaultCode.HTTP_STATUS:
        return _STATUSES.get(status) or _STATUSES.get(status // 100 * 100) or (code.words, code.remedy)
    return code.words, code.remedy
