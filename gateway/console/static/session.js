"use strict";
// The line about the end of the session is there without. Here: it comes to the front two minutes before, and its button
// stays on the page. In a block of its own: scripts of one page share their names.
{
  const BEFORE_MS = 120_000;
  const form = document.querySelector("form[data-ends]");
  const said = form.querySelector("[data-said]");
  let timer = 0;

  const wait = () => {
    clearTimeout(timer);
    const left = Number(form.dataset.ends) * 1000 - Date.now();
    timer = setTimeout(() => { form.classList.add("soon"); said.hidden = false; }, Math.max(0, left - BEFORE_MS));
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const headers = { Accept: "application/json", "X-CSRF-Token": form.elements.csrf.value };
    try {
      const answer = await fetch(form.action, { method: "POST", headers, redirect: "error" });
      if (!answer.ok) throw new Error("over");
      const ends = (await answer.json()).ends;
      form.dataset.ends = ends;
      const time = form.querySelector("time");
      time.dateTime = new Date(ends * 1000).toISOString();
      time.textContent = new Intl.DateTimeFormat("vi-VN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Ho_Chi_Minh" }).format(ends * 1000);
      form.classList.remove("soon");
      said.hidden = true;
      wait();
    } catch {
      form.submit();
    }
  });

  wait();
}
