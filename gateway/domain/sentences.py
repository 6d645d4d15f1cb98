"""The closed table of problem texts (RFC 9457, `detail` and `detail_vi`): Vietnamese first, English beside it.

A sentence has named places in braces, the same in both languages: `{largest}`. Vietnamese may leave out a place whose
text is English only (the description in a schema). Places take codes and words of the configuration and of the
contract, never a value or an identifier of a person. Every new sentence is added here: an error takes no other text.
Terms are those of the glossary and of the decrees: khai thác, không thống nhất, thỏa thuận chia sẻ dữ liệu.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

# the lists below are tables
# fmt: off
#: Vietnamese and English
BothWords = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A fact or a remedy, in both languages."""

    vi: str
    en: str

    def __call__(self, **places: object) -> "Sentence":
        """The sentence with its places filled; a place may be a sentence itself, or a day."""
        vi = {name: _in_vietnamese(one) for name, one in places.items()}
        en = {name: one.en if isinstance(one, Sentence) else one for name, one in places.items()}
        return Sentence(self.vi.format(**vi), self.en.format(**en))

    def at(self, place: str) -> "Sentence":
        """The sentence, prefixed by a place of the body (a JSON pointer)."""
        return Sentence(f"{place}: {self.vi}", f"{place}: {self.en}")

    def __str__(self) -> str:
        """Both languages, as one line of a terminal."""
        return f"{self.vi} / {self.en}"


def titled(vi: str, en: str) -> Sentence:
    """A title of the configuration, for a place of a sentence."""
    return Sentence(vi, en)


def listed(many: Iterable[Sentence]) -> Sentence:
    """Several sentences, separated by commas."""
    many = tuple(many)
    return Sentence(", ".join(one.vi for one in many), ", ".join(one.en for one in many))


def _in_vietnamese(place: object) -> object:
    if isinstance(place, Sentence):
        return place.vi
    return f"{place:%d/%m/%Y}" if isinstance(place, date) else place


class WrongText(ValueError):
    """A text of a wrong form; raised by validators, which never quote it."""

    def __init__(self, said: Sentence) -> None:
        """`said`: the required form."""
        super().__init__(said.en)
        self.said = said


# --- the message: HTTP, media types, JSON

NOT_HTTP = Sentence("yêu cầu không phải là thông điệp HTTP hợp lệ", "the request is not valid HTTP")
SEND_JSON = Sentence("gửi kèm Content-Type: application/json", "send Content-Type: application/json")
JSON_IS_UTF8 = Sentence("JSON phải dùng bảng mã UTF-8", "JSON is UTF-8")
SEND_UNCOMPRESSED = Sentence("gửi nội dung không nén", "send the body uncompressed")
SEND_FORM = Sentence(
    "gửi kèm Content-Type: application/x-www-form-urlencoded", "send Content-Type: application/x-www-form-urlencoded")
AT_MOST_BYTES = Sentence("chỉ nhận tối đa {largest} byte", "at most {largest} bytes are accepted")
AT_MOST_VALUES = Sentence("chỉ nhận tối đa {most} giá trị JSON trong một yêu cầu; hãy chia nhỏ yêu cầu",
    "at most {most} JSON values are accepted in one request; send it in parts")
SEND_WITHIN = Sentence("gửi hết nội dung trong vòng {seconds} giây", "send the body within {seconds} seconds")
SEND_FASTER = Sentence("gửi ít nhất {rate} byte mỗi giây", "send at least {rate} bytes a second")
BODY_UNREADABLE = Sentence("không đọc được nội dung yêu cầu", "the body could not be read")
BODY_EMPTY = Sentence(
    "nội dung yêu cầu trống; cần một đối tượng JSON", "the body is empty; a JSON object is expected")
BODY_MARK = Sentence(
    "nội dung bắt đầu bằng dấu thứ tự byte (BOM); hãy bỏ dấu này", "the body starts with a byte-order mark")
BODY_NO_JSON = Sentence("nội dung không phải là JSON hợp lệ theo UTF-8", "the body is not valid JSON in UTF-8")
BODY_TOO_DEEP = Sentence("nội dung lồng nhau quá {depth} cấp", "the body is nested deeper than {depth} levels")
MEMBER_TWICE = Sentence("một đối tượng có thành phần bị lặp tên", "an object has the same member twice")
NUMBER_TOO_LONG = Sentence("nội dung có số quá nhiều chữ số", "a number in the body has too many digits")
NUMBER_TOO_LARGE = Sentence("nội dung có số quá lớn", "a number in the body is too large")
FORM_UNREADABLE = Sentence("không đọc được biểu mẫu gửi lên", "the form cannot be read")
PARAMETER_TWICE = Sentence("có tham số bị lặp", "a parameter is given twice")
PAGES_AT_MOST = Sentence("một phiên mở tối đa {most} trang trong {seconds} giây; hãy chờ hết {wait} giây rồi mở lại",
    "one session opens at most {most} pages in {seconds} seconds; wait for {wait} seconds and open it again")
AT_MOST_AT_A_TIME = Sentence("tối đa {most} yêu cầu cùng lúc", "at most {most} at a time")
VALUES_TOO_LARGE = Sentence("các giá trị dài quá {largest} byte", "the values have more than {largest} bytes")

# --- members of a body, and how they are written

IS_MISSING = Sentence("còn thiếu", "is missing")
OBJECT_EXPECTED = Sentence("cần một đối tượng JSON: {{…}}", "a JSON object is expected: {{…}}")
LIST_EXPECTED = Sentence("cần một danh sách: […]", "a list is expected: […]")
OBJECTS_EXPECTED = Sentence("cần một danh sách các đối tượng JSON: [{{…}}]",
    "a list of JSON objects is expected: [{{…}}]")
TEXT_EXPECTED = Sentence("cần chuỗi ký tự, đặt trong dấu nháy", "text is expected, in quotes")
WHOLE_NUMBER_EXPECTED = Sentence("cần số nguyên", "a whole number is expected")
NUMBER_EXPECTED = Sentence("cần một số", "a number is expected")
TRUTH_EXPECTED = Sentence("cần true hoặc false", "true or false is expected")
ONLY_NULL = Sentence("chỉ nhận null", "only null is accepted here")
ONE_OF = Sentence("phải là một trong {expected}", "is one of {expected}")
GREATER_THAN = Sentence("phải lớn hơn {gt}", "is greater than {gt}")
AT_LEAST = Sentence("phải từ {ge} trở lên", "is at least {ge}")
LESS_THAN = Sentence("phải nhỏ hơn {lt}", "is less than {lt}")
AT_MOST = Sentence("phải từ {le} trở xuống", "is at most {le}")
NOT_OF_THE_FORM = Sentence(
    "không đúng định dạng mà tài liệu giao diện quy định", "does not have the form that the contract requires")
ACCOUNT_KINDS = Sentence(
    "cần chuỗi ký tự, số nguyên, true, false hoặc null", "text, a whole number, true, false or null is expected")
GROWN_FROM_KINDS = Sentence("cần số bản ghi, hoặc nguyên văn điểm kiểm tra đã ký",
    "a number of records, or the text of a signed checkpoint, is expected")
UNKNOWN_MEMBER = Sentence("không có thành phần '{name}'", "'{name}' is not a known member")
UNKNOWN_MEMBER_OF = Sentence(
    "không có thành phần '{name}'; có các thành phần {known}", "'{name}' is not a known member; known: {known}")
UNKNOWN_WORD = Sentence("không thuộc danh mục; có các giá trị {known}", "is not a known word; known: {known}")
UNKNOWN_WORD_NEAR = Sentence("có phải là '{found}'? Có các giá trị {known}", "did you mean '{found}'? known: {known}")
WRITTEN_AS = Sentence("được viết là {how}", "is written as {how}")
FEWEST_CHARACTERS = Sentence("có ít nhất {bound} ký tự", "has at least {bound} characters")
MOST_CHARACTERS = Sentence("có nhiều nhất {bound} ký tự", "has at most {bound} characters")
FEWEST_ENTRIES = Sentence("có ít nhất {bound} phần tử", "has at least {bound} entries")
MOST_ENTRIES = Sentence("có nhiều nhất {bound} phần tử", "has at most {bound} entries")
WRITE_TIME = Sentence(
    "ghi thời điểm theo dạng 2026-11-25T00:00:00Z (RFC 3339)", "write a time as in 2026-11-25T00:00:00Z (RFC 3339)")
WRITE_DAY = Sentence("ghi ngày theo dạng 2026-09-02", "write a day as in 2026-09-02")
WRITE_DAY_MONTH_YEAR = Sentence(
    "ghi một ngày có thật theo dạng ngày/tháng/năm, ví dụ 25/11/2026, từ năm 2000 đến năm 2099",
    "write an existing day as day/month/year, such as 25/11/2026, in the years 2000 to 2099")
LAST_DAY_FIRST = Sentence("ghi ngày cuối không sớm hơn ngày đầu", "write a last day that is not before the first one")
AGREE_ON_ATTRIBUTE = Sentence("thêm {attribute} của {service} vào một thỏa thuận (config/agreements)",
    "agree on {attribute} of {service} in config/agreements")
ADD_A_SOURCE_OF_IT = Sentence("bật hoặc thêm một nguồn trả trường này (config/sources)",
    "enable or add a source of this attribute (config/sources)")
AGREE_ON_THIS_PERSON = Sentence("thêm người này vào một thỏa thuận (config/agreements)",
    "agree on this person in config/agreements")
AGREE_ON_THIS_PROCEDURE = Sentence("viết một thỏa thuận về thủ tục này (config/agreements)",
    "write an agreement about this procedure (config/agreements)")
NO_SUCH_DATE = Sentence(
    "không phải ngày có thật viết theo yyyy, yyyy-mm hoặc yyyy-mm-dd, từ năm {first} đến năm {last}",
    "is not an existing date, written yyyy, yyyy-mm or yyyy-mm-dd, in the years {first} to {last}")
BORN_LATER = Sentence("ngày sinh ở tương lai; đề nghị kiểm tra và ghi lại ngày sinh",
    "the birth date is in the future; check it, and write the real one")
REASON_IN_CLEAR = Sentence("nội dung này được lưu ở dạng đọc được: không ghi số định danh hay số giấy tờ của ai",
    "is recorded in clear: leave personal numbers out")
MAY_BE_A_NUMBER = Sentence(
    "có phần giống số định danh hoặc số giấy tờ của một người, mà nội dung này được lưu ở dạng đọc được",
    "may contain a personal number; such words are kept in clear")
MAY_BE_A_NAME = Sentence("giống họ tên hoặc câu chữ, không giống mã hồ sơ, mà mã này được lưu ở dạng đọc được",
    "looks like words, not like a dossier code; dossier codes are kept in clear")
NO_TAX_CODE = Sentence("không phải mã số thuế (10 chữ số có chữ số kiểm tra, hoặc 13 chữ số)",
    "is not a tax code (ten digits with their check digit, or thirteen)")
CONFIGURATION_NOT_KEPT = Sentence(
    "máy chủ này không giữ cấu hình có mã băm này: hãy tính lại từ bản sao của config/, mappings/ và schemas/",
    "this host has not kept the configuration of this digest: compute it from copies of config/, mappings/, schemas/")
PERSON_IN_ADDRESS = Sentence("ô này không nhận số định danh của ai: hãy dùng Tìm theo người",
    "takes no number of a person: use Search by person")
GIVE_AN_IDENTIFIER = Sentence("cần ít nhất một số định danh", "give at least one identifier")
HOW_PERSONAL_ID = Sentence("12 chữ số liền nhau", "12 digits, nothing between them")
HOW_CODE = Sentence("không bắt đầu và kết thúc bằng dấu cách", "no space at its beginning or end")
CODE_WITH_HIDDEN_SIGNS = Sentence(
    "mã có ký tự vô hình hoặc khoảng trắng lạ; hãy gõ lại mã bằng chữ, số và dấu thường",
    "the code has an invisible character or an unusual blank: write it again with plain letters, digits and signs")
HOW_FILE = Sentence("'sha256:' và 64 chữ số thập lục phân, hoặc để trống",
    "`sha256:` and 64 hexadecimal digits, or blank")
HOW_NUMBER = Sentence("chữ số, chữ cái không dấu và dấu gạch ngang", "digits, letters without marks, and hyphens")
HOW_OLD_ID = Sentence("9 chữ số liền nhau", "9 digits, nothing between them")
HOW_PASSPORT = Sentence("5 đến 20 chữ in hoa và chữ số", "5 to 20 capital letters and digits")
HOW_PROCEDURE = Sentence(
    "mã thủ tục hành chính quốc gia, ví dụ 1.004873", "the national code of a procedure, such as 1.004873")
HOW_COMMUNE = Sentence("mã 5 chữ số của đơn vị hành chính cấp xã", "the 5 digits of a commune's code")
HOW_PARCEL = Sentence("1 đến 10 chữ cái, chữ số hoặc dấu gạch nối", "1 to 10 letters, digits or dashes")
HOW_WORD = Sentence("tối đa 100 chữ cái không dấu, chữ số và . _ - /, không có dấu cách",
    "up to 100 letters without marks, digits and . _ - /, no spaces")
HOW_MANDATE = Sentence(
    "số, ký hiệu văn bản: tối đa 100 chữ cái không dấu (kể cả Đ), chữ số và . _ - /, không có dấu cách",
    "the code of a document: up to 100 letters without marks (D with a stroke is one), digits and . _ - /, no spaces")
HOW_ROLE = Sentence(
    "tên vai trò: chữ thường không dấu, chữ số và _", "the name of a role: small letters, digits and _")
HOW_REGISTRATION = Sentence("tối đa 40 chữ cái, chữ số và . - /", "up to 40 letters, digits and . - /")
HOW_PURPOSE = Sentence(
    "tên mục đích: chữ thường không dấu, chữ số và _ . -", "the name of a purpose: small letters, digits and _ . -")
HOW_NAME = Sentence("tối đa 100 chữ cái không dấu, chữ số và _ . -, không có dấu cách",
    "up to 100 letters without marks, digits and _ . -, no spaces")
HOW_EXCHANGE = Sentence(
    "26 chữ in hoa và chữ số của mã giao dịch", "the 26 capital letters and digits of an exchange id")
HOW_MONTH = Sentence("tháng theo dạng 2026-11", "a month such as 2026-11")
HOW_CLOCK = Sentence("giờ trong ngày theo dạng 07:30", "a time of day such as 07:30")
HOW_ATTRIBUTE = Sentence("trường của một loại dữ liệu chứng minh, ví dụ person.birth_date",
    "an attribute of an evidence type, such as person.birth_date")
HOW_EVIDENCE = Sentence(
    "tên dữ liệu chứng minh trong câu trả lời, ví dụ e1", "a name of evidence in the answer, such as e1")
