"use strict";
// Finds a domain in the files of this folder. Everything that is shown is set as text, never as markup.
(() => {
  const form = document.getElementById("ask");
  if (!form) return;
  const answer = document.getElementById("answer");
  const MOST_LABELS = 6;

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const count = (value) => value.toLocaleString("en");
  const octets = (value) => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let at = 0;
    for (; value >= 1024 && at < units.length - 1; at += 1) value /= 1024;
    return `${at ? value.toFixed(1) : value} ${units[at]}`;
  };
  const load = async (path) => {
    const reply = await fetch(path);
    if (!reply.ok) throw new Error(`${path} answered ${reply.status}`);
    return reply.json();
  };
  const host = (text) => {
    const trimmed = text.trim();
    const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
    return url.hostname.replace(/\.$/, "");
  };
  // The name itself, then what is above it; the last labels alone where there are very many.
  const candidates = (name) => {
    if (/^[0-9.]+$/.test(name) || name.startsWith("[")) return [name];
    const labels = name.split(".").slice(-MOST_LABELS);
    const found = labels.slice(0, -1).map((_, at) => labels.slice(at).join("."));
    return found.length ? found : [name];
  };
  const hash = async (text) => {
    const octetsOf = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    return Array.from(octetsOf, (one) => one.toString(16).padStart(2, "0")).join("");
  };
  const find = async (name, index) => {
    for (const one of candidates(name)) {
      const digest = await hash(`${index.salt} ${one}`);
      const shard = index.bits ? parseInt(digest.slice(0, 8), 16) >>> (32 - index.bits) : 0;
      const entry = (await load(`lookup/${index.folder}/${shard}.json`))[digest.slice(0, 16)];
      if (entry && (!entry[3] || one === name)) return [one, entry];
    }
    return null;
  };

  const list = (title, pairs, words) => {
    if (!pairs.length) return [];
    const made = element("ul");
    for (const [number, times] of pairs) made.append(element("li", `${count(times)} \u00d7 ${words[number]}`));
    return [element("h3", title), made];
  };
  const tell = (name, [figures, reasons, statements], index) => {
    const [fetched, kept, refused, putOff, retained, bytes, first, last] = figures;
    const box = element("div", undefined, "answer");
    const tiles = element("dl", undefined, "tiles");
    const values = [["Pages fetched", fetched, ""], ["Allowed", kept, "allow"], ["Refused", refused, "deny"], ["Put off", putOff, "defer"], ["Kept now", retained, "allow"]];
    for (const [title, value, kind] of values) {
      const tile = element("div", undefined, `tile ${kind}`);
      tile.append(element("dt", title), element("dd", count(value)));
      tiles.append(tile);
    }
    box.append(element("h2", name), element("p", `Considered from ${first} to ${last}.`), tiles,
      element("p", retained ? `${octets(bytes)} of its pages are kept.` : "Nothing of its pages is kept."),
      ...list("Why pages were refused or put off", reasons, index.reasons),
      ...list("Statements of rights that were seen, by number of addresses", statements, index.statements));
    return box;
  };
  const say = (title, text) => {
    const box = element("div", undefined, "answer");
    box.append(element("h2", title), element("p", text));
    answer.replaceChildren(box);
  };

  const ask = async () => {
    let name;
    try {
      name = host(document.getElementById("domain").value);
    } catch {
      return say("Not a domain", "Write a domain such as example.org, or an address such as https://example.org/page.");
    }
    if (!globalThis.crypto || !crypto.subtle) return say("Not possible here", "The browser makes hashes only on pages that were fetched over https.");
    try {
      const index = await load("lookup/index.json");
      const found = await find(name, index);
      if (found) return answer.replaceChildren(tell(found[0], found[1], index));
      return say(name, "Not found: no crawl of this site asked for, or decided on, any address of this domain.");
    } catch (error) {
      return say("No answer", `The look-up failed (${error.message}). Try again, or ask the contact point.`);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
})();
