// Correct: one text after the other from the queue, its tags as switches, saved through the outbox.

import { Failure, api, number, part, problem, say, tell } from "./common.js";
import { Judgement } from "./judgement.js";
import { forget, withKey } from "./key.js";
import { flush, post, unsent, withdraw } from "./outbox.js";
import * as session from "./session.js";

const form = document.getElementById("judgement");
const trouble = document.getElementById("trouble");
const SKIPPED = "chude-skipped";
const DONE = "chude-done";
const GIVEN = "chude-text";
let judgement = null;
let last = Promise.resolve();

/** Do one thing after the other, and say what went wrong. What was asked of a text that has gone meanwhile is dropped. */
function once(work) {
  const asked = judgement;
  last = last.then(async () => {
    if (judgement !== asked) return;
    try {
      await work();
    } catch (failure) {
      tell("");
      if (!(failure instanceof Failure)) reportError(failure); // and what comes next is done all the same
      else if (failure.status === 401) forget();
      else show(failure);
    }
  });
}

function show(failure) {
  const n = unsent().length;
  const words = failure.refused ? say("refused", { why: failure.message }) : n ? say("kept", { why: failure.message, n: number(n) }) : failure.message;
  if (!judgement) form.replaceChildren(); // what stood there is in the outbox
  const buttons = document.createElement("p");
  buttons.className = "buttons";
  buttons.append(button(say("retry"), () => once(next)));
  if (failure.refused) {
    buttons.append(button(say("discard"), () => { withdraw(failure.refused); once(next); }));
  }
  trouble.replaceChildren(problem(words), buttons);
}

function button(words, work) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = words;
  element.addEventListener("click", work);
  return element;
}

async function next() {
  tell(say("loading"));
  await flush();
  trouble.replaceChildren();
  const given = session.get(GIVEN);
  if (given) {
    session.set(GIVEN, null);
    await open(given, "");
  } else {
    await lease();
  }
  await showToday();
}

async function lease() {
  const { text, digest, waiting, held_by_others: held } = await api("POST", "queue/lease", { holder: session.holder(), skip: session.get(SKIPPED, []) });
  const words = { n: number(waiting), held: number(held) };
  if (text) {
    const { why, scores, ...record } = text;
    await open(record, digest);
    return tell(say(held ? "waiting-held" : "waiting", words));
  }
  judgement = null;
  if (session.get(SKIPPED, []).length) {
    session.set(SKIPPED, []); // what was passed over comes again
    if (waiting > held) return lease();
  }
  const empty = document.createElement("p");
  empty.textContent = held ? say("all-held") : document.body.dataset.empty;
  form.replaceChildren(empty, button(say("retry"), () => once(next)));
  tell("");
}

async function open(record, digest, labels = null) {
  const body = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields(record)) };
  const { html } = await part(`correct${location.search}`, body);
  form.innerHTML = html;
  if (!document.getElementById("switches")) { // a text that cannot be read
    judgement = null;
    form.append(button(say("retry"), () => once(next)));
    return;
  }
  judgement = new Judgement(form, record, digest, labels);
  document.getElementById("skip").addEventListener("click", skip);
  document.getElementById("undo").addEventListener("click", () => once(undo));
  form.focus();
}

function fields({ title, lead, text, body }) {
  return { title, lead, text, body };
}

function save() {
  once(async () => {
    if (!judgement) return next();
    const labelled = judgement.record();
    post(labelled); // before anything is sent
    session.add(DONE, labelled);
    judgement.forget();
    judgement = null;
    await next();
  });
}

function skip() {
  once(async () => {
    if (!judgement) return;
    if (judgement.digest) session.add(SKIPPED, judgement.digest);
    judgement.forget();
    judgement = null;
    await next();
  });
}

async function undo() {
  const done = session.get(DONE, []);
  const last = done.at(-1);
  if (!last) return tell(say("nothing-to-undo"));
  if (!withdraw(last)) await api("POST", "labels/undo", fields(last));
  session.set(DONE, done.slice(0, -1));
  const { tags, evidence, note, judged, ...record } = last;
  await open(record, "", { tags, evidence, note });
  await showToday();
  tell(say("undone"));
}

async function showToday() {
  const midnight = new Date().setHours(0, 0, 0, 0) / 1000;
  const query = new URLSearchParams(location.search);
  query.set("since", midnight);
  const { html } = await part(`correct/today?${query}`);
  document.getElementById("today").innerHTML = html;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});

document.addEventListener("keydown", (event) => {
  if (!document.getElementById("keys-on").checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const isTyping = event.target.matches("textarea, input:not([type=checkbox]), select");
  if (event.key === "Escape" && judgement) return judgement.leave();
  if (isTyping || !judgement) return;
  if (judgement.press(event.key)) return event.preventDefault();
  const isControl = event.target.matches("button, a, summary, input");
  const work = { Enter: isControl && event.target.type !== "checkbox" ? null : save, s: skip, u: () => once(undo) }[event.key.length > 1 ? event.key : event.key.toLowerCase()];
  if (!work) return;
  event.preventDefault();
  work();
});

withKey(() => once(next));