HOW_PREDICATE = Sentence("tên điều kiện, tham số đặt sau dấu hai chấm", "a predicate, its parameter behind a colon")
HOW_JWT = Sentence("mã đăng nhập (lg_…) hoặc token định danh (ID token) nguyên văn, ba phần cách nhau bằng dấu chấm",
    "a login handle (lg_…), or an ID token as received, three parts with dots between")
HOW_PENDING = Sentence("mã đúng như trong thành phần 'pending'", "the token of 'pending'")
HOW_PAPER_REFERENCE = Sentence(
    "mã tham chiếu mà /v1/papers/search đã trả về", "a reference that /v1/papers/search answered")
HOW_CONSENT = Sentence(
    "mã 'consent' trong câu trả lời của POST /v1/consents", "the 'consent' in the answer of POST /v1/consents")
HOW_SUBJECT_REQUEST = Sentence("mã 'request' trong câu trả lời của POST /v1/subject-requests",
    "the 'request' in the answer of POST /v1/subject-requests")
HOW_CORRECTION = Sentence(
    "mã 'id' trong câu trả lời của POST /v1/corrections", "the 'id' in the answer of POST /v1/corrections")
HOW_FILE = Sentence("'file' trong câu trả lời của POST /v1/files, ví dụ sha256:…",
    "'file' of an answer of POST /v1/files, such as sha256:…")
HOW_LANGUAGE = Sentence("mã ngôn ngữ theo BCP 47, ví dụ vi", "a language by its tag (BCP 47), such as vi")
HOW_ONE_LINE = Sentence("văn bản không xuống dòng, không có ký tự đổi chiều viết và ký tự ẩn khác",
    "text without line breaks, changes of direction and other invisible characters")
HOW_LINES = Sentence("văn bản không có ký tự đổi chiều viết và ký tự ẩn khác; được xuống dòng",
    "text without changes of direction and other invisible characters; line breaks are permitted")
AS_THE_CONTRACT_SAYS = Sentence("tài liệu giao diện quy định", "the contract says")

LOGIN_NOT_PROVEN = Sentence("không chứng minh được việc đăng nhập: {why}", "does not prove a login: {why}")
LOGIN_ISSUER = Sentence("'iss' không phải nhà cung cấp định danh nào trong config/logins.yaml",
    "its 'iss' is not a provider in config/logins.yaml")
LOGIN_UNSIGNED = Sentence("không khóa nào của nhà cung cấp định danh tạo ra chữ ký này",
    "its signature was not made by a key of its provider")
LOGIN_OF_NOBODY = Sentence("không có số định danh cá nhân", "it has no personal id")
LOGIN_HANDLE_OVER = Sentence(
    "mã đăng nhập đã hết hạn, đã bị hủy hoặc không phải của hệ thống này: đề nghị ông/bà đăng nhập lại",
    "the handle has expired, has ended or is not this system's: let the person sign in again")
LOGIN_OVER = Sentence("đã hết hạn: đề nghị ông/bà đăng nhập lại", "it has expired: let the person sign in again")
LOGIN_OLD = Sentence(
    "phiên đăng nhập đã quá {longest} giây, hoặc có thời điểm ở tương lai: đề nghị ông/bà đăng nhập lại",
    "the login is older than {longest} seconds, or in the future: let the person sign in again")
LOGIN_ALGORITHM = Sentence("thuật toán không được nhận: dùng RS256, ES256 hoặc EdDSA (Ed25519)",
    "its algorithm is not accepted: use RS256, ES256 or EdDSA (Ed25519)")
LOGIN_TYPE = Sentence("'typ' không phải là JWT", "its 'typ' is not JWT")
LOGIN_OF_ANOTHER = Sentence(
    "mã được cấp cho hệ thống khác: mã của hệ thống này ghi tại 'clients' trong config/logins.yaml",
    "it is for another client: 'clients' of config/logins.yaml has yours")

# --- access: tokens, keys, proofs, signatures

SEND_TOKEN = Sentence(
    "gửi kèm Authorization: Bearer <mã truy cập lấy tại /oauth2/token>, hoặc DPoP <mã truy cập> kèm bằng chứng",
    "send Authorization: Bearer <token from /oauth2/token>, or DPoP <token> with a proof")
TOKEN_NOT_OURS = Sentence(
    "đây không phải mã truy cập của hệ thống kết nối này, hoặc không đủ; lấy mã mới tại /oauth2/token",
    "this is not a complete token of this gateway; fetch one at /oauth2/token")
TOKEN_NOT_OURS_FOR = Sentence(
    "đây không phải mã truy cập của hệ thống kết nối này, hoặc không đủ; lấy mã mới tại /oauth2/token ({why})",
    "this is not a complete token of this gateway; fetch one at /oauth2/token ({why})")
TOKEN_OVER = Sentence("mã truy cập đã hết hạn; lấy mã mới", "the token has expired; fetch a new one")
TOKEN_NOT_YET = Sentence("mã truy cập chưa có hiệu lực", "the token is not valid yet")
TOKEN_REVOKED = Sentence("mã truy cập đã bị thu hồi; lấy mã mới", "the token was revoked; fetch a new one")
TOKEN_ELSEWHERE = Sentence("mã truy cập được lấy tại một địa chỉ khác; đặt 'issuer' trong gateway.yaml",
    "the token was fetched at another address; set 'issuer' in gateway.yaml")
TOKEN_OF_CERTIFICATE = Sentence("mã truy cập gắn với một chứng thư không đi kèm yêu cầu",
    "the token is bound to a certificate that the request does not have")
TOKEN_OF_KEY = Sentence("mã truy cập gắn với khóa: gửi kèm Authorization: DPoP và bằng chứng",
    "the token is bound to a key: send Authorization: DPoP, with a proof")
TOKEN_OF_NO_KEY = Sentence("mã truy cập không gắn với khóa: gửi kèm Authorization: Bearer",
    "the token is not bound to a key: send Authorization: Bearer")
TOKEN_UNBOUND = Sentence("mã truy cập không gắn với gì; lấy mã mới bằng DPoP hoặc chứng thư",
    "the token is not bound; fetch one with DPoP or a certificate")
TOKEN_OF_ANOTHER_KEY = Sentence("mã truy cập gắn với khóa khác", "the token is bound to another key")
SCOPE_MISSING = Sentence("mã truy cập không có phạm vi '{scope}'", "the token lacks the scope '{scope}'")
CERTIFICATE_NOT_TAKEN = Sentence(
    "không nhận chứng thư trong tiêu đề từ địa chỉ này",
    "a certificate in a header is not accepted from this address",
)
CERTIFICATE_UNREADABLE = Sentence(
    "máy chủ trung gian chuyển tới chứng thư không đọc được", "the proxy sent no readable certificate")
DPOP = Sentence("DPoP: {why}", "DPoP: {why}")
ONE_PROOF = Sentence("mỗi yêu cầu kèm đúng một bằng chứng", "a request has exactly one proof")
PROOF_TYPE = Sentence("'typ' không phải là dpop+jwt", "its 'typ' is not dpop+jwt")
PROOF_UNSIGNED = Sentence("khóa trong phần đầu không ký bằng chứng này", "the key in its header did not sign it")
PROOF_PLACE = Sentence("'htm' và 'htu' phải là {method} {url}", "'htm' and 'htu' must say {method} {url}")
PROOF_OF_ANOTHER_TOKEN = Sentence(
    "'ath' không phải giá trị băm của mã truy cập đi kèm", "'ath' is not the digest of the token in the request")
PROOF_UNNAMED = Sentence("thiếu 'jti' hoặc 'iat'", "'jti' or 'iat' is missing")
PROOF_NONCE = Sentence(
    "ký bằng chứng với nonce trong tiêu đề DPoP-Nonce", "sign the proof with the nonce of the field DPoP-Nonce")
PROOF_UNTIMELY = Sentence("'iat' không phải thời điểm hiện tại", "'iat' is not the current time")
PROOF_TAKEN = Sentence("bằng chứng đã được dùng: mỗi yêu cầu ký một bằng chứng mới",
    "it was used before: sign a new one for each request")
PROOF_KEY_NOT_PLAIN = Sentence("khóa không ở dạng đơn giản", "its key is not a plain one")
JWS_TOO_LONG = Sentence("dài quá {largest} ký tự", "it is longer than {largest} characters")
JWS_NOT_THREE_PARTS = Sentence("không gồm ba phần cách nhau bằng dấu chấm", "it is not three parts with dots between")
JWS_SIGNATURE_LENGTH = Sentence("chữ ký không đúng độ dài", "its signature has a wrong length")
JWS_HEADER_MEMBERS = Sentence(
    "phần đầu có thành phần không được nhận", "its header has members that are not accepted here")
JWS_ALGORITHM = Sentence("thuật toán không được nhận: dùng EdDSA (Ed25519) hoặc ES256",
    "its algorithm is not accepted: use EdDSA (Ed25519) or ES256")
JWS_HEADER_TYPE = Sentence("phần đầu có thành phần sai kiểu", "its header has a member of a wrong type")
JWS_KEY_WANTED = Sentence("phần đầu phải có khóa công khai", "its header must have the public key")
JWS_KEY_UNWANTED = Sentence("phần đầu tự mang khóa của nó", "its header must not have a key")
JWS_SPELLING = Sentence(
    "có phần không viết theo cách duy nhất của base64url", "a part of it is not canonical base64url")
JWS_NOT_BASE64 = Sentence("có phần không phải base64url", "a part of it is not base64url")
JWS_NO_OBJECT = Sentence("có phần không phải đối tượng JSON", "a part of it is not a JSON object")
JWS_NO_PLAIN_OBJECT = Sentence(
    "có phần không phải đối tượng JSON đơn giản theo UTF-8", "a part of it is not a plain JSON object in UTF-8")
KEY_PRIVATE = Sentence("có khóa riêng: chỉ ghi khóa công khai", "it holds a private key: write the public one")
KEY_PRIVATE_PEM = Sentence("có khóa riêng: chỉ ghi khóa công khai (openssl pkey -pubout)",
    "it holds a private key: write the public one (openssl pkey -pubout)")
KEY_NOT_FOR_SIGNING = Sentence("không phải khóa để ký", "it is not a key for signatures")
KEY_ALGORITHM = Sentence("'alg' không khớp với đường cong", "its 'alg' is not that of its curve")
KEY_NOT_ON_CURVE = Sentence("tọa độ không phải là một điểm trên đường cong", "its numbers are not a point of its curve")
KEY_LOW_ORDER = Sentence("khóa có bậc thấp, không ai có khóa riêng của nó: hãy tạo cặp khóa mới",
    "it is a key of low order, which has no secret: make a new pair")
KEY_SET = Sentence("không phải tập khóa JWK", "it is no JWK set")
KEY_KIND = Sentence("không phải Ed25519 hay P-256", "it is neither Ed25519 nor P-256")
KEY_KIND_JWK = Sentence("không phải Ed25519 (OKP) hay P-256 (EC)", "it is neither Ed25519 (OKP) nor P-256 (EC)")
KEY_NO_PEM = Sentence("không phải khóa công khai dạng PEM", "it is no public key in PEM")
KEY_BYTES = Sentence("'{name}' không phải 32 byte dạng base64url", "its '{name}' is not 32 bytes of base64url")
SIGNATURE_NONCE_TAKEN = Sentence(
    "nonce đã được dùng: mỗi yêu cầu ký một nonce mới", "the nonce was used before: sign a new one for each request")
SIGNATURE_NOT_BY_KEY = Sentence("khóa này không ký thông điệp này", "the key did not sign this message")
SIGNATURE_NO_TIME = Sentence("thiếu 'created'", "'created' is missing")
SIGNATURE_OLD = Sentence(
    "'created' không nằm trong {oldest} giây gần đây", "'created' is not within the last {oldest} seconds")
SIGNATURE_OVER = Sentence("'expires' đã qua, hoặc không phải thời điểm", "'expires' is in the past, or not a time")
SIGNATURE_NONCE = Sentence("'nonce' phải có 8 đến 128 ký tự, mỗi lần một giá trị mới",
    "'nonce' must have 8 to 128 letters, new ones each time")
SIGNATURE_ONE = Sentence("thông điệp có đúng một chữ ký, cùng một nhãn trong cả hai tiêu đề",
    "a message has exactly one signature, under one label in both fields")
SIGNATURE_FORM = Sentence("chữ ký không viết theo RFC 9421", "the signature does not have the form of RFC 9421")
SIGNATURE_PARAMETER = Sentence(
    "không nhận tham số '{name}' của chữ ký", "the parameter '{name}' of a signature is not accepted here")
SIGNATURE_KEY = Sentence(
    "'keyid' không phải khóa nào của hệ thống khai thác (mã khóa, hoặc dấu vân tay theo RFC 7638)",
    "'keyid' is not a key of the requester (its id, or its RFC 7638 thumbprint)")
SIGNATURE_ALGORITHM = Sentence("'alg' không khớp với khóa: {algorithm}", "'alg' is not that of the key: {algorithm}")
SIGNATURE_LACKS = Sentence("chữ ký không bao gồm {lacking}", "the signature does not cover {lacking}")
DIGEST_KIND = Sentence("Content-Digest không có sha-256 hay sha-512", "Content-Digest has none of sha-256, sha-512")
DIGEST_DIFFERS = Sentence("Content-Digest không khớp với nội dung", "Content-Digest is not that of the body")
MESSAGE_TOO_MANY_FIELDS = Sentence("thông điệp có quá {most} tiêu đề", "the message has more than {most} fields")
MESSAGE_START = Sentence("tệp không bắt đầu bằng dòng đầu của yêu cầu hay câu trả lời",
    "the file does not begin with the start line of a request or an answer")
MESSAGE_LINE = Sentence("có dòng không phải tiêu đề", "a line of the message is not a field")
COMPONENT_QUOTES = Sentence(
    "tên thành phần được ký phải đặt trong dấu nháy", "a component is named by a text in quotes")
COMPONENT_PARAMETER = Sentence(
    "không nhận tham số '{name}' của thành phần được ký",
    "the parameter '{name}' of a component is not accepted here",
)
COMPONENT_DERIVED = Sentence("có thành phần suy ra không được nhận", "a derived component is not accepted here")
COMPONENT_GONE = Sentence("tiêu đề được ký không có, hoặc tên không viết bằng chữ thường",
    "a covered field is missing, or its name is not in small letters")
COMPONENT_MEMBER = Sentence("thành phần được ký của tiêu đề không có", "a covered member is missing")
COMPONENT_TWICE = Sentence("một thành phần được ký hai lần", "a component is covered twice")
COMPONENT_NOT_ASCII = Sentence("tiêu đề được ký có ký tự ngoài ASCII", "a covered field is not ASCII")
COMPONENT_REQ = Sentence("'req' chỉ dùng cho câu trả lời", "'req' is for answers only")
COMPONENT_PORT = Sentence("cổng mạng trong địa chỉ không hợp lệ", "the address has an invalid port")
STRUCTURED_LONG = Sentence(
    "tiêu đề có cấu trúc quá dài, hoặc có ký tự ngoài ASCII", "a structured field is too long, or not ASCII")
