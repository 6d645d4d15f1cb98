"""Title, method and columns of each report, Vietnamese first; and its CSV."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.audit.shown import csv_line

#: column -> (Vietnamese, English)
COLUMNS: Mapping[str, tuple[str, str]] = {
    "month": ("tháng", "month"),
    "requester": ("hệ thống khai thác", "requester"),
    "agency": ("cơ quan", "agency"),
    "official": ("cán bộ (chỉ số có khóa)", "official (keyed index)"),
    "exchanges": ("số giao dịch", "exchanges"),
    "answered": ("đã trả lời", "answered"),
    "refused": ("bị từ chối", "refused"),
    "abandoned": ("bị bỏ dở", "abandoned"),
    "dossiers": ("số hồ sơ khác nhau", "different dossiers"),
    "refused_share": ("tỷ lệ từ chối", "share refused"),
    "lookups": ("số lần tra nhật ký", "look-ups in the log"),
    "source": ("nguồn dữ liệu", "source"),
    "outcome": ("kết quả", "outcome"),
    "share": ("tỷ lệ", "share"),
    "day": ("ngày", "day"),
    "median": ("trung vị", "median"),
    "mad": ("độ lệch tuyệt đối trung vị", "median absolute deviation"),
    "score": ("điểm bất thường", "score"),
    "active_days": ("số ngày so sánh có giao dịch", "compared days with exchanges"),
    "outside": ("ngoài giờ làm việc", "outside office hours"),
    "without_dossier": ("không có hồ sơ", "without a dossier"),
    "first": ("lần đầu", "first"),
    "last": ("lần cuối", "last"),
    "examples": ("ví dụ (mã giao dịch)", "examples (exchange ids)"),
}


class Words(NamedTuple):
    """One report: its title, its method and its columns."""

    title: tuple[str, str]
    how: tuple[str, str]
    columns: tuple[str, ...]


_OFFICIAL = (
    "Chỉ số có khóa giống nhau cho một người trong một tháng (UTC) và không nói đó là ai;"
    " người có quyền xem danh tính mở một giao dịch ví dụ để biết.",
    "The keyed index is the same for one person through a month (UTC) and does not say who that is;"
    " an auditor who may see identities opens an example exchange to learn it.",
)
REPORTS: Mapping[str, Words] = {
    "requesters": Words(
        ("Giao dịch theo hệ thống khai thác và tháng", "Exchanges by requester and month"),
        (
            "Mỗi giao dịch được tính một lần trong tháng mà nó bắt đầu (giờ Việt Nam)."
            " Giao dịch chưa có bản ghi kết thúc trong khoảng thời gian không thuộc cột nào."
            " Yêu cầu bị từ chối vì hệ thống thiếu phạm vi không phải là giao dịch.",
            "Each exchange counts once, in the month (Việt Nam time) in which it began."
            " One that no record closed within the span stands under none of answered, refused, abandoned."
            " A request refused because its token lacks a scope is no exchange.",
        ),
        (
            "month", "requester", "exchanges", "answered", "refused", "abandoned", "refused_share", "dossiers",
            "lookups",
        ),
    ),
    "outcomes": Words(
        ("Kết quả theo nguồn dữ liệu", "Outcomes by source"),
        (
            "Theo bản ghi cuối của mỗi giao dịch. Một giao dịch được tính một lần cho mỗi nguồn và kết quả;"
            " tỷ lệ là phần trong các giao dịch đã hỏi nguồn đó. Dịch vụ dữ liệu chỉ có trong từng bản ghi.",
            "As the last record of each exchange says. An exchange counts once for each source and outcome;"
            " the share is that of all such counts of the source."
            " The data service of a source is in the records only.",
        ),
        ("source", "outcome", "exchanges", "share"),
    ),
    "volume": Words(
        ("Ngày có số giao dịch bất thường", "Days of unusual volume"),
        (
            "Điểm = (số giao dịch trong ngày - trung vị) / độ tản, so với các tuần trước của chính hệ thống đó;"
            " ngày không có giao dịch tính là 0, ngày không còn bản ghi trong cơ sở dữ liệu"
            " thì không so sánh. Độ tản = max(1,4826 x MAD, căn bậc hai của trung vị, 1).",
            "Score = (exchanges of the day - median) / spread, against the same requester's own weeks before;"
            " days without traffic count as zero, days whose records are not in the database any more"
            " are not compared with. Spread = max(1.4826 x MAD, square root of the median, 1).",
        ),
        ("day", "requester", "exchanges", "median", "mad", "score", "active_days"),
    ),
    "hours": Words(
        ("Khai thác ngoài giờ làm việc", "Access outside office hours"),
        (
            "Theo lúc giao dịch bắt đầu, giờ Việt Nam (UTC+7). Ngày lễ chỉ là những ngày được nêu trong yêu cầu."
            " Dòng không có cán bộ: cán bộ trực không thao tác, hoặc hệ thống không nêu ai. " + _OFFICIAL[0],
            "By the time at which an exchange began, Việt Nam time (UTC+7)."
            " Holidays are those that the question names, no others. A row without an official: the one on duty"
            " did not act, or the system named nobody. " + _OFFICIAL[1],
        ),
        (
            "requester", "official", "agency", "exchanges", "outside", "share", "first", "last", "examples",
        ),
    ),
    "lookups": Words(
        (
            "Cán bộ tra cứu người dân không có hồ sơ",
            "Officials who look people up without a dossier",
        ),
        (
            "Giao dịch do một cán bộ thao tác, đã hỏi dữ liệu mà không nêu mã hồ sơ. Giao dịch chỉ nêu cán bộ trực"
            " (không thao tác: người dân tự làm, hoặc hệ thống không nêu ai) được đếm riêng. " + _OFFICIAL[0],
            "Exchanges by an official who acted, which asked for data and named no dossier. Those that name only the"
            " official on duty, who did not act (a citizen did, or a system that named nobody), are counted apart. "
            + _OFFICIAL[1],
        ),
        (
            "requester", "official", "agency", "exchanges", "without_dossier", "share", "first", "last",
            "examples",
        ),
    ),
}  # fmt: skip


def described(report: str) -> dict[str, Any]:
    """The words of a report for its answer."""
    words = REPORTS[report]
    return {
        "title": words.title[0],
        "title_en": words.title[1],
        "how": words.how[0],
        "how_en": words.how[1],
        "columns": [
            {"name": name, "title": COLUMNS[name][0], "title_en": COLUMNS[name][1]} for name in words.columns
        ],
    }


def csv_of(answer: Mapping[str, Any]) -> Iterator[bytes]:
    """An answer as CSV: column names, then rows; no cell is a formula."""
    names = [column["name"] for column in answer["columns"]]
    yield b"\xef\xbb\xbf" + csv_line(names)
    for row in answer["rows"]:
        yield csv_line([cell(row[name]) for name in names])


def cell(value: object) -> str:
    """One value as text."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
