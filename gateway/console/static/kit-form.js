"use strict";
// The kit's form has fixed answers, in place of a portal's server.
{
  const form = document.querySelector("motlan-form");
  const state = document.getElementById("f-kit-state");

  const schema = (order, title, english, more = {}) => ({ type: "string", title, "x-title-en": english, "x-order": order, "x-role": "owner", ...more });
  const ABOUT = {
    procedure: { code: "kit", title: "Thủ tục minh họa", title_en: "Sample procedure", purpose: "sample", subjects: { owner: { signs_in: true } } },
    sources: [["people", "CSDL quốc gia về dân cư", "National population database"], ["civil", "CSDL hộ tịch điện tử", "Civil status database"]]
      .map(([source, title, english]) => ({ source, title, title_en: english, provider: "Cơ quan minh họa" })),
    form: {
      type: "object", required: ["name", "phone"], "x-groups": [{ name: "owner", title: "Người yêu cầu", title_en: "Applicant" }],
      "x-reasons": { consent_missing: ["Chưa có sự đồng ý", "Consent is missing"], no_such_person: ["Không có người này", "No such person"] },
      properties: {
        name: schema(1, "Họ và tên", "Full name"),
        born: schema(2, "Ngày sinh", "Date of birth", { "x-widget": "date", "x-example": "05/09/2025" }),
        place: schema(3, "Nơi cư trú", "Residence"),
        phone: schema(4, "Số điện thoại", "Telephone", { "x-widget": "tel", "x-keep": { attribute: "phone", days: 365 } }),
        marital: schema(5, "Tình trạng hôn nhân", "Marital status", { oneOf: [{ const: "1", title: "Chưa kết hôn", "x-title-en": "Single" }, { const: "2", title: "Đã kết hôn", "x-title-en": "Married" }] }),
      },
    },
  };

  const entry = (name, value, evidence, more = {}) => ({ state: name, value, evidence, attribute: "person.sample", editable: name !== "filled", doubt: null, ...more });
  const empty = () => entry("empty", null, null);
  const lacking = (name, code, source) => entry(name, null, null, { reason: { code, source } });
  const evidence = (source, service) => ({
    source, data_service: service, provider: "Cơ quan minh họa", subject: "owner", sandbox: true, fetched_at: "2026-11-27T02:14:32.000Z",
    valid_until: "2026-11-27T02:19:32.000Z", legal_basis: "Luật Giao dịch điện tử 20/2023",
  });
  const paper = (name, title, english, more) => ({ code: name, title, title_en: english, legal_basis: "", ...more });
  const PAPERS = [
    paper("residence", "Giấy tờ chứng minh nơi cư trú", "Proof of residence", { state: "replaced", legal_basis: "Nghị quyết 66.7/2025/NQ-CP", by: { all_of: ["e1:person.address"] } }),
    paper("photo", "Ảnh chân dung", "Photo", { state: "required", advice: { vi: "Không có dữ liệu thay giấy tờ này.", en: "No data replace this paper." } }),
  ];
  const asked = (source, outcome, reason, service = "x") => ({ source, data_service: service, outcome, reason });
  const answered = (fields, more = {}) => ({
    exchange_id: "01M8F0K355GDVAM6SEGVA9W798", fields, evidence: { e1: evidence("people", "x"), e2: evidence("civil", "x") }, papers: PAPERS, warnings: [],
    sources: [asked("people", "found"), asked("civil", "found")], pending: null, preview: { shown_to: "citizen" }, ...more,
  });

  const name = entry("filled", "Trần Thị Mẫu", "e1");
  const born = entry("filled", "15/02/1990", "e1");
  const place = entry("filled", "Số 1 phố Mẫu, phường Phố Hiến", "e1", { editable: true });
  const doubt = { kind: "sources_differ", preferred: 0, candidates: [{ value: "1", evidence: "e1" }, { value: "2", evidence: "e2" }] };
  const full = { name, born, place, phone: empty(), marital: entry("filled", "1", "e2") };
  const ANSWERS = {
    filled: answered(full),
    waiting: answered({ ...full, born: lacking("unavailable", "deadline_reached", "civil"), marital: lacking("unavailable", "deadline_reached", "civil") },
      { pending: "kit", sources: [asked("people", "found"), asked("civil", "unavailable", "deadline_reached")] }),
    partial: answered({ ...full, born: lacking("unavailable", "source_timeout", "civil"), place: lacking("not_found", "no_such_person", "people"), marital: lacking("withheld", "consent_missing", "civil") },
      { sources: [asked("people", "not_found"), asked("civil", "unavailable", "source_timeout"), asked("civil", "refused", "consent_missing", "y")],
        warnings: [{ code: "w", for_citizen: { vi: "Giấy tờ tùy thân sắp hết hạn.", en: "The identity card expires soon." } }] }),
    disputed: answered({ ...full, marital: entry("disputed", null, null, { doubt, reason: { code: "sources_differ" } }) }),
    proposed: answered({ ...full, marital: entry("disputed", null, null, { doubt: { kind: "proposed", preferred: null, candidates: [{ value: "1", evidence: "e2" }] }, reason: { code: "proposed" } }) }),
    read_only: answered({ ...full, place: { ...place, editable: false }, phone: entry("filled", "0900 000 000", "e1") }),
    error: { code: "log_unavailable", title: "Nothing was fetched: the log cannot be written", title_vi: "Chưa ghi được nhật ký nên chưa lấy dữ liệu nào", exchange_id: "01M8F0K355GDVAM6SEGVA9W798" },
  };

  /** What the portal's server would answer; the form asks nobody. */
  function reply(address) {
    const act = address.slice(form.getAttribute("src").length).split("/")[2];
    if (!act) return [ABOUT, 200];
    if (act === "prefill") return [ANSWERS[state.value], state.value === "error" ? 503 : 200];
    return [{ consent: "cs-kit", id: "1", provider: "Cơ quan minh họa" }, 200];
  }

  const others = window.fetch;
  window.fetch = async (address, ...more) => {
    if (!String(address).startsWith(form.getAttribute("src"))) return others(address, ...more);
    const [body, status] = reply(String(address));
    return new Response(JSON.stringify(body), { status });
  };
  /** Late answers that never come. */
  window.EventSource = class extends EventTarget { close() {} };
  state.addEventListener("change", () => form.reload());
}
