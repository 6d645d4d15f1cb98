"""Words of the pages of logins: what an end without a person means, and what one can do about it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gateway.domain.login import LoginReason
from gateway.domain.sentences import Sentence


class ReasonWords(NamedTuple):
    """What a reason means for the person, and the word on the one button."""

    meaning: Sentence
    button: Sentence


# the tables below are tables
# fmt: off
_AGAIN = Sentence("Đăng nhập lại", "Sign in again")
_OTHER = Sentence("Chọn cách đăng nhập khác", "Choose another way to sign in")
_RETRY = Sentence("Thử lại", "Try again")

ANSWERS_TO: Mapping[LoginReason, ReasonWords] = MappingProxyType({
    LoginReason.EXPIRED: ReasonWords(Sentence(
        "Một lượt đăng nhập chỉ có hiệu lực trong ít phút. Chưa có thông tin nào được gửi đi.",
        "A login counts for some minutes only. Nothing was sent."), _AGAIN),
    LoginReason.UNKNOWN_STATE: ReasonWords(Sentence(
        "Địa chỉ này không thuộc lượt đăng nhập nào đang thực hiện ở đây. Không ai được đăng nhập.",
        "This address belongs to no login under way here. Nobody was signed in."), _AGAIN),
    LoginReason.OTHER_BROWSER: ReasonWords(Sentence(
        "Để bảo vệ ông/bà, lượt đăng nhập chỉ kết thúc được ở trình duyệt đã bắt đầu. Nếu ông/bà nhận đường dẫn này từ"
        " người khác, xin đừng dùng.",
        "To protect you, a login ends only in the browser where it began. If somebody sent you this link, do not use"
        " it."),
        _AGAIN),
    LoginReason.NO_COOKIES: ReasonWords(Sentence(
        "Cổng dùng cookie để biết lượt đăng nhập là của ông/bà. Ông/bà vẫn có thể đăng nhập: giữ nguyên thẻ này và"
        " bấm nút dưới đây.",
        "The gateway uses cookies to know that the login is yours. You can still sign in: stay in this tab and press"
        " the button below."), _AGAIN),
    LoginReason.CANCELLED: ReasonWords(Sentence(
        "Ông/bà đã dừng ở hệ thống định danh. Chưa có thông tin nào được gửi đi.",
        "You stopped at the identity provider. Nothing was sent."), _AGAIN),
    LoginReason.PROVIDER_REFUSED: ReasonWords(Sentence(
        "Hệ thống định danh không cho đăng nhập lần này.", "The identity provider did not allow this login."), _AGAIN),
    LoginReason.PROVIDER_UNAVAILABLE: ReasonWords(Sentence(
        "Chưa biết khi nào hệ thống định danh hoạt động lại. Ông/bà có thể thử lại sau ít phút.",
        "It is not known when the identity provider will answer. You can try again in some minutes."), _RETRY),
    LoginReason.ANSWER_INVALID: ReasonWords(Sentence(
        "Hệ thống định danh đã trả lời, nhưng câu trả lời không đọc được. Đây không phải lỗi của ông/bà.",
        "The identity provider answered, but its answer cannot be read. This is not your fault."), _RETRY),
    LoginReason.FORGED: ReasonWords(Sentence(
        "Câu trả lời nhận được không phải của lượt đăng nhập này, nên không ai được đăng nhập.",
        "The answer that came is not that of this login, so nobody was signed in."), _AGAIN),
    LoginReason.NO_ACCOUNT: ReasonWords(Sentence(
        "Tài khoản chưa đăng ký ở Cổng Dịch vụ công Quốc gia, hoặc chưa hoàn tất đăng ký.",
        "The account is not registered at the national portal, or its registration is not complete."), _OTHER),
    LoginReason.LEVEL_TOO_LOW: ReasonWords(Sentence(
        "Hệ thống này cần tài khoản có mức độ xác thực cao hơn, ví dụ tài khoản định danh điện tử mức độ 2.",
        "This system needs an account with a higher assurance level, for example an electronic identity of level 2."),
        _OTHER),
    LoginReason.NOT_FOR_CLIENT: ReasonWords(Sentence(
        "Hệ thống này chỉ nhận tài khoản của hệ thống định danh khác.",
        "This system takes accounts of other identity providers only."), _OTHER),
    LoginReason.NOT_LINKED: ReasonWords(Sentence(
        "Tài khoản không có số định danh hoặc mã số thuế đã được xác minh, nên chưa biết là của ai.",
        "The account has no verified personal id or tax code, so it is not known whose it is."), _OTHER),
    LoginReason.MANDATE_NOT_PROVEN: ReasonWords(Sentence(
        "Các cơ sở dữ liệu chưa xác nhận quyền đại diện này.",
        "The databases do not confirm this right to act for another."), _AGAIN),
    LoginReason.REQUEST_WRONG: ReasonWords(Sentence(
        "Hệ thống chưa đăng ký ở đây, hoặc yêu cầu của hệ thống đã được dùng hay đã hết hạn. Đây không phải lỗi của"
        " ông/bà: hãy bắt đầu lại từ hệ thống đó.",
        "The system is not registered here, or its request was used before or has expired. This is not your fault:"
        " begin again at that system."), Sentence("Tiếp tục", "Continue")),
    LoginReason.UNAVAILABLE: ReasonWords(Sentence(
        "Cổng chưa thực hiện được bước này. Không có thông tin nào bị mất. Ông/bà có thể thử lại sau ít phút.",
        "The gateway could not do this step. Nothing was lost. You can try again in some minutes."), _RETRY),
})

#: claims on the page of consent
CLAIMS: Mapping[str, Sentence] = MappingProxyType({
    "name": Sentence("Họ, chữ đệm và tên", "Full name"),
    "birthdate": Sentence("Ngày sinh", "Date of birth"),
    "personal_id": Sentence("Số định danh cá nhân", "Personal id"),
    "tax_code": Sentence("Mã số thuế", "Tax code"),
    "organization": Sentence("Tên tổ chức, doanh nghiệp", "Name of the organisation"),
})

#: assurance levels (NĐ 69/2024)
LEVELS: Mapping[int, Sentence] = MappingProxyType({
    0: Sentence("chưa rõ", "not known"),
    1: Sentence("mức độ 1", "level 1"),
    2: Sentence("mức độ 2", "level 2"),
    3: Sentence("mức độ 3", "level 3"),
})
# fmt: on
