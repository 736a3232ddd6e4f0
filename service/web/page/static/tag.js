// The first page: the form answers without a new page, files can be dropped, tables sorted and filtered.

import { Failure, number, part, problem, save, say, send, tell } from "./common.js";

const form = document.getElementById("tag-form");
const answer = document.getElementById("answer");
const files = document.getElementById("file");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  tell(say("busy"));
  try {
    if (data.get("download") && files.files.length) await download(data);
    else await show(data);
    tell(say("done"));
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    tell("");
    answer.replaceChildren(problem(failure.message));
  }
  answer.focus();
});

function address(query) {
  const target = new URL(form.action);
  if (query) target.searchParams.set("part", query);
  return target;
}

async function show(data) {
  data.delete("download");
  const { html } = await part(address("answer"), { method: "POST", body: data });
  answer.innerHTML = html;
  prepareTable();
  prepareCorrection();
}

/** Let the article be corrected: it goes to the next page in this tab's memory, and nowhere else before that is saved. */
function prepareCorrection() {
  const button = document.getElementById("correct-this");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = files.files.length ? await files.files[0].text() : document.getElementById("text").value;
    sessionStorage.setItem("chude-text", JSON.stringify({ text }));
    location.href = `correct${location.search}`;
  });
}

async function download(data) {
  const sent = await send(address("answer"), { method: "POST", body: data });
  if (sent.headers.get("Content-Disposition")) return save(await sent.blob(), `tags.${data.get("download")}`);
  if (sent.headers.get("Content-Type")?.startsWith("text/html")) answer.innerHTML = await sent.text();
  else throw new Failure((await sent.json()).detail, sent.status);
  prepareTable();
}

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form.classList.toggle("dropping", kind === "dragover");
    if (kind !== "drop") return;
    files.files = event.dataTransfer.files;
    form.requestSubmit(form.querySelector(".main"));
  });
}

// A file stands in for the text: what is typed afterwards is meant in place of it.
document.getElementById("text").addEventListener("input", () => { files.value = ""; });

function prepareTable() {
  const table = document.getElementById("rows");
  if (!table) return;
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(table, column, head));
    head.replaceChildren(button);
  }
  const filters = document.getElementById("filters");
  filters.hidden = false;
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("input", () => filter(table));
}

function sort(table, column, head) {
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const collator = new Intl.Collator("vi", { numeric: true });
  const rows = [...table.tBodies[0].rows].map((row) => [row.cells[column].textContent.trim(), row]);
  rows.sort(([a], [b]) => collator.compare(a, b) * (down ? -1 : 1));
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

function filter(table) {
  const words = fold(document.getElementById("filter").value);
  const wanted = document.getElementById("filter-topic").value;
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    row.hidden = !(fold(row.textContent).includes(words) && fits(row, wanted));
    shown += !row.hidden;
  }
  tell(say("shown", { n: number(shown), all: number(table.tBodies[0].rows.length) }));
}

function fits(row, wanted) {
  const tags = row.dataset.tags.split(" ").filter(Boolean);
  if (wanted === "none") return !tags.length;
  if (wanted === "notes") return "notes" in row.dataset;
  return !wanted || tags.includes(wanted.slice("tag:".length));
}

/** Return a text without case and marks, so that "bau cu" finds "Bầu cử". */
function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase();
}

prepareTable();
prepareCorrection();
