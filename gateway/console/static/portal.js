"use strict";
// Sends what <motlan-form> gives: files first, then the form; then follows the dossier. Only textContent is written.
// In a block of its own: scripts of one page share their names.
{
  const form = document.querySelector("motlan-form");
  const said = document.getElementById("sending");
  const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";
  const isVietnamese = document.documentElement.lang !== "en";
  let isSending = false;

  class Problem extends Error {
    constructor(body) { super("problem"); this.body = body; }
  }

  async function call(path, body, headers = {}) {
    const address = `${form.getAttribute("src")}/${encodeURIComponent(form.getAttribute("procedure"))}${path}`;
    const answer = await fetch(address, { method: "POST", body, credentials: "same-origin", headers: { Accept: "application/json", "X-CSRF-Token": csrf, ...headers } });
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Problem(found);
    return found;
  }

  async function sendFile(file) {
    const name = encodeURIComponent(file.name.slice(-100)).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
    const headers = { "Content-Type": file.type || "application/octet-stream", "Content-Disposition": `attachment; filename*=UTF-8''${name}` };
    return { file: (await call("/files", file, headers)).file, file_name: file.name.slice(-300) };
  }

  function line(text) {
    const made = document.createElement("p");
    made.textContent = text;
    return made;
  }

  function tell(...lines) {
    said.replaceChildren(...lines.filter(Boolean).map(line));
  }

  function tellProblem(body) {
    const words = isVietnamese ? [body.title_vi, body.detail_vi] : [body.title, body.detail];
    said.className = "notice stop";
    tell([said.dataset.failed, ...words.filter(Boolean)].join(" "), said.dataset.again, body.exchange_id && `${said.dataset.reference}: ${body.exchange_id}`);
    const faults = (body.errors ?? []).filter((one) => one.pointer.startsWith("/values/"));
    // papers to add
    const papers = (body.errors ?? []).filter((one) => one.pointer.startsWith("/papers/"));
    for (const one of papers) said.append(line(isVietnamese ? one.detail_vi : one.detail));
    if (faults.length) form.showErrors(Object.fromEntries(faults.map((one) => [one.pointer.slice(8), isVietnamese ? one.detail_vi : one.detail])));
    said.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    said.className = "notice lam";
    tell(said.dataset.working);
    const { exchange_id: exchange, values, consent, files } = event.detail;
    try {
      const papers = {};
      for (const [code, file] of Object.entries(files)) papers[code] = await sendFile(file);
      const sent = { exchange_id: exchange ?? form.dataset.blank, values, papers, ...(consent && { consent }) };
      location.assign((await call("/submit", JSON.stringify(sent), { "Content-Type": "application/json" })).url);
    } catch (error) {
      isSending = false;
      tellProblem(error instanceof Problem ? error.body : {});
    }
  });
}
