"""What operators read of deliveries, differences and scores: Vietnamese first, English beside it."""

from collections.abc import Mapping

from gateway.domain.reasons import DeliveryReason
from gateway.ports.relay import DeliveryState
from gateway.relay.differences import Divergence, Remedy
from gateway.relay.scoring import Indicator, Lost

#: code -> (Vietnamese, English)
WordTable = Mapping[str, tuple[str, str]]

#: what a reconciliation compares
FACTS: WordTable = {
    "status": ("trạng thái", "status"),
    "procedure": ("thủ tục", "procedure"),
    "unit": ("đơn vị", "unit"),
    "agency": ("cơ quan", "agency"),
    "filed_at": ("ngày nộp", "day of filing"),
    "received_at": ("ngày tiếp nhận", "day of reception"),
    "due_at": ("ngày hẹn trả", "due day"),
    "processed_at": ("ngày xử lý xong", "day of the result"),
    "handed_over_at": ("ngày trả kết quả", "day of handing over"),
    "channel": ("cách nộp", "channel"),
    "payment": ("thanh toán", "payment"),
    "return_method": ("cách nhận kết quả", "way of return"),
}
STATES: WordTable = {
    DeliveryState.QUEUED: ("chờ gửi", "waits for its turn"),
    DeliveryState.SENDING: ("đang gửi", "is being sent"),
    DeliveryState.UNCONFIRMED: ("chưa được xác nhận", "not confirmed"),
    DeliveryState.DEAD: ("đã dừng gửi", "given up"),
    DeliveryState.DELIVERED: ("đã gửi xong", "delivered"),
    DeliveryState.SUPERSEDED: (
        "không gửi nữa: có bản mới hoặc đã bỏ",
        "not sent: a newer version, or dropped",
    ),
}
#: steps of a delivery's history
STEPS: WordTable = {
    "queued": ("Được đưa vào hàng chờ.", "It was queued."),
    "sent": ("Đã gửi đi.", "It was sent."),
    "confirmed": ("Hệ thống nhận xác nhận đã nhận.", "The receiver confirmed it."),
    "acknowledged": ("Hệ thống của tỉnh xác nhận đã nhận.", "The provincial system acknowledged it."),
    "unconfirmed": (
        "Không có xác nhận; hệ thống nhận có thể đã nhận. Trước khi gửi lại sẽ tra cứu hồ sơ ở đó.",
        "No confirmation came; the receiver may have it. It is looked up there before it is sent again.",
    ),
    "unavailable": (
        "Hệ thống nhận không sẵn sàng; chắc chắn chưa nhận. Sẽ gửi lại.",
        "The receiver was not available; it does not have it. It is sent again.",
    ),
    "unreached": (
        "Hệ thống nhận không sẵn sàng; chưa biết lần gửi trước đã tới hay chưa. Sẽ tra cứu ở đó trước khi gửi lại.",
        "The receiver was not available; whether it has it from before is not known. It is looked up there first.",
    ),
    "refused": ("Hệ thống nhận từ chối.", "The receiver refused it."),
    "dead": (
        "Dừng gửi. Các lượt gửi sau của hồ sơ này cho cùng hệ thống nhận phải chờ.",
        "It was given up. Later deliveries of this dossier to the same receiver wait.",
    ),
    "replayed": ("Người vận hành cho gửi lại.", "An operator queued it again."),
    "dropped": (
        "Người vận hành bỏ lượt gửi này: không gửi nữa. Các lượt gửi sau của hồ sơ được gửi tiếp.",
        "An operator dropped it: it is not sent. Later deliveries of the dossier go on.",
    ),
    "superseded": (
        "Bản mới hơn của hồ sơ thay thế lượt gửi này.",
        "A newer version of the dossier replaced it.",
    ),
}
#: what to do while a delivery stands so
STATE_REMEDIES: WordTable = {
    DeliveryState.QUEUED: (
        "Không phải làm gì: lượt gửi đang chờ đến lượt.",
        "Nothing to do: it waits for its turn.",
    ),
    DeliveryState.SENDING: ("Không phải làm gì: đang gửi.", "Nothing to do: it is being sent."),
    DeliveryState.UNCONFIRMED: (
        "Không phải làm gì: hồ sơ được tra cứu ở hệ thống nhận rồi mới gửi lại. Nếu kéo dài, kiểm tra hệ thống nhận.",
        "Nothing to do: it is looked up before it is sent again. If that goes on, look at the receiver.",
    ),
    DeliveryState.DEAD: (
        "Sửa nguyên nhân, rồi chạy: motlan outbox replay {delivery}; nếu không cần gửi: motlan outbox drop {delivery}",
        "Remove the cause, then run: motlan outbox replay {delivery}; if it need not go: motlan outbox drop {delivery}",
    ),
    DeliveryState.DELIVERED: ("Không phải làm gì.", "Nothing to do."),
    DeliveryState.SUPERSEDED: (
        "Không phải làm gì: bản mới hơn được gửi, hoặc người vận hành đã bỏ lượt gửi này.",
        "Nothing to do: a newer version goes, or an operator dropped it.",
    ),
}
#: what to do while an earlier delivery of the dossier is given up
HELD_REMEDY = (
    "Lượt gửi {held_by} trước đó của hồ sơ đã dừng và giữ lượt này lại: gửi lại hoặc bỏ lượt đó "
    "(motlan outbox replay {held_by}, motlan outbox drop {held_by}), rồi lượt này tự gửi.",
    "The earlier delivery {held_by} of the dossier was given up and holds this one back: replay or drop that one "
    "(motlan outbox replay {held_by}, motlan outbox drop {held_by}); then this one goes by itself.",
)
#: what to do while a step waits with this reason
WAITING_REMEDIES: WordTable = {
    "dossier_not_there": (
        "Không phải làm gì: hồ sơ được gửi trước, rồi đến tiến độ này. Nếu kéo dài, chạy: motlan reconcile --portal "
        "{target} --apply; nếu nội dung hồ sơ đã xóa, hệ thống một cửa gửi lại hồ sơ.",
        "Nothing to do: the dossier goes first, then this step. If it goes on, run: motlan reconcile --portal {target} "
        "--apply; if the content of the dossier was erased, the one-gate system posts it again.",
    )
}
_MEND_DATA = (
    "Sửa dữ liệu trong hệ thống một cửa và gửi lại hồ sơ: bản mới thay thế lượt gửi này.",
    "Correct the data in the one-gate system and post the dossier again: the new version replaces this one.",
)
_RECEIVER = (
    "Liên hệ đơn vị vận hành hệ thống nhận; khi đã khắc phục, chạy: motlan outbox replay {delivery}",
    "Ask the operator of the receiver; when it is repaired, run: motlan outbox replay {delivery}",
)
_ACCOUNT = (
    "Kiểm tra tài khoản và quyền trong config/portals/{target}.yaml, rồi chạy: motlan outbox replay {delivery}",
    "Check account and rights in config/portals/{target}.yaml, then run: motlan outbox replay {delivery}",
)
#: reason of a delivery that was given up -> what to do
REASON_REMEDIES: WordTable = {
    "message_refused": _MEND_DATA,
    "message_not_writable": _MEND_DATA,
    "refused_repeatedly": _RECEIVER,
    "receiver_unreachable": _RECEIVER,
    "receiver_timeout": _RECEIVER,
    "receiver_busy": _RECEIVER,
    "receiver_fault": _RECEIVER,
    "receiver_contradicts": _RECEIVER,
    "answer_missing": _RECEIVER,
    "answer_invalid": _RECEIVER,
    "answer_unknown": _RECEIVER,
    "login_refused": _ACCOUNT,
    "session_refused": _ACCOUNT,
    "access_refused": _ACCOUNT,
    "dossier_not_there": (
        "Hệ thống nhận chưa có hồ sơ: chạy motlan outbox replay {delivery}, hồ sơ được gửi trước. "
        "Nếu nội dung hồ sơ đã xóa, hệ thống một cửa gửi lại hồ sơ.",
        "The receiver lacks the dossier: run motlan outbox replay {delivery}, and the dossier goes first. "
        "If its content was erased, the one-gate system posts it again.",
    ),
    "change_not_taken": (
        "Báo nội dung thay đổi cho đơn vị vận hành {target}: cổng này chỉ nhận trạng thái và tiến độ, và vẫn được gửi "
        "tiếp. Sau đó bỏ lượt gửi này: motlan outbox drop {delivery}",
        "Tell the operator of {target} what changed: this portal takes statuses and steps only, and they go on. "
        "Then end this one: motlan outbox drop {delivery}",
    ),
    "kind_not_taken": (
        "Bỏ loại thông điệp này khỏi 'takes' trong config/portals/{target}.yaml.",
        "Remove this kind from 'takes' in config/portals/{target}.yaml.",
    ),
    "content_erased": (
        "Nội dung đã xóa theo thời hạn lưu: hệ thống một cửa gửi lại hồ sơ.",
        "The content was erased when its time had ended: the one-gate system posts the dossier again.",
    ),
}
_SEND_AGAIN = (
    "Gửi lại nội dung này với dữ liệu đúng từ hệ thống nguồn, rồi bỏ lượt gửi hỏng: motlan outbox drop {delivery}",
    "Send this content again with correct data from its own system, then drop this one: motlan outbox drop {delivery}",
)
#: the same for steps, notices and reports: no newer version of the dossier takes their place
STEP_REMEDIES: WordTable = {
    **REASON_REMEDIES,
    "message_refused": _SEND_AGAIN,
    "message_not_writable": _SEND_AGAIN,
    "content_erased": (
        "Nội dung đã xóa theo thời hạn lưu: bỏ lượt gửi này bằng motlan outbox drop {delivery}",
        "The content was erased when its time had ended: run motlan outbox drop {delivery}",
    ),
    "kind_not_taken": (
        "Bỏ loại thông điệp này khỏi 'takes' trong config/portals/{target}.yaml, rồi: motlan outbox drop {delivery}",
        "Remove this kind from 'takes' in config/portals/{target}.yaml, then run: motlan outbox drop {delivery}",
    ),
}
DIVERGENCES: WordTable = {
    Divergence.MISSING_THERE: ("cổng chưa có", "missing at the portal"),
    Divergence.MISSING_HERE: ("ở đây chưa có", "missing here"),
    Divergence.BEHIND_THERE: ("trạng thái ở cổng chậm hơn", "status behind at the portal"),
    Divergence.BEHIND_HERE: ("trạng thái ở đây chậm hơn", "status behind here"),
    Divergence.FIELDS: ("khác dữ liệu", "fields differ"),
    Divergence.UNCONFIRMED: ("đang gửi", "under way"),
}
REMEDIES: WordTable = {
    Remedy.SEND: ("gửi lại", "send again"),
    Remedy.REPLAY: ("gửi tiếp lượt đã dừng", "replay what was given up"),
    Remedy.WAIT: ("chờ lượt gửi hiện có", "wait for what is under way"),
    Remedy.POST_AGAIN: (
        "nội dung đã xóa: hệ thống một cửa gửi lại hồ sơ",
        "content erased: the one-gate system posts the dossier again",
    ),
    Remedy.REPORT_PROGRESS: (
        "hệ thống một cửa gửi tiến độ còn thiếu",
        "the one-gate system reports the missing progress",
    ),
    Remedy.FORWARD_AGAIN: ("đề nghị cổng chuyển lại hồ sơ", "ask the portal to forward the dossier again"),
    Remedy.LOOK: ("cán bộ đối chiếu hai bên", "a person compares both sides"),
}
RUN_STATES: WordTable = {
    "running": ("đang đối soát", "running"),
    "done": ("đã xong", "done"),
    "stopped": ("đã dừng, chờ người vận hành", "stopped, waits for the operator"),
    "failed": ("không đối soát được", "failed"),
}
RUN_REASONS: WordTable = {
    "too_many_missing": (
        "Quá nhiều hồ sơ không có ở cổng: kiểm tra cổng, rồi chạy lại với --accept-wave",
        "Too many dossiers are missing at the portal: look at the portal, then run again with --accept-wave",
    ),
    "portal_unavailable": (
        "Cổng không trả lời: chạy lại sau",
        "The portal does not answer: run it again later",
    ),
}
INDICATORS: WordTable = {
    Indicator.ON_TIME: ("Giải quyết đúng hạn", "on time"),
    Indicator.ONLINE: ("Hồ sơ trực tuyến", "online"),
    Indicator.ONLINE_PAYMENT: ("Thanh toán trực tuyến", "paid online"),
    Indicator.DIGITISED: ("Số hóa hồ sơ, kết quả", "digitised"),
    Indicator.REUSED: ("Tái sử dụng dữ liệu số hóa", "digitised data reused"),
    Indicator.ONCE_ONLY: ("Khai thác từ kho dữ liệu quốc gia", "taken from the national store"),
    Indicator.POPULATION_DATA: ("Khai thác dữ liệu dân cư", "population data used"),
}
LOST: WordTable = {
    Lost.ENDED_LATE: ("giải quyết quá hạn", "it ended after its due date"),
    Lost.NOT_ONLINE: ("không nộp trực tuyến", "it was not filed online"),
    Lost.RESULT_NOT_SENT: ("thiếu mã hoặc tệp kết quả", "code or file of the result is missing"),
    Lost.NOT_PAID_ONLINE: ("không thanh toán trực tuyến", "the fee was not paid online"),
    Lost.NO_PAPERS: ("không có thành phần hồ sơ", "no papers are attached"),
    Lost.NO_RESULT_FILE: ("không có tệp kết quả", "there is no result file"),
    Lost.NOTHING_DIGITISED: ("không có thành phần số hóa", "no paper is digitised"),
    Lost.NONE_FROM_STORE: ("không lấy giấy tờ từ kho quốc gia", "no paper is from the national store"),
    Lost.POPULATION_DATA_NOT_USED: ("không khai thác dữ liệu dân cư", "population data was not used"),
}


def titles(words: WordTable) -> dict[str, dict[str, str]]:
    """A table for JSON: code -> its words in both languages."""
    return {str(code): {"vi": vi, "en": en} for code, (vi, en) in words.items()}


def both(words: WordTable, code: str) -> str:
    """The words of a code, `Vietnamese / English`; the code where there are none."""
    return " / ".join(words.get(code, (code,)))


def reason(code: str) -> Mapping[str, str] | None:
    """The words of a delivery's reason; the code itself where it has none; None: there is no reason."""
    if not code:
        return None
    try:
        known = DeliveryReason(code)
    except ValueError:
        return {"vi": code, "en": code}
    return {"vi": known.vi, "en": known.en}
