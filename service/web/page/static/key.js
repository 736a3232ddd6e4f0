// The key: entered once in a tab, kept in its sessionStorage, sent as a header and in no other way.

import { key } from "./common.js";

const section = document.getElementById("key-section");
const form = document.getElementById("key-form");

/** Ask for a key unless there is one; call `begin` whenever there is. */
export function withKey(begin) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const field = document.getElementById("key");
    key.value = field.value.trim();
    field.value = "";
    show();
    begin();
  });
  document.getElementById("key-forget")?.addEventListener("click", forget);
  show();
  if (key.value) begin();
}

/** Forget the key and ask for another one. */
export function forget() {
  key.value = "";
  show();
  document.getElementById("key").focus();
}

function show() {
  section.hidden = Boolean(key.value);
  for (const element of document.querySelectorAll("#work")) element.hidden = !key.value;
}