STRUCTURED_LABEL_TWICE = Sentence("một nhãn bị lặp trong tiêu đề", "a field has the same label twice")
STRUCTURED_UNREADABLE = Sentence(
    "không đọc được tiêu đề có cấu trúc (RFC 9651)", "a structured field (RFC 9651) cannot be read")
CLIENT_FAILED = Sentence("không xác thực được hệ thống khai thác", "client authentication failed")
CLIENT_FAILED_FOR = Sentence("không xác thực được hệ thống khai thác: {why}", "client authentication failed: {why}")
NO_CREDENTIALS = Sentence("yêu cầu không kèm thông tin xác thực", "the request has no credentials")
ASSERTION_BROKEN = Sentence("mã khẳng định (assertion): {why}", "the assertion is invalid: {why}")
ASSERTION_TAKEN = Sentence("mã khẳng định (assertion) đã được dùng; mỗi lần ký một mã mới",
    "this assertion was used before; sign a new one each time")
ONE_WAY = Sentence("mỗi lần chỉ xác thực theo một cách", "a client authenticates in one way at a time")
SECRET_IN_BODY = Sentence("không nhận mật khẩu trong nội dung", "a secret in the body is not accepted")
REQUESTER_REVOKED = Sentence("hệ thống khai thác đã bị thu hồi quyền", "the requester was revoked")
ASSERTION_TYPE = Sentence("client_assertion_type phải là {kind}", "client_assertion_type must be {kind}")
GRANT_TYPE = Sentence("grant_type phải là client_credentials, authorization_code hoặc refresh_token",
    "grant_type must be client_credentials, authorization_code or refresh_token")
SCOPE_NOT_YOURS = Sentence("hệ thống khai thác không có phạm vi đã hỏi", "the client does not have a requested scope")
BIND_THE_TOKEN = Sentence("mã truy cập phải gắn với khóa: gửi kèm bằng chứng DPoP (RFC 9449)",
    "a token must be bound: send a DPoP proof (RFC 9449)")
TOKEN_PARAMETER = Sentence("thiếu tham số 'token'", "the parameter 'token' is missing")
RECEIVER_REFUSED = Sentence(
    "hệ thống nhận từ chối tham số; trường {field}", "the receiver refused the parameters; field {field}")
NO_ID_IN_ADDRESS = Sentence("không gửi số của cá nhân trong địa chỉ: 'allow_url_ids' của cổng này đang tắt",
    "the number of a person is not sent in an address: 'allow_url_ids' of this portal is off")
TOKEN_OF_ANOTHER = Sentence("mã truy cập được cấp cho hệ thống khác", "the token belongs to another client")
DOOR_OFF = Sentence("phần này chưa được bật: quản trị ghi hệ thống khai thác vào 'pages.{door}' của gateway.yaml",
    "this door is off: name a requester in 'pages.{door}' of gateway.yaml")
NO_LOGINS_FOR_PAGES = Sentence("chưa có hệ thống định danh nào để đăng nhập; thêm tệp vào config/identity_providers",
    "nobody can sign in: add an identity provider to config/identity_providers")
NO_SHARED_LOGINS = Sentence(
    "cổng chạy nhiều tiến trình mà mỗi tiến trình có bộ nhớ riêng (cache_url: memory://), nên chưa ai đăng nhập được:"
    " ghi redis://<máy>:6379/0 vào cache_url, hoặc chạy một tiến trình",
    "several processes run and each has a memory of its own (cache_url: memory://), so nobody can sign in:"
    " write redis://<host>:6379/0 as cache_url, or serve with one worker")
PORTAL_OF_SANDBOX = Sentence(
    "cổng minh họa chỉ có trong môi trường thử nghiệm; người thật nộp hồ sơ ở Cổng Dịch vụ công Quốc gia",
    "the demo portal is of the sandbox only; real people file at the national portal")
NO_EXCHANGE_OF_SESSION = Sentence("phiên đăng nhập này không có giao dịch này cho thủ tục này; hãy mở lại biểu mẫu",
    "this session has no such exchange for this procedure; open the form again")
NO_PERSON_IN_ROLE = Sentence(
    "vai trò này không có người nào được khai trong phiên; hãy mở lại trang những người trong hồ sơ",
    "nobody was named for this role in the session; open the page of people again")
PERSON_LACKS = Sentence("{role}: hãy ghi là ai, hoặc chọn trùng với người khác",
    "{role}: write who it is, or choose the same as another")
BIRTH_DATE_OF_FORM = Sentence(
    "phải là ngày có thật, viết như 05/09/1990, hoặc 09/1990, hoặc 1990, từ năm {first} đến năm {last}",
    "must be a real date, written as 05/09/1990, or 09/1990, or 1990, in the years {first} to {last}")
NAME_AND_BIRTH_WITH_NUMBER = Sentence("số định danh phải đi kèm họ tên và ngày sinh",
    "give name and date of birth with the number")
MEMBERS_OF_PORTAL = Sentence("chỉ gửi: {names}; những gì khác phiên đăng nhập đã biết",
    "send only {names}; the session knows the rest")
CONFIRMED_VALUE_CHANGED = Sentence(
    "giá trị do cơ quan xác nhận đã bị thay đổi; hãy mở lại biểu mẫu, nếu sai thì báo sai",
    "a confirmed value was changed; open the form again, and report it if it is wrong")
SENT_BEFORE = Sentence(
    "đã nộp lúc {at}, mã {code}; nội dung sửa sau đó chưa được nộp: hãy xem hồ sơ đó, hoặc mở biểu mẫu mới",
    "sent at {at}, code {code}; what was changed since was not sent: look at that dossier, or open a new form")
BLANK_OF_FILLED = Sentence(
    "biểu mẫu này đã được điền từ dữ liệu của cơ quan nên không nộp như biểu mẫu trống được; hãy mở lại biểu mẫu",
    "data of authorities filled this form, so it cannot be sent as a blank one; open the form again")
FIELD_TO_FILL = Sentence("còn thiếu; hãy điền", "is missing; fill it in")
FIELD_NOT_OF_FORM = Sentence("biểu mẫu không có trường này; hãy bỏ đi", "the form has no such field; leave it out")
FIELD_TOO_LONG = Sentence("dài quá {most} ký tự; hãy viết ngắn lại", "has more than {most} characters; write less")
FIELD_NOT_AS_FORM = Sentence("không đúng mẫu của biểu mẫu; hãy sửa lại", "is not as the form takes it; correct it")
PAPER_OF_OTHER_VALUES = Sentence(
    "thêm tệp của giấy tờ này: {paper}, hoặc khôi phục những gì cơ quan đã cung cấp",
    "add the file of this paper: {paper}; or restore what the agencies gave")
PAPERS_OF_OTHER_VALUES = Sentence(
    "tờ khai đã sửa sau khi cổng xét giấy tờ, nên dữ liệu không thay được các giấy tờ này",
    "the form was changed after the papers were decided, so that data do not replace these papers")
NO_STAFF_PROVIDER = Sentence(
    "chưa có nơi đăng nhập cho cán bộ; thêm tệp có 'accounts: staff' vào config/identity_providers",
    "officials cannot sign in: add a provider with 'accounts: staff' to config/identity_providers")
FORM_OF_OTHER_SITE = Sentence("biểu mẫu được gửi từ trang khác; hãy mở trang này của cổng rồi gửi lại",
    "another site's page sent the form; open the page of the gateway and send it again")
FORM_NOT_OURS = Sentence("biểu mẫu thuộc phiên đăng nhập khác hoặc đã cũ; hãy tải lại trang rồi gửi lại",
    "the form is of another session, or old; load the page again and send it again")
ROLE_MISSING = Sentence("trang này dành cho vai trò {role}", "this page is for the role {role}")
SIGN_IN_FIRST = Sentence("hãy đăng nhập rồi mở lại trang", "sign in, and open the page again")
SIGN_IN_ELSEWHERE = Sentence("hãy đăng nhập ở thẻ mới; những gì đã điền ở trang này vẫn còn",
    "sign in in a new tab; what you filled in stays on this page")
SIGN_IN_ANEW = Sentence("việc này cần đăng nhập trong 5 phút gần nhất; hãy đăng nhập lại",
    "this needs a sign-in of the last five minutes; sign in again")
NO_LOGINS = Sentence("không có hệ thống nào đăng ký đăng nhập tại đây", "no system is registered for logins here")
LOGIN_CLIENT_UNKNOWN = Sentence(
    "không có hệ thống nào đăng ký đăng nhập với client_id này: ghi mục 'login' trong tệp của hệ thống khai thác",
    "no system is registered for logins under this client_id: add 'login' to the file of the requester")
REDIRECT_NOT_REGISTERED = Sentence("redirect_uri không có trong login.redirect_uris của hệ thống, so từng ký tự",
    "redirect_uri is not one of login.redirect_uris of this client, letter by letter")
REQUEST_URI_OVER = Sentence(
    "request_uri đã được dùng, đã hết hạn hoặc của hệ thống khác: hãy bắt đầu lại từ hệ thống",
    "request_uri was used, has expired, or is another client's: begin again at the system")
PUSH_THE_REQUEST = Sentence("hệ thống này phải gửi yêu cầu tới /oauth2/par trước (RFC 9126)",
    "this client must push its request to /oauth2/par first (RFC 9126)")
PARAMETER_NOT_SUPPORTED = Sentence("không hỗ trợ tham số '{name}'", "the parameter '{name}' is not supported")
PARAMETER_TOO_LONG = Sentence("tham số '{name}' dài quá {longest} ký tự",
    "the parameter '{name}' has more than {longest} characters")
PARAMETER_WRONG = Sentence("tham số '{name}' không đúng", "the parameter '{name}' is missing or wrong")
RESPONSE_TYPE = Sentence("response_type phải là code", "response_type must be code")
SCOPE_OPENID = Sentence("scope phải có openid", "scope must have openid")
PKCE_NEEDED = Sentence("cần code_challenge với code_challenge_method=S256 (RFC 7636)",
    "code_challenge is needed, with code_challenge_method=S256 (RFC 7636)")
HINT_NOT_OURS = Sentence("id_token_hint không phải mã định danh được cấp cho hệ thống này",
    "id_token_hint is not an ID token that was issued to this client")
LEVELS_UNKNOWN = Sentence("không có mức độ nào như vậy: acr là 1, 2 hoặc 3", "there is no such level: acr is 1, 2 or 3")
CODE_PARAMETERS = Sentence("cần code, redirect_uri và code_verifier", "code, redirect_uri and code_verifier are needed")
CODE_OVER = Sentence(
    "mã code đã được dùng, đã hết hạn, hoặc không thuộc yêu cầu này: hãy bắt đầu lại việc đăng nhập",
    "the code was used, has expired, or does not belong to this request: begin the login again")
REFRESH_PARAMETER = Sentence("thiếu tham số 'refresh_token'", "the parameter 'refresh_token' is missing")
REFRESH_OVER = Sentence("refresh_token đã được thay, đã hết hạn, hoặc không thuộc hệ thống này: hãy đăng nhập lại",
    "the refresh_token was replaced, has expired, or is not this client's: begin the login again")
MANDATE_ENDED = Sentence("quyền đại diện không còn được chứng minh: hãy đăng nhập lại",
    "the mandate is not proven any more: begin the login again")
REFRESH_CONCURRENT = Sentence("refresh_token này vừa được dùng bởi yêu cầu khác: gửi lại yêu cầu",
    "another request uses this refresh_token just now: send the request again")
LOGIN_SESSION_OVER = Sentence("phiên đăng nhập đã kết thúc: hãy đăng nhập lại",
    "the session of the person has ended: begin the login again")
REVOCATIONS_UNKNOWN = Sentence(
    "trong một lúc không tra cứu được danh sách thu hồi", "revocations could not be looked up for a while")

# --- files of dossiers

FILES_DISK_FULL = Sentence("đĩa lưu tệp đã đầy: giải phóng chỗ, rồi gửi lại tệp",
    "the disk of the files is full: make room, then send the file again")
FILES_FOLDER_FAULT = Sentence("không ghi hoặc đọc được thư mục lưu tệp: kiểm tra 'files.folder' trong gateway.yaml",
    "the folder of the files cannot be written or read: check 'files.folder' in gateway.yaml")
FILE_ALTERED = Sentence("nội dung tệp đã lưu khác với giá trị băm của tệp: khôi phục tệp từ bản sao lưu",
    "the stored content differs from its digest: restore the file from a backup")
SCANNER_AWAY = Sentence("chương trình quét mã độc không trả lời: gửi lại tệp sau {seconds} giây",
    "the malware scanner does not answer: send the file again after {seconds} seconds")
FILE_INFECTED = Sentence("chương trình quét tìm thấy mã độc: kiểm tra máy đã tạo tệp, gửi tệp sạch",
    "the scanner found malware: check the computer that made the file, and send a clean one")
FILE_EMPTY = Sentence("tệp trống", "the file is empty")
FILE_KINDS = Sentence("loại tệp được nhận: {kinds}; loại tệp được xác định theo nội dung",
    "accepted kinds: {kinds}; the content decides the kind")
FILE_DECLARED = Sentence("nội dung tệp là {kind}: gửi kèm Content-Type {media}",
    "the content is {kind}: send Content-Type {media}")
FILE_EXTENSION = Sentence("nội dung tệp là {kind}: đặt phần mở rộng của tên tệp là .{extension}",
    "the content is {kind}: end the file name with .{extension}")
FILE_NAME = Sentence("tên tệp có 1 đến 200 ký tự, không có '/', '\\', ký tự điều khiển và không bắt đầu bằng dấu chấm",
    "a file name has 1 to 200 characters, no '/', no '\\', no control characters, and does not begin with a dot")
FILE_NAME_FIELD = Sentence("không đọc được Content-Disposition: viết là attachment; filename*=UTF-8''…",
    "Content-Disposition cannot be read: write attachment; filename*=UTF-8''…")
FILE_CUT = Sentence("tệp {kind} không có phần cuối: gửi lại toàn bộ tệp",
    "the {kind} file lacks its end: send the whole file again")
FILE_BROKEN = Sentence("không đọc được cấu trúc của tệp {kind}: lưu lại tệp bằng chương trình đã tạo tệp",
    "the structure of the {kind} file cannot be read: save it again with the program that made it")
FILE_METHOD = Sentence("tệp nén dùng thuật toán nén không được nhận: nén lại theo kiểu Deflate",
    "the archive uses a compression that is not accepted: compress it again with Deflate")
FILE_PASSWORD = Sentence("tệp có phần được mã hóa bằng mật khẩu: gửi tệp không có mật khẩu",
    "a part of the file is encrypted by a password: send it without a password")
