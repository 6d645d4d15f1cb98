"""The text that a citizen gets when a correction is opened: Vietnamese first."""

from collections.abc import Mapping


def advice(attribute: Mapping[str, str], provider: str) -> Mapping[str, str]:
    """The text; `attribute` has its `title` and `title_en`, `provider` is the owner of the database."""
    return {
        "vi": f"Yêu cầu chỉnh sửa “{attribute['title']}” được chuyển tới {provider}. Trong khi chờ, hồ sơ vẫn được "
        "tiếp nhận: đề nghị ông/bà nộp giấy tờ chứng minh thông tin đúng. Cơ quan quản lý cơ sở dữ liệu quyết định "
        "việc chỉnh sửa và có thể đề nghị ông/bà xuất trình bản chính.",
        "en": f"A request to correct “{attribute['title_en']}” goes to {provider}. Meanwhile your dossier is taken: "
        "hand in a paper that shows what is right. The owner of the database decides about the correction "
        "and may ask for the original.",
    }
