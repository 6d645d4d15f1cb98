"""The start page: four doors, each with somebody to try, and how the gateway is."""

from gateway.api.operation import health
from gateway.api.request import Request
from gateway.pages.frame import PageRoute, Shown, Visit

#: path, title, what is behind it; in the order of the page
DOORS = (
    ("/portal", ("Cổng minh họa", "Demo portal"),
     ("Chọn một thủ tục, đăng nhập và xem biểu mẫu tự điền từ dữ liệu nhà nước.",
      "Pick a procedure, sign in, and watch the form fill from data of the State.")),
    ("/me", ("Dữ liệu của tôi", "My data"),
     ("Ai đã dùng dữ liệu của ông/bà, để làm gì; sự đồng ý và dữ liệu đã lưu.",
      "Who used your data, and for what; consents and kept data.")),
    ("/audit", ("Kiểm toán", "Audit"),
     ("Tìm một giao dịch, xem vì sao được phép, tự kiểm bằng chứng.",
      "Find an exchange, see why it was allowed, check the proof yourself.")),
    ("/ops", ("Vận hành", "Operation"),
     ("Nguồn nào chậm, việc nào đang kẹt, cấu hình nào có hiệu lực.",
      "Which source is slow, what is stuck, which configuration is in force.")),
)  # fmt: skip


async def start(request: Request, _visit: Visit) -> Shown:
    """`GET /`."""
    body, _ = await health(request.services)
    personas = request.services.configuration.gateway.pages.personas
    doors = [
        {"url": url, "title_vi": title[0], "title": title[1], "about": {"vi": about[0], "en": about[1]},
         "persona": personas[name].model_dump() if (name := url[1:]) in personas else None}
        for url, title, about in DOORS
    ]  # fmt: skip
    title = (
        "Dữ liệu nhà nước đã có, ông/bà không phải nộp lại",
        "What the State knows, you need not bring again",
    )
    return Shown(
        template="start", title=title, answer={"doors": doors, "health": body},
        values={"no_sign_in": request.services.no_sign_in},
    )  # fmt: skip


ROUTES = (PageRoute("GET", "/", start, has_head=True),)