FILE_TWO_KINDS = Sentence("tệp có thể được đọc như hai loại tệp khác nhau: lưu lại thành một loại",
    "the file can be read as two different kinds: save it as one kind")
FILE_TOO_MANY_MEMBERS = Sentence("tệp nén có quá {most} tệp bên trong: chia thành nhiều tệp",
    "the archive has more than {most} files: split it")
FILE_EXPANDS = Sentence("tệp nén giải nén ra quá lớn", "the archive is too large when unpacked")
FILE_MEMBER_PATH = Sentence("tệp nén có tên tệp bên trong dẫn ra ngoài thư mục giải nén, hoặc bị trùng",
    "a name inside the archive leads out of its folder, or is there twice")
FILE_MEMBER_LIES = Sentence("danh mục của tệp nén khác với nội dung tệp nén",
    "the directory of the archive differs from its content")
FILE_NESTED = Sentence("tệp nén có tệp nén hoặc chương trình bên trong: gửi từng tệp riêng",
    "the archive has an archive or a program inside: send its files one by one")
FILE_MACROS = Sentence("tệp văn bản có macro: lưu lại không có macro",
    "the document has macros: save it without macros")
FILE_DOCTYPE = Sentence("tệp XML có DOCTYPE: bỏ phần này", "the XML has a DOCTYPE: take it out")
FILE_ELEMENTS = Sentence("tệp XML lồng nhau quá {deepest} cấp hoặc có quá {most} phần tử",
    "the XML is nested deeper than {deepest} levels, or has more than {most} elements")
FILE_TOKEN = Sentence("tệp XML có thẻ hoặc chú thích dài quá {most} byte",
    "the XML has a tag or a comment of more than {most} bytes")
FILE_PIXELS = Sentence("ảnh có quá {most} triệu điểm ảnh: giảm kích thước ảnh",
    "the picture has more than {most} million pixels: make it smaller")
NO_SUCH_FILE = Sentence("không có tệp này", "there is no such file")
FILE_NOT_HERE = Sentence(
    "hệ thống khai thác không có tệp này: gửi tệp qua POST /v1/files, hoặc lấy giấy tờ qua POST /v1/papers/fetch",
    "this requester does not have this file: send it by POST /v1/files, or fetch the paper by POST /v1/papers/fetch")
FILE_LINK_SECONDS = Sentence("'seconds' từ 60 đến {most}", "'seconds' is from 60 to {most}")
FILE_DIGEST_KIND = Sentence("Content-Digest của tệp dùng sha-256", "the Content-Digest of a file uses sha-256")
UPLOADS_AT_A_TIME = Sentence("tối đa {most} tệp cùng lúc", "at most {most} files at a time")

# --- policy: agreements, purposes, scopes, limits

NOT_ITS_OFFICIAL = Sentence("hệ thống khai thác không được nêu tên cán bộ của cơ quan này",
    "the requester may not name officials of this agency")
NO_AGREEMENT = Sentence("không có thỏa thuận chia sẻ dữ liệu nào của hệ thống khai thác cho thủ tục và mục đích này",
    "no agreement of this requester covers this procedure and purpose")
AGREEMENT_BEGINS = Sentence(
    "thỏa thuận {agreement} có hiệu lực từ ngày {day}", "the agreement {agreement} begins on {day}")
AGREEMENT_ENDED = Sentence(
    "thỏa thuận {agreement} có hiệu lực đến hết ngày {day}", "the agreement {agreement} ended on {day}")
PURPOSE_UNKNOWN = Sentence("không có mục đích này", "there is no such purpose")
PURPOSE_NOT_OF_PROCEDURE = Sentence(
    "mục đích {purpose} không thuộc thủ tục {procedure}: hãy bỏ purpose để dùng mục đích của thủ tục",
    "the purpose {purpose} is not that of procedure {procedure}: leave `purpose` out to use its own")
PREDICATE_NOT_AGREED = Sentence(
    "không có thỏa thuận nào của hệ thống khai thác cho hỏi điều kiện {predicate} với mục đích này",
    "no agreement of this requester grants the predicate {predicate} for this purpose")
AGENCY_DISSOLVED = Sentence("cơ quan {agency} đã giải thể: cán bộ của cơ quan chỉ làm nhiệm vụ đến hết ngày {last}",
    "agency {agency} was dissolved: its officials acted until {last}")
AGREED_HOURS = Sentence("thỏa thuận chỉ áp dụng {hours} giờ Việt Nam, các ngày {days}",
    "the agreement is valid {hours} in Việt Nam on {days}")
WHOLE_DAY = Sentence("cả ngày theo", "the whole day")
AGREED_AGENCY = Sentence(
    "thỏa thuận không áp dụng cho cơ quan của cán bộ này",
    "the agreement is not valid for the agency of the official",
)
AGREED_OFFICIAL = Sentence("thỏa thuận yêu cầu nêu đúng cán bộ khai thác, không dùng cán bộ trực thay",
    "the agreement requires a named official; the duty official does not count")
AGREED_RELATIONS = Sentence(
    "thỏa thuận chỉ áp dụng cho các quan hệ {relations}", "the agreement is valid for {relations} only")
AGREED_ACCOUNT = Sentence(
    "thỏa thuận yêu cầu cho biết ai đã đăng nhập", "the agreement requires the account that signed in")
AGREED_LEVEL = Sentence("thỏa thuận yêu cầu tài khoản đã xác định rõ chủ tài khoản: {levels}",
    "the agreement requires an account at one of the levels: {levels}")
AGREED_SIGNED = Sentence(
    "thỏa thuận chỉ áp dụng cho yêu cầu có chữ ký số", "the agreement is valid for signed requests only")
AGREED_MANDATE = Sentence("người đại diện phải nêu văn bản ủy quyền",
    "a person who acts for another must name the document that allows it")
AGREED_REPRESENTATIVE = Sentence(
    "thỏa thuận yêu cầu nêu ai đại diện cho ai, và nguồn dữ liệu phải chứng minh việc đại diện đó",
    "the agreement requires the representative of each person, proven by a source")
LOGIN_OF_STRANGER = Sentence(
    "người đăng nhập không đại diện cho một người có trong yêu cầu",
    "the person who signed in does not act for a person of the request")
REPRESENTATION_NOT_AGREED = Sentence(
    "không có thỏa thuận nào của hệ thống khai thác cho phép loại đại diện nêu trong yêu cầu",
    "no agreement of this requester allows the kind of representation that the request names")
NOT_BY_REPRESENTATIVE = Sentence(
    "không ai được nộp thay thủ tục này với tư cách đại diện loại {kind}; không dữ liệu nào được hỏi",
    "this procedure cannot be filed by a representative ({kind}); no source was asked")
REPRESENTATION_NOT_PROVEN = Sentence(
    "nguồn dữ liệu không xác nhận tư cách đại diện ({kind}); không dữ liệu nào khác được hỏi",
    "no source confirms the representation ({kind}); nothing else was asked")
REPRESENTATION_UNDECIDED = Sentence(
    "hiện không nguồn dữ liệu nào cho biết có đúng tư cách đại diện hay không ({kind}); không hỏi dữ liệu nào khác",
    "no source can confirm or deny the representation now ({kind}); nothing else was asked")
REPRESENTATION_ACCOUNT = Sentence(
    "tài khoản đăng nhập không nêu mã số của tổ chức được đại diện ({kind}); không nguồn dữ liệu nào được hỏi",
    "the account that signed in does not claim the code of the represented organisation ({kind}); no source was asked")
MANDATE_OVER = Sentence("văn bản ủy quyền đã hết hiệu lực", "the mandate has expired")
AGREED_DOSSIER = Sentence("chỉ cung cấp dữ liệu khi có hồ sơ", "data are given only for a dossier")
AGREED_DOSSIER_SHAPE = Sentence("thỏa thuận chỉ áp dụng cho mã hồ sơ viết theo dạng {shape}",
    "the agreement is valid for dossiers written as {shape}")
DOSSIER_UNSEEN = Sentence("hệ thống kết nối chưa biết hồ sơ này, hoặc hồ sơ đã đóng",
    "the gateway does not know this dossier, or it is closed")
DOSSIER_OLD = Sentence(
    "hồ sơ đã đóng, chưa bắt đầu, hoặc quá {days} ngày",
    "the dossier is closed, not begun, or older than {days} days",
)
DOSSIER_CLOSED = Sentence("hồ sơ đã đóng", "it is closed")
DOSSIER_UNDATED = Sentence("chỉ tính {days} ngày gần đây, mà mã hồ sơ không có ngày tiếp nhận",
    "only the last {days} days count, and the code has no day of reception")
CONSENT_NOT_HELD = Sentence("căn cứ của thỏa thuận là sự đồng ý, mà chưa có sự đồng ý nào còn hiệu lực cho việc này",
    "the legal basis of the agreement is consent, and no valid consent covers this request")
LIMIT = Sentence(
    "tối đa {most} lượt trong {seconds} giây, tính theo {whom}", "at most {most} in {seconds} seconds by {whom}")
LIMIT_CLAIMS = Sentence(
    "tối đa {most} họ tên và ngày sinh khác nhau về một người trong {seconds} giây; chính người đó vẫn được phục vụ"
    " khi gửi kèm chứng minh đăng nhập (login)",
    "at most {most} different names and birth dates about one person in {seconds} seconds; "
    "the person is served with a proof of login (`login`)",
)
LIMIT_PARAMETERS = Sentence("tối đa {most} tham số khác nhau của một điều kiện về một người trong {seconds} giây",
    "at most {most} different parameters of one predicate about one person in {seconds} seconds")
LIMIT_LOOKUPS = Sentence(
    "đã thử quá nhiều số định danh hoặc mã hồ sơ khác nhau: tối đa {most} trong {seconds} giây",
    "too many different numbers of owners or codes of dossiers were tried: at most {most} in {seconds} seconds",
)
LIMIT_REPORTS = Sentence("tối đa {most} yêu cầu chỉnh sửa trong {seconds} giây, tính theo {whom}",
    "at most {most} reports in {seconds} seconds by {whom}")
BY_REQUESTER = Sentence("hệ thống khai thác", "requester")
BY_OFFICIAL = Sentence("cán bộ", "official")
BY_SUBJECT = Sentence("cá nhân có dữ liệu được khai thác", "subject")
BY_FORM = Sentence("biểu mẫu", "form")

# --- a request of prefill: procedure, roles, people, fields

NO_SUCH_CATALOGUE = Sentence("không có danh mục dùng chung này: dùng tên của danh mục (madantoc, maquocgia)",
    "no such shared catalogue: use the name from its owner (madantoc, maquocgia)")
NO_CATALOGUES = Sentence(
    "hệ thống kết nối chưa có danh mục dùng chung", "the gateway is not connected to the shared catalogues")
CATALOGUES_AWAY = Sentence("nguồn danh mục dùng chung hiện không trả lời: thử lại sau",
    "the source of the shared catalogues does not answer now: ask again later")
NO_SUCH_PROCEDURE = Sentence("không có thủ tục này", "no such procedure")
NO_PROCEDURE = Sentence("không có thủ tục {procedure}", "there is no procedure {procedure}")
PROCEDURE_GONE = Sentence("thủ tục của giao dịch không còn trong cấu hình", "its procedure is no longer mapped")
NO_SUCH_AGENCY = Sentence(
    "không có cơ quan này trong config/agencies.yaml", "there is no such agency in config/agencies.yaml")
NAME_THE_OFFICIAL = Sentence("cần nêu cán bộ khai thác; cơ quan không có cán bộ trực để thay",
    "name the official; the agency has no duty official")
NO_SUCH_FIELD = Sentence(
    "biểu mẫu của thủ tục {procedure} không có trường {field}", "the form of {procedure} has no field {field}")
THIS_NAME = Sentence("tên này", "this name")
VALUE_NOT_IN_FORM = Sentence("biểu mẫu không nhận giá trị này", "the form's schema does not accept this value")
HELD_AND_KNOWN = Sentence("trường này không thể vừa do cổng dịch vụ công điền (held) vừa do công dân điền (known)",
    "this field cannot be in `held` and in `known` at once")
IDENTITY_INCOMPLETE = Sentence(
    "số định danh phải đi kèm full_name và birth_date", "give full_name and birth_date with the number")
ACCOUNT_DIFFERS = Sentence(
    "không thống nhất với số của vai trò {role}; nếu người đăng nhập làm thay, hãy nêu trong representative",
    "is not the number of the role {role}; if the person who signed in acts for another, name them in `representative`",
)
LOGIN_NOT_OF_OWNER = Sentence(
    "không phải phiên đăng nhập của chủ hồ sơ hoặc người đại diện đã được xác minh của chủ hồ sơ",
    "is neither the login of the dossier's owner nor of a proven representative of the owner")
LOGIN_OTHER_MANDATE = Sentence(
    "không đúng với quyền đại diện đã chọn khi đăng nhập: bỏ thành phần này, hoặc để ông/bà chọn lại",
    "is not the mandate chosen at the login: leave it out, or let the person choose again")
LOGIN_DIFFERS = Sentence(
    "không phải phiên đăng nhập của vai trò {role}; nếu người đăng nhập làm thay, hãy nêu trong representative",
    "is not the login of the role {role}; if the person who signed in acts for another, name them in `representative`",
)
REPRESENTATION_KINDS = Sentence(
    "không có loại đại diện này; có các loại {known}", "there is no such kind of representation; known: {known}")
REPRESENTED_ROLE = Sentence(
    "cần nêu vai trò có một đối tượng được đại diện", "name a represented role with one subject")
REPRESENTS_ITSELF = Sentence("không ai đại diện cho chính mình", "a person cannot represent themselves")
REPRESENTATION_CHAIN = Sentence(
    "có người thứ ba xen giữa: người đăng nhập hoặc người yêu cầu không phải là người đại diện",
    "a third person takes part: the person who signs in or applies is not the representative")
REPRESENTATIVE_MINOR = Sentence(
    "người đại diện chưa đủ {years} tuổi", "the representative is younger than {years} years")
REPRESENTED_OF_AGE = Sentence(
    "người được đại diện đã đủ {years} tuổi", "the represented person is {years} years old or more")
CHILD_OLDER = Sentence("ngày sinh cho thấy người con không sinh sau cha, mẹ",
    "by their birth dates the child is not younger than the parent")
ONE_SUBJECT = Sentence(
    "vai trò này chỉ nhận một đối tượng, không nhận danh sách", "this role takes one subject, not a list")
TOO_MANY_SUBJECTS = Sentence(
    "tất cả các vai trò có tối đa {most} đối tượng", "give at most {most} subjects in all roles together")
NUMBER_CANNOT_EXIST = Sentence("không thể có số này", "the number cannot exist")
GIVE_A_NUMBER = Sentence("cần personal_id, old_id hoặc passport", "give personal_id, old_id or passport")
GIVE_ONE_NUMBER = Sentence(
    "chỉ đưa một trong personal_id, old_id, passport", "give one of personal_id, old_id, passport")
