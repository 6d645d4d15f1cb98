/* <motlan-form> of Một Lần. Icons: Lucide (ISC, Copyright (c) Lucide Icons and Contributors), some simplified. */
/** A prefilled form in any page; the manual says how to put it there.
 *
 * Promises: it never overwrites what a person typed, never moves the focus by itself, keeps nothing in the browser, and
 * makes no markup of a value. It knows no token: `src` is the portal's own server.
 * No framework, no build step; works under `require-trusted-types-for 'script'` and `style-src 'self'`.
 */
(() => {
  "use strict";

  const TEXT_VERSION = "motlan-form-2026-11";
  const LONGEST = 300;
  const SHORT = 60;
  const MOST_RADIOS = 3;
  const CONSENT_DAYS = 30;
  const LOADING_MS = 300;
  const inDays = (days) => new Date(Date.now() + days * 86_400_000);

  /* ---------------------------------------------------------------------------------------------- words */

  const WORDS = {
    loading: ["Đang lấy dữ liệu…", "Loading…"],
    filled: ["Đã điền sẵn {n} trên {of} mục, {papers} giấy tờ không phải nộp", "{n} of {of} fields filled, {papers} paper{s} you need not bring"],
    arrived: ["{source} vừa trả lời.", "{source} has just answered."],
    legendFilled: ["{n} điền sẵn", "{n} prefilled"],
    legendTyped: ["{n} ông/bà nhập", "{n} typed by you"],
    left: ["{n} còn lại", "{n} left"],
    tasks: ["{n} việc cần ông/bà làm:", "{n} thing{s} for you to do:"],
    taskChoose: ["chọn {label}", "choose {label}"],
    waits: ["Đang chờ {source} trả lời. Ông/bà cứ điền tiếp, nội dung đã nhập không bị thay đổi.", "Waiting for {source}. Go on; what you typed is not changed."],
    confirmed: ["Do {source} xác nhận, {when}", "Confirmed by {source}, {when}"],
    from: ["{source}, {when}", "{source}, {when}"],
    declared: ["Ông/bà đã khai ngày {since}, dùng được đến {until}", "Declared by you on {since}, usable until {until}"],
    edited: ["Ông/bà đã sửa; {source} ghi {value}", "You changed this; {source} says {value}"],
    restore: ["Khôi phục", "Restore"],
    typed: ["Ông/bà nhập", "Typed by you"],
    picked: ["Ông/bà chọn theo đề xuất", "Chosen by you"],
    just: ["Vừa nhận", "Just arrived"],
    notFound: ["{source} không có dữ liệu này", "{source} holds no such data"],
    pending: ["Đang chờ {source}. Ông/bà có thể tự điền.", "Waiting for {source}; you may type."],
    unavailable: ["{source} hiện không trả lời được, chưa biết có dữ liệu hay không", "{source} cannot answer now; it is not known whether data exist"],
    withheld: ["Chưa được phép lấy: {reason}", "Not allowed: {reason}"],
    source: ["Nguồn dữ liệu", "The source"],
    late: ["{source} vừa trả lời: {value}", "{source} has just answered: {value}"],
    use: ["Dùng {value}", "Use {value}"],
    keep: ["Giữ {value}", "Keep {value}"],
    differ: ["Các nguồn dữ liệu không thống nhất. Đề nghị ông/bà chọn giá trị đúng.", "The sources differ. Please choose the right value."],
    proposed: ["Đề xuất theo dữ liệu của {source}: ông/bà chọn hoặc nhập giá trị khác.", "Proposed from data of {source}: choose it or type another value."],
    otherValue: ["Giá trị khác", "Another value"],
    preferred: ["Thủ tục ưu tiên nguồn này.", "The procedure prefers this source."],
    neither: ["Không giá trị nào đúng", "None is right"],
    neitherHint: ["Ông/bà tự nhập.", "You type it."],
    rightValue: ["Giá trị đúng", "The right value"],
    origin: ["Nguồn gốc", "Origin"],
    provider: ["Cơ quan cung cấp", "Provider"],
    fetched: ["Lấy lúc", "Fetched at"],
    usable: ["Được lưu đến", "Kept until"],
    whyLocked: ["Vì sao không sửa được", "Why it cannot be edited"],
    locked: ["Thủ tục dùng đúng dữ liệu này.", "The procedure uses these data as they are."],
    basis: ["Căn cứ pháp lý", "Legal basis"],
    sandbox: ["Dữ liệu thử nghiệm", "Test data"],
    report: ["Báo sai", "Report wrong data"],
    reportWhich: ["Mục sai", "Which field is wrong"],
    proof: ["Giấy tờ chứng minh (không bắt buộc)", "Proof (optional)"],
    reportHint: ["Cơ quan cung cấp sửa tại gốc. Biểu mẫu này chưa thay đổi.", "The provider corrects it there. This form does not change yet."],
    send: ["Gửi", "Send"],
    cancel: ["Bỏ qua", "Cancel"],
    reported: ["Đã nhận, mã {id}.", "Received, number {id}."],
    called: ["Ông/bà đã báo sai: {label}", "You reported: {label}"],
    refuse: ["Không dùng dữ liệu từ nguồn này", "Do not use this source"],
    refuseTitle: ["Không dùng dữ liệu từ nguồn này: {source}?", "Do not use this source: {source}?"],
    refuseFields: ["Ông/bà phải tự điền {n} mục: {fields}.", "You will have to fill in {n} field{s}: {fields}."],
    refusePapers: ["Ông/bà phải nộp: {papers}.", "You will have to bring: {papers}."],
    refuseYes: ["Không dùng", "Do not use"],
    refuseNo: ["Vẫn dùng", "Use it"],
    refused: ["Ông/bà không dùng dữ liệu của {source}", "You do not use the data of {source}"],
    again: ["Dùng lại", "Use again"],
    doubt: ["Đề nghị ông/bà kiểm tra giá trị này.", "Please check this value."],
    papers: ["Thành phần hồ sơ", "Papers"],
    youEdited: ["Vì ông/bà đã sửa, chọn hoặc báo sai dữ liệu thay giấy tờ này.", "You changed, chose or reported the data that replace it."],
    stale: ["Ông/bà đã sửa {label}. ", "{label} was changed. "],
    undecided: ["Chưa có dữ liệu thay giấy tờ này.", "No data stand for it yet."],
    undecidedIf: ["Chưa biết trường hợp này có cần giấy tờ này không.", "Not known whether your case needs it."],
    bring: ["Cần nộp", "To bring"],
    noData: ["Dữ liệu không thay giấy tờ này.", "No data replace it."],
    noPaper: ["Không có giấy tờ phải nộp.", "None to bring."],
    stored: ["Đã có trong kho", "In the store"],
    saved: ["Không phải nộp", "Not needed"],
    file: ["Chọn tệp", "Choose a file"],
    fileFor: ["{file} cho {paper}", "{file} for {paper}"],
    chosen: ["Tệp: {name}", "File: {name}"],
    replacedBy: ["Đã có dữ liệu của {sources}", "Data of {sources} stand for it"],
    digital: ["Chỉ cần bản điện tử", "Digital only"],
    reference: ["Số {reference}", "Number {reference}"],
    youRefused: ["Vì ông/bà không dùng dữ liệu thay giấy tờ này.", "You do not use the data that replace it."],
    sources: ["Nguồn dữ liệu", "Sources"],
    answered: ["Đã trả lời", "Answered"],
    hasNone: ["Không có dữ liệu này", "Holds no such data"],
    awaited: ["Đang chờ, chưa biết có dữ liệu hay không", "Waiting; it is not known whether data exist"],
    silent: ["Hiện không trả lời được, chưa biết có dữ liệu hay không", "Cannot answer now; it is not known whether data exist"],
    exchange: ["Mã giao dịch", "Exchange"],
    warnings: ["Trước khi nộp", "Before you submit"],
    notApplicable: ["Không áp dụng ({n})", "Not applicable ({n})"],
    consent: ["Cần sự đồng ý của ông/bà", "Your consent is needed"],
    consentWhat: ["Dữ liệu", "Data"],
    consentWhom: ["Bên nhận", "Who gets them"],
    consentWhy: ["Mục đích", "Why"],
    until: ["Đến ngày", "Until"],
    withdraw: ["Rút lại", "Withdrawal"],
    consentTo: ["{from} chuyển cho {agency}", "{from} gives them to {agency}"],
    agency: ["cơ quan tiếp nhận hồ sơ", "the receiving agency"],
    consentFor: ["Giải quyết thủ tục {title}", "To handle the procedure {title}"],
    consentHow: ["Lúc nào cũng được, ở trang Dữ liệu của tôi", "At any time, on the page My data"],
    agree: ["Tôi đồng ý", "I consent"],
    consentGet: ["Lấy dữ liệu", "Fetch the data"],
    consentNone: ["Ông/bà đánh dấu ô đồng ý, hoặc tự điền.", "Tick the box, or type it yourself."],
    own: ["Lưu {label} để điền sẵn lần sau", "Keep {label} for the next form"],
    ownHint: ["Chỉ khi ông/bà đồng ý. Lưu đến {until}, rút lại lúc nào cũng được.", "Only if you consent. Kept until {until}; withdraw at any time."],
    ownEnded: ["Sự đồng ý lưu dữ liệu đã được rút lại.", "The consent to keep data is withdrawn."],
    ownStands: ["Nếu hồ sơ đã được nhận, dữ liệu được lưu đến khi ông/bà rút lại ở trang Dữ liệu của tôi.", "If the form was received, the data are kept until you withdraw on the page My data."],
    check: ["Kiểm tra và nộp hồ sơ", "Check and submit"],
    draft: ["Lưu nháp", "Save draft"],
    submit: ["Nộp hồ sơ", "Submit"],
    back: ["Quay lại sửa", "Go back and edit"],
    wait: ["Đang chờ {source} trả lời. Ông/bà nộp được khi hết chờ.", "Waiting for {source}. You can submit once the wait ends."],
    unused: ["Nguồn ông/bà không dùng", "Sources you do not use"],
    papersChanged: ["Thành phần hồ sơ đã đổi. Đề nghị ông/bà xem lại rồi nộp.", "The papers have changed. Check, then submit."],
    none: ["chưa có", "none"],
    errors: ["Có {n} mục cần sửa", "{n} field{s} to correct"],
    error: ["Lỗi:", "Error:"],
    missing: ["đề nghị ông/bà nhập {label}", "enter {label}"],
    choose: ["đề nghị ông/bà chọn {label}", "choose {label}"],
    badDate: ["{label} phải là ngày có thật, như 05/09/2025 hoặc 1990", "{label} must be a real date, such as 05/09/2025 or 1990"],
    badDigits: ["{label} phải có {n} chữ số", "{label} must have {n} digits"],
    badValue: ["{label} chưa đúng dạng", "{label} must have the right form"],
    digits: ["{n} chữ số", "{n} digits"],
    example: ["Ví dụ: {example}", "Example: {example}"],
    required: ["bắt buộc", "required"],
    select: ["Chọn", "Choose"],
    addRow: ["Thêm dòng", "Add a row"],
    dropRow: ["Bỏ dòng {n}", "Remove row {n}"],
    row: ["Dòng {n}", "Row {n}"],
    all: ["Xem hết", "Show all"],
    hidden: ["Có ký tự không nhìn thấy: ", "Signs not seen: "],
    today: ["hôm nay", "today"],
    failed: ["Không lấy được dữ liệu", "The data could not be fetched"],
    failedHint: ["Ông/bà thử lại, hoặc tự điền.", "Try again, or type it yourself."],
    refusedHint: ["Ông/bà tự điền và nộp giấy tờ, hoặc hỏi cơ quan tiếp nhận.", "Type it yourself and bring the papers, or ask the receiving agency."],
    unsent: ["Chưa gửi được", "It could not be sent"],
    nowhere: ["Trang này chưa có nơi nhận hồ sơ.", "This page names no receiver."],
    unreachable: ["Máy chủ không trả lời.", "The server does not answer."],
    retry: ["Thử lại", "Try again"],
    referenceId: ["Mã tham chiếu {id}", "Reference {id}"],
    broken: ["Mất kết nối, chưa biết có dữ liệu hay không.", "The connection is lost; not known whether data exist."],
  };

  const circle = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
  const DISC = circle(12, 12, 10);
  const PAGE = "M5 22h14V7l-5-5H5zM14 2v5h5";
  const ICONS = {
    lock: "M4 11h16v10H4zM7 11V7a5 5 0 0 1 10 0v4",
    landmark: "M3 22h18M6 18v-7M10 18v-7M14 18v-7M18 18v-7M12 2L3 7h18z",
    clock: `${DISC}M12 6v6l4 2`,
    cloud: "M11 5a7 7 0 0 1 5 5h2a4 4 0 0 1 4 6M18 19H9A7 7 0 0 1 6 6M2 2l20 20",
    compare: `${circle(18, 18, 3)}${circle(6, 6, 3)}M13 6h5v9M11 18H6V9`,
    ban: `${DISC}M5 5l14 14`,
    cross: `${DISC}M15 9l-6 6M9 9l6 6`,
    check: `${DISC}M16 9l-5.5 5.5L8 12`,
    pencil: "M17 3l4 4L7 21l-5 1 1-5zM14 6l4 4",
    eye: `${circle(12, 12, 3)}M2 12q10-14 20 0-10 14-20 0M2 2l20 20`,
    flag: "M4 22V3q4-2 8 0t8 0v12q-4 2-8 0t-8 0",
    paper: `${PAGE}M10 9H8M16 13H8M16 17H8`,
    warning: "M12 3L2 21h20zM12 9v5M12 17h0",
  };

  /* ---------------------------------------------------------------------------------------------- values */

  /** Signs that are not seen, or turn others: controls, formats, surrogates, private, unassigned, separators. */
  const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
  const seen = (text) => String(text).replace(UNSEEN, "\ufffd");
  const cut = (text, most) => (text.length > most ? `${text.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…` : text);
  const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const short = (text) => cut(seen(text), SHORT);
  const isBlank = (value) => (value ?? "") === "" || (typeof value === "object" && Object.values(value).every(isBlank));
  const isSame = (one, other) => one === other || (isBlank(one) && isBlank(other)) ||
    (typeof one === "object" && typeof other === "object" && Object.keys({ ...one, ...other }).every((name) => isSame(one?.[name], other?.[name])));

  const SVG = ["svg", "path"];
  const isThere = (one) => (one ?? false) !== false;

  /** Elements of plain data: no markup is ever read, and every sign of a text is seen. Attributes that are null or false are left out. */
  function make(tag, attributes = {}, ...children) {
    const made = SVG.includes(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (isThere(value)) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.flat(9).filter((one) => isThere(one) && one !== "").map((one) => (one instanceof Node ? one : seen(one))));
    return made;
  }

  const mark = (node, name, value) => (value ? node.setAttribute(name, value) : node.removeAttribute(name));
  const button = (words, onclick, more = {}) => make("button", { type: "button", class: "ml-button", onclick, ...more }, words);
  const link = (words, onclick, more = {}) => button(words, onclick, { class: "ml-link", ...more });
  /** A link within the form; the address of the page stays, which may be the portal's own route. */
  const anchor = (id, words, go) => make("a", { href: `#${id}`, onclick: (event) => { event.preventDefault(); go(); } }, words);
  const tagged = (tag, name) => (...children) => make(tag, name ? { class: name } : {}, ...children);
  const [small, bold, buttons, strong, span, li, para] = [["p", "ml-small"], ["p", "ml-strong"], ["div", "ml-buttons"], ["strong"], ["span"], ["li"], ["p"]].map((one) => tagged(...one));
  const list = (items) => make("ul", { class: "ml-list" }, items.map((one) => li(one)));
  const box = (kind, ...content) => make("div", { class: `ml-box ml-${kind}` }, content);
  /** The label around an input that is ticked. */
  const ticked = (input, ...words) => make("label", { class: "ml-radio", for: input.id }, input, words);
  const alert = (look, ...words) => make("p", { class: look, role: "alert" }, words);
  const facts = (...pairs) => make("dl", { class: "ml-facts" }, pairs);
  const pair = (name, ...value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));
  const wrong = (place, ...words) => place.replaceChildren(icon("cross", "stop"), span(words));
  const sign = (name, kind, ...content) => make("p", { class: "ml-said" }, icon(name, kind), span(content));
  const focusOn = (node) => { node.tabIndex = -1; node.focus(); };
  const bdi = (text, lang) => make("bdi", { lang }, cut(seen(text), LONGEST));

  const icon = (name, kind = "") => make("svg", { class: `ml-icon ml-${kind}`, viewBox: "0 0 24 24", "aria-hidden": "true" }, make("path", { d: ICONS[name] }));

  const isShown = (one) => one.isConnected && one.getClientRects().length;

  /** Draws anew: the focus that was in `root` goes to what stands in the place of its element. */
  function kept(root, draw) {
    const active = document.activeElement;
    const parents = [];
    for (let one = active; root.contains(one); one = one.parentNode) parents.push(one);
    const like = (place) => [...place.querySelectorAll(active.tagName)].filter((one) => one.textContent === active.textContent);
    const at = parents.map((one) => like(one).indexOf(active));
    draw();
    const now = document.activeElement;
    const found = parents.findIndex(isShown);
    if (found < 0 || (now !== document.body && isShown(now))) return;
    const place = parents[found];
    const next = found ? document.getElementById(active.id) ?? like(place)[at[found]] : active;
    next?.focus();
    if (document.activeElement !== next) focusOn(place);
  }

  /** Draws the origin of a value: what is open stays open, and what a person is writing stays. */
  function renew(place, nodes) {
    if (place.querySelector(".ml-ask")) return;
    const isOpen = place.querySelector("[open]");
    place.replaceChildren(...nodes);
    if (isOpen) place.querySelector("details")?.setAttribute("open", "");
  }

  const CLOCK = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Ho_Chi_Minh", dateStyle: "short", timeStyle: "medium" });
  function moment(time) {
    const [day, exact] = CLOCK.format(new Date(time)).split(", ");
    return { day, exact, time: exact.slice(0, 5) };
  }

  /** Whether a text is a date or part of one: 15/02/1990, 02/1990, 1990. */
  function isDate(text) {
    const [, day = 1, month = 1, year] = /^(?:(?:(\d\d)\/)?(\d\d)\/)?(\d{4})$/.exec(text) ?? [];
    return month >= 1 && month <= 12 && day >= 1 && day <= new Date(year, month, 0).getDate();
  }

  /** A refusal of the server: RFC 9457, or no answer at all. */
  class Problem extends Error {
    constructor(body) {
      super(body.code ?? "unreachable");
      this.body = body;
    }

    /** By a rule, or for what was asked: the same again is refused again. */
    get isRefused() { return [400, 403, 404, 422].includes(this.body.status) && !this.body.retry_after; }
  }

  const isProposed = ({ entry }) => entry.doubt.kind === "proposed";
  /** The name of an attribute within its evidence. */
  const attributeOf = ({ attribute }) => attribute?.slice(attribute.indexOf(".") + 1);

  const queryOf = (one) => one && `${one.source} ${one.data_service} ${one.subject}`;
  /** The name that an answer gives to an evidence of another. */
  const nameOf = (found, { evidence }) => Object.keys(evidence).find((one) => queryOf(evidence[one]) === queryOf(found));

  /** When one consent to keep own data ends. */
  const endOf = (fields) => inDays(Math.min(...fields.map((one) => one.schema["x-keep"].days)));

  /** States of a paper that is not handed in. */
  const SAVED = ["replaced", "reusable"];
  /** Whether a proof names an evidence, as in `e1:person.full_name`. */
  const restsOn = (proof, evidence) => JSON.stringify(proof ?? "").includes(`"${evidence}:`);

  /* ---------------------------------------------------------------------------------------------- controls */

  /** Codes that a schema allows, their titles, and "vi" where a title is Vietnamese; undefined: free text. */
  function choices(schema, { catalogues, vi }) {
    const rows = schema.oneOf?.map((one) => [one.const, one.title ?? one.const, one["x-title-en"]]) ??
      schema.enum?.map((one) => [one, String(one), schema["x-english"]?.[one]]) ?? catalogues[schema["x-catalogue"]];
    return rows?.map(([code, name, english]) => (vi || !english ? [code, name, "vi"] : [code, english]));
  }

  const title = (schema, vi) => (vi ? schema["x-label"] ?? schema.title : schema["x-label-en"] ?? schema["x-title-en"] ?? schema.title);
  const byOrder = (properties) => Object.entries(properties).sort(([, a], [, b]) => (a["x-order"] ?? 0) - (b["x-order"] ?? 0));

  /** Fields of a form in the order of the page; an object without a widget holds fields. */
  function fieldsOf(schema, prefix = "") {
    const found = Object.entries(schema.properties ?? {}).flatMap(([name, one]) =>
      one.type === "object" && !one["x-widget"]
        ? fieldsOf(one, `${prefix}${name}.`)
        : [{ key: prefix + name, schema: one, required: (schema.required ?? []).includes(name) }]);
    return found.sort((a, b) => (a.schema["x-order"] ?? 0) - (b.schema["x-order"] ?? 0));
  }

  /**
   * What a person types a value with: {node, get, set, first, group}. `onchange` is called at each change.
   * `group`: it is several inputs, named by `aria-labelledby`.
   */
  function control(field, id, form, onchange) {
    const { schema } = field;
    if (schema.type === "array") return table(field, id, form, onchange);
    if (schema.type === "object") return several(schema, id, form, onchange);
    const rows = choices(schema, form);
    if (rows && (rows.length > 1 || !schema["x-catalogue"])) return rows.length <= MOST_RADIOS ? radios(rows, id, onchange) : select(rows, id, form, onchange);
    return input(schema, id, form, onchange);
  }

  function input(schema, id, form, onchange) {
    const widget = schema["x-widget"];
    const isDigits = /^\^\(?\[0-9\]/.test(schema.pattern ?? "") || widget === "date";
    const node = make("input", {
      id, lang: "vi", class: `ml-input${widget === "date" || widget === "tel" ? " ml-narrow" : ""}`, autocomplete: "off", maxlength: schema["x-max-length"],
      type: widget === "tel" || widget === "email" ? widget : "text", spellcheck: "false",
      inputmode: isDigits ? "numeric" : schema.type === "number" ? "decimal" : null, oninput: onchange,
    });
    const isNumber = schema.type === "number" || schema.type === "integer";
    const get = () => {
      const text = node.value.trim();
      if (!isNumber || !text) return text || null;
      const number = Number(text.replace(/\.(?=.*,)/g, "").replace(",", "."));
      return Number.isFinite(number) ? number : text;
    };
    const set = (value) => { node.value = isNumber && form.vi ? String(value ?? "").replace(".", ",") : value ?? ""; };
    return { node, get, set, first: node };
  }

  function select(rows, id, form, onchange) {
    const node = make("select", { id, class: "ml-input", onchange }, make("option", { value: "" }, form.say("select")),
      rows.map(([value, name, lang]) => make("option", { value, lang }, name)));
    const set = (value) => {
      const text = String(value ?? "");
      // a value that the list does not know stays as it is
      if (text && ![...node.options].some((one) => one.value === text)) node.append(make("option", { value: text }, short(text)));
      node.value = text;
    };
    return { node, get: () => node.value || null, set, first: node };
  }

  function radios(rows, id, onchange) {
    const all = rows.map(([code], at) => make("input", { type: "radio", name: id, id: `${id}-${at}`, value: code, onchange }));
    const node = make("div", { class: "ml-radios" }, all.map((one, at) =>
      ticked(one, bdi(...rows[at].slice(1)))));
    return {
      node, first: all[0], group: "radiogroup", get: () => all.find((one) => one.checked)?.value ?? null,
      set: (value) => all.forEach((one) => { one.checked = one.value === String(value); }),
    };
  }

  /** The label of a control; of several inputs, the name of their group. */
  function named({ group, node }, look, id, ...words) {
    if (!group) return make("label", { class: look, for: id, id: `${id}-label` }, words);
    node.setAttribute("role", group);
    node.setAttribute("aria-labelledby", `${id}-label`);
    return make("span", { class: look, id: `${id}-label` }, words);
  }

  function several(schema, id, form, onchange) {
    const inner = byOrder(schema.properties).map(([name, one]) => [name, control({ schema: one }, `${id}-${name}`, form, onchange), one]);
    const node = make("div", { class: "ml-several" }, inner.map(([name, part, one]) =>
      make("div", {}, named(part, "ml-sub", `${id}-${name}`, title(one, form.vi)), part.node)));
    const get = () => {
      const found = Object.fromEntries(inner.map(([name, part]) => [name, part.get()]).filter(([, value]) => !isBlank(value)));
      return Object.keys(found).length ? found : null;
    };
    return { node, get, set: (value) => inner.forEach(([name, part]) => part.set(value?.[name])), first: inner[0][1].first, group: "group" };
  }

  function table(field, id, form, onchange) {
    let rows = [];
    let made = 0;
    const list = make("div", { class: "ml-several" });
    const more = button(form.say("addRow"), () => { add().first.focus(); onchange(); }, { id });
    const renumber = () => rows.forEach((row, at) => {
      row.head.textContent = form.text("row", { n: at + 1 });
      row.drop.textContent = form.text("dropRow", { n: at + 1 });
    });
    function add() {
      const row = several(field.schema.items, `${id}-${made++}`, form, onchange);
      row.head = make("p", { class: "ml-sub", id: `${id}-${made}-head` });
      row.drop = link("", () => {
        rows = rows.filter((one) => one !== row);
        row.box.remove(); renumber(); more.focus(); onchange();
      });
      row.box = make("div", { class: "ml-row", role: "group", "aria-labelledby": row.head.id }, row.head, row.node, row.drop);
      rows.push(row);
      list.append(row.box);
      renumber();
      return row;
    }
    return {
      node: make("div", {}, list, more), first: more, group: "group",
      get: () => { const found = rows.map((row) => row.get()).filter(Boolean); return found.length ? found : null; },
      set: (value) => { rows = []; list.replaceChildren(); for (const one of Array.isArray(value) ? value : []) add().set(one); },
    };
  }

  /* ---------------------------------------------------------------------------------------------- the element */

  let count = 0;

  class MotlanForm extends HTMLElement {
    static observedAttributes = ["procedure", "src", "lang"];

    #id = `ml${++count}`;
    #run = 0; // what belongs to an earlier start is dropped
    #about = null;
    #answer = null;
    #fields = [];
    #refused = new Set();
    #unused = new Map(); // what was refused -> its evidence, also when a later answer has none of it
    #consent = null;
    #stream = null;
    #waits = false;
    #blocks = [];
    #sections = new Map();
    #step = "form";
    #decided = false;
    #keeping = null; // the consent to keep own data, once given
    #busy = false;
    #notes = new Map();
    #parts = {};
    #subjects = null;
    #draft = {}; // what was typed before and kept by the portal: typed again when the form is there
    #known = "{}"; // what was typed when the gateway decided about papers

    /** Roles and people, where the portal's server does not know them itself. */
    get subjects() { return this.#subjects; }
    set subjects(given) { this.#subjects = given; if (this.isConnected) this.reload(); }

    /** What was typed, for the portal to keep; set it to go on from there. */
    get draft() { return this.#typedValues(); }
    set draft(values) { this.#draft = values; if (this.isConnected) this.reload(); }

    /** What would be submitted now. */
    get values() { return this.#values(); }

    get vi() { return (this.getAttribute("lang") || this.closest("[lang]")?.lang || "vi").slice(0, 2) !== "en"; }
    get #csrf() { return document.querySelector('meta[name="csrf"]')?.content; }
    get #lang() { return this.vi ? "vi" : "en"; }
    get #groups() { return this.#about.form["x-groups"] ?? [{ title: "" }]; }
    get catalogues() { return this.#about?.form["x-catalogues"] ?? {}; }

    connectedCallback() {
      loadStyle();
      this.reload();
    }

    disconnectedCallback() {
      this.#run += 1;
      this.#stream?.close();
    }

    attributeChangedCallback(name, before, now) {
      if (before === now || !this.#run) return; // not shown yet
      if (name === "lang") this.#draw();
      else this.reload();
    }

    /** Asks for the form and the data again; what was typed is gone. */
    reload() {
      this.#stream?.close();
      this.#about = this.#answer = this.#consent = this.#stream = null;
      this.#fields = [];
      this.#refused.clear();
      this.#unused.clear();
      this.#notes.clear();
      this.#waits = this.#decided = this.#busy = false;
      this.#step = "form";
      return this.#start(++this.#run);
    }

    /** Errors that the portal found: field -> what is wrong. */
    showErrors(errors) {
      this.#show("form");
      this.#markWrong(this.#fields.filter((one) => one.key in errors).map((one) => {
        const [name, text] = [this.#long(one), String(errors[one.key])];
        return [one, text.includes(name) ? text : `${name}: ${text}`];
      }));
    }

    /* -------------------------------------------------------------------------------- words */

    text(name, values) { return span(this.say(name, values)).textContent; }

    /** A sentence as nodes: values are in <bdi>, so that they turn nothing around them. `{s}`: more than one. */
    say(name, values = {}) {
      return WORDS[name][this.vi ? 0 : 1].split(/\{(\w+)\}/).map((part, at) => {
        if (at % 2 === 0) return part;
        if (part === "s") return (values.papers ?? values.n) === 1 ? "" : part;
        const value = values[part] ?? "";
        return value instanceof Node || Array.isArray(value) ? value : bdi(value);
      });
    }

    #when(time) {
      const found = moment(time);
      return `${found.time} ${found.day === moment(Date.now()).day ? this.text("today") : found.day}`;
    }

    #source(name) {
      const found = this.#about?.sources?.find((one) => one.source === name);
      return found ? this.#titled(found) : name || this.text("source");
    }

    #sources(names) { return [...new Set(names.map((one) => this.#source(one)))].join(", "); }

    #reason(reason) {
      return this.#about?.form["x-reasons"]?.[reason?.code]?.[this.vi ? 0 : 1] ?? reason?.code ?? "";
    }

    #titled(item) { return (this.vi ? item.title : item.title_en) || item.title; }
    #label(field) { return title(field.schema, this.vi); }
    #long(field) { return (this.vi ? field.schema.title : field.schema["x-title-en"]) || field.schema.title; }

    /** A value of a source or a person: whole text behind a button, nothing hidden. */
    #shown(value, lang) {
      const text = seen(value);
      const node = make("bdi", { lang }, cut(text, LONGEST));
      if (text.length <= LONGEST) return [node];
      const more = link(this.say("all"), () => {
        node.textContent = text;
        more.remove();
        focusOn(node);
      }, { "aria-expanded": "false" });
      return [node, " ", more];
    }

    /** A value in words: titles of codes, an address in one line, a list line by line. And "vi" where it is Vietnamese. */
    #inWords(schema, value) {
      if (isBlank(value)) return [this.text("none")];
      if (Array.isArray(value)) return [value.map((one) => this.#inWords(schema.items ?? {}, one)[0]).join("; "), "vi"];
      if (typeof value === "object") {
        const parts = byOrder(schema.properties ?? {}).filter(([name]) => !isBlank(value[name]) && !(name === "quocGia" && value[name] === "VN"));
        // a row of a table has no heads here
        return [parts.map(([name, one]) => (schema["x-widget"] ? "" : title(one, this.vi) + ": ") + this.#inWords(one, value[name])[0]).join(", "), "vi"];
      }
      const found = choices(schema, this)?.find(([code]) => code === value);
      if (found) return found.slice(1);
      const english = !this.vi && schema["x-english"]?.[value];
      return english ? [english] : [typeof value === "number" && this.vi ? String(value).replace(".", ",") : String(value), "vi"];
    }

    /** The same in a sentence. */
    #brief(field, value) {
      const [text, lang] = this.#inWords(field.schema, value);
      return bdi(short(text), lang);
    }

    #display(field, value = field.value) {
      const { schema } = field;
      if (Array.isArray(value)) return [list(value.map((one) => this.#shown(...this.#inWords(schema.items ?? {}, one))))];
      const shown = this.#shown(...this.#inWords(schema, value));
      return typeof value === "string" && /^\d{9,}$/.test(value) ? [make("span", { class: "ml-id" }, shown)] : shown;
    }

    /* -------------------------------------------------------------------------------- server */

    async #call(method, path, body) {
      const csrf = this.#csrf;
      const headers = { Accept: "application/json" };
      if (body) headers["Content-Type"] = "application/json";
      if (csrf) headers["X-CSRF-Token"] = csrf;
      let answer;
      try {
        answer = await fetch(this.#url(path), { method, headers, credentials: "same-origin", body: body && JSON.stringify(body) });
      } catch {
        throw new Problem({});
      }
      const found = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Problem({ status: answer.status, ...found, code: found.code ?? `http_${answer.status}` });
      return found;
    }

    #url(path) {
      return `${(this.getAttribute("src") || "").replace(/\/$/, "")}/${encodeURIComponent(this.getAttribute("procedure") || "")}${path}`;
    }

    #emit(name, detail = {}, cancelable = false) {
      return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, cancelable }));
    }

    async #start(run) {
      this.replaceChildren();
      const late = setTimeout(() => { if (run === this.#run && !this.#answer) this.#loading(); }, LOADING_MS);
      try {
        const about = await this.#call("GET", "");
        if (run !== this.#run) return;
        this.#about = about;
        this.#fields = fieldsOf(about.form).map((one, at) => ({
          ...one, id: `${this.#id}-f${at}`, entry: { state: "empty", value: null, editable: true }, value: null, offer: null, choice: null,
          isReported: about.reported?.includes(one.key),
        }));
        for (const one of this.#fields) if (one.key in this.#draft) Object.assign(one, { typed: true, value: this.#draft[one.key] });
        this.#draft = {};
        await this.#prefill(run);
      } catch (error) {
        if (run === this.#run) this.#failed(error);
      } finally {
        clearTimeout(late);
        if (run === this.#run) this.removeAttribute("aria-busy");
      }
    }

    #loading() {
      this.setAttribute("aria-busy", "true");
      this.replaceChildren(make("p", { role: "status" }, icon("clock", "wait"), this.say("loading")));
    }

    /** Asks for the data. What was typed is sent with it, and stays, but where `wanted` has data: a source that was refused. */
    async #prefill(run, wanted) {
      const known = JSON.stringify(this.#typedValues(wanted));
      // what is typed from here on stays in any case
      for (const one of this.#fields) one.typed &&= this.#unusedOf(one) === wanted ? "before" : true;
      const answer = await this.#call("POST", "/prefill", {
        ...(this.#subjects && { subjects: this.#subjects }), ...(this.#consent && { consent: this.#consent }),
        ...(known !== "{}" && { known: JSON.parse(known) }),
      });
      if (run !== this.#run) return;
      const lost = [...this.#refused].some((one) => !nameOf(this.#answer.evidence[one], answer));
      // nothing can be decided while a source is awaited
      while (lost && this.#waits && run === this.#run) await new Promise((done) => setTimeout(done, LOADING_MS));
      if (run !== this.#run) return;
      if (lost) await this.#record();
      if (run !== this.#run) return;
      this.#known = known;
      this.#take(answer, wanted);
      this.#decided = false;
      this.#notes.clear();
      this.#listen(run);
      kept(this, () => this.#draw());
      this.#emit("prefill", { exchange_id: answer.exchange_id, fields: this.#fields.filter((one) => one.entry.evidence).map((one) => one.key), pending: this.#waits });
    }

    /** What was typed, but in place of `wanted`; null where a value was taken out. */
    #typedValues(wanted) { return Object.fromEntries(this.#fields.filter((one) => one.typed && this.#unusedOf(one) !== wanted && (one.entry.state !== "disputed" || !isBlank(one.value))).map((one) => [one.key, isBlank(one.value) ? null : one.value])); }

    /** The first answer: fields that nobody touched are as it says, and what was typed before in place of what is `wanted`. */
    #take(answer, wanted) {
      // another exchange may give its evidence other names: what was refused stays refused
      const before = this.#answer?.evidence ?? {};
      this.#unused.delete(wanted);
      const refused = this.#refusedOf(answer);
      for (const { choice } of this.#fields) if (choice?.found) choice.evidence = nameOf(choice.found, answer);
      this.#waits = !isBlank(answer.pending);
      for (const field of this.#fields) {
        const { entry: old } = field;
        let entry = answer.fields[field.key] ?? old;
        // what a source said of a value that was typed since stays known
        if (entry.state === "kept" && field.typed && old.state === "filled" && !this.#isRefused(field)) entry = { ...old, evidence: nameOf(before[old.evidence], answer), reason: { source: before[old.evidence]?.source, ...old.reason } };
        if (this.#isRefused(field)) field.lost = before[old.evidence];
        field.entry = entry;
        field.attribute = entry.attribute ?? field.attribute;
        field.just = false;
        field.offer = null;
        if (field.typed === "before" && queryOf(answer.evidence[entry.evidence]) === wanted) field.typed = false;
        if (!field.typed) field.value = entry.state === "disputed" || refused.has(entry.evidence) ? null : entry.value;
      }
      this.#answer = answer;
      this.#refused = refused;
    }

    /** The value of the sources, if they have one that is used. */
    #given(field) { return field.entry.state === "disputed" || this.#isRefused(field) ? null : field.entry.value; }

    #refusedOf(answer) { return new Set([...this.#unused.values()].map((one) => nameOf(one, answer)).filter(Boolean)); }

    #listen(run) {
      this.#stream?.close();
      this.#stream = null;
      if (!this.#waits) return;
      let lost = 0;
      const stream = new EventSource(this.#url(`/late?exchange=${encodeURIComponent(this.#answer.exchange_id)}`));
      this.#stream = stream;
      const end = () => {
        stream.close();
        if (run === this.#run && this.#stream === stream) { this.#stream = null; this.#still(() => this.#ended()); }
      };
      stream.addEventListener("late", (event) => { lost = 0; if (run === this.#run && this.#stream === stream) this.#still(() => this.#late(JSON.parse(event.data))); });
      stream.addEventListener("end", end);
      stream.addEventListener("error", (event) => {
        // an event of the server has data; without any, the connection broke, and the browser connects again
        if (event.data === undefined && stream.readyState !== EventSource.CLOSED && ++lost < 4) return;
        end();
        this.#still(() => this.#note("late", "wait", [this.say("broken")]));
        this.#emit("error", { code: "late_lost" });
      });
    }

    /** Draws what comes by itself: what a person sees and is in stays where it is, and the top does not shrink. */
    #still(draw) {
      const { style, offsetHeight } = this.#parts.summary.parentNode;
      const top = () => (this.contains(document.activeElement) ? document.activeElement.getBoundingClientRect().top : NaN);
      const was = top();
      kept(this, draw);
      if (!(was >= 0 && was < innerHeight)) return;
      style.minHeight = `${offsetHeight}px`;
      scrollBy({ top: top() - was, behavior: "instant" }); // NaN: by nothing
    }

    /** Nothing more comes: what was awaited is not known. */
    #ended() {
      if (!this.#waits) return;
      const waited = this.#fields.filter((field) => this.#isPending(field));
      this.#waits = false;
      waited.forEach((field) => this.#drawField(field));
      this.#around();
    }

    /** The whole answer again: only what changed is touched, and nothing that a person typed or is in. */
    #late(answer) {
      const waited = this.#fields.filter((field) => this.#isPending(field));
      const changed = this.#fields.filter((field) => answer.fields[field.key] && JSON.stringify(answer.fields[field.key]) !== JSON.stringify(this.#answer.fields[field.key]));
      const focused = document.activeElement;
      this.#answer = answer;
      this.#refused = this.#refusedOf(answer);
      this.#waits = !isBlank(answer.pending);
      for (const field of changed) {
        const entry = field.entry = answer.fields[field.key];
        field.attribute = entry.attribute ?? field.attribute;
        // what was chosen is no longer there: chosen again
        if (entry.state === "disputed" && field.choice?.found && !entry.doubt.candidates.some((one) => this.#isChosen(field, one))) Object.assign(field, { choice: null, typed: false });
        const isIn = focused && field.box?.contains(focused);
        const comes = entry.state === "filled" && !isBlank(entry.value) && !this.#refused.has(entry.evidence);
        if (comes && !isIn && isSame(entry.value, field.value)) field.typed = false;
        if (field.typed || isIn) {
          field.offer = comes && !isSame(entry.value, field.value) ? entry : null;
          if (field.offer || (entry.state === "disputed" && field.kind !== "disputed")) field.typed = true;
        } else {
          field.value = this.#given(field);
          field.just = comes;
        }
        field.error &&= this.#applies(field) ? this.#wrong(field) : "";
        this.#drawField(field);
      }
      this.#drawErrors();
      if (!this.#waits) { this.#stream?.close(); this.#stream = null; }
      waited.filter((field) => !changed.includes(field)).forEach((field) => this.#drawField(field));
      const names = changed.map((one) => answer.evidence[one.entry.evidence]?.source).filter(Boolean);
      this.#around(names.length ? this.text("arrived", { source: this.#sources(names) }) : "");
      if (changed.length) this.#emit("late", { exchange_id: answer.exchange_id, fields: changed.map((one) => one.key), pending: this.#waits });
    }

    /* -------------------------------------------------------------------------------- drawing */

    /** The whole form. Called at the start, for another language, and after a consent. */
    #draw() {
      if (!this.#about) return;
      const heading = Math.min(Math.max(Number(this.getAttribute("heading")) || 2, 1), 5);
      this.#parts = {
        h: `h${heading}`, h3: `h${heading + 1}`, status: make("p", { class: "ml-status", role: "status" }), summary: make("div"),
        notes: make("div", { class: "ml-notes" }), errors: make("div", { class: "ml-box ml-stop ml-errors", role: "alert", tabindex: "-1", hidden: true }),
        groups: make("div", { class: "ml-groups" }), rest: make("details"), aside: make("aside", { class: "ml-aside", "aria-label": this.text("papers") }),
        check: make("div", { class: "ml-check", hidden: true }), files: this.#parts.files ?? new Map(),
      };
      const parts = this.#parts;
      parts.go = make("button", { type: "submit", class: "ml-button ml-main" }, this.say("check"));
      parts.body = make("div", { class: "ml-body" }, parts.groups, parts.rest);
      parts.actions = make("div", { class: "ml-actions" });
      // the element has events of its own
      const quiet = (event) => event.stopPropagation();
      const form = make("form", { class: "ml-form", novalidate: true, action: this.getAttribute("action"), method: "post", enctype: "multipart/form-data", oninput: quiet, onchange: quiet, onsubmit: (event) => {
        event.preventDefault();
        quiet(event);
        if (this.#step === "form") this.#check();
      } }, make("div", { class: "ml-column" }, make("div", { class: "ml-top" }, parts.status, parts.summary), parts.notes, parts.errors, parts.body, parts.check), parts.aside, parts.actions);
      parts.form = form;
      this.replaceChildren(form);
      this.#layOut();
      this.#around();
      this.#show(this.#step);
    }

    #layOut() {
      const { groups } = this.#parts;
      groups.replaceChildren();
      this.#blocks = [];
      for (const group of this.#groups) {
        const own = this.#fields.filter((one) => one.schema["x-role"] === group.name);
        const head = make(this.#parts.h, { class: "ml-head", id: `${this.#id}-g-${group.name}` }, this.#titled(group));
        const section = make("section", { class: "ml-group", "aria-labelledby": head.id, hidden: own.every((one) => !this.#applies(one)) }, group.title && head);
        this.#sections.set(group.name, section);
        const locked = new Map();
        for (const field of own) {
          field.box = field.control = field.pair = field.where = field.kind = null;
          if (!this.#applies(field)) continue;
          const { evidence } = field.entry;
          if (this.#isLocked(field)) {
            if (!locked.has(evidence)) {
              locked.set(evidence, this.#lockedBlock(evidence));
              section.append(locked.get(evidence).node);
              this.#blocks.push(locked.get(evidence));
            }
            field.where = locked.get(evidence);
            field.pair = make("div");
            field.where.list.append(field.pair);
            field.where.fields.push(field);
          } else {
            section.append(this.#boxed(field));
          }
          this.#drawField(field);
        }
        locked.forEach((block) => this.#drawBlock(block));
        groups.append(section);
      }
      this.#drawConsents();
    }

    #drawRest() {
      const rest = this.#fields.filter((one) => !this.#applies(one));
      this.#parts.rest.hidden = !rest.length;
      this.#parts.rest.replaceChildren(make("summary", {}, this.say("notApplicable", { n: rest.length })), list(rest.map((one) => this.#long(one))));
    }

    /** A late answer may make a field apply, or no longer; what a person typed stays. */
    #applies(field) { return field.entry.state !== "not_applicable" || field.typed; }

    /** Gives a field a box in the order of the form: after all that stands there of fields before it, and after `block`. What is there stays. */
    #place(field, block) {
      const section = this.#sections.get(field.schema["x-role"]);
      if (!section) return;
      const before = this.#fields.slice(0, this.#fields.indexOf(field)).map((one) => one.where?.node ?? one.box);
      const last = [...section.children].filter((one) => one === block || one.matches(".ml-head") || before.includes(one)).pop();
      section.insertBefore(this.#boxed(field), last ? last.nextSibling : section.firstChild);
      section.hidden = false;
    }

    /** The box of a field that is not among locked ones. */
    #boxed(field) { return field.box = make("div", { class: "ml-field", id: `${field.id}-box` }); }

    #isLocked(field) {
      return field.entry.state === "filled" && !field.entry.editable && !field.typed && !field.offer && !this.#isRefused(field);
    }

    #isRefused(field) { return this.#refused.has(field.entry.evidence); }

    /** Of which source, as `queryOf` names it, a field has been without since that was refused; false: of none. */
    #unusedOf(field) {
      const { evidence } = field.entry;
      const key = queryOf(evidence ? this.#isRefused(field) && this.#answer.evidence[evidence] : field.lost);
      return this.#unused.has(key) && key;
    }

    #isPending(field) {
      return this.#waits && field.entry.state === "unavailable" && field.entry.reason?.code === "deadline_reached";
    }

    #lockedBlock(evidence) {
      const list = facts();
      const origin = make("div", { class: "ml-origin" });
      return { evidence, list, origin, fields: [], node: make("div", { class: "ml-locked" }, list, origin) };
    }

    #drawBlock(block) {
      const left = block.fields.filter((one) => one.where === block);
      const isRefused = this.#refused.has(block.evidence);
      block.node.hidden = !left.length && !isRefused;
      block.list.hidden = !left.length;
      renew(block.origin, isRefused ? this.#refusedLine(queryOf(this.#answer.evidence[block.evidence])) : this.#confirmed(block.evidence, left));
    }

    /** Of an evidence, or of its name. */
    #by(evidence) {
      const found = evidence?.source ? evidence : this.#answer?.evidence[evidence];
      return { source: this.#source(found?.source), when: found?.fetched_at ? this.#when(found.fetched_at) : "" };
    }

    /** One field, where it stands. An input that is there is kept: nothing moves under the hand. */
    #drawField(field) {
      if (!this.#applies(field) && !field.box?.contains(document.activeElement)) {
        if (field.pair) this.#leaveBlock(field);
        if (field.box) field.box.hidden = true;
        return;
      }
      if (!field.box && !field.pair) this.#place(field);
      if (field.box) field.box.hidden = false;
      if (field.pair && field.where) {
        if (this.#isLocked(field) && field.entry.evidence === field.where.evidence) {
          field.pair.replaceChildren(...this.#pair(field));
          return;
        }
        this.#leaveBlock(field);
      }
      if (!field.box) return;
      const kind = this.#isLocked(field) ? "locked" : this.#isOpen(field) && !this.#isRefused(field) && !(field.typed && field.choice === null) ? "disputed" : "input";
      if (kind !== field.kind || kind === "disputed" || !field.slots?.control.childNodes.length) this.#build(field, kind);
      else if (kind === "input" && !field.typed) field.control.set(field.value);
      else if (kind === "locked") field.slots.control.firstElementChild.firstElementChild.replaceChildren(...this.#pair(field));
      this.#drawNotes(field);
    }

    #leaveBlock(field) {
      const block = field.where;
      field.pair.remove();
      field.where = field.pair = field.kind = null;
      // the words about data that are not used stand before their fields
      this.#place(field, this.#refused.has(block.evidence) && block.node);
      this.#drawBlock(block);
    }

    #build(field, kind) {
      field.kind = kind;
      field.control = null;
      const slots = field.slots = { control: make("div"), origin: make("div", { class: "ml-origin" }), box: make("div", { class: "ml-note" }), error: make("p", { class: "ml-error", id: `${field.id}-error`, hidden: true }) };
      const head = [];
      if (kind === "locked") {
        slots.control.append(facts(make("div", {}, this.#pair(field))));
      } else if (kind === "disputed") {
        head.push(make("span", { class: "ml-label", id: `${field.id}-label` }, this.#label(field)));
        slots.control.append(this.#disputed(field));
      } else {
        const made = field.control = control(field, field.id, this, () => this.#typed(field));
        made.set(field.value);
        const words = [this.#label(field), field.required && make("span", { class: "ml-required" }, " ", this.say("required"))];
        head.push(named(made, "ml-label", field.id, words));
        const hint = this.#hint(field.schema);
        if (hint) head.push(slots.hint = make("p", { class: "ml-hint", id: `${field.id}-hint` }, hint));
        const target = made.group ? made.node : made.first;
        if (field.required && made.group !== "group") target.setAttribute("aria-required", "true");
        field.described = target;
        slots.control.append(made.node);
      }
      field.box.replaceChildren(...head, slots.control, slots.origin, slots.box, slots.error);
      if (this.#isPending(field) || field.just) field.box.classList.add("ml-waits");
    }

    #pair(field) { return [make("dt", {}, this.#label(field)), make("dd", {}, this.#display(field), this.#stale(field))]; }

    /** A field that comes from the same data as one that was changed, such as a date in words. */
    #stale(field) {
      const other = !field.typed && !isBlank(field.value) && field.attribute && this.#fields.find((one) => one.typed && one.attribute === field.attribute && one.schema["x-role"] === field.schema["x-role"]);
      return other ? sign("compare", "doubt", this.say("stale", { label: this.#label(other) }), this.say("doubt")) : "";
    }

    #hint(schema) {
      if (schema["x-example"]) return this.say("example", { example: schema["x-example"] });
      const digits = /^\^\[0-9\]\{(\d+)\}\$$/.exec(schema.pattern ?? "");
      return digits && schema["x-widget"] !== "select" ? this.say("digits", { n: digits[1] }) : null;
    }

    /** Origin, box and error of a field; they stand under its control, so that it stays where it is. */
    #drawNotes(field) {
      const { origin, box, error, hint } = field.slots;
      const line = this.#originLine(field) ?? [];
      renew(origin, line);
      const lineId = line.length ? `${field.id}-origin` : "";
      origin.firstElementChild?.setAttribute("id", lineId);
      box.replaceChildren(...this.#boxOf(field));
      if (this.#isPending(field)) field.box.classList.add("ml-waits");
      error.hidden = !field.error;
      if (field.error) wrong(error, strong(this.say("error")), " ", field.error);
      const target = field.kind === "disputed" ? field.slots.control.firstElementChild : field.described;
      if (field.kind === "locked" || !target) return;
      const ids = [hint?.id, lineId, field.error && error.id].filter(Boolean);
      mark(target, "aria-describedby", ids.join(" "));
      mark(target, "aria-invalid", !error.hidden);
    }

    #line(name, kind, ...content) { return [make("span", { class: "ml-said" }, icon(name, kind), span(content))]; }

    #originLine(field) {
      const { entry } = field;
      const source = this.#sourceOf(field);
      const unused = this.#unusedOf(field);
      if (unused) {
        // said once: at the block of the evidence, else at its first field
        const isFirst = this.#fields.find((one) => this.#applies(one) && this.#unusedOf(one) === unused) === field;
        const name = nameOf(this.#unused.get(unused), this.#answer);
        const line = isFirst && !this.#blocks.some((one) => one.evidence === name) ? this.#refusedLine(unused) : [];
        return field.typed && !isBlank(field.value) ? [...line, ...this.#line(...this.#who(field))] : line;
      }
      if (field.kind === "locked") return this.#confirmed(entry.evidence, [field], field.just);
      if (field.typed) {
        if (entry.state === "filled" && !field.offer && !isSame(entry.value, field.value)) {
          const back = link(this.say("restore"), () => this.#restore(field));
          return [...this.#line("pencil", "own", this.say("edited", { source, value: this.#brief(field, entry.value) })), back];
        }
        return isBlank(field.value) && !this.#isPending(field) ? [] : this.#line(...(isBlank(field.value) ? this.#why(field) : this.#who(field)));
      }
      switch (entry.state) {
        case "filled": {
          const declared = this.#answer?.evidence[entry.evidence]?.declared?.[attributeOf(entry)];
          if (declared) return this.#originOf(entry.evidence, [field], this.say("declared", { since: moment(declared.given_at).day, until: moment(declared.valid_until).day }), "pencil", field.just);
          return this.#originOf(entry.evidence, [field], this.say("from", this.#by(entry.evidence)), "landmark", field.just);
        }
        case "kept": return this.#line(...this.#who(field));
        default: {
          const why = this.#why(field);
          return why && this.#line(...why);
        }
      }
    }

    #sourceOf({ entry }) { return this.#source(entry.reason?.source ?? this.#answer?.evidence[entry.evidence]?.source); }

    /** Whose word a value is that the person typed or chose. */
    #who(field) {
      return this.#isOfSource(field) ? ["landmark", "", this.say("from", this.#by(field.choice.found))] : ["pencil", "own", this.say(this.#isPicked(field) ? "picked" : "typed")];
    }

    #isPicked({ choice, value }) { return choice?.found && isSame(choice.value, value); }
    #isOfSource(field) { return this.#isPicked(field) && field.choice.kind !== "proposed"; }

    /** Why a field is empty; null: nothing is to be said. */
    #why(field) {
      const { state, reason } = field.entry;
      const source = this.#sourceOf(field);
      const unused = this.#unused.get(this.#unusedOf(field));
      if (unused) return ["ban", "mute", this.say("refused", this.#by(unused))];
      if (this.#isPending(field)) return ["clock", "wait", this.say("pending", { source })];
      if (state === "unavailable") return ["cloud", "wait", this.say("unavailable", { source })];
      if (state === "withheld") return ["eye", "mute", this.say("withheld", { reason: this.#reason(reason) })];
      if (state !== "not_found" || reason?.source === "own_data") return null;
      const code = reason?.code ?? "no_such_person";
      return code === "no_such_person" ? ["ban", "mute", this.say("notFound", { source })] : ["compare", "doubt", [reason.source && [bdi(source), ": "], bdi(this.#reason(reason))]];
    }

    #facts(pairs) { return make("dl", { class: "ml-pairs" }, pairs.filter(([, value]) => value).map(([name, value]) => pair(this.say(name), this.#shown(value, ["provider", "basis"].includes(name) ? "vi" : null)))); }

    #confirmed(evidence, fields, isJust) { return this.#originOf(evidence, fields, this.say("confirmed", this.#by(evidence)), "lock", isJust); }

    /** The grey line of an evidence with all that is behind it. */
    #originOf(evidence, fields, sentence, sign, isJust) {
      const found = this.#answer?.evidence[evidence];
      if (!found) return this.#line(sign, "", this.#sourceOf(fields[0]));
      const provider = this.#about.sources?.find((one) => one.source === found.source)?.provider ?? found.provider;
      const until = found.valid_until > found.fetched_at && moment(found.valid_until);
      const at = found.fetched_at && moment(found.fetched_at);
      const pairs = [["provider", provider], ["fetched", at && `${at.exact} ${at.day}`], ["usable", until && `${until.exact} ${until.day}`],
        ["whyLocked", sign === "lock" && this.text("locked")], ["basis", found.legal_basis]];
      const panel = make("div");
      const told = fields.filter((one) => this.#isReportable(one));
      const report = button([icon("flag"), this.say("report")], () => this.#report(panel, report, evidence, told));
      const refuse = link(this.say("refuse"), () => this.#askRefuse(panel, refuse, evidence));
      const details = make("details", { class: "ml-details" }, make("summary", {}, this.say("origin"), make("span", { class: "ml-hidden" }, ` ${fields.map((one) => this.#label(one)).join(", ")}`)),
        make("div", { class: "ml-inside" },
          this.#facts(pairs),
          found.sandbox ? small(this.say("sandbox")) : "",
          buttons(told.length && !found.self_declared ? report : "", this.#answer.preview && !this.#decided ? refuse : ""), panel));
      details.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || panel.childNodes.length) return;
        details.open = false;
        details.firstElementChild.focus();
      });
      const wrong = fields.filter((one) => one.isReported).map((one) => this.#label(one)).join(", ");
      return [...this.#line(sign, "", sentence), wrong && make("span", { class: "ml-tag" }, icon("flag"), this.say("called", { label: wrong })),
        isJust && make("span", { class: "ml-tag" }, icon("clock"), this.say("just")), details].filter(Boolean);
    }

    /** Whether a report of its value is taken: it is about somebody whom the portal named. */
    #isReportable({ entry }) {
      const role = this.#answer.evidence[entry.evidence]?.subject.split("#")[0];
      const { kind = ["person"], found = false } = this.#about.procedure.subjects?.[role] ?? {};
      if (!entry.attribute || (found && !this.#subjects?.[role])) return false;
      return entry.attribute.startsWith("person.") || kind.every((one) => one === "person" || one === "newborn");
    }

    #isOffered({ offer }) { return offer && !this.#refused.has(offer.evidence); }

    #boxOf(field) {
      const found = [this.#stale(field)];
      const { entry } = field;
      if (this.#isOffered(field)) {
        const names = { source: this.#source(this.#answer.evidence[field.offer.evidence]?.source), value: strong(this.#brief(field, field.offer.value)) };
        const ways = [button(this.say("use", { value: this.#brief(field, field.offer.value) }), () => this.#restore(field)),
          button(isBlank(field.value) ? this.say("cancel") : this.say("keep", { value: this.#brief(field, field.value) }), () => this.#settle(field, { offer: null, typed: true }))];
        found.push(box("doubt", sign("clock", "doubt", this.say("late", names)), buttons(ways)));
      }
      if (this.#isOpen(field) && field.kind === "input") {
        const way = (word, value, choice) => button(this.say(word, { value: this.#brief(field, value) }), () => this.#settle(field, { choice, value, typed: true }));
        found.push(box("doubt", sign("compare", "doubt", this.#asked(field)),
          buttons(this.#candidates(field).map((one) => way("use", one.value, one)), isBlank(field.value) ? "" : way("keep", field.value, "none"))));
      }
      if (entry.doubt && entry.state !== "disputed" && !field.typed && !this.#isRefused(field)) {
        const why = entry.reason ? ` ${this.#reason(entry.reason)}.` : "";
        found.push(sign("compare", "doubt", why && isBlank(field.value) ? "" : this.say("doubt"), why));
      }
      const text = typeof field.value === "string" && field.kind === "input" ? field.value : "";
      if (!field.typed && text && seen(text) !== text) found.push(sign("warning", "doubt", this.say("hidden"), this.#shown(text)));
      const keep = field.schema["x-keep"];
      if (keep && field.kind === "input" && this.#isKeeper(field) && !this.#answer?.evidence[entry.evidence]?.declared) {
        const until = moment(inDays(keep.days)).day;
        const tick = make("input", { type: "checkbox", id: `${field.id}-keep`, "aria-describedby": `${field.id}-keep-hint`, onchange: () => {
          field.isKept = tick.checked;
          if (!field.isKept && this.#keeping) this.#withdraw();
        } });
        tick.checked = field.isKept;
        found.push(box("own", ticked(tick, span(this.say("own", { label: this.#label(field).toLowerCase() }))), make("p", { class: "ml-hint", id: `${field.id}-keep-hint` }, this.say("ownHint", { until }))));
      }
      return found;
    }

    /** Own data are kept from the field of the person who signs in; once each. */
    #isKeeper(field) {
      const { attribute } = field.schema["x-keep"];
      const same = this.#fields.filter((one) => one.schema["x-keep"]?.attribute === attribute && this.#applies(one));
      return (same.find((one) => this.#about.procedure.subjects?.[one.schema["x-role"]]?.signs_in) ?? same[0]) === field;
    }

    /** The values that sources gave, without those of sources that are not used. */
    #candidates({ entry: { doubt } }) {
      return (doubt?.candidates ?? []).map((one, at) => ({ ...one, found: this.#answer.evidence[one.evidence] ?? {}, isPreferred: at === doubt.preferred, kind: doubt.kind })).filter((one) => !this.#refused.has(one.evidence));
    }

    #isOpen(field) { return field.entry.state === "disputed" && this.#candidates(field).length; }

    /** Whether the person is to choose between values first. */
    #isAsked(field) { return this.#isOffered(field) || (field.choice === null && !this.#isRefused(field) && this.#isOpen(field)); }

    #tasks() {
      const tasks = this.#fields.filter((one) => this.#isAsked(one)).flatMap((one, at) => [at ? ", " : " ", this.#jump(one, this.say("taskChoose", { label: this.#long(one).toLowerCase() }))]);
      return tasks[0] && [this.say("tasks", { n: tasks.length / 2 }), tasks];
    }

    /** What the person is asked about several values, or about one that is only proposed. */
    #asked(field) {
      return this.say(isProposed(field) ? "proposed" : "differ", { source: this.#sources(this.#candidates(field).map((one) => one.found.source)) });
    }

    /** Whose value it is, where it is proposed for somebody else. */
    #whose(field, { found: { subject } }) {
      const group = isProposed(field) && subject !== field.schema["x-role"] && this.#groups.find((one) => one.name === subject);
      return group ? [" (", bdi(this.#titled(group)), ")"] : "";
    }

    #isChosen({ choice }, one) { return choice === one || (choice?.found && choice.evidence === one.evidence && isSame(choice.value, one.value)); }

    #disputed(field) {
      const shown = this.#candidates(field);
      const id = `${field.id}-own`;
      const own = control(field, id, this, () => { field.value = own.get(); this.#changed(field); });
      const typing = make("div", {}, named(own, "ml-sub", id, this.say(isProposed(field) ? "otherValue" : "rightValue")), own.node);
      typing.hidden = field.choice !== "none";
      const choose = (choice) => {
        field.choice = choice;
        field.typed = true;
        field.value = choice === "none" ? own.get() : choice.value;
        typing.hidden = choice !== "none";
        this.#changed(field);
      };
      const radio = (at, choice, head, words) => {
        const one = make("input", { type: "radio", name: `${field.id}-choice`, id: `${field.id}-c${at}`, "aria-describedby": `${field.id}-w${at}`, onchange: () => choose(choice) });
        one.checked = this.#isChosen(field, choice);
        return make("div", { class: "ml-choice" }, ticked(one, strong(head)), make("p", { class: "ml-hint", id: `${field.id}-w${at}` }, words));
      };
      if (field.choice === "none") own.set(field.value);
      return make("div", { class: "ml-box ml-doubt", role: "radiogroup", "aria-labelledby": `${field.id}-label` },
        sign("compare", "doubt", strong(this.#asked(field))),
        shown.map((one) => radio(one.evidence, one, this.#display(field, one.value), [this.say("from", this.#by(one.evidence)), this.#whose(field, one), one.isPreferred ? [" ", this.say("preferred")] : ""])),
        radio("n", "none", this.say(isProposed(field) ? "otherValue" : "neither"), this.say("neitherHint")), typing);
    }

    /* -------------------------------------------------------------------------------- what a person does */

    #typed(field) {
      field.value = field.control.get();
      const given = this.#isRefused(field) || field.entry.state !== "filled" ? null : field.entry.value;
      field.typed = field.entry.state === "kept" || !isSame(field.value, given) || field.offer !== null;
      if (!field.typed) field.value = given; // also with its blank parts, as the gateway compares it
      field.just = false;
      this.#changed(field);
    }

    #changed(field) {
      field.error = "";
      this.#drawNotes(field);
      this.#drawAfter(field);
      this.#emit("change", { field: field.key });
    }

    /** What an edit changes elsewhere: papers, and fields of the same data. */
    #drawAfter(field) {
      this.#fields.forEach((one) => { if (one !== field && field.attribute && one.attribute === field.attribute && !one.typed) this.#drawField(one); });
      this.#drawSummary();
      this.#drawAside();
    }

    /** The value of the source after all. */
    #restore(field) {
      const entry = field.offer ?? field.entry;
      this.#settle(field, { offer: null, typed: false, value: entry.value, entry, choice: null });
    }

    #settle(field, change) {
      this.#drawField(Object.assign(field, change));
      this.#focus(field);
      this.#changed(field);
    }

    #focus(field) {
      const target = field.kind === "disputed" ? (field.slots.control.querySelector("input:checked") ?? field.slots.control.querySelector("input")) : field.control?.first;
      if (target) target.focus();
      else focusOn(field.box ?? field.where?.node ?? this);
    }

    #jump(field, words) { return anchor(`${field.id}-box`, words, () => { this.#show("form"); this.#focus(field); }); }

    #open(panel, from, content) {
      const close = () => { panel.replaceChildren(); from.focus(); };
      const box = make("div", { class: "ml-box ml-ask", role: "group", tabindex: "-1", onkeydown: (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } } }, content(close));
      const head = box.firstElementChild;
      head.id ||= `${this.#id}-p${++count}`;
      box.setAttribute("aria-labelledby", head.id);
      panel.replaceChildren(box);
      box.focus();
    }

    /** Whether a paper is to be brought when an evidence is refused, as the gateway says. */
    #isBack({ code, state, by, paper }, evidence) {
      return state !== "required" && (this.#answer.preview?.papers?.[evidence]?.includes(code) ?? restsOn(by ?? paper, evidence));
    }

    #askRefuse(panel, from, evidence) {
      const fields = this.#fields.filter((one) => one.entry.evidence === evidence && one.entry.state === "filled" && !one.typed);
      const papers = this.#papers().filter((one) => this.#isBack(one, evidence));
      this.#open(panel, from, (close) => [bold(this.say("refuseTitle", this.#by(evidence))),
        fields.length ? para(this.say("refuseFields", { n: fields.length, fields: fields.map((one) => this.#label(one)).join(", ") })) : "",
        papers.length ? para(this.say("refusePapers", { papers: papers.map((one) => this.#titled(one)).join("; ") })) : "",
        buttons(button(this.say("refuseYes"), () => { panel.replaceChildren(); this.#refuse(evidence, true); }),
          button(this.say("refuseNo"), close))]);
    }

    #refuse(evidence, isRefused) {
      const found = this.#answer.evidence[evidence];
      const key = queryOf(found);
      if (isRefused) this.#unused.set(key, found);
      else this.#unused.delete(key);
      this.#refused = this.#refusedOf(this.#answer);
      for (const field of this.#fields.filter((one) => one.entry.evidence === evidence || one.choice?.evidence === evidence || one.entry.doubt?.candidates.some((two) => two.evidence === evidence))) {
        if (!field.typed) field.value = this.#given(field);
        // a value that the gateway keeps as typed stays empty, unless it is typed again
        else if (isRefused && field.choice?.evidence === evidence) Object.assign(field, { typed: field.entry.state === "kept", choice: null, value: null, kind: null });
        if (field.entry.state === "disputed") field.kind = null;
        this.#drawField(field);
      }
      this.#blocks.forEach((block) => { if (block.evidence === evidence) this.#drawBlock(block); });
      this.#around(isRefused ? `${this.text("refused", this.#by(evidence))}.` : "");
      const again = this.#parts.groups.querySelector(`[data-evidence="${CSS.escape(key)}"]`);
      if (again) again.focus();
      else this.#focus(this.#fields.find((one) => one.entry.evidence === evidence) ?? this.#fields[0]);
    }

    #refusedLine(key) {
      const found = this.#unused.get(key);
      const use = async () => {
        const left = this.#fields.filter((one) => this.#unusedOf(one) === key);
        if (left.every((one) => one.entry.evidence)) this.#refuse(nameOf(found, this.#answer), false);
        // an answer before had it: asked again, and nothing changes until it is there
        else if (await this.#again(key) && !this.#unused.has(key) && !document.activeElement.matches("input,select,textarea")) this.#focus(left[0]);
      };
      return [...this.#line("ban", "mute", this.say("refused", this.#by(found))), this.#decided ? "" : link(this.say("again"), use, { "data-evidence": key })];
    }

    #report(panel, from, evidence, fields) {
      const found = this.#answer.evidence[evidence];
      const entries = fields.map((one) => one.entry); // also when another answer comes
      const which = make("select", { id: `${this.#id}-r1`, class: "ml-input" }, fields.map((one, at) => make("option", { value: at }, this.#label(one))));
      const right = make("input", { id: `${this.#id}-r2`, class: "ml-input", maxlength: 500, autocomplete: "off" });
      const grounds = make("input", { id: `${this.#id}-r3`, class: "ml-input", maxlength: 300, autocomplete: "off" });
      const place = alert("ml-error");
      this.#open(panel, from, (close) => {
        const send = async () => {
          const entry = entries[which.value];
          if (!right.value.trim()) {
            wrong(place, strong(this.say("error")), " ", this.text("missing", { label: this.text("rightValue").toLowerCase() }));
            right.focus();
            return;
          }
          try {
            const done = await this.#call("POST", "/corrections", {
              exchange_id: this.#answer.exchange_id, subject: found.subject, source: found.source, attribute: entry.attribute, why: "citizen_corrects",
              shown: entry.original ?? entry.value, correct: right.value.trim(), ...(grounds.value.trim() && { grounds: grounds.value.trim() }),
            });
            const advice = done.advice?.[this.#lang];
            const name = nameOf(found, this.#answer);
            this.#fields.forEach((one) => { one.isReported ||= one.entry.evidence === name && one.entry.attribute === entry.attribute; });
            this.#around();
            panel.replaceChildren(make("div", { class: "ml-box ml-ok", role: "status", tabindex: "-1" }, sign("check", "ok", this.say("reported", { id: done.id }), advice ? [" ", advice] : "")));
            panel.firstElementChild.focus();
          } catch (error) {
            wrong(place, this.#words(error, "unsent"));
            this.#lost(error);
          }
        };
        const asked = (word, node) => [make("label", { class: "ml-sub", for: node.id }, this.say(word)), node];
        return [bold(this.say("report")), make("p", { class: "ml-hint" }, this.say("reportHint")),
          fields.length > 1 ? asked("reportWhich", which) : "", asked("rightValue", right), asked("proof", grounds), place,
          buttons(button(this.say("send"), send), link(this.say("cancel"), close))];
      });
    }

    /* -------------------------------------------------------------------------------- consent */

    /** The name of a consent that the person gives now. */
    async #give(purpose, service, attributes, until) {
      const done = await this.#call("POST", "/consents", {
        purpose, attributes: { [service]: attributes }, text_version: TEXT_VERSION, language: this.#lang, channel: "portal", expires_at: until.toISOString(),
      });
      return done.consent;
    }

    /** One question per data service that waits for a consent. */
    #drawConsents() {
      if (!this.#answer) return;
      const services = new Map();
      for (const one of this.#answer.sources.filter((two) => two.reason === "consent_missing")) services.set(`${one.source}.${one.data_service}`, one);
      for (const [service, one] of services) {
        const fields = this.#fields.filter((two) => two.entry.state === "withheld" && two.entry.reason?.code === "consent_missing" && (two.entry.reason.source ?? one.source) === one.source && two.entry.attribute);
        if (!fields.length) continue;
        const until = inDays(CONSENT_DAYS);
        const id = `${this.#id}-c-${service}`;
        const tick = make("input", { type: "checkbox", id });
        const place = alert("ml-error");
        const procedure = this.#titled(this.#about.procedure);
        const pairs = [["consentWhat", fields.map((two) => this.#long(two)).join(", ")], ["consentWhom", this.text("consentTo", { from: this.#source(one.source), agency: this.getAttribute("agency") || this.text("agency") })],
          ["consentWhy", this.text("consentFor", { title: procedure })], ["until", moment(until).day], ["withdraw", this.text("consentHow")]];
        let given = null;
        const get = button(this.say("consentGet"), async () => {
          place.replaceChildren();
          if (!tick.checked) { wrong(place, this.text("consentNone")); tick.focus(); return; }
          const run = this.#run;
          try {
            this.#consent = given ??= await this.#give(this.#about.procedure.purpose, service, [...new Set(fields.map((two) => attributeOf(two.entry)))], until);
            await this.#prefill(run);
            this.#focus(fields[0]);
          } catch (error) {
            wrong(place, this.#words(error, "unsent"));
            this.#lost(error);
          }
        });
        const box = make("div", { class: "ml-box ml-own", role: "group", "aria-label": this.text("consent") }, bold(this.say("consent")),
          this.#facts(pairs),
          ticked(tick, this.say("agree")), place, buttons(get));
        fields[0].box?.before(box);
      }
    }

    /* -------------------------------------------------------------------------------- around the fields */

    /** Without an answer, each paper of the procedure is to be brought. */
    #papers() {
      const all = Object.entries(this.#about.procedure.papers ?? {}).map(([code, one]) => ({ ...one, code, state: "required", isUndecided: true }));
      return (this.#answer?.papers ?? all).map((one) => {
        const isLost = [...this.#refused].some((evidence) => this.#isBack(one, evidence));
        const when = one.state === "not_applicable";
        const isEdited = (when || SAVED.includes(one.state)) && this.#isEdited(one);
        return isLost || isEdited ? { ...one, state: "required", reason: null, advice: null, isRefused: isLost, isEdited: !when, isUndecided: when, when } : one;
      });
    }

    #required() { return this.#papers().filter((one) => one.state === "required"); }

    /** Whether a value that a paper rests on is not as the gateway gave it, so that data do not replace the paper. */
    #isEdited(paper) {
      const keys = this.#about.procedure.papers?.[paper.code]?.rests_on;
      return this.#fields.some((one) => (!keys || keys.includes(one.key)) && this.#isOther(one));
    }

    /** Whether a field has another value than the gateway decided by. */
    #isOther(field) {
      const given = this.#isRefused(field) ? null : this.#answer.fields[field.key]?.value;
      return field.typed || this.#isRestored(field) ? !isSame(field.value, given) : field.isReported;
    }

    /** Whether a value of a source stands again that the gateway did not give, as another was typed. */
    #isRestored({ typed, entry, key }) { return !typed && entry.state === "filled" && this.#answer?.fields[key]?.state === "kept"; }

    /** Whether papers are to be decided again, by what was typed since. */
    #isOutdated() {
      return this.#known !== JSON.stringify(this.#typedValues()) && (this.#fields.some((one) => this.#isRestored(one)) ||
        this.#answer?.papers.some((one) => (one.state !== "required" || one.reason?.code === "proposed" || one.reason?.rule?.startsWith("same:")) && this.#isEdited(one)));
    }

    #counts() {
      const all = this.#fields.filter((one) => this.#applies(one));
      const given = all.filter((one) => !isBlank(one.value));
      const filled = given.filter((one) => this.#isOfSource(one) || (!one.typed && one.entry.state === "filled" && !this.#isRefused(one))).length;
      const typed = given.filter((one) => !this.#isOfSource(one) && (one.typed || one.entry.state === "kept")).length;
      return { all: all.length, filled, typed, papers: this.#papers().filter((one) => [...SAVED, "digital_only"].includes(one.state)).length };
    }

    /** All but the fields; `event`: what just happened, said once with the summary. */
    #around(event = "") {
      const { status } = this.#parts;
      if (!status) return;
      status.replaceChildren();
      this.#drawSummary(event);
      this.#drawRest();
      this.#drawAside();
      this.#drawNoteList();
      if (this.#step === "check") this.#drawCheck();
    }

    #waitingFor() {
      const names = this.#fields.filter((one) => this.#isPending(one)).map((one) => one.entry.reason.source);
      const asked = this.#answer?.sources.filter((one) => one.reason === "deadline_reached").map((one) => one.source) ?? [];
      return this.#sources(names.length ? names : asked);
    }

    #drawSummary(event = "") {
      const { status, summary } = this.#parts;
      const said = event && make("span", { class: "ml-event" }, `${event} `);
      if (!this.#answer) { status.replaceChildren(said); summary.replaceChildren(); return; }
      const { all, filled, typed, papers } = this.#counts();
      const words = this.text("filled", { n: filled, of: all, papers });
      // a screen reader says it again only when it has changed
      if (status.lastChild?.textContent !== words) status.replaceChildren(said, words);
      const piece = (name, n) => { const one = make("span", { class: `ml-${name}` }); one.style.flexGrow = n; return one; };
      const bar = make("div", { class: "ml-bar" }, piece("ok", filled), piece("own", typed), piece("left", all - filled - typed));
      const tasks = this.#tasks();
      const needed = this.#required().length;
      summary.replaceChildren(bar, make("p", { class: "ml-legend" }, make("span", { class: "ml-key ml-ok" }, this.say("legendFilled", { n: filled })), make("span", { class: "ml-key ml-own" }, this.say("legendTyped", { n: typed })), make("span", { class: "ml-key" }, this.say("left", { n: all - filled - typed }))),
        make("ul", { class: "ml-lines" }, li(sign("paper", "", anchor(`${this.#id}-papers`, `${this.text("papers")} (${needed})`, () => this.#parts.aside.querySelector("[tabindex]").focus()))),
          tasks && li(sign("pencil", "doubt", tasks)),
          this.#waits ? li(sign("clock", "wait", this.say("waits", { source: strong(this.#waitingFor()) }))) : ""));
    }

    #fileName({ code }) { return short(this.#parts.files.get(code)?.files[0]?.name ?? this.text("none")); }

    #drawAside() {
      const { aside, h, h3, files } = this.#parts;
      const papers = this.#papers();
      const bases = (one) => (one.legal_basis ? small(this.say("basis"), ": ", this.#shown(one.legal_basis, "vi")) : "");
      const required = this.#required();
      const words = (one) => (one.isRefused ? this.say("youRefused") : one.isEdited ? this.say("youEdited") : one.isUndecided ? this.say(one.when ? "undecidedIf" : "undecided") : this.#waits && one.reason?.code === "deadline_reached" ? this.say("awaited") : one.advice ? one.advice[this.#lang] : one.reason ? this.#reason(one.reason) : this.#about.procedure.papers?.[one.code]?.replaceable === false ? this.say("noData") : "");
      const file = (one) => {
        const id = `${this.#id}-paper-${one.code}`;
        if (!files.has(one.code)) files.set(one.code, make("input", { type: "file", hidden: true, onchange: () => this.#around(`${this.text("chosen", { name: this.#fileName(one) })}.`), name: `paper.${one.code}` }));
        const input = files.get(one.code);
        // the words of the browser's own button are in its language
        return [make("p", { class: "ml-small", id: `${id}-name` }, this.say("chosen", { name: this.#fileName(one) })),
          buttons(button(this.say("file"), () => input.click(), { id, "aria-label": this.text("fileFor", { file: this.text("file"), paper: this.#titled(one) }), "aria-describedby": `${id}-name` })), input];
      };
      const by = (one) => {
        const used = this.#sources(Object.entries(this.#answer.evidence).filter(([evidence]) => restsOn(one.by, evidence)).map(([, found]) => found.source));
        return one.state === "digital_only" ? this.say("digital") : used ? this.say("replacedBy", { sources: used }) : "";
      };
      const part = (head, list, draw) => (list.length ? [make(h3, {}, this.say(head)), make("ul", { class: "ml-papers" }, list.map((one) => li(icon(head === "bring" ? "paper" : "check", head === "bring" ? "" : "ok"), make("div", {}, bold(bdi(this.#titled(one))), draw(one)))))] : []);
      kept(aside, () => aside.replaceChildren(...[make("section", { class: "ml-card" }, make(h, { tabindex: "-1", id: `${this.#id}-papers` }, this.say("papers")),
        required.length ? "" : small(this.say("noPaper")),
        part("bring", required, (one) => [small(words(one)), file(one)]),
        part("stored", papers.filter((one) => one.state === "reusable"), (one) => [one.paper?.reference ? small(this.say("reference", { reference: one.paper.reference })) : "", bases(one)]),
        part("saved", papers.filter((one) => one.state === "replaced" || one.state === "digital_only"), (one) => [small(by(one)), bases(one)])),
      this.#answer && make("section", { class: "ml-card" }, make(h, {}, this.say("sources")), make("ul", { class: "ml-papers" }, this.#sourceStates().map(([name, sign, kind, text]) => li(icon(sign, kind), make("div", {}, para(this.#source(name)), small(text))))),
        small(this.say("exchange"), " ", make("span", { class: "ml-id" }, this.#answer.exchange_id)))].filter(Boolean)));
    }

    #sourceStates() {
      const states = { deadline: ["clock", "wait", "awaited"], unavailable: ["cloud", "wait", "silent"], refused: ["eye", "mute", "withheld"], no_match: ["compare", "doubt"], found: ["check", "ok", "answered"], not_found: ["ban", "mute", "hasNone"] };
      const worst = Object.keys(states);
      const found = new Map();
      for (const one of this.#answer.sources) {
        const at = worst.indexOf(this.#waits && one.reason === "deadline_reached" ? "deadline" : one.outcome === "invalid" ? "unavailable" : one.outcome);
        // about a person who is left out nothing was asked
        const isAsked = one.source !== "own_data" && one.reason !== "representation_missing";
        if (at >= 0 && isAsked && !(found.get(one.source)?.at <= at)) found.set(one.source, { at, code: one.reason });
      }
      return [...found].map(([name, { at, code }]) => {
        const [icon, kind, words] = states[worst[at]];
        return [name, icon, kind, words ? this.say(words, { reason: this.#reason({ code }) }) : this.#reason({ code })];
      });
    }

    #note(name, kind, content) {
      if (content) this.#notes.set(name, [kind, content]);
      else this.#notes.delete(name);
      this.#drawNoteList();
    }

    #drawNoteList() {
      const { notes, h } = this.#parts;
      if (!notes) return;
      const { warnings = [], sources = [] } = this.#answer ?? {};
      const silent = !this.#waits && this.#sources(sources.filter((one) => one.outcome === "unavailable").map((one) => one.source));
      notes.replaceChildren(...[...this.#notes.values()].map(([kind, content]) => box(kind, make("div", { class: "ml-said" }, icon({ stop: "cross", ok: "check" }[kind] ?? "cloud", kind), make("div", {}, content)))),
        silent ? box("wait", sign("cloud", "wait", this.say("unavailable", { source: silent }), "."), buttons(button(this.say("retry"), () => this.#again()))) : "",
        ...(warnings.length ? [make("section", { class: "ml-box ml-wait" }, make(h, {}, icon("warning", "wait"), this.say("warnings")), list(warnings.map((one) => bdi(one.for_citizen[this.#lang]))))] : []));
    }

    /** A refusal in words: what happened, what it means, the reference. */
    #words(error, head) {
      const body = error instanceof Problem ? error.body : {};
      const words = (this.vi ? body.title_vi : body.title) ?? body.title ?? this.text("unreachable");
      const detail = (this.vi ? body.detail_vi : body.detail) ?? "";
      return [strong(this.say(head)), ". ", words, detail ? `. ${upper(detail)}` : "", body.exchange_id ? [" ", this.text("referenceId", { id: body.exchange_id })] : ""].flat();
    }

    #failed(error) {
      const again = button(this.say("retry"), () => (this.#about ? this.#again() : this.reload()));
      const isRefused = error instanceof Problem && error.isRefused;
      const words = [para(this.#words(error, "failed")), this.#about ? para(this.say(isRefused ? "refusedHint" : "failedHint")) : "", isRefused ? "" : buttons(again)];
      if (this.#about) {
        this.#note("failed", "stop", words);
        kept(this, () => this.#draw());
      } else {
        this.replaceChildren(make("div", { class: "ml-box ml-stop", role: "alert" }, words));
      }
      this.#lost(error);
    }

    /** The page gets the code; a fault of this script is also one of the page. */
    #lost(error) {
      this.#emit("error", { code: error instanceof Problem ? error.message : "form_broken" });
      if (!(error instanceof Problem)) reportError(error);
    }

    /* -------------------------------------------------------------------------------- errors, check, submit */

    #wrong(field) {
      const { schema, value } = field;
      const label = this.#long(field);
      if (this.#isAsked(field)) return this.text("choose", { label: label.toLowerCase() });
      if (isBlank(value)) return field.required ? this.text("missing", { label: label.toLowerCase() }) : "";
      if (!field.typed) return "";
      return this.#wrongValue(schema, value, label);
    }

    #wrongValue(schema, value, label) {
      if (schema.type === "object") return Object.entries(schema.properties ?? {}).map(([name, one]) => (isBlank(value[name]) ? "" : this.#wrongValue(one, value[name], title(one, this.vi)))).find(Boolean) ?? "";
      if (Array.isArray(value)) return value.map((one) => this.#wrongValue(schema.items ?? {}, one, label)).find(Boolean) ?? "";
      if ((schema.type === "number" || schema.type === "integer") && typeof value !== "number") return this.text("badValue", { label });
      if (schema["x-widget"] === "date" && !isDate(value)) return this.text("badDate", { label });
      if (schema["x-widget"] === "email" && !/^[^\s@]+@[^\s@]+$/.test(value)) return this.text("badValue", { label });
      if (new RegExp(schema.pattern ?? "", "u").test(value)) return "";
      const digits = /^\^\[0-9\]\{(\d+)\}\$$/.exec(schema.pattern);
      return digits ? this.text("badDigits", { label, n: digits[1] }) : this.text("badValue", { label });
    }

    /** To the page before submitting: values are complete, and papers decided by them. */
    async #check(isDecided = false) {
      const asks = !isDecided && this.#isOutdated();
      if (this.#firstWrong(asks) || this.#busy) return;
      if (!asks) this.#show("check");
      else if (await this.#again()) this.#check(true);
    }

    /** What is wrong first; all of it is said in the form. `asks`: the next answer may fill what nobody typed. */
    #firstWrong(asks) {
      const bad = this.#fields.filter((one) => one.box && !one.box.hidden && (one.typed || !asks))
        .map((one) => [one, this.#wrong(one)]).filter(([, text]) => text);
      if (bad[0]) this.#show("form");
      this.#markWrong(bad);
      return bad[0];
    }

    /** Asks for the data again, as `#prefill` does. False: the form is another one meanwhile. */
    async #again(wanted) {
      if (this.#busy) return false;
      const run = this.#run;
      this.#busy = true;
      mark(this.#parts.go, "aria-disabled", true);
      try {
        await this.#prefill(run, wanted);
      } catch (error) {
        if (run === this.#run) this.#failed(error);
      }
      if (run === this.#run) this.#busy = false;
      return run === this.#run;
    }

    /** Errors: a summary with links, focused, and one at each field. */
    #markWrong(bad) {
      for (const field of this.#fields) {
        field.error = bad.find(([one]) => one === field)?.[1] ?? "";
        if (field.box && field.slots) this.#drawNotes(field);
      }
      this.#drawErrors();
      if (bad.length) this.#parts.errors.focus();
    }

    #drawErrors() {
      const { errors, h } = this.#parts;
      const bad = this.#fields.filter((one) => one.error);
      errors.hidden = !bad.length;
      errors.replaceChildren(make(h, {}, icon("cross", "stop"), span(this.say("errors", { n: bad.length }))), list(bad.map((one) => this.#jump(one, upper(one.error)))));
    }

    #show(step) {
      const { actions, body, check, form, go } = this.#parts;
      if (!form) return;
      const isNew = step !== this.#step;
      this.#step = step;
      body.hidden = step === "check";
      check.hidden = step !== "check";
      if (step === "check") this.#drawCheck();
      else actions.replaceChildren(go, ...(this.hasAttribute("draft") ? [button(this.say("draft"), () => this.#emit("draft", { values: this.draft }))] : []));
      if (isNew) (step === "check" ? check.firstChild : go).focus();
    }

    #drawCheck() {
      const { actions, check, h, h3, files } = this.#parts;
      const words = (field) => {
        if (isBlank(field.value)) return "";
        if (field.typed || field.entry.state === "kept") return this.#who(field)[2];
        return field.entry.evidence && !this.#isRefused(field) ? this.say("from", this.#by(field.entry.evidence)) : "";
      };
      const groups = this.#groups.map((group) => {
        const own = this.#fields.filter((one) => one.schema["x-role"] === group.name && this.#applies(one));
        return own.length ? [make(h3, {}, this.#titled(group)), make("dl", { class: "ml-answers" }, own.map((one) => pair(this.#label(one), (isBlank(one.value) && !this.#isRefused(one) && this.#why(one)?.[2]) || this.#display(one), make("span", { class: "ml-small" }, words(one)), this.#stale(one))))] : [];
      });
      const refused = new Set([...this.#unused.values()].map((one) => this.#source(one.source)));
      const papers = this.#required();
      const tasks = this.#tasks();
      const own = this.#ownFields();
      const submit = make("button", { type: "button", class: "ml-button ml-main", "aria-disabled": this.#waits || this.#busy || tasks ? "true" : null, "aria-describedby": `${this.#id}-wait`, onclick: () => this.#submit() }, this.say("submit"));
      const back = button(this.say("back"), () => this.#show("form"));
      const draw = () => check.replaceChildren(make(h, { class: "ml-head", tabindex: "-1" }, this.say("check")), ...groups.flat(),
        ...(papers.length ? [make(h3, {}, this.say("papers")), make("dl", { class: "ml-answers" }, papers.map((one) => pair(anchor(`${this.#id}-paper-${one.code}`, bdi(this.#titled(one)), () => document.getElementById(`${this.#id}-paper-${one.code}`).focus()), this.#fileName(one))))] : []),
        ...(refused.size ? [make(h3, {}, this.say("unused")), list([...refused])] : []),
        own.length ? box("own", list(own.map((one) => this.say("own", { label: this.#label(one).toLowerCase() }))), small(this.say("ownHint", { until: moment(endOf(own)).day }))) : "",
        make("div", { id: `${this.#id}-wait` }, this.#waits ? sign("clock", "wait", this.say("wait", { source: this.#waitingFor() })) : tasks ? sign("pencil", "doubt", tasks) : ""));
      kept(this, () => { draw(); actions.replaceChildren(submit, back); });
    }

    #values() {
      const found = {};
      for (const field of this.#fields) {
        if (isBlank(field.value) || !this.#applies(field)) continue;
        const names = field.key.split(".");
        const last = names.pop();
        names.reduce((into, name) => (into[name] ??= {}), found)[last] = field.value;
      }
      return found;
    }

    async #submit() {
      if (this.#busy || this.#waits || this.#firstWrong()) return;
      this.#busy = true;
      for (const name of ["send", "own"]) this.#note(name, "", null);
      try {
        if (await this.#decide()) this.#send(await this.#keepOwn());
      } catch (error) {
        this.#note("send", "stop", alert("", this.#words(error, "unsent")));
        this.#lost(error);
      } finally {
        this.#busy = false;
        if (this.#step === "check") this.#drawCheck();
      }
    }

    /** Sends what the person refused of an exchange, once. */
    async #record() {
      if (this.#decided || !this.#answer?.preview) return null;
      const all = Object.keys(this.#answer.evidence);
      const refused = all.filter((one) => this.#refused.has(one));
      const done = await this.#call("POST", "/decision", { exchange_id: this.#answer.exchange_id, accepted: all.filter((one) => !this.#refused.has(one)), refused });
      this.#decided = true;
      this.#emit("decision", { exchange_id: this.#answer.exchange_id, accepted: all.length - refused.length, refused: refused.length });
      return done;
    }

    /** False: papers changed by what was refused, so that they are looked at first. */
    async #decide() {
      const before = this.#required().map((one) => one.code);
      const done = await this.#record();
      if (!done) return true;
      // the evidence that was refused is named on, for its words
      if (done.papers) this.#answer = { ...this.#answer, papers: done.papers, warnings: done.warnings ?? [] };
      const isMore = this.#papers().some((one) => one.state === "required" && !before.includes(one.code));
      if (isMore) this.#note("send", "wait", alert("", this.say("papersChanged")));
      this.#around();
      return !isMore;
    }

    /** Ends the consent to keep own data, or says that it stands. */
    async #withdraw() {
      const { consent } = this.#keeping;
      const note = (kind, word) => this.#note("own", kind, alert("", this.say(word)));
      this.#keeping = null;
      try {
        await this.#call("POST", "/withdraw", { consent });
        note("ok", "ownEnded");
      } catch (error) {
        note("wait", "ownStands");
        this.#lost(error);
      }
    }

    #ownFields() { return this.#fields.filter((one) => one.isKept && !isBlank(one.value)); }

    /** The consent under which own data are kept: one for what is ticked. Null: nothing is. */
    async #keepOwn() {
      const fields = this.#ownFields();
      const keep = fields.map((one) => one.schema["x-keep"].attribute);
      if (this.#keeping && String(this.#keeping.keep) !== String(keep)) await this.#withdraw();
      if (!keep.length) return { consent: null, keep };
      return this.#keeping ??= { consent: await this.#give("keep_own_data", "own_data.kept", keep, endOf(fields)), keep };
    }

    #send({ consent, keep }) {
      const files = Object.fromEntries([...this.#parts.files].filter(([, one]) => one.isConnected && one.files.length).map(([code, one]) => [code, one.files[0]]));
      const detail = { procedure: this.#about.procedure.code, exchange_id: this.#answer?.exchange_id ?? null, values: this.#values(), refused: [...this.#refused], reported: this.#fields.filter((one) => one.isReported).map((one) => one.key), consent, keep, files };
      if (!this.#emit("submit", detail, true)) return;
      if (!this.hasAttribute("action")) {
        console.error("motlan-form: set `action`, or call preventDefault() at `submit`");
        throw new Problem({ code: "no_action", title: this.text("nowhere") });
      }
      const { form } = this.#parts;
      form.addEventListener("formdata", ({ formData }) => {
        formData.set("motlan", JSON.stringify({ ...detail, files: undefined }));
        if (this.#csrf) formData.set("csrf", this.#csrf);
      }, { once: true });
      HTMLFormElement.prototype.submit.call(form);
    }
  }

  /** The style sheet beside this script, unless the page has it. */
  function loadStyle() {
    const script = document.querySelector('script[src*="motlan-form.js"]');
    if (!script || document.querySelector('link[href*="motlan-form.css"]')) return;
    document.head.append(make("link", { rel: "stylesheet", href: new URL("motlan-form.css", script.src) }));
  }

  if (!customElements.get("motlan-form")) customElements.define("motlan-form", MotlanForm);
})();
