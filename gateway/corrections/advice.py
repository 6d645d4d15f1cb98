"""The text that a citizen gets when a correction is opened: Vietnamese first."""

from collections.abc import Mapping


def advice(attribute: Mapping[str, str], provider: str) -> Mapping[str, str]:
    """The text; `attribute` has its `title` and `title_en`, `provider` is the owner of the database."""
    return {
        "vi": f"Yêu cầu chỉnh sửa “{attribute['title']}” sẽ được chuyển đến {provider}. Trong khi chờ, hồ sơ vẫn "
        "được tiếp nhận: nếu dữ liệu này thay một giấy tờ, đề nghị ông/bà nộp giấy tờ đó. Cơ quan quản lý cơ sở "
        "dữ liệu quyết định việc chỉnh sửa và có thể đề nghị ông/bà xuất trình bản chính.",
        "en": f"A request to correct “{attribute['title_en']}” will go to {provider}. Meanwhile your dossier is "
        "taken: where these data replace a paper, hand in that paper. The owner of the database decides about the "
        "correction and may ask for the original.",
    }