GIVE_A_NUMBER_WITH_NAME = Sentence("cần personal_id, old_id hoặc passport, kèm full_name và birth_date",
    "give personal_id, old_id or passport, with full_name and birth_date")
ROLE_NEEDED = Sentence("thủ tục cần vai trò này", "the procedure needs this role")
ROLE_UNKNOWN = Sentence(
    "thủ tục không có vai trò này; có các vai trò {known}", "the procedure has no such role; it has {known}")
KIND_PERSON = Sentence("cá nhân", "person")
KIND_NEWBORN = Sentence("trẻ sơ sinh", "newborn")
KIND_ORGANISATION = Sentence("tổ chức", "organisation")
KIND_PARCEL = Sentence("thửa đất", "parcel")
KIND_VEHICLE = Sentence("phương tiện", "vehicle")
ROLE_TAKES = Sentence("vai trò này nhận: {kinds}", "this role takes: {kinds}")
SAME_AS_LIST = Sentence("same_as phải dẫn tới vai trò có một đối tượng, không dẫn tới danh sách",
    "same_as must lead to a role with one subject, not to a list")
SAME_AS_NOWHERE = Sentence("same_as phải dẫn tới vai trò có đối tượng", "same_as must lead to a role with a subject")
NO_SUCH_PREDICATE = Sentence("không có điều kiện này", "there is no such predicate")
DID_YOU_MEAN = Sentence("có phải là '{word}'?", "did you mean '{word}'?")
PREDICATE_PARAMETER = Sentence("{predicate} không nhận tham số này", "{predicate} does not take this parameter")
PREDICATE_TWICE = Sentence("{predicate} được hỏi hai lần: như vậy sẽ dò được giá trị",
    "{predicate} is asked twice: that would narrow its value down")
PREDICATE_PURPOSES = Sentence(
    "cần nêu một mục đích: các điều kiện này được hỏi với {purposes}",
    "name one: these predicates are for {purposes}",
)
NO_SUCH_EXCHANGE = Sentence("hệ thống khai thác không có giao dịch này", "you have no such exchange")
NOTHING_PENDING = Sentence(
    "không có dữ liệu nào đang chờ theo mã này; mã có thể đã hết hạn, hoặc ông/bà đã quyết định",
    "nothing is pending under this token; it may have expired, or the citizen has decided")
DECISION_TAKEN = Sentence(
    "đã có quyết định khác, hoặc một yêu cầu khác đang ghi nhận quyết định; quyết định không thay đổi được",
    "another decision was taken for this exchange, or another request is taking one; a decision does not change")
STILL_PENDING = Sentence("còn nguồn dữ liệu chưa trả lời: lấy dữ liệu đến muộn trước (/v1/prefill/resume)",
    "sources are still awaited: fetch what is late first (/v1/prefill/resume)")
DECIDE_EACH = Sentence(
    "cần quyết định về từng dữ liệu: chưa nói gì về {left}", "decide about each piece of evidence: {left} is missing")
NO_DECISION = Sentence("giao dịch này không còn gì chờ quyết định; đã quyết định, hoặc đã hết thời hạn",
    "no decision is awaited for this exchange; it was decided, or has expired")
DECISION_LATE = Sentence("việc ghi nhận quyết định quá lâu", "the decision took too long")
EVIDENCE_UNKNOWN = Sentence("dữ liệu này chưa được hiển thị", "the preview has no such evidence")
EVIDENCE_TWICE = Sentence("dữ liệu này bị lặp", "this evidence is listed twice")

# --- consents, what people keep, requests of data subjects

CONSENT_LATE = Sentence(
    "không kịp kiểm tra sự đồng ý còn hiệu lực hay không", "the consent could not be looked up in time")
NO_CONSENTS_HERE = Sentence("tiến trình này không lưu sự đồng ý", "this process keeps no consents")
KEEP_WITH_CONSENT = Sentence("/consent: `keep` và `consent` đi cùng nhau: không lưu gì khi chưa có sự đồng ý",
    "/consent: `keep` and `consent` go together: nothing is kept without consent")
NO_SUCH_CONSENT = Sentence("hệ thống khai thác không có sự đồng ý này", "you have no such consent")
NO_SUCH_PURPOSE = Sentence(
    "không có mục đích này trong config/purposes.yaml", "there is no such purpose in config/purposes.yaml")
NO_SUCH_REQUESTER = Sentence("không có hệ thống khai thác này", "there is no such requester")
CONSENT_LANGUAGE = Sentence(
    "không có văn bản đồng ý bằng ngôn ngữ này: nêu ngôn ngữ mà ông/bà đã đọc, trong {languages}",
    "there is no text in this language: name the one that was read, of {languages}")
CONSENT_EXPIRY = Sentence("phải là thời điểm trong tương lai, không quá {longest} ngày kể từ hôm nay",
    "must be in the future, at most {longest} days from now")
CONSENT_DEFAULT = Sentence(
    "không có giá trị mặc định: phải do chính ông/bà cho biết",
    "there is no default: the citizen must have chosen it",
)
CONSENT_SERVICE = Sentence("có dịch vụ chia sẻ dữ liệu không tồn tại", "names an unknown data service")
CONSENT_ATTRIBUTE = Sentence(
    "với {service}: nêu từng trường dữ liệu mà dịch vụ có", "name attributes of {service}, each by its name")
CONSENT_NOT_AGREED = Sentence(
    "không có thỏa thuận nào cho hệ thống khai thác {attributes} của {service} với mục đích này: hãy bỏ ra",
    "no agreement of the requester grants {attributes} of {service} for this purpose: leave it out")
CONSENT_FOR_OTHERS = Sentence("chỉ trang dành cho công dân được ghi nhận sự đồng ý cho hệ thống khác",
    "only a citizens' page takes consents for other requesters")
KEEPING_NOT_CONSENTED = Sentence(
    "theo mã này không có sự đồng ý lưu ({purpose}) còn hiệu lực của người có tên trong biểu mẫu",
    "this id is no valid consent of the person in this form to keep it ({purpose})")
NOT_KEPT = Sentence("không thuộc dữ liệu được lưu", "is not an attribute that is kept")
KEPT_TOO_LONG = Sentence("quá dài, hơn {longest} ký tự", "is too long, more than {longest} characters: {written}")
KEPT_HIDDEN = Sentence("có ký tự ẩn (xuống dòng, đổi chiều viết): hãy nhập lại",
    "has invisible characters (line breaks, changes of the direction of writing): write it again")
KEPT_FORM = Sentence("không lưu được theo cách viết này; xem cách viết trong lược đồ của trường dữ liệu",
    "cannot be kept as it is written: {written}")
NOT_DECIDED = Sentence(
    "ông/bà chưa quyết định về dữ liệu đã xem trước", "the citizen has not decided about the preview")
NO_SUCH_SUBJECT_REQUEST = Sentence("hệ thống khai thác không có yêu cầu này", "you have no such request")
SUBJECT_REQUEST_UNREAD = Sentence("hiện không đọc được yêu cầu theo khóa này",
    "the request under this key cannot be read now")
KEY_REUSED = Sentence("Idempotency-Key này đã dùng cho yêu cầu khác; yêu cầu mới phải có khóa mới",
    "another request used this Idempotency-Key; send a new key with a new request")
KEY_FORM = Sentence("Idempotency-Key: gửi một lần, 1 đến 255 ký tự ASCII in được",
    "Idempotency-Key: send it once, 1 to 255 printable ASCII characters")
STILL_KEPT = Sentence(
    "dữ liệu ông/bà tự khai còn được lưu theo một sự đồng ý: rút lại sự đồng ý trước"
    " (POST /v1/consents/search với người đó, rồi /v1/consents/withdraw)",
    "own data of the person are still kept under a consent: withdraw it first"
    " (POST /v1/consents/search with the person, then /v1/consents/withdraw)",
)
SUBJECT_REQUEST_IS = Sentence("yêu cầu đã ở trạng thái {state}", "it is already {state}")
SUBJECT_REQUEST_ACKNOWLEDGED = Sentence("yêu cầu đã được xác nhận tiếp nhận", "it is already acknowledged")
SUBJECT_REQUEST_EXTENDED = Sentence(
    "yêu cầu đã được gia hạn, và chỉ được gia hạn một lần", "it was already extended; one extension is permitted")
SUBJECT_REQUEST_CHANGED = Sentence("có người khác vừa thay đổi yêu cầu này", "a concurrent request changed it")
SAY_WHY = Sentence("cần nêu lý do", "give a reason")

# --- papers of the paper store, and kept ones

NO_SUCH_RESULT = Sentence(
    "thủ tục {procedure} không nhận kết quả này thay giấy tờ; các mã được nhận: {codes}",
    "{procedure} takes no paper with this result code; it takes: {codes}")
NO_SUCH_OWNER = Sentence("thủ tục {procedure} không có vai trò này", "{procedure} has no such role")
NO_SUCH_COMPONENT = Sentence(
    "thủ tục {procedure} không có thành phần hồ sơ này; có: {known}",
    "{procedure} has no such component; it has: {known}")
OBJECT_MISSING = Sentence(
    "giấy tờ này nói về một đối tượng (thửa đất, xe, người khác): nêu đối tượng đó trong 'object'",
    "this paper is about something (a parcel, a vehicle, another person): name it in `object`")
PAPER_OVER = Sentence("giấy tờ đã hết hiệu lực", "the paper is not in force any more")
NOT_OWN_DOSSIER = Sentence("không có hồ sơ này trong các hồ sơ của hệ thống gửi yêu cầu",
    "there is no such dossier among those of the requester")
NO_SUCH_DOSSIER_OF_OWNER = Sentence(
    "hệ thống khai thác không có hồ sơ này của người này", "you have no such dossier of this person")
PAPER_NOT_GIVEN = Sentence(
    "kho giấy tờ không trao tệp của giấy tờ này: tra cứu lại sau, hoặc nhận giấy tờ từ công dân",
    "the paper store does not give the file of this paper: search again later, or take the paper from the citizen")
PAPER_UNUSABLE = Sentence(
    "tệp mà kho giấy tờ trao không dùng được (hỏng, quá lớn hoặc sai định dạng): nhận giấy tờ từ công dân",
    "the file that the paper store gives cannot be used (damaged, too large, another kind): "
    "take the paper from the citizen")
PAPER_STORE_SILENT = Sentence(
    "kho giấy tờ hiện không trả lời: thử lại sau ít phút bằng cùng mã tham chiếu",
    "the paper store does not answer now: try again in some minutes with the same reference")
NO_SUCH_PAPER = Sentence(
    "không có giấy tờ theo mã tham chiếu này: mã hết hạn sau ít phút, chỉ dùng cho hệ thống và hồ sơ đã tra cứu; "
    "hãy tra cứu lại",
    "there is no paper under this reference: it lasts some minutes, for the requester and the dossier of its search; "
    "search again")

# --- corrections

NO_SUCH_CORRECTION = Sentence("hệ thống khai thác không có yêu cầu chỉnh sửa này", "you have no such report")
CORRECTION_IS = Sentence("yêu cầu chỉnh sửa đang ở trạng thái {state}", "the report is {state}")
CORRECTION_CHANGED = Sentence("có người khác vừa thay đổi yêu cầu chỉnh sửa này", "a concurrent request changed it")
CORRECTION_KEYS_CLOSED = Sentence(
    "hiện không mở được khóa của tháng đó", "the keys of its month cannot be opened now")
CORRECTION_UNREADABLE = Sentence("khóa của tháng đó đã bị hủy: không ai đọc được yêu cầu chỉnh sửa nữa; hãy gửi lại",
    "the keys of its month are erased, so it is unreadable; report it again")
CORRECTION_ALTERED = Sentence("yêu cầu chỉnh sửa đã bị sửa trong cơ sở dữ liệu; hãy gửi lại",
    "the report was altered in the database; report it again")
STREAMS_AT_MOST = Sentence("đã mở {most} luồng số liệu trực tiếp, nhiều nhất cho phép; hãy đóng bớt trang đang mở",
    "{most} live streams are open, which is the most; close some pages")
NO_SUCH_SOURCE = Sentence("không có nguồn dữ liệu này", "there is no such source")
SOURCE_GIVES_NO_SUCH = Sentence("nguồn này không cung cấp trường dữ liệu này", "this source gives no such attribute")
CORRECTION_KEYS_GONE = Sentence("khóa của tháng đó đã bị hủy: không ai biết giao dịch về ai nữa; hãy tra cứu lại",
    "the keys of its month are erased, so its person is unknown; ask again")
CORRECTION_NOT_ASKED = Sentence("giao dịch đó không hỏi nguồn này về trường dữ liệu này của người này",
    "your exchange did not ask this source for this attribute of this person")
CORRECTION_NOT_ANSWERED = Sentence("trong giao dịch đó, nguồn này không trả lời về người này",
    "that exchange had no answer about this person from this source")
SHOWN_DIFFERS = Sentence(
    "không thống nhất với giá trị mà giao dịch đó đã hiển thị", "is not the value that the exchange showed")

# --- the exchange log: search, export, proofs

GIVE_HASH_OR_EXCHANGE = Sentence("/: đưa leaf_hash (của biên nhận) hoặc exchange_id, chỉ một trong hai",
    "/: give either leaf_hash (of a receipt) or exchange_id")
GIVE_OLDER_SIZE = Sentence(
    "/from: đưa số bản ghi của điểm kiểm tra cũ hơn", "/from: give the size of the older checkpoint")
GIVE_A_RANGE = Sentence("/: đưa from và to, hoặc since và until, hoặc search (có since và until riêng)",
    "/: give from and to, or since and until, or search (which has its own since and until)")
FROM_BEHIND_TO = Sentence("/from: không được lớn hơn `to`", "/from: must not be greater than `to`")
CSV_PROVES_NOTHING = Sentence(
    "/grown_from: CSV không chứng minh được gì, hãy chọn jsonl", "/grown_from: CSV proves nothing, ask for jsonl")
NO_SUCH_TILE = Sentence("nhật ký (chưa) có mảnh này", "the log has no such tile (yet)")
TILE_PATH = Sentence(
    "đường dẫn của mảnh có dạng /log/tile/0/x001/234.p/56", "a tile has a path as in /log/tile/0/x001/234.p/56")
NOT_READING = Sentence("tiến trình này không đọc nhật ký", "this process does not read the log")
SINCE_BEHIND_UNTIL = Sentence("/since: phải trước `until`", "/since: must be before `until`")
PARAMETERS = Sentence(
    "/: các tham số là {names}, mỗi tham số nhiều nhất một lần", "/: the parameters are {names}, each once at most")
