"use strict";
// Sends what <motlan-form> gives: files first, then the form; then follows the dossier. Only textContent is written.
// In a block of its own: scripts of one page share their names.
{
  const form = document.querySelector("motlan-form");
  const notice = document.getElementById("sending");
  const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";
  const isVietnamese = document.documentElement.lang !== "en";
  const told = new Set(); // dossiers that the page announced
  let isSending = false;
  let isDone = false;
  let mayBeSent = false; // a submit was taken, or nobody knows whether it was
  let isOver = false; // the session of this page has ended
  let exchange = form.dataset.blank;

  class Problem extends Error {
    constructor(body, status) { super("problem"); this.body = body; this.status = status; }
  }

  async function call(path, body, headers = {}) {
    const address = `${form.getAttribute("src")}/${encodeURIComponent(form.getAttribute("procedure"))}${path}`;
    const answer = await fetch(address, { method: "POST", body, credentials: "same-origin", headers: { Accept: "application/json", "X-CSRF-Token": csrf, ...headers } });
    if (!answer.ok) throw new Problem(await answer.json().catch(() => ({})), answer.status);
    return answer.json();
  }

  async function sendFile(file) {
    const name = encodeURIComponent(file.name.slice(-100)).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
    const headers = { "Content-Type": file.type || "application/octet-stream", "Content-Disposition": `attachment; filename*=UTF-8''${name}` };
    return { file: (await call("/files", file, headers)).file, file_name: file.name.slice(-300) };
  }

  function paragraph(text) {
    const made = document.createElement("p");
    made.textContent = text;
    return made;
  }

  const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;

  function show(...lines) {
    notice.replaceChildren(...lines.filter(Boolean).map(paragraph));
  }

  /** A link below the notice. */
  function appendLink(url, words, more = {}) {
    const link = document.createElement("a");
    Object.assign(link, { href: url, textContent: words, ...more });
    notice.append(link);
  }

  function appendMine() {
    appendLink("/portal/dossiers", notice.dataset.mine, { target: "_blank", rel: "noopener" });
  }

  function showSessionOver() {
    isOver = true;
    const { over, unsent, stays, unknown, look } = notice.dataset;
    notice.className = "notice wait";
    if (mayBeSent) show(`${over} ${unknown}`, look);
    else show(`${over} ${unsent}`, stays);
    appendLink(location.pathname, notice.dataset.signIn, { target: "_blank", rel: "noopener" });
    if (mayBeSent) appendMine();
    notice.focus();
  }

  /** The server was asked to take the dossier, and nobody knows whether it did. */
  function showUnconfirmed(body, advice) {
    notice.className = "notice wait";
    show(notice.dataset.unknown, advice, body.exchange_id && `${notice.dataset.reference}: ${body.exchange_id}`);
    appendMine();
    notice.focus();
  }

  /** It was sent before, or is being sent: what happened, what it means, what one can do, the reference, the way to it. */
  function showConflict(words, body) {
    notice.className = "notice wait";
    const isSent = body.code === "dossier_sent";
    const detail = isSent && (isVietnamese ? body.detail_vi : body.detail);
    notice.replaceChildren(words.content.cloneNode(true), ...[detail, `${notice.dataset.reference}: ${body.exchange_id}`].filter(Boolean).map(paragraph));
    if (body.code === "other_session" && mayBeSent) {
      notice.append(paragraph(`${notice.dataset.unknown} ${notice.dataset.look}`));
      appendMine();
    }
    isOver ||= body.code === "other_session";
    if (body.code === "other_session") appendLink(location.pathname, notice.dataset.open, { target: "_blank", rel: "noopener" });
    if (body.url) appendLink(body.url, isSent ? notice.dataset.dossier : notice.dataset.mine);
    notice.focus();
  }

  function showProblem(body, status) {
    const known = document.getElementById(`conflict-${body.code}`);
    if (known) { showConflict(known, body); return; }
    const words = isVietnamese ? [body.title_vi, body.detail_vi] : [body.title, body.detail];
    notice.className = "notice stop";
    // what a rule refuses is refused again; a form with errors is sent when they are mended
    const advice = body.errors?.length ? notice.dataset.mend : [400, 403, 404, 422].includes(status) && !body.retry_after ? notice.dataset.left : notice.dataset.again;
    show([mayBeSent ? notice.dataset.unknown : notice.dataset.failed, ...words.filter(Boolean).map(sentence)].join(" "), advice, body.exchange_id && `${notice.dataset.reference}: ${body.exchange_id}`);
    // papers to add
    const papers = (body.errors ?? []).filter((one) => one.pointer.startsWith("/papers/"));
    for (const one of papers) notice.append(paragraph(isVietnamese ? one.detail_vi : one.detail));
    const faults = (body.errors ?? []).filter((one) => one.pointer.startsWith("/values/"));
    // a field may be an object itself, or lie in one: whichever of the names the form knows
    const named = (one) => one.pointer.slice(8).split("/").map((_, at, parts) => [parts.slice(0, at + 1).join("."), isVietnamese ? one.detail_vi : one.detail]);
    if (faults.length) form.showErrors(Object.fromEntries(faults.flatMap(named)));
    notice.focus();
  }

  // what the form itself asked
  form.addEventListener("error", (event) => { if (event.detail?.code === "session_over") showSessionOver(); });

  form.addEventListener("prefill", (event) => { exchange = event.detail.exchange_id; });

  /** Says which dossiers another window sent since this form was opened, each once; whether there was one. */
  async function tellOfSent() {
    const address = `${form.getAttribute("src")}/${encodeURIComponent(form.getAttribute("procedure"))}/sent`;
    const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return false; // sending says what is the matter
    const fresh = (await answer.json()).dossiers.filter((one) => one.exchange !== exchange && !told.has(one.code));
    if (!fresh.length) return false;
    const newest = fresh[fresh.length - 1];
    fresh.forEach((one) => told.add(one.code));
    notice.className = "notice wait";
    const words = document.getElementById("sent-meanwhile").content.cloneNode(true);
    words.querySelector('[data-part="dossier"]').textContent = `${newest.code}, ${newest.at}.`;
    notice.replaceChildren(words);
    appendLink(newest.url, notice.dataset.dossier, { target: "_blank", rel: "noopener" });
    return true;
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !isSending) tellOfSent(); });

  const asJson = { "Content-Type": "application/json" };
  const textOf = (values) => JSON.stringify(Object.entries(values).sort());
  let kept = textOf({}); // what the server has of what was typed
  async function keepDraft(values) {
    await call("/draft", JSON.stringify({ values }), asJson);
    kept = textOf(values);
  }

  form.addEventListener("draft", async (event) => {
    try {
      await keepDraft(event.detail.values);
      notice.className = "notice lam";
      show(notice.dataset.kept);
    } catch (error) {
      if (error.status === 401) showSessionOver();
      else showProblem(error.body ?? {}, error.status);
    }
  });

  const draft = document.getElementById("draft");
  if (draft) {
    draft.hidden = false;
    draft.querySelector('[value="open"]').addEventListener("click", () => {
      form.draft = JSON.parse(draft.dataset.values);
      kept = textOf(form.draft);
      draft.remove();
    });
    draft.querySelector('[value="drop"]').addEventListener("click", () => { keepDraft({}).catch(() => {}); draft.remove(); });
  }

  // the browser asks before what was typed, or a chosen file, is lost
  addEventListener("beforeunload", (event) => {
    const isTyped = textOf(form.draft) !== kept && Object.keys(form.draft).length;
    if (!isDone && (isTyped || [...form.querySelectorAll("input[type=file]")].some((one) => one.files.length))) event.preventDefault();
  });

  // the page in the other language offers what was typed in this one
  document.querySelector("a[hreflang]")?.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !Object.keys(form.draft).length) return;
    const { href } = event.currentTarget;
    event.preventDefault();
    await keepDraft({ ...(draft?.isConnected && JSON.parse(draft.dataset.values)), ...form.draft }).catch(() => {});
    location.assign(href);
  });

  // What was typed before the session ended: a form that the same person opens for the same people in this browser asks
  // for it, and the page whose session has ended gives it. Nothing is stored.
  const windows = new BroadcastChannel("motlan-typed");
  const { whose, blank } = form.dataset;
  windows.addEventListener("message", ({ data }) => {
    if (data.whose !== whose) return;
    if (data.to === blank) offerTyped(data.values);
    else if (data.from && isOver && Object.keys(form.draft).length) windows.postMessage({ whose, to: data.from, values: form.draft });
  });
  windows.postMessage({ whose, from: blank });

  /** What is typed here meanwhile stays. */
  function offerTyped(values) {
    const place = document.getElementById("typed-before");
    place.replaceChildren(document.getElementById("typed-before-words").content.cloneNode(true));
    place.querySelector('[value="take"]').addEventListener("click", () => { form.draft = { ...values, ...form.draft }; place.replaceChildren(); });
    place.querySelector('[value="leave"]').addEventListener("click", () => place.replaceChildren());
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    notice.className = "notice lam";
    show(notice.dataset.working);
    const { values, consent, files } = event.detail;
    exchange = event.detail.exchange_id ?? form.dataset.blank;
    if (await tellOfSent()) { isSending = false; notice.focus(); return; }
    let isAsked = false;
    try {
      const papers = {};
      for (const [code, file] of Object.entries(files)) papers[code] = await sendFile(file);
      const sent = { exchange_id: exchange, values, papers, ...(consent && { consent }) };
      isAsked = true;
      const { url } = await call("/submit", JSON.stringify(sent), asJson);
      isDone = true;
      location.assign(url);
    } catch (error) {
      isSending = false;
      const { body = {}, status = 500 } = error;
      // an answer of a gateway before this one may be 404 or 413 too
      const isUnknown = status >= 500 || status === 404 || status === 413;
      if (isAsked && (isUnknown || status === 409)) mayBeSent = true;
      if (status === 401) showSessionOver();
      else if (isAsked && status >= 500) showUnconfirmed(body, notice.dataset.safely);
      else if (mayBeSent && (isUnknown || (status === 403 && body.code !== "other_session"))) showUnconfirmed(body, notice.dataset.look);
      else showProblem(body, status);
    }
  });
}
