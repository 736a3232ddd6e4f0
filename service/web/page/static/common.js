// What every page shares: messages, the status line, the key, and requests that say what went wrong.

const messages = JSON.parse(document.body.dataset.messages);
const KEY = "chude-key";
const LANGUAGE = "chude-language";
const SLOW_MS = 4000;
const status = document.getElementById("status");

/** Return a message in the page's language, with its values filled in. */
export function say(key, values = {}) {
  return messages[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Write a number as the page's language does. */
export function number(value) {
  return new Intl.NumberFormat(document.body.dataset.language).format(value);
}

/** Show a line at the foot of the page, which screen readers speak. */
export function tell(text) {
  status.textContent = text;
}

export const key = {
  get value() { return sessionStorage.getItem(KEY) ?? ""; },
  set value(text) { text ? sessionStorage.setItem(KEY, text) : sessionStorage.removeItem(KEY); },
};

/** An answer that is no success, or none at all (status 0). */
export class Failure extends Error {
  constructor(message, status = 0, code = "") {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Send a request with the key, if there is one. Throws Failure where there is no answer; it never sends twice. */
export async function send(path, options = {}) {
  const headers = new Headers(options.headers);
  if (key.value) headers.set("Authorization", `Bearer ${key.value}`);
  const slow = setTimeout(() => tell(say("slow")), SLOW_MS);
  try {
    return await fetch(path, { ...options, headers, cache: "no-store" });
  } catch {
    throw new Failure(say("gone"));
  } finally {
    clearTimeout(slow);
    if (status.textContent === say("slow")) tell("");
  }
}

/** Send a value as JSON and return the answer's. Throws Failure with what the service says is wrong. */
export async function api(method, path, value) {
  const body = value === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
  const answer = await send(path, { method, ...body });
  const read = await answer.json().catch(() => ({}));
  if (answer.ok) return read;
  if (answer.status === 401) throw new Failure(say("key-wrong"), 401, read.code);
  throw new Failure(read.detail ?? say("gone"), answer.status, read.code);
}

/** Return the part of a page that the service made, as text of HTML. Throws Failure. */
export async function part(path, options = {}) {
  const answer = await send(path, options);
  const type = answer.headers.get("Content-Type") ?? "";
  if (type.startsWith("text/html")) return { html: await answer.text(), ok: answer.ok };
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 413) throw new Failure(say("too-large"), 413, problem.code);
  if (answer.status === 401) throw new Failure(say("key-wrong"), 401, problem.code);
  throw new Failure(problem.detail ?? say("gone"), answer.status, problem.code);
}

/** Make an element that shows what went wrong. */
export function problem(text) {
  const element = document.createElement("p");
  element.className = "problem";
  element.setAttribute("role", "alert");
  element.textContent = text;
  return element;
}

/** Let the browser save some data as a file. */
export function save(data, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(data);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function followLanguage() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked) localStorage.setItem(LANGUAGE, asked);
  else if (localStorage.getItem(LANGUAGE) === "en" && document.body.dataset.language !== "en") location.replace("?lang=en");
}

function hideNotesOnEscape() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.body.classList.add("quiet-notes");
  });
  for (const kind of ["focusin", "pointerover"]) {
    document.addEventListener(kind, (event) => {
      const term = event.target.closest?.(".term");
      if (!term) return;
      document.body.classList.remove("quiet-notes");
      keepInside(term.querySelector(".note"));
    });
  }
}

/** Move a note to the left where it would stand out of its article. */
function keepInside(note) {
  note.style.translate = "0";
  const over = note.getBoundingClientRect().right - note.closest(".article").getBoundingClientRect().right;
  if (over > 0) note.style.translate = `${-Math.ceil(over)}px`;
}

followLanguage();
hideNotesOnEscape();
