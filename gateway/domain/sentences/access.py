"""Access: tokens, keys, proofs, signatures."""

from gateway.domain.sentences.sentence import Sentence

# fmt: off

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
OBJECT_LACKS = Sentence("{role}: hãy ghi số hoặc ký hiệu để tìm", "{role}: write a number to find it by")
SAME_AS_NOBODY = Sentence('{role}: "trùng với" không dẫn tới người nào; hãy ghi một người',
    '{role}: "the same as" leads to nobody; write one of the people')
BIRTH_DATE_OF_FORM = Sentence(
    "phải là ngày có thật, viết như 05/09/1990, hoặc 09/1990, hoặc 1990, từ năm {first} đến năm {last}",
    "must be a real date, written as 05/09/1990, or 09/1990, or 1990, in the years {first} to {last}")
DEADLINE_OF_FORM = Sentence("phải là số nguyên từ 1 đến {most}", "must be a whole number from 1 to {most}")
NAME_AND_BIRTH_WITH_NUMBER = Sentence("số định danh phải đi kèm họ tên và ngày sinh",
    "give name and date of birth with the number")
ACCOUNT_SAYS_TOO_LITTLE = Sentence(
    "Tài khoản đang dùng không nêu đủ số định danh, họ tên và ngày sinh, nên cổng chưa biết chắc ông/bà là ai và chưa"
    " lấy dữ liệu nào. Ông/bà tự điền biểu mẫu, hoặc đăng xuất rồi đăng nhập bằng tài khoản nêu đủ các thông tin đó.",
    "The account in use does not give personal id, name and date of birth, so the portal is not sure who you are and"
    " fetched no data. Fill in the form yourself, or sign out and sign in with an account that gives them.")
ACCOUNT_OF_AN_ORGANISATION = Sentence(
    "Thủ tục này do cá nhân nộp, còn tài khoản đang dùng là của tổ chức, nên chưa lấy dữ liệu nào. Ông/bà tự điền biểu"
    " mẫu, hoặc đăng xuất rồi đăng nhập bằng tài khoản cá nhân.",
    "A person files this procedure, and the account in use is that of an organisation, so no data were fetched. Fill in"
    " the form yourself, or sign out and sign in with your own account.")
ACCOUNT_WITHOUT_TAX_CODE = Sentence(
    "Tài khoản đang dùng là của tổ chức mà không nêu mã số thuế, nên cổng chưa biết chắc là tổ chức nào và chưa lấy dữ"
    " liệu nào. Ông/bà tự điền biểu mẫu, hoặc đăng xuất rồi đăng nhập bằng tài khoản nêu mã số thuế.",
    "The account in use is that of an organisation and gives no tax code, so the portal is not sure which one it is and"
    " fetched no data. Fill in the form yourself, or sign out and sign in with an account that gives it.")
MEMBERS_OF_PORTAL = Sentence("chỉ gửi: {names}; những gì khác phiên đăng nhập đã biết",
    "send only {names}; the session knows the rest")
CONFIRMED_VALUE_CHANGED = Sentence(
    "giá trị do cơ quan xác nhận đã bị thay đổi; hãy khôi phục giá trị đó, nếu giá trị đó sai thì báo sai",
    "a confirmed value was changed; restore it, and report it if it is wrong")
SENT_BEFORE = Sentence(
    "đã nộp lúc {at}, mã {code}; nội dung sửa sau đó chưa được nộp: hãy xem hồ sơ đó, hoặc mở biểu mẫu mới",
    "sent at {at}, code {code}; what was changed since was not sent: look at that dossier, or open a new form")
BLANK_OF_FILLED = Sentence(
    "biểu mẫu này đã được điền từ dữ liệu của cơ quan nên không nộp như biểu mẫu trống được; hãy mở lại biểu mẫu",
    "data of authorities filled this form, so it cannot be sent as a blank one; open the form again")
FIELD_TO_FILL = Sentence("còn thiếu; hãy điền", "is missing; fill it in")
FIELD_NOT_OF_FORM = Sentence("biểu mẫu không có trường này; hãy bỏ đi", "the form has no such field; leave it out")
PAPER_NOT_OF_PROCEDURE = Sentence(
    "thủ tục không có giấy tờ này; hãy bỏ đi", "the procedure has no such paper; leave it out"
)
FIELD_TOO_LONG = Sentence("dài quá {most} ký tự; hãy viết ngắn lại", "has more than {most} characters; write less")
FIELD_NOT_AS_FORM = Sentence("không đúng mẫu của biểu mẫu; hãy sửa lại", "is not as the form takes it; correct it")
PAPER_OF_OTHER_VALUES = Sentence(
    "thêm tệp của giấy tờ này: {paper}, hoặc khôi phục những gì cơ quan đã cung cấp",
    "add the file of this paper: {paper}; or restore what the agencies gave")
PAPERS_OF_OTHER_VALUES = Sentence(
    "tờ khai đã sửa sau khi cổng xét giấy tờ, nên dữ liệu không thay được các giấy tờ này",
    "the form was changed after the papers were decided, so that data do not replace these papers")
PAPER_OF_EARLIER_DAY = Sentence(
    "thêm tệp của giấy tờ này: {paper}, hoặc lưu nháp rồi mở lại biểu mẫu để lấy dữ liệu của hôm nay",
    "add the file of this paper: {paper}; or save a draft and open the form again for the data of today")
PAPERS_OF_EARLIER_DAY = Sentence(
    "dữ liệu thay các giấy tờ này được lấy từ hôm trước, nên có thể không còn đúng",
    "the data that replace these papers were fetched on an earlier day, and may not hold any more")
NO_STAFF_PROVIDER = Sentence(
    "chưa có nơi đăng nhập cho cán bộ; thêm tệp có 'accounts: staff' vào config/identity_providers",
    "officials cannot sign in: add a provider with 'accounts: staff' to config/identity_providers")
FORM_OF_OTHER_SITE = Sentence("biểu mẫu được gửi từ trang khác; hãy mở trang này của cổng rồi gửi lại",
    "another site's page sent the form; open the page of the gateway and send it again")
FORM_NOT_OURS = Sentence("chưa có gì được gửi; hãy mở trang này ở thẻ mới và gửi từ đó, nội dung đã điền ở đây vẫn còn",
    "nothing was sent; open this page in a new tab and send it there, what you filled in here stays")
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
