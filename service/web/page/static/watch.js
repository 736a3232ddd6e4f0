// Watch: the figures come as one part of a page; every table and every chart can be taken home.

import { Failure, part, problem, save, say, tell } from "./common.js";
import { forget, withKey } from "./key.js";

const figures = document.getElementById("figures");
const trouble = document.getElementById("trouble");

async function load() {
  tell(say("loading-figures"));
  try {
    figures.innerHTML = (await part(`watch/figures${location.search}`)).html;
    trouble.replaceChildren();
    for (const element of figures.querySelectorAll("[data-export]")) addButton(element);
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    if (failure.status === 401) forget();
    else trouble.replaceChildren(problem(failure.message));
  }
  tell("");
}

function addButton(element) {
  const isTable = element.tagName === "TABLE";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "export";
  button.textContent = isTable ? "CSV" : "SVG";
  button.setAttribute("aria-label", say("export", { what: `${element.dataset.export}.${isTable ? "csv" : "svg"}` }));
  button.addEventListener("click", () => (isTable ? saveTable(element) : saveChart(element)));
  if (isTable) (element.closest(".scroll") ?? element).after(button);
  else element.append(button);
}

function saveTable(table) {
  const lines = [...table.rows].map((row) => [...row.cells].map((cell) => quote(cell.textContent.trim())).join(","));
  save(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" }), `${table.dataset.export}.csv`);
}

/** Return a cell of CSV; what a spreadsheet would take for a formula gets an apostrophe before it. */
function quote(text) {
  const harmless = /^[=@\t\r]|^[+-](?![\d.,]*$)/.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}

function saveChart(figure) {
  const picture = new XMLSerializer().serializeToString(figure.querySelector("svg"));
  save(new Blob([picture], { type: "image/svg+xml" }), `${figure.dataset.export}.svg`);
}

document.getElementById("refresh").addEventListener("click", load);
withKey(load);