NUMBER_OF_RECORDS = Sentence("/{name}: ghi một số bản ghi", "/{name}: write a number of records")
ABOUT_EXCHANGE = Sentence("Về giao dịch {exchange}.", "About the exchange {exchange}.")
EXCHANGE_ID = Sentence("mã giao dịch có 26 chữ cái và chữ số", "an exchange id has 26 letters and digits")
LEAF_HASH = Sentence(
    "/leaf_hash: ghi 64 chữ số thập lục phân của biên nhận", "/leaf_hash: write the 64 hex digits of the receipt")
CLOSES_BEFORE_OPENS = Sentence("/office/closes: phải sau `opens`", "/office/closes: must be after `opens`")
GIVE_A_MONTH = Sentence("/: đưa month, hoặc since và until", "/: give month, or since and until")
REPORT_SPAN = Sentence("/: tối đa {days} ngày, từ năm {first} đến năm {last}",
    "/: ask for at most {days} days, from the year {first} to {last}")
ONLY_THE_REPORT = Sentence(
    "/{name}: chỉ báo cáo {report} nhận tham số này", "/{name}: only the report {report} takes it")
CURSOR = Sentence("/cursor: gửi `next` của trang trước với cùng bộ lọc, hoặc bỏ trống cho trang đầu",
    "/cursor: send `next` of the previous page with the same filters, or none for the first page")
OTHER_LOG = Sentence("/grown_from: điểm kiểm tra đó của nhật ký khác: nhật ký này là {origin}",
    "/grown_from: that checkpoint belongs to another log: this one is {origin}")
LOG_SHRUNK = Sentence(
    "/grown_from: nhật ký có {size} bản ghi mà khi đó có {old}: đã quay về trạng thái cũ, hoặc là nhật ký khác",
    "/grown_from: the log has {size} records and had {old} then: it was rolled back, or it is another log")
RANGE_BEYOND = Sentence("nhật ký có {size} bản ghi: chọn khoảng nằm trong đó, `from` trước `to`",
    "the log has {size} records: ask for a range within that, `from` before `to`")
FOUND_RECORD_GONE = Sentence("bản ghi đã tìm thấy nay không còn", "a found record no longer exists")
CHECKPOINT_AS_KEPT = Sentence("/grown_from: gửi điểm kiểm tra đã ký nguyên văn từng byte, hoặc số bản ghi của nó",
    "/grown_from: send the stored signed checkpoint, byte by byte, or its number of records")
TOO_MANY_HITS = Sentence("có hơn {most} bản ghi phù hợp: thu hẹp điều kiện tìm, hoặc xuất theo khoảng",
    "more than {most} records fit: narrow the search, or export a range")
RECORDS_PRUNED = Sentence("các bản ghi trước {below} đã chuyển khỏi cơ sở dữ liệu: hỏi các bản ghi sau; {where}",
    "records below {below} were pruned: ask for later ones; {where}")
EXCHANGE_PRUNED = Sentence("nếu có giao dịch này thì các bản ghi đã chuyển khỏi cơ sở dữ liệu; {where}",
    "if there was such an exchange, its records were pruned; {where}")
IN_ARCHIVES = Sentence("chúng nằm trong {names}", "they are in {names}")
NO_ARCHIVE = Sentence("không rõ tệp lưu trữ nào", "no archive is known")
NO_SUCH_HASH = Sentence("nhật ký không có bản ghi với giá trị băm này; bản ghi vừa ghi có chỗ sau 10 giây",
    "no record in the tree has this hash; a new record is in the tree within 10 seconds")
NO_RECORD_OF_EXCHANGE = Sentence(
    "nhật ký không có bản ghi nào của giao dịch này; bản ghi vừa ghi chứng minh được sau 10 giây",
    "the tree has no record of this exchange; a new record is in the tree within 10 seconds")
NO_CHECKPOINT = Sentence("nhật ký chưa có điểm kiểm tra", "the log has no checkpoint yet")
NO_CHECKPOINT_OF_SIZE = Sentence(
    "nhật ký không có điểm kiểm tra với số bản ghi này", "the log has no checkpoint of this size")
SIZE_AT_LEAST = Sentence("chọn số bản ghi từ {at_least} trở lên", "ask for a size of at least {at_least}")
SIZE_AT_MOST = Sentence(
    "nhật ký có {size} bản ghi: chọn số không lớn hơn", "the log has {size} records: ask for a size up to that")
NOT_ANCHORED = Sentence("quá thời hạn đã thỏa thuận mà chưa có bằng chứng neo của: {names}",
    "no proof for longer than agreed from: {names}")
RECORD_NOT_OF_RECEIPT = Sentence("bản ghi {index} không còn là bản ghi mà biên nhận này đã cấp",
    "the record {index} no longer matches this receipt")

RECORD_NOT_IN_TREE = Sentence(
    "bản ghi {index} không nằm trong cây đã ký", "the record {index} is not in the signed tree")
TREE_NOT_GROWN = Sentence("cây {new} bản ghi không phát triển từ {old} bản ghi đầu của chính nó",
    "the tree of {new} records does not extend its first {old} records")
TREE_GONE = Sentence("cây đã ký không còn đầy đủ", "the signed tree is missing: {why}")
TILE_GONE = Sentence("mảnh {level}/{index} của nhật ký bị thiếu hoặc bị cắt ngắn",
    "the tile {level}/{index} of the log is missing or cut short")

# --- stores, disks, databases, keys: why nothing may leave now

CACHE_UNREACHABLE = Sentence(
    "không kết nối được bộ nhớ tạm (cache_url): kiểm tra Valkey hoặc Redis, rồi gửi lại yêu cầu",
    "the cache (cache_url) cannot be reached: check Valkey or Redis, then ask again")
CACHE_LOGIN_REFUSED = Sentence("bộ nhớ tạm từ chối tài khoản hoặc mật khẩu: sửa cache_url",
    "the cache refuses the account or password: correct cache_url")
CACHE_IS_CLUSTER = Sentence("cache_url là một Valkey Cluster: ghi địa chỉ một máy chủ không ở chế độ cluster",
    "cache_url is a Valkey Cluster: write the address of a server without cluster mode")
CACHE_FULL = Sentence("bộ nhớ tạm đã đầy: tăng maxmemory của Valkey, hoặc bytes của memory:// trong cache_url",
    "the cache is full: raise maxmemory of Valkey, or bytes of memory:// in cache_url")
CACHE_READ_ONLY = Sentence("bộ nhớ tạm chỉ cho đọc: ghi địa chỉ máy chính vào cache_url",
    "the cache is read-only: write the address of the primary into cache_url")
CACHE_REFUSES = Sentence("bộ nhớ tạm từ chối lệnh: xem nhật ký của Valkey hoặc Redis",
    "the cache refuses the command: see the log of Valkey or Redis")
PENDING_LOST = Sentence(
    "bộ nhớ tạm không còn kết quả này, hoặc mỗi tiến trình có bộ nhớ riêng (cache_url: memory://): gửi lại yêu cầu",
    "the cache no longer has this, or each process has its own (cache_url: memory://): send the prefill again")
LOG_CLOSED = Sentence("nhật ký đã đóng", "the log is closed")
TOO_MANY_FOR_DISK = Sentence("quá nhiều bản ghi chờ ghi đĩa", "too many records wait for the disk")
TOO_MANY_FOR_DATABASE = Sentence("quá nhiều bản ghi chờ cơ sở dữ liệu", "too many records wait for the database")
STORE_LATE = Sentence("kho lưu trữ không trả lời kịp", "the store does not answer in time")
DATABASE_LATE = Sentence("cơ sở dữ liệu không trả lời kịp", "the database does not answer in time")
DATABASE_UNREACHABLE = Sentence("không kết nối được cơ sở dữ liệu: kiểm tra máy chủ, cổng trong log.url và mạng",
    "the database cannot be reached: check host and port of log.url, and the network")
DATABASE_LOCKED = Sentence("cơ sở dữ liệu đang bị khóa", "the database is locked")
DATABASE_READ_ONLY = Sentence(
    "cơ sở dữ liệu chỉ cho đọc: kết nối tới máy chính (target_session_attrs=read-write trong log.url)",
    "the database is read-only: connect to the primary (target_session_attrs=read-write in log.url)")
DATABASE_LOGIN_REFUSED = Sentence(
    "cơ sở dữ liệu từ chối tài khoản hoặc mật khẩu trong log.url: sửa log.url, hoặc pg_hba.conf của máy chủ",
    "the database refuses the account or password of log.url: correct log.url, or pg_hba.conf of the server")
DATABASE_NAME_UNKNOWN = Sentence(
    "máy chủ không có cơ sở dữ liệu mang tên trong log.url: tạo cơ sở dữ liệu, hoặc sửa log.url",
    "the server has no database of the name in log.url: create it, or correct log.url")
DATABASE_ADDRESS_WRONG = Sentence(
    "log.url viết sai: ghi theo dạng postgresql://tài-khoản@máy-chủ:5432/tên-cơ-sở-dữ-liệu",
    "log.url is not written correctly: write postgresql://account@host:5432/database")
DATABASE_TLS_FAILED = Sentence(
    "không thiết lập được TLS với cơ sở dữ liệu: kiểm tra sslmode và sslrootcert trong log.url",
    "TLS with the database failed: check sslmode and sslrootcert in log.url")
DATABASE_TOO_OLD = Sentence("máy chủ là PostgreSQL {found}, cần PostgreSQL {oldest} trở lên: nâng cấp máy chủ",
    "the server is PostgreSQL {found}, and PostgreSQL {oldest} or newer is needed: upgrade the server")
DATABASE_RIGHT_MISSING = Sentence(
    "tài khoản trong log.url thiếu quyền: chủ cơ sở dữ liệu chạy `motlan migrate` kèm --app-role",
    "the account of log.url lacks a right: run `motlan migrate` with --app-role, as the owner of the database")
DATABASE_RIGHTS_MISSING = Sentence(
    "tài khoản trong log.url thiếu quyền ({rights}): chủ cơ sở dữ liệu chạy `motlan migrate` kèm --app-role",
    "the account of log.url lacks rights ({rights}): run `motlan migrate --app-role` as the database's owner")
DATABASE_RIGHTS_TOO_MANY = Sentence(
    "tài khoản trong log.url có quyền sửa nhật ký ({rights}): thu hồi các quyền đó, hoặc chạy `motlan migrate`",
    "the account of log.url may change the log ({rights}): revoke these rights, or run `motlan migrate` as the owner")
DATABASE_ACCOUNT_OWNS = Sentence(
    "tài khoản trong log.url là chủ cơ sở dữ liệu hoặc superuser: dùng một tài khoản thuộc vai trò của --app-role",
    "the account of log.url owns the database or is a superuser: write an account that has the role of --app-role")
DATABASE_EMPTY = Sentence("cơ sở dữ liệu chưa có lược đồ: chủ cơ sở dữ liệu chạy `motlan migrate`",
    "the database has no schema yet: run `motlan migrate` as its owner")
DATABASE_SCHEMA_OLDER = Sentence(
    "lược đồ cơ sở dữ liệu ở phiên bản {found}, cần {known}: chủ cơ sở dữ liệu chạy `motlan migrate`",
    "the schema of the database is {found}, and {known} is needed: run `motlan migrate` as its owner")
DATABASE_SCHEMA_NEWER = Sentence(
    "lược đồ cơ sở dữ liệu ở phiên bản {found}, mới hơn {known} của bản này: chạy bản phát hành mới hơn",
    "the schema of the database is {found}, newer than {known} of this release: run the newer release")
DATABASE_SCHEMA_OTHER = Sentence(
    "lược đồ cơ sở dữ liệu không phải của phiên bản này: chủ cơ sở dữ liệu chạy `motlan migrate`",
    "the schema of the database is not that of this release: run `motlan migrate` as the owner of the database")
DATABASE_HELD = Sentence(
    "một phiên khác đang giữ các bảng ({holders}): chờ hoặc kết thúc phiên đó (pg_terminate_backend), rồi chạy lại"
    " `motlan migrate`",
    "another session holds the tables ({holders}): wait for it, or end it (pg_terminate_backend), and run"
    " `motlan migrate` again",
)
ROLE_NAME_FORM = Sentence(
    "viết tên vai trò bằng chữ thường, chữ số và _, không dùng public, none hay pg_…, ví dụ motlan_app",
    "write the name of a role in small letters, digits and _, not public, none or pg_…, such as motlan_app",
)
ROLES_EQUAL = Sentence(
    "một vai trò sẽ có quyền của vai trò khác: đặt ba tên khác nhau cho --app-role, --admin-role và --audit-role",
    "one role would have the rights of another: give --app-role, --admin-role and --audit-role three names",
)
SCHEMA_NEW = Sentence("mới", "new")
SCHEMA_CURRENT = Sentence(
    "{name}: lược đồ {newest}, đúng với bản này", "{name}: schema {newest}, as this release has it"
)
UPGRADED = Sentence("{name}: đã nâng cấp: {found} → {newest}", "{name}: upgraded: {found} → {newest}")
WOULD_UPGRADE = Sentence(
    "{name}: sẽ nâng cấp: {found} → {newest}", "{name}: would be upgraded: {found} → {newest}"
)
RIGHTS_GRANTED = Sentence("vai trò và quyền: đã cấp", "roles and rights: granted")
DATABASE_CONNECTIONS_FULL = Sentence(
    "cơ sở dữ liệu hết chỗ kết nối: tăng max_connections của máy chủ, hoặc bớt tiến trình",
    "the database has no connection left: raise max_connections of the server, or run fewer processes")
DATABASE_MEMORY_FULL = Sentence("máy chủ cơ sở dữ liệu hết bộ nhớ: thêm bộ nhớ, hoặc giảm work_mem và số kết nối",
    "the server of the database is out of memory: add memory, or lower work_mem and the number of connections")
DATABASE_LIMIT_REACHED = Sentence(
    "một giới hạn trong cấu hình máy chủ cơ sở dữ liệu đã chạm mức (ví dụ temp_file_limit): tăng giới hạn đó",
    "a limit in the configuration of the database server is reached (such as temp_file_limit): raise it")
DATABASE_STOPPING = Sentence("cơ sở dữ liệu đang khởi động hoặc đang dừng: chờ, hoặc khởi động máy chủ",
    "the database is starting or stopping: wait, or start its server")
DATABASE_DAMAGED = Sentence(
    "dữ liệu hoặc chỉ mục trong cơ sở dữ liệu bị hỏng: dừng lại, kiểm tra đĩa và khôi phục từ bản sao lưu",
    "data or an index in the database is damaged: stop, check the disk, and restore from a backup")
DATABASE_NOT_OPENED = Sentence("không mở được cơ sở dữ liệu", "the database cannot be opened")
DATABASE_TAKES_NOTHING = Sentence("cơ sở dữ liệu không nhận bản ghi", "the database does not accept the record")
WITH_SQLSTATE = Sentence("{what} (mã lỗi SQLSTATE: {state})", "{what} (SQLSTATE: {state})")
DATABASE_ANSWERS_NOTHING = Sentence(
    "cơ sở dữ liệu không trả lời câu hỏi", "the database does not answer the question")
