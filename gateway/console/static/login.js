"use strict";
// Works without: each page has a button. Here: forms that go on by themselves, and the proof that this tab began a login.
{
  const KEY = "motlan-login-proof";
  const base64 = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  function kept() {
    try { return sessionStorage.getItem(KEY); } catch { return null; }
  }

  for (const form of document.querySelectorAll("form[data-submit]")) form.submit();

  for (const form of document.querySelectorAll("form[data-proof]")) {
    const proof = kept();
    if (proof) {
      form.elements.proof.value = proof;
      sessionStorage.removeItem(KEY);
      form.hidden = false;
      form.submit();
    } else {
      for (const part of document.querySelectorAll("[data-no-proof]")) part.hidden = false;
    }
  }

  for (const link of document.querySelectorAll("a[data-with-proof]")) {
    (async () => {
      const proof = base64(crypto.getRandomValues(new Uint8Array(32)));
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(proof));
      sessionStorage.setItem(KEY, proof);
      link.href += `&proof=${base64(new Uint8Array(digest))}`;
    })().catch(() => {});
  }
}
