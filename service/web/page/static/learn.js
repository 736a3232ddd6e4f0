// Learn: begin a retraining, watch it, and choose the live version. What changes something is asked for first.

import { Failure, api, part, problem, say, tell } from "./common.js";
import { forget, withKey } from "./key.js";
import { labelFor } from "./topic.js";

const POLL_MS = 1000;
const state = document.getElementById("state");
const trouble = document.getElementById("trouble");
const dialog = document.getElementById("ask");
let timer = 0;

/** Do something, and say what went wrong with it. */
async function attempt(work) {
  try {
    await work();
    trouble.replaceChildren();
    return true;
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    if (failure.status === 401) forget();
    else trouble.replaceChildren(problem(failure.message));
    return false;
  }
}

async function load() {
  await attempt(async () => {
    state.innerHTML = (await part(`learn/state${location.search}`)).html;
  });
  watch();
}

function runningJob() {
  return document.querySelector('[data-job][data-state="running"]');
}

/** Look at a running job every second. A poll and no stream: a stream would hold one of the service's few threads. */
function watch() {
  clearTimeout(timer);
  const job = runningJob();
  document.getElementById("retrain")?.toggleAttribute("disabled", Boolean(job) || document.getElementById("retrain").dataset.empty === "");
  if (job) timer = setTimeout(() => poll(job), POLL_MS);
}

async function poll(job) {
  const isSeen = await attempt(async () => {
    const { html } = await part(`learn/job/${job.dataset.job}${location.search}`);
    const next = new DOMParser().parseFromString(html, "text/html").querySelector("[data-job]");
    if (next.dataset.progress !== job.dataset.progress || next.dataset.state !== job.dataset.state) {
      document.getElementById("job").replaceChildren(document.adoptNode(next));
      tell(next.dataset.progress);
    }
    if (next.dataset.state === "running") return;
    tell(document.querySelector("[data-job] h3").textContent);
    await load();
  });
  if (!isSeen || runningJob()) watch(); // the service may be starting anew: the job goes on without it
}

/** Return whether the reader says yes. */
function ask(words) {
  document.getElementById("ask-words").textContent = words;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

state.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  if (button.id === "retrain") await attempt(() => api("POST", "retrain")) && await load();
  else if (button.dataset.topic) labelFor(button.dataset.topic, JSON.parse(button.dataset.keywords));
  else if (button.id === "cancel" && await ask(button.dataset.ask)) {
    const { job } = runningJob()?.dataset ?? {};
    if (job) await attempt(() => api("DELETE", `retrain/${job}`));
    await load();
  } else if (button.dataset.activate && await ask(button.dataset.ask)) {
    const { activate: version } = button.dataset;
    if (!await attempt(() => api("POST", `models/${version}/activate`))) return;
    await load();
    tell(say("activated", { version }));
  }
});

document.getElementById("refresh").addEventListener("click", load);
withKey(load);
