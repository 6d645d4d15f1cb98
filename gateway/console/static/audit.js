// The auditor's pages: proofs verified in the browser (RFC 9162, C2SP signed notes), export with progress.
// The server's verdict counts for nothing here: it gives the bytes, and this file computes. The story is the server's. Only textContent is written.

const ENCODED = new TextEncoder();
const MOST_SIGNATURES = 100;

// ---- hashes and trees (RFC 9162, section 2.1) -------------------------------------------------------------------

/** SHA-256 of some bytes in a row. */
async function sha256(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of parts) {
    whole.set(one, at);
    at += one.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);
/** The hash of a record, computed from its text. */
export const leafHash = (leaf) => sha256(Uint8Array.of(0), ENCODED.encode(leaf));
export const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
const equal = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
const isOdd = (number) => number % 2 === 1;
const half = (number) => Math.floor(number / 2);
const isCount = (number) => Number.isSafeInteger(number) && number >= 0;

export function unhex(text) {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error("a hash has 64 hex digits");
  return Uint8Array.from(text.match(/../g), (two) => parseInt(two, 16));
}

/** The root that a leaf hash and its path give (2.1.3.2); null for a path that does not fit the place. */
export async function rootOfPath(leaf, index, size, path) {
  if (!isCount(index) || !isCount(size) || index >= size) return null;
  let [place, last, computed] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return null;
    if (isOdd(place) || place === last) {
      computed = await nodeHash(sibling, computed);
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      computed = await nodeHash(computed, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 ? computed : null;
}

/** Whether the newer tree begins with all records of the older one, in order (2.1.4.2). */
export async function hasOnlyGrown(older, newer, path) {
  if (!isCount(older.size) || !isCount(newer.size) || older.size > newer.size) return false;
  if (older.size === newer.size) return path.length === 0 && equal(older.root, newer.root);
  if (older.size === 0) return path.length === 0 && equal(older.root, await sha256());
  let [place, last] = [older.size - 1, newer.size - 1];
  while (isOdd(place)) [place, last] = [half(place), half(last)];
  // An older tree that is one perfect subtree is known already: its root begins the path.
  const [first, ...rest] = place === 0 ? [older.root, ...path] : path;
  if (first === undefined) return false;
  let [before, after] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(place) || place === last) {
      before = await nodeHash(sibling, before);
      after = await nodeHash(sibling, after);
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      after = await nodeHash(after, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && equal(before, older.root) && equal(after, newer.root);
}

// ---- signed notes (C2SP signed-note, tlog-checkpoint; Ed25519) --------------------------------------------------

/** Bytes of canonical base64; a signature has one form only. */
function unbase64(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  if (btoa(String.fromCharCode(...bytes)) !== text) throw new Error("base64 in another form");
  return bytes;
}

/** Text and signature lines of a note, unverified. */
function splitNote(note) {
  const gap = note.lastIndexOf("\n\n");
  const lines = note.slice(gap + 2);
  // eslint-disable-next-line no-control-regex
  if (gap < 0 || !lines.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(note)) throw new Error("no signed note");
  const signatures = lines.slice(0, -1).split("\n");
  if (signatures.length > MOST_SIGNATURES) throw new Error("too many signatures");
  return [note.slice(0, gap + 1), signatures];
}

/** Name, size and root of a checkpoint, unverified. */
export function readCheckpoint(note) {
  const [text] = splitNote(note);
  const [origin, size, root] = text.split("\n");
  if (!origin || !/^(0|[1-9][0-9]{0,15})$/.test(size)) throw new Error("no checkpoint");
  const bytes = unbase64(root);
  if (bytes.length !== 32) throw new Error("a root has 32 bytes");
  return { origin, size: Number(size), root: bytes };
}

/** The checkpoint, if its log's key signed it; else an error. `vkey`: name+id+base64 (type and 32 bytes). */
export async function openCheckpoint(note, vkey) {
  const parts = vkey.split("+");
  const [name, id, encoded] = [parts[0], parts[1], parts.slice(2).join("+")];
  const key = unbase64(encoded);
  const digest = await sha256(ENCODED.encode(`${name}\n`), key);
  if (key.length !== 33 || key[0] !== 1 || hex(digest.slice(0, 4)) !== id) throw new Error("no public key of a log");
  const [text, lines] = splitNote(note);
  const checkpoint = readCheckpoint(note);
  if (checkpoint.origin !== name) throw new Error("another log");
  const line = lines.find((one) => one.startsWith(`— ${name} `) && hex(unbase64(one.split(" ")[2]).slice(0, 4)) === id);
  if (line === undefined) throw new NotSigned();
  const imported = await crypto.subtle.importKey("raw", key.slice(1), { name: "Ed25519" }, false, ["verify"]);
  const signature = unbase64(line.split(" ")[2]).slice(4);
  if (!(await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, ENCODED.encode(text)))) {
    throw new NotSigned();
  }
  return checkpoint;
}

/** The signature of a note is missing or wrong. */
export class NotSigned extends Error {}

/** The checkpoint under any of the log's keys, the one in use first. */
async function openedByAny(note, vkeys) {
  let failed = new NotSigned();
  for (const vkey of vkeys) {
    try {
      return await openCheckpoint(note, vkey);
    } catch (error) {
      if (isUnsupported(error)) throw error;
      failed = error;
    }
  }
  throw failed;
}

/** Whether the browser lacks what is needed: http elsewhere than on this machine, or no Ed25519. */
const isUnsupported = (error) => globalThis.crypto?.subtle === undefined || error?.name === "NotSupportedError";

/** The exchange that a record names; blank for what is no record. */
function exchangeOf(leaf) {
  try {
    return String(JSON.parse(leaf).exchange);
  } catch {
    return "";
  }
}

/** The root of a path as it was received; null for what is no path. */
async function rootOfReceived(hash, proof) {
  try {
    return await rootOfPath(unhex(hash), proof.leaf_index, proof.tree_size, proof.hashes.map(unhex));
  } catch (error) {
    if (isUnsupported(error)) throw error;
    return null;
  }
}

// ---- the proof of an exchange -----------------------------------------------------------------------------------

/** Each step, true or false, of all records: hashed, path, root, signature. */
export async function verifyEvidence(evidence, exchange, shownHashes) {
  const hashes = [];
  const done = { hashed: true, path: true, root: true, signature: true };
  for (const one of evidence.proofs) {
    const hash = await leafHash(one.leaf);
    hashes.push(hex(hash));
    // The bytes in the proof have the hash that stands on the page, and are of this exchange. The words on the page
    // are the server's: no hash ties them to these bytes.
    const isShown = shownHashes.includes(hex(hash)) && hex(hash) === one.leaf_hash;
    if (!isShown || exchangeOf(one.leaf) !== exchange) done.hashed = false;
  }
  if (shownHashes.some((one) => !hashes.includes(one))) done.hashed = false;
  let head = null;
  try {
    head = await openedByAny(evidence.checkpoint, evidence.vkeys);
  } catch (error) {
    if (isUnsupported(error)) throw error;
    done.signature = false;
  }
  for (const [at, one] of evidence.proofs.entries()) {
    const root = await rootOfReceived(hashes[at], one);
    if (root === null) done.path = false;
    const isSigned = head !== null && root !== null && one.tree_size === head.size && equal(root, head.root);
    if (!isSigned) done.root = false;
  }
  return { ...done, hashes, checkpoint: head };
}

const shortHash = (text) => `${text.slice(0, 8)}…${text.slice(-6)}`;
const clock = () => new Date().toLocaleTimeString("vi-VN", { hour12: false, timeZone: "Asia/Ho_Chi_Minh" });

/** One verdict is shown: each `data-verdict` of that name. */
function showVerdict(panel, name) {
  for (const one of panel.querySelectorAll("[data-verdict]")) one.hidden = one.dataset.verdict !== name;
  for (const one of panel.querySelectorAll(`[data-verdict="${name}"] [data-now]`)) one.textContent = clock();
  panel.dataset.state = name;
}

function showSteps(panel, found) {
  for (const step of panel.querySelectorAll("[data-step]")) {
    const is = found[step.dataset.step];
    step.dataset.done = is ? "yes" : "no";
    for (const one of step.querySelectorAll("[data-if]")) one.hidden = one.dataset.if !== step.dataset.done;
  }
  const list = panel.querySelector("[data-hashes]");
  if (list !== null) list.textContent = found.hashes.map(shortHash).join(" ");
  panel.querySelector("[data-steps]")?.removeAttribute("hidden");
}

/** What was received, as a file to confront the operator with. */
function offerDownload(panel, evidence) {
  const link = panel.querySelector("[data-download]");
  if (link === null) return;
  const file = new Blob([JSON.stringify(evidence, null, 1)], { type: "application/json" });
  link.href = URL.createObjectURL(file);
  link.hidden = false;
}

async function proveExchange(panel) {
  panel.setAttribute("aria-busy", "true");
  showVerdict(panel, "working");
  try {
    const answer = await fetch(panel.dataset.source, { headers: { Accept: "application/json" } });
    if (!answer.ok) return showVerdict(panel, "unknown");
    const evidence = await answer.json();
    if (evidence.proofs.length === 0) return showVerdict(panel, evidence.waiting > 0 ? "waiting" : "unknown");
    const shown = [...document.querySelectorAll("[data-leaf]")].map((one) => one.dataset.leaf);
    const found = await verifyEvidence(evidence, panel.dataset.exchange, shown);
    showSteps(panel, found);
    const isGood = found.hashed && found.path && found.root && found.signature;
    if (!isGood) offerDownload(panel, evidence);
    return showVerdict(panel, isGood ? (evidence.waiting > 0 ? "partly" : "included") : "altered");
  } catch (error) {
    return showVerdict(panel, isUnsupported(error) ? "unable" : "unknown");
  } finally {
    panel.removeAttribute("aria-busy");
  }
}

// ---- two checkpoints --------------------------------------------------------------------------------------------

async function proveGrowth(panel) {
  const given = JSON.parse(panel.querySelector("[data-growth]").textContent);
  try {
    const ends = [];
    for (const side of ["older", "newer"]) {
      const one = given[side];
      const read = one.note ? await openedByAny(one.note, given.vkeys) : { size: one.size, root: unhex(one.root) };
      ends.push(read);
    }
    // A size alone is no evidence: the newer end, or one that it leads to, is what the log signed.
    const head = await openedByAny(given.head, given.vkeys);
    const isTied = given.tie === null ? true : await hasOnlyGrown(ends[1], head, given.tie.map(unhex));
    const isGrown = isTied && (await hasOnlyGrown(ends[0], ends[1], given.proof.map(unhex)));
    showVerdict(panel, isGrown ? "grown" : "unproven");
  } catch (error) {
    showVerdict(panel, isUnsupported(error) ? "unable" : "unproven");
  }
}

// ---- export -----------------------------------------------------------------------------------------------------

const LINE_FEED = 10;
/** Larger files are hashed by command: the digest needs the whole file in memory. */
const MOST_HASHED = 256 * 1024 * 1024;

function countLines(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count += 1;
  return count;
}

/** The export as a stream: progress, stop, digest; the plain form does the same without progress. */
async function exportFile(form) {
  const panel = document.querySelector("[data-export]");
  const bar = panel.querySelector("progress");
  const said = panel.querySelector("[data-progress]");
  const stop = new AbortController();
  panel.hidden = false;
  showVerdict(panel, "working");
  panel.querySelector("[data-stop]").addEventListener("click", () => stop.abort(), { once: true });
  let [chunks, received, spoken] = [[], 0, 0];
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, signal: stop.signal });
    if (!answer.ok) return showVerdict(panel, "failed");
    const named = /filename="([\w.-]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
    for (const reader = answer.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      received += countLines(value);
      bar.value = received;
      const share = Math.min(100, Math.floor((100 * received) / Math.max(1, bar.max)));
      // spoken each quarter, not each line
      if (share >= spoken + 25) {
        spoken = share - (share % 25);
        said.textContent = `${spoken} %`;
      }
    }
    const file = new Blob(chunks, { type: answer.headers.get("Content-Type") ?? "" });
    chunks = [];
    bar.value = bar.max;
    const link = panel.querySelector("[data-file]");
    link.href = URL.createObjectURL(file);
    link.download = named ? named[1] : "export";
    link.click();
    const isSmall = file.size <= MOST_HASHED && globalThis.crypto?.subtle !== undefined;
    panel.querySelector("[data-digest]").textContent = isSmall
      ? hex(await sha256(new Uint8Array(await file.arrayBuffer())))
      : `sha256sum ${link.download}`;
    return showVerdict(panel, "ready");
  } catch (error) {
    return showVerdict(panel, error?.name === "AbortError" ? "stopped" : "failed");
  }
}

// ---- the page ---------------------------------------------------------------------------------------------------

function begin() {
  for (const panel of document.querySelectorAll("[data-proof]")) {
    proveExchange(panel);
    const again = panel.querySelector("[data-again]");
    if (again === null) continue;
    again.hidden = false;
    again.addEventListener("click", () => proveExchange(panel));
  }
  for (const panel of document.querySelectorAll("[data-compare]")) proveGrowth(panel);
  for (const form of document.querySelectorAll("form[data-stream]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      exportFile(form);
    });
  }
  // Who it is about is on the screen for a minute, and not on the way back.
  for (const one of document.querySelectorAll("[data-close]")) {
    const leave = () => {
      one.remove();
      location.replace(one.dataset.to);
    };
    setTimeout(leave, 1000 * Number(one.dataset.close));
    addEventListener("pageshow", (event) => event.persisted && leave());
  }
}

if (globalThis.document !== undefined) begin();
