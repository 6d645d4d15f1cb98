"""Pages of logins."""

from gateway.domain.sentences.sentence import Sentence

# fmt: off

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
