"use strict";
// Live parts of the operators' pages. Text goes in by textContent, into cells that stand already: never a new order.

{
  const POLITE_MS = 30000;
  // as the server writes times: those of Việt Nam, wherever the browser is
  const clock = new Intl.DateTimeFormat("vi-VN", {
    timeZone: "Asia/Ho_Chi_Minh", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });
  const now = () => clock.format(new Date());

  // `{n}`, `{time}` and their like of a sentence
  function filled(sentence, places) {
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in places ? String(places[name]) : whole));
  }

  // The polite line: one sentence in 30 seconds; at once when the stream breaks, comes back or ends.
  class Line {
    constructor(element) {
      this.element = element;
      this.said = Date.now();
      this.at = now();
      this.broken = false;
    }

    arrived(sentence) {
      this.at = now();
      if (!this.broken && Date.now() - this.said < POLITE_MS) return;
      this.broken = false;
      this.say(sentence);
    }

    broke() {
      if (this.broken) return;
      this.broken = true;
      this.say(filled(this.element.dataset.stale, { time: this.at }));
    }

    say(sentence) {
      this.said = Date.now();
      const link = this.element.querySelector("a");
      this.element.replaceChildren(sentence, ...(link ? [" ", link] : []));
    }
  }

  // `began`: another process than the page's may answer; what it shows takes the place of what stands
  function listen(url, line, name, took, began) {
    const stream = new EventSource(url);
    stream.addEventListener("process", (event) => {
      const { process, anew } = JSON.parse(event.data);
      for (const shown of document.querySelectorAll("[data-process]")) write(shown, String(process));
      if (anew) began?.();
    });
    stream.addEventListener(name, (event) => took(JSON.parse(event.data)));
    stream.addEventListener("error", () => line.broke());
    stream.addEventListener("end", () => {
      stream.close();
      line.say(filled(line.element.dataset.ended, { time: line.at }));
    });
    addEventListener("pagehide", () => stream.close());
  }

  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  function showState(element, [kind, icon, word]) {
    const state = element && element.querySelector(".s");
    if (!state || state.lastElementChild.textContent === word) return;
    state.className = `s ${kind}`;
    const use = state.querySelector("use");
    use.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${icon}`);
    state.lastElementChild.textContent = word;
  }

  const table = document.querySelector("[data-live]");
  if (table) {
    const line = new Line(document.querySelector(".live"));
    const words = { ...line.element.dataset };
    const needs = document.querySelector("[data-needs]");
    listen(table.dataset.live, line, "cells", (data) => {
      for (const [source, cells] of Object.entries(data.cells)) {
        for (const [name, text] of Object.entries(cells.texts)) write(table.querySelector(`[data-cell="${source}.${name}"]`), text);
        showState(table.querySelector(`[data-state="${source}"]`), cells.state);
      }
      line.arrived(filled(words.said, { n: data.count - data.paused, m: data.paused, time: now() }));
      if (needs && needs.dataset.needs !== data.needs.join(" ")) {
        needs.dataset.needs = data.needs.join(" ");
        line.say(words.changed);
      }
    });
  }

  const log = document.querySelector("[data-tail]");
  if (log) {
    const line = new Line(document.querySelector(".live"));
    const words = { ...line.element.dataset };
    const rows = log.querySelector("tbody");
    const heads = [...log.querySelectorAll("thead th")];
    const most = Number(log.dataset.most);
    const pause = document.querySelector("[data-pause]");
    let waiting = [];
    let isPaused = false;
    let count = 0;

    const show = (lines) => {
      for (const cells of lines) {
        const row = document.createElement("tr");
        row.setAttribute("role", "row");
        cells.forEach((text, place) => {
          const cell = document.createElement("td");
          cell.setAttribute("role", "cell");
          cell.dataset.label = heads[place].textContent;
          cell.className = heads[place].className;
          cell.textContent = text;
          row.append(cell);
        });
        rows.prepend(row);
      }
      while (rows.children.length > most) rows.lastElementChild.remove();
    };

    listen(log.dataset.tail, line, "lines", (lines) => {
      count += lines.length;
      if (isPaused) {
        waiting = [...waiting, ...lines].slice(-most);
        return;
      }
      show(lines);
      document.querySelector(".empty")?.remove();
      const before = line.said;
      line.arrived(filled(words.lines, { n: count, time: now() }));
      if (line.said !== before) count = 0;
    }, () => {
      rows.replaceChildren();
      waiting = [];
    });

    pause.hidden = false;
    pause.addEventListener("click", () => {
      isPaused = !isPaused;
      pause.querySelector("span").textContent = isPaused ? pause.dataset.go : pause.dataset.stop;
      const use = pause.querySelector("use");
      use.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${isPaused ? "play" : "pause"}`);
      if (isPaused) {
        line.say(words.paused);
        return;
      }
      show(waiting);
      waiting = [];
    });
  }
}