DATABASE_MISSING = Sentence(
    "không mở được cơ sở dữ liệu: thiếu tệp", "the database cannot be opened: its file is missing")
LOG_REPLACED = Sentence("tệp nhật ký bị thay trong khi tiến trình này đang mở: hãy khởi động lại",
    "the file of the log was replaced while this process had it open: start it again")
FILE_OF_NEWER_RELEASE = Sentence(
    "tệp {file} do phiên bản phần mềm mới hơn ghi (lược đồ {found}, phiên bản này chỉ đọc được đến {known}):"
    " hãy chạy phiên bản mới hơn, hoặc khôi phục bản sao lưu trước khi nâng cấp",
    "{file} is of a newer release (schema {found}; this release knows {known}):"
    " start the newer release, or restore the backup from before the upgrade",
)
DISK_FULL = Sentence("đĩa đã đầy: giải phóng chỗ trên đĩa của cơ sở dữ liệu",
    "the disk is full: free space on the disk of the database")
DISK_ERROR = Sentence(
    "đĩa báo lỗi: kiểm tra đĩa của cơ sở dữ liệu", "the disk reports an error: check the disk of the database")
RIGHT_MISSING = Sentence("tài khoản này không được làm việc đó: đưa địa chỉ của quản trị (log.admin_url)",
    "this role may not do that: give the administrator's address (log.admin_url)")
TABLE_IN_USE = Sentence("các bản ghi đã xóa, nhưng bảng của {month} đang được dùng và còn chiếm đĩa: hãy dọn lại",
    "the records are deleted, but the table of {month} is in use and keeps its disk space: prune again")
JUST_NUMBERED = Sentence("các bản ghi cuối vừa được đánh số: hãy thử lại sau",
    "the last of these records were numbered just now: try again later")
RECORD_NOT_THERE = Sentence("bản ghi {index} không có trong cơ sở dữ liệu", "record {index} is not in the database")
TOO_MANY_REPLAYS = Sentence(
    "quá nhiều yêu cầu chờ kho chống dùng lại (replay)", "too many requests wait for the replay store")
REPLAYS_CLOSED = Sentence("kho chống dùng lại (replay) đã đóng", "the replay store is closed")
REPLAYS_FAILED = Sentence("kho chống dùng lại (replay) bị lỗi", "the replay store failed")
ROOT_KEY_WRONG = Sentence("khóa gốc không mở được nhật ký này", "the root key does not open this log")
ROOT_KEY_WRONG_FOR = Sentence(
    "khóa gốc không mở được khóa của kỳ {period}", "the root key does not open the keys of {period}")
ROOT_KEY_AWAY = Sentence("hiện không dùng được khóa gốc", "the root key cannot be used now")
ROOT_KEY_UNUSABLE = Sentence("không dùng được khóa gốc: {why}", "the root key cannot be used: {why}")
NO_SUCH_DOSSIER = Sentence("không có hồ sơ này trong các hồ sơ của hệ thống gửi yêu cầu (mục thứ {place}, tính từ 0)",
    "there is no such dossier among those of the requester (entry {place}, counted from 0)")
NO_SUCH_DOSSIER_OF_OWNER = Sentence("không có hồ sơ nào với mã và số định danh này",
    "there is no dossier with this code and this number of its owner")
NO_SUCH_DELIVERY = Sentence("không có lượt gửi này cho hệ thống gửi yêu cầu (mục thứ {place}, tính từ 0)",
    "there is no such delivery for the requester (entry {place}, counted from 0)")
DELIVERY_NOT_GIVEN_UP = Sentence(
    "chỉ gửi lại hoặc bỏ được lượt gửi đã dừng (dead); lượt gửi này đang ở trạng thái {state}",
    "only a delivery that was given up (dead) is queued again or dropped; this one is {state}")
NO_SUCH_PORTAL = Sentence("không có cổng này trong các cổng được đối soát: {known}",
    "there is no such portal among those that are compared: {known}")
DAYS_OF_RUN = Sentence("ngày đầu không sau ngày cuối, và khoảng thời gian không quá {most} ngày",
    "the first day is not after the last one, and there are at most {most} days between them")
MUTE_TOO_LONG = Sentence("tạm tắt cảnh báo của một nguồn được nhiều nhất 24 giờ; hãy chọn thời gian ngắn hơn",
    "a source is muted for at most 24 hours; choose a shorter time")
STREAMS_AT_MOST = Sentence("đã mở {most} luồng số liệu trực tiếp, nhiều nhất cho phép; hãy đóng bớt trang đang mở",
    "{most} live streams are open, which is the most; close some pages")
NO_SUCH_SOURCE = Sentence("không có nguồn này trong cấu hình", "the configuration has no such source")
RECONCILIATION_RUNS = Sentence("việc đối soát với cổng này đang chạy; xem GET /v1/reconciliation",
    "a reconciliation with this portal is running; see GET /v1/reconciliation")
DOSSIER_OF_ANOTHER = Sentence("mã hồ sơ này đã được hệ thống khác đăng ký; hãy kiểm tra mã đơn vị trong mã hồ sơ",
    "another system registered this code; check the unit in the code of the dossier")
UNIT_OF_ANOTHER = Sentence(
    "hệ thống này chỉ dùng mã hồ sơ của các đơn vị {units}, không dùng mã của {unit}; hãy sửa mã, hoặc thêm đơn vị vào"
    " dossier_units của hệ thống trong config/requesters",
    "this system uses dossier codes of the units {units} only, not of {unit}: correct the code, or add the unit to"
    " dossier_units of its file in config/requesters")
DOSSIER_CHANGES = Sentence("hồ sơ đang được thay đổi bởi nhiều yêu cầu; hãy gửi lại sau một giây",
    "several requests change this dossier just now; send it again after a second")
TWIN_UNDER_WAY = Sentence("một yêu cầu với cùng Idempotency-Key đang được xử lý; hãy gửi lại sau một giây",
    "a request with the same Idempotency-Key is under way; send it again after a second")
QUERY_WORD = Sentence("tham số '{name}' viết theo: {words}", "the parameter '{name}' is written as: {words}")
QUERY_NUMBER = Sentence("tham số '{name}' phải là số nguyên trong giới hạn",
    "the parameter '{name}' is a whole number within its limits")
CURSOR_UNKNOWN = Sentence("/cursor: gửi `next` của trang trước", "/cursor: send `next` of the page before")
MONTH_KEYS_CLOSED = Sentence("không mở được khóa của tháng này", "the keys of this month cannot be opened")
PERIOD_KEYS_GONE = Sentence("khóa của kỳ {period} không còn trong cơ sở dữ liệu nhật ký",
    "the keys of {period} are gone from the log's database")
PERIOD_KEYS_OTHERS = Sentence("khóa của kỳ {period} trong cơ sở dữ liệu nhật ký không phải khóa đã dùng trước đây",
    "the keys of {period} in the log's database differ from those used before")
SIGNED_BY_ANOTHER = Sentence("nhật ký do khóa khác ký", "another key signed the log")
DATABASE_ROLLED_BACK = Sentence(
    "nhật ký đã quay về trạng thái cũ: cơ sở dữ liệu có {size} bản ghi, trước đây có {mark}; hãy kết nối lại đúng"
    " cơ sở dữ liệu có đủ các bản ghi hoặc xem `motlan log accept-rollback`",
    "the log was rolled back: its database has {size} records and had {mark}; connect the database that has all"
    " records, or see `motlan log accept-rollback`",
)
LOG_FORKED = Sentence(
    "nhật ký đã quay về trạng thái cũ rồi ghi tiếp theo nhánh khác: {mark} bản ghi đầu không phải các bản ghi đã ký;"
    " hãy kết nối lại đúng cơ sở dữ liệu có đủ các bản ghi hoặc xem `motlan log accept-rollback`",
    "the log was rolled back and continued differently: its first {mark} records are not the signed ones;"
    " connect the database that has all records, or see `motlan log accept-rollback`",
)
RECORD_ROLLED_BACK = Sentence(
    "nhật ký đã quay về trạng thái cũ: bản ghi đã trả lời không còn trong cơ sở dữ liệu; hãy kết nối lại đúng"
    " cơ sở dữ liệu có đủ các bản ghi hoặc xem `motlan log accept-rollback`",
    "the log was rolled back: a record that was answered is not in its database; connect the database that has all"
    " records, or see `motlan log accept-rollback`",
)
WITNESS_SAW_MORE = Sentence(
    "nhật ký đã quay về trạng thái cũ: cơ sở dữ liệu có {size} bản ghi, nhân chứng {name} đã ký {mark}",
    "the log was rolled back: its database has {size} records, and the witness {name} has signed {mark}",
)
CHECKPOINT_UNREADABLE = Sentence(
    "không đọc được điểm kiểm tra mới nhất trong cơ sở dữ liệu nhật ký (hoặc đã bị sửa) nên không biết nhật ký có mất"
    " bản ghi hay không: hãy kết nối lại đúng cơ sở dữ liệu có đủ các bản ghi, hoặc khôi phục bản sao lưu",
    "the newest checkpoint in the log's database cannot be read, or was altered, so lost records cannot be excluded:"
    " connect the database that has all records, or restore a backup",
)
MARK_UNREADABLE = Sentence(
    "không đọc được {file} trong thư mục trạng thái nên không biết nhật ký có quay về trạng thái cũ hay không: hãy"
    " khôi phục tệp này hoặc xem `motlan log accept-rollback`",
    "{file} in the state folder cannot be read, so a rollback of the log cannot be excluded: restore the file,"
    " or see `motlan log accept-rollback`",
)
MARK_OF_UNKNOWN_KEY = Sentence(
    "dấu mốc {file} ({mark} bản ghi) do một khóa không có trong cấu hình ký: hoặc cơ sở dữ liệu đã mất bản ghi sau khi"
    " đổi khóa, hoặc dấu mốc thuộc về nhật ký khác; hãy kết nối lại đúng cơ sở dữ liệu có đủ các bản ghi hoặc xem"
    " `motlan log accept-rollback`",
    "the mark {file} ({mark} records) is signed by a key that is not configured: either the database lost records after"
    " a key change, or the mark belongs to another log; connect the database that has all records, or see"
    " `motlan log accept-rollback`",
)
TREE_END_UNSIGNED = Sentence("phần cuối của cây không phải phần đã ký", "the end of the tree is not the signed one")
TREE_END_ALTERED = Sentence(
    "phần cuối của cây hoặc điểm kiểm tra của nó đã bị sửa", "the end of the tree or its checkpoint was altered")
SIGNATURE_WRONG = Sentence("khóa ký cho ra chữ ký không hợp lệ", "the signing key gave an invalid signature")
SIGNING_KEY_AWAY = Sentence("hiện không dùng được khóa ký", "the signing key cannot be used now")
HOLDER_REFUSES = Sentence("nơi giữ khóa từ chối", "the key service refuses")
HOLDER_NO_BASE64 = Sentence("nơi giữ khóa không trả về base64", "the key service gave no base64")
HOLDER_SILENT = Sentence("nơi giữ khóa không trả lời", "the key service does not answer")

# --- keeping: archives, pruning, erasure (motlan archive, prune, erase-period)

MONTH_RUNNING = Sentence(
    "{month} chưa kết thúc: chỉ lưu trữ trọn tháng", "{month} is not over: only whole months are archived")
FOLDER_NOT_WRITABLE = Sentence("không ghi được vào {folder} ({why})", "{folder} cannot be written ({why})")
KEY_UNUSED = Sentence("khóa đang dùng chưa ký lần nào: trước hết khởi động lại hệ thống kết nối",
    "the key in use has not signed yet: first restart the gateway")
LOG_MISSING = Sentence("chưa có đủ nhật ký ở đây; đưa thư mục mà `motlan serve` dùng: --dir THƯ_MỤC",
    "{missing}; give the folder that `motlan serve` uses: --dir FOLDER")
REASON_LENGTH = Sentence("cần lý do dài 1 đến {longest} ký tự", "give a reason of 1 to {longest} characters")
REASON_HAS_NUMBER = Sentence("lý do được ghi ở dạng đọc được: không ghi số định danh hay số giấy tờ của ai",
    "the reason is recorded in clear: leave numbers of people out")
PERIOD_RUNNING = Sentence("{period} kết thúc chưa đủ lâu: tháng này và tháng trước không bao giờ bị hủy",
    "{period} is too recent: this month and the one before it are never erased")
PERIOD_HOT = Sentence(
    "{period} chưa qua {months} tháng lưu trực tuyến: nếu buộc phải hủy, nêu lý do bằng --before-its-time LÝ_DO",
    "{period} is younger than the {months} months of the hot period: if it must be, give --before-its-time REASON")
PERIOD_UNKNOWN = Sentence("{period} chưa từng có khóa; có {known}", "{period} never had keys; known: {known}")
WRITE_A_MONTH = Sentence("ghi tháng theo dạng 2026-11", "write a month as 2026-11")
ARCHIVE_CHANGED = Sentence(
    "{name} không phải tệp mà phiếu kèm theo đã ký", "{name} is not the file of its signed note")
ARCHIVE_WRONG = Sentence(
    "{name}: tệp lưu trữ không thống nhất với điểm kiểm tra đã ký; xem bằng `motlan verify-log`", "{name}: {finding}")
ARCHIVE_UNSIGNED = Sentence("{name}: phiếu kèm theo không có chữ ký hợp lệ", "{name}: {finding}")
ARCHIVE_OTHER_LOG = Sentence("{name} không thuộc nhật ký này", "{name} belongs to another log")
ARCHIVE_OTHER_TREE = Sentence(
    "{name}: cây trong cơ sở dữ liệu không thống nhất với tệp này", "{name}: it contradicts the tree of the database")
ARCHIVE_HOT = Sentence("{name} có bản ghi của ngày {day}: được giữ trực tuyến {months} tháng",
    "{name} has records of {day}: kept hot for {months} months")
ARCHIVE_GAP = Sentence("{name} bắt đầu từ {first}: phải có tệp lưu trữ từ {expected} trước",
    "{name} begins at {first}: the archive from {expected} on must come first")
ARCHIVE_UNREADABLE = Sentence("{name}: không đọc được tệp này, hoặc phiếu của nó ({why})",
    "{name}: the archive or its note cannot be read ({why})")

# --- messages of portals

WIRE_FIELD = Sentence("trường {field} ({path}): {why}", "field {field} ({path}): {why}")
NEVER_WRITABLE = Sentence("cổng {portal} cần trường {field} ({path}): {why}",
    "portal {portal} wants the field {field} ({path}): {why}")
