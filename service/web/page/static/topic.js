// A new topic in three steps: what it is, its key words, and texts that have it or lack it.

import { Failure, api, number, part, problem, say, tell } from "./common.js";
import { slug } from "./judgement.js";
import { flush, post, withdraw } from "./outbox.js";
import * as session from "./session.js";

const DONE = "chude-done";
const SKIPPED = "chude-skipped";
const PAUSE_MS = 400;
const form = document.getElementById("topic-new");
const labelling = document.getElementById("topic-labelling");
const trouble = document.getElementById("trouble");
let topic = null; // { tag, keywords }
let text = null; // { record, digest }
let last = Promise.resolve();
let pause = 0;

/** Do one thing after the other, and say what went wrong; what was asked of a text that has gone is dropped. */
function once(work) {
  const asked = text;
  last = last.then(async () => {
    if (text !== asked) return;
    try {
      await work();
      trouble.replaceChildren();
    } catch (failure) {
      if (!(failure instanceof Failure)) return reportError(failure);
      trouble.replaceChildren(problem(failure.message));
    }
  });
}

function keywords() {
  const lines = document.getElementById("topic-keywords").value.split("\n");
  return [...new Set(lines.map((line) => line.trim()).filter(Boolean))].slice(0, 200);
}

document.getElementById("topic-keywords").addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(() => once(count), PAUSE_MS);
});

async function count() {
  const wanted = keywords();
  if (!wanted.length) return;
  const { texts, hits, by_keyword: by } = await api("POST", "queue/hits", { keywords: wanted });
  const words = Object.entries(by).map(([word, n]) => `${word} ${number(n)}`).join(", ");
  document.getElementById("topic-hits").textContent = say("topic-hits", { hits: number(hits), all: number(texts), words });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  once(async () => {
    const name = document.getElementById("topic-name").value.trim();
    const tag = slug(name);
    if (!tag) throw new Failure(say("bad-tag"));
    const names = { [document.body.dataset.language]: name };
    const made = { tag, names, description: document.getElementById("topic-description").value.trim(), keywords: keywords() };
    await api("POST", "topics", made);
    tell(say("topic-made", { tag }));
    form.reset();
    await begin(tag, made.keywords);
  });
});

/** Label texts for a topic. */
export function labelFor(tag, words) {
  once(() => begin(tag, words));
}

async function begin(tag, words) {
  topic = { tag, keywords: words };
  form.hidden = true;
  labelling.hidden = false;
  await next();
}

async function next() {
  await flush();
  const query = location.search;
  const progress = await part(`learn/topic/${topic.tag}${query}`);
  document.getElementById("topic-progress").innerHTML = progress.html;
  const { with: n, without } = document.querySelector("#topic-progress [data-with]").dataset;
  const asked = { holder: session.holder(), skip: session.get(SKIPPED, []), keywords: topic.keywords, without: Number(n) > Number(without) };
  const { text: record, digest } = await api("POST", "queue/lease", asked);
  const shown = document.getElementById("topic-text");
  text = null;
  if (!record) return shown.replaceChildren(problem(say("topic-none")));
  const { why, scores, ...fields } = record;
  await open(fields, digest);
}

async function open(record, digest) {
  const { id, ...fields } = record;
  const body = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields) };
  const shown = document.getElementById("topic-text");
  shown.innerHTML = (await part(`learn/topic/${topic.tag}/text${location.search}`, body)).html;
  text = { record, digest };
  shown.focus();
}

function judge(has) {
  if (!text) return;
  once(async () => {
    const labelled = { ...text.record, tags: has ? [topic.tag] : [], judged: [topic.tag] };
    post(labelled);
    session.add(DONE, labelled);
    text = null;
    await next();
    tell(say("saved"));
  });
}

function skip() {
  if (!text) return;
  once(async () => {
    session.add(SKIPPED, text.digest);
    text = null;
    await next();
  });
}

function undo() {
  once(async () => {
    const done = session.get(DONE, []);
    const { tags, judged, evidence, note, ...record } = done.at(-1) ?? {};
    if (!judged?.includes(topic.tag)) return tell(say("nothing-to-undo"));
    const { id, ...fields } = record;
    if (!withdraw(done.at(-1))) await api("POST", "labels/undo", fields);
    session.set(DONE, done.slice(0, -1));
    await open(record, "");
    document.getElementById("topic-progress").innerHTML = (await part(`learn/topic/${topic.tag}${location.search}`)).html;
    tell(say("undone"));
  });
}

function close() {
  topic = null;
  labelling.hidden = true;
  form.hidden = false;
}

const actions = { y: () => judge(true), n: () => judge(false), s: skip, u: undo };
document.getElementById("topic-yes").addEventListener("click", actions.y);
document.getElementById("topic-no").addEventListener("click", actions.n);
document.getElementById("topic-skip").addEventListener("click", skip);
document.getElementById("topic-undo").addEventListener("click", undo);
document.getElementById("topic-close").addEventListener("click", close);

// Single keys work only while the text has the focus, so that they are in nobody's way elsewhere on the page.
labelling.addEventListener("keydown", (event) => {
  const work = actions[event.key.toLowerCase()];
  if (!work || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  work();
});