WIRE_VALUE_UNREADABLE = Sentence(
    "giá trị không đúng kiểu hoặc định dạng của trường này", "the value does not have the type or form of this field")
CODE_TOO_LONG = Sentence("mã dài quá {limit} ký tự; mã không được cắt bớt, hãy sửa mã",
    "the code is longer than {limit} characters; codes are never cut: correct the code")
NO_FOREIGN_CODE = Sentence("danh mục của cổng tiếp nhận không có mã cho giá trị này; hãy chọn giá trị khác",
    "the receiver's list has no code for this value; choose another value")
NO_TIME = Sentence("không phải thời điểm có thật", "is not an existing time")

# --- doors in the protocols of others

WIRE_TEXT_TOO_LONG = Sentence("văn bản dài quá mức cho phép", "the text is too long")
NOT_BASE64 = Sentence("không phải base64", "is not base64")
NO_SUCH_OPERATION = Sentence("không có dịch vụ này", "there is no such operation")
NOTICE_UNREADABLE = Sentence("không đọc được tệp XML của thông báo", "the XML file of the notice cannot be read")
SECRET_ONLY_AT_DOOR = Sentence(
    "mật khẩu này chỉ dùng để lấy mã truy cập tại cổng tương thích LGSP",
    "this secret only fetches tokens at the LGSP-compatible door")
ANOTHER_DOSSIER = Sentence("trả về hồ sơ khác với hồ sơ được hỏi", "answers another dossier than was asked for")

# --- pages of logins

CHOOSE_ONE = Sentence("Ông/bà hãy chọn một trong các mục.", "Choose one of the entries.")
WRITE_THE_DOCUMENT = Sentence(
    "Ông/bà hãy ghi đủ mục “{document}”, tối đa {longest} ký tự.",
    "Fill in “{document}”, with at most {longest} characters.")
TAX_CODE_DIGITS = Sentence(
    "Mã số thuế có 10 chữ số, hoặc 10 và 3 chữ số. Ông/bà hãy kiểm tra lại.",
    "A tax code has 10 digits, or 10 and 3. Check it.")
NUMBER_DIGITS = Sentence(
    "Số định danh cá nhân có 12 chữ số. Ông/bà hãy kiểm tra lại.", "A personal id has 12 digits. Check it.")
WRITE_THE_NAME = Sentence("Ông/bà hãy ghi đầy đủ họ, chữ đệm và tên.", "Write the full name.")
WRITE_THE_BIRTH_DATE = Sentence(
    "Ông/bà hãy ghi ngày sinh như 15/02/1990, hoặc chỉ 02/1990, 1990.",
    "Write the date of birth like 15/02/1990, or only 02/1990, 1990.")
MANDATE_NEEDS_ACCOUNT = Sentence(
    "Cơ quan đăng ký chỉ ghi tên người đại diện, nên cần tài khoản của chính doanh nghiệp. Ông/bà hãy đăng nhập bằng "
    "tài khoản của doanh nghiệp có mã số thuế này.",
    "The business register has the representative's name only, so the account of the enterprise itself is needed. Sign "
    "in with the account of the enterprise that has this tax code.")
SIGN_IN_AS_ENTERPRISE = Sentence(
    "Đăng nhập bằng tài khoản doanh nghiệp", "Sign in with the account of the enterprise")
MANDATE_OF_NOBODY = Sentence(
    "Tài khoản đang dùng không nêu đủ số định danh cá nhân, họ tên và ngày sinh của ông/bà, nên chưa biết ai là người "
    "đại diện. Ông/bà hãy đăng nhập bằng tài khoản nêu đủ các thông tin đó.",
    "The account in use does not give your personal id, name and date of birth, so it is not known who represents. "
    "Sign in with an account that gives them.")
MANDATE_DENIED = Sentence(
    "Cơ sở dữ liệu quốc gia không xác nhận quyền này. Ông/bà hãy kiểm tra lại thông tin đã ghi, hoặc nộp hồ sơ tại bộ "
    "phận một cửa kèm giấy tờ chứng minh.",
    "The national databases do not confirm this right. Check what you wrote, or file at a counter with the papers that "
    "prove it.")
MANDATE_NOT_KNOWN = Sentence(
    "Cơ sở dữ liệu quốc gia không cho biết ông/bà có quyền này hay không. Ông/bà có thể thử lại sau, hoặc nộp hồ sơ "
    "tại bộ phận một cửa kèm giấy tờ chứng minh.",
    "The national databases do not say whether you have this right. You can try again later, or file at a counter with "
    "the papers that prove it.")
MANDATE_DOCUMENT_OVER = Sentence(
    "Giấy tờ ông/bà nêu đã hết hiệu lực. Ông/bà hãy ghi số của giấy tờ còn hiệu lực.",
    "The document that you named has expired. Write the number of one that is in force.")
MANDATE_IMPOSSIBLE = Sentence(
    "Thông tin đã ghi là của chính ông/bà, hoặc theo ngày sinh thì người con không sinh sau cha, mẹ. Ông/bà hãy kiểm "
    "tra lại; nếu làm thủ tục cho mình, hãy chọn “Cho chính tôi”.",
    "You wrote your own data, or by the dates of birth the child is not younger than the parent. Check them; if you "
    "act for yourself, choose “For myself”.")
MANDATE_OF_AGE = Sentence(
    "Người được đại diện đã thành niên, nên tự làm thủ tục hoặc ủy quyền cho ông/bà.",
    "The person is of age, so they act for themselves or give you a mandate.")
MANDATE_MINOR = Sentence(
    "Người đại diện phải từ đủ 18 tuổi.", "A representative must be 18 years old or more.")
MANDATE_TOO_OFTEN = Sentence(
    "Ông/bà đã thử quá nhiều lần. Ông/bà hãy thử lại sau, hoặc nộp hồ sơ tại bộ phận một cửa.",
    "You tried too often. Try again later, or file at a counter.")
MANDATE_NOT_CHECKED = Sentence(
    "Cổng chưa kiểm tra được quyền này với thông tin đã ghi. Ông/bà hãy kiểm tra lại, hoặc nộp hồ sơ tại bộ phận "
    "một cửa.",
    "The gateway could not check this right with what you wrote. Check it, or file at a counter.")
DOCUMENT_NOT_CHECKED = Sentence(
    "Giấy tờ số {document} chưa được ai kiểm tra: quyền đại diện được xác nhận từ cơ sở dữ liệu quốc gia.",
    "Nobody checked the document {document}: the right to act was confirmed by a national database.")
SIGN_IN_AGAIN = Sentence("Đăng nhập lại", "Sign in again")
SIGN_IN_OTHERWISE = Sentence("Chọn cách đăng nhập khác", "Choose another way to sign in")
TRY_AGAIN = Sentence("Thử lại", "Try again")
ENDED_EXPIRED = Sentence(
    "Một lượt đăng nhập chỉ có hiệu lực trong ít phút. Không có thêm thông tin nào được gửi đi.",
    "A login counts for some minutes only. Nothing more is sent.")
ENDED_UNKNOWN_STATE = Sentence(
    "Địa chỉ này không thuộc lượt đăng nhập nào đang thực hiện ở đây. Không ai được đăng nhập.",
    "This address belongs to no login under way here. Nobody was signed in.")
ENDED_OTHER_BROWSER = Sentence(
    "Để bảo vệ ông/bà, lượt đăng nhập chỉ kết thúc được ở trình duyệt đã bắt đầu. Nếu ông/bà nhận đường dẫn này "
    "từ người khác, xin đừng dùng.",
    "To protect you, a login ends only in the browser where it began. If somebody sent you this link, do not use "
    "it.")
ENDED_NO_COOKIES = Sentence(
    "Cổng dùng cookie để biết lượt đăng nhập là của ông/bà. Trình duyệt này không lưu cookie, đã mất cookie, hoặc lượt "
    "đăng nhập bắt đầu ở trình duyệt khác, nên chưa ai được đăng nhập. Ông/bà vẫn đăng nhập được: giữ nguyên thẻ này "
    "và bấm nút dưới đây. Nếu ông/bà nhận đường dẫn này từ người khác, xin đừng bấm.",
    "The gateway uses cookies to know that the login is yours. This browser keeps none, has lost them, or the login "
    "was begun in another browser, so nobody was signed in. You can still sign in: stay in this tab and press the "
    "button below. If somebody sent you this link, do not press it.")
ENDED_CANCELLED = Sentence(
    "Ông/bà đã dừng ở hệ thống định danh. Chưa có thông tin nào được gửi đi.",
    "You stopped at the identity provider. Nothing was sent.")
ENDED_PROVIDER_REFUSED = Sentence(
    "Hệ thống định danh không cho đăng nhập lần này.",
    "The identity provider did not allow this login.")
ENDED_PROVIDER_UNAVAILABLE = Sentence(
    "Chưa biết khi nào hệ thống định danh hoạt động lại. Ông/bà có thể thử lại sau ít phút.",
    "It is not known when the identity provider will answer. You can try again in some minutes.")
ENDED_ANSWER_INVALID = Sentence(
    "Hệ thống định danh đã trả lời, nhưng câu trả lời không đọc được. Đây không phải lỗi của ông/bà.",
    "The identity provider answered, but its answer cannot be read. This is not your fault.")
ENDED_CLOCK_DIFFERS = Sentence(
    "Đồng hồ của hệ thống định danh và của Cổng lệch nhau quá nhiều, nên chưa đăng nhập được. Đây không phải lỗi của "
    "ông/bà.",
    "The clocks of the identity provider and of the gateway differ too much, so nobody can sign in. This is not your "
    "fault.")
ENDED_FORGED = Sentence(
    "Câu trả lời nhận được không phải của lượt đăng nhập này, nên không ai được đăng nhập.",
    "The answer that came is not that of this login, so nobody was signed in.")
ENDED_NO_ACCOUNT = Sentence(
    "Tài khoản chưa đăng ký ở Cổng Dịch vụ công Quốc gia, hoặc chưa hoàn tất đăng ký.",
    "The account is not registered at the national portal, or its registration is not complete.")
ENDED_LEVEL_TOO_LOW = Sentence(
    "Hệ thống này cần mức độ xác thực cao hơn mức độ của tài khoản vừa đăng nhập. Đăng nhập lại bằng chính tài khoản "
    "đó thì kết quả vẫn như vậy. Nếu không có tài khoản ở mức độ cao hơn, ông/bà nộp hồ sơ tại bộ phận một cửa.",
    "This system needs a higher assurance level than that of the account that signed in. With the same account the end "
    "is the same. If you have no account of a higher level, file at a counter.")
ENDED_NOT_FOR_CLIENT = Sentence(
    "Hệ thống này chỉ nhận tài khoản của hệ thống định danh khác.",
    "This system takes accounts of other identity providers only.")
ENDED_NO_ROLE = Sentence(
    "Không có gì được mở. Ông/bà đề nghị quản trị giao vai trò kiểm toán viên, vận hành hoặc quản trị.",
    "Nothing was opened. Ask the administrator for the role of an auditor, operator or administrator.")
ENDED_NOT_LINKED = Sentence(
    "Tài khoản không có số định danh hoặc mã số thuế đã được xác minh, nên chưa biết là của ai.",
    "The account has no verified personal id or tax code, so it is not known whose it is.")
ENDED_MANDATE_NOT_PROVEN = Sentence(
    "Các cơ sở dữ liệu chưa xác nhận quyền đại diện này.",
    "The databases do not confirm this right to act for another.")
ENDED_REQUEST_WRONG = Sentence(
    "Yêu cầu của hệ thống không đúng, đã được dùng hay đã hết hạn. Đây không phải lỗi của ông/bà: nút dưới đây đưa về "
    "hệ thống đó để bắt đầu lại.",
    "The request of the system is wrong, was used before or has expired. This is not your fault: the button leads back "
    "to that system, to begin again.")
ENDED_SYSTEM_UNKNOWN = Sentence(
    "Hệ thống đã đưa ông/bà đến đây chưa đăng ký, hoặc đã bị thu hồi, nên cổng không có đường trở về hệ thống đó. Đây "
    "không phải lỗi của ông/bà: ông/bà báo cho hệ thống đó mã tham chiếu ở cuối trang.",
    "The system that sent you here is not registered, or was revoked, so the gateway has no way back to it. This is "
    "not your fault: give that system the reference at the end of the page.")
TO_THE_START = Sentence("Về trang đầu", "To the start page")
PROVIDER_STAYS_SIGNED_IN = Sentence(
    "khi kết thúc phiên ở đây, tài khoản vẫn đăng nhập tại hệ thống định danh trên thiết bị đó, nên người cầm "
    "thiết bị có thể vào lại mà không cần mật khẩu. Nếu là máy dùng chung, ông/bà đăng xuất trên thiết bị đó, hoặc "
    "tại hệ thống định danh.",
    "when a session ends here, that device keeps the account signed in at the identity provider, so its users can "
    "come in again without a password. If it is shared, sign out there, or at the provider.")
HINT_TAX_CODE = Sentence(
    "10 chữ số, hoặc 10 và 3: 0123456789-001", "10 digits, or 10 and 3: 0123456789-001")
HINT_PERSONAL_ID = Sentence("12 chữ số", "12 digits")
HINT_BIRTH_DATE = Sentence("15/02/1990; nếu chỉ biết tháng, năm: 02/1990, 1990",
    "15/02/1990; where only month or year is known: 02/1990, 1990")
ENDED_ANSWERED = Sentence(
    "Hệ thống đã nhận câu trả lời của lượt đăng nhập này. Bước này không cần làm lại.",
    "The system has the answer of this login already. This step is done.")
ENDED_OTHER_LOGIN = Sentence(
    "Trang này thuộc một lượt đăng nhập trước đó. Từ đây, trình duyệt này dùng tài khoản đăng nhập sau cùng.",
    "This page belongs to a login before it. From here on, this browser uses the account that signed in last.")
GO_ON = Sentence("Tiếp tục", "Continue")
ENDED_UNAVAILABLE = Sentence(
    "Cổng chưa thực hiện được bước này. Không có thông tin nào bị mất. Ông/bà có thể thử lại sau ít phút.",
    "The gateway could not do this step. Nothing was lost. You can try again in some minutes.")
CLAIM_NAME = Sentence("Họ, chữ đệm và tên", "Full name")
CLAIM_BIRTHDATE = Sentence("Ngày sinh", "Date of birth")
CLAIM_PERSONAL_ID = Sentence("Số định danh cá nhân", "Personal id")
CLAIM_TAX_CODE = Sentence("Mã số thuế", "Tax code")
CLAIM_ORGANIZATION = Sentence("Tên tổ chức, doanh nghiệp", "Name of the organisation")
LEVEL_0 = Sentence("chưa rõ", "not known")
LEVEL_1 = Sentence("mức độ 1", "level 1")
LEVEL_2 = Sentence("mức độ 2", "level 2")
LEVEL_3 = Sentence("mức độ 3", "level 3")
