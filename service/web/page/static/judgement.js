// One text with its switches, its evidence and its note. What is changed stands in sessionStorage until it is saved.

import { say, tell } from "./common.js";

const DRAFT = "chude-draft";

/** Return the slug of a topic's name: "Dải Gaza" becomes "dai-gaza". */
export function slug(name) {
  const plain = name.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
}

export class Judgement {
  constructor(form, record, digest, labels) {
    this.form = form;
    this.given = record;
    this.digest = digest;
    this.chosen = null;
    this.sentences = [...form.querySelectorAll(".sentence")];
    this.note = form.querySelector("#note");
    this.evidence = JSON.parse(form.querySelector("#switches").dataset.evidence);
    const draft = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
    this.fill(labels ?? (draft?.of === this.key ? draft : null));
    form.oninput = () => this.changed();
    form.querySelector("#new-tag-add").addEventListener("click", () => this.add());
    form.querySelector("#new-tag").addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.add();
    });
    for (const sentence of this.sentences) sentence.addEventListener("click", () => this.choose(sentence));
    if (this.sentences.length) this.sentences[0].tabIndex = 0;
    this.show();
  }

  get key() { return JSON.stringify(this.given); }
  get switches() { return [...this.form.querySelectorAll("input[name=tag]")]; }
  get tags() { return this.switches.filter((box) => box.checked).map((box) => box.value); }

  fill(labels) {
    if (!labels) return;
    for (const tag of labels.tags) this.switchOf(tag) ?? this.append(tag);
    for (const box of this.switches) box.checked = labels.tags.includes(box.value);
    this.evidence = labels.evidence ?? {};
    this.note.value = labels.note ?? "";
  }

  /** Return the labelled record, as `POST /labels` takes it: what was shown is what was decided on. */
  record() {
    const tags = this.tags;
    const evidence = Object.fromEntries(Object.entries(this.evidence).filter(([tag, own]) => tags.includes(tag) && own.length));
    const note = this.note.value.trim();
    const judged = this.switches.map((box) => box.value);
    return { ...this.given, tags, judged, ...(Object.keys(evidence).length ? { evidence } : {}), ...(note ? { note } : {}) };
  }

  forget() { sessionStorage.removeItem(DRAFT); }

  changed() {
    const draft = { of: this.key, tags: this.tags, evidence: this.evidence, note: this.note.value };
    sessionStorage.setItem(DRAFT, JSON.stringify(draft));
    this.show();
  }

  show() {
    const agrees = this.switches.every((box) => box.checked === "given" in box.dataset);
    this.form.querySelector("#save-words").textContent = say(agrees ? "agree" : "correct");
    for (const sentence of this.sentences) this.showEvidence(sentence);
    this.showToolbar();
  }

  showEvidence(sentence) {
    const tags = Object.keys(this.evidence).filter((tag) => this.evidence[tag].includes(sentence.dataset.sentence));
    const names = tags.map((tag) => this.switchOf(tag)?.dataset.name ?? tag).join(", ");
    sentence.classList.toggle("shows", tags.length > 0);
    sentence.setAttribute("aria-pressed", String(tags.length > 0));
    if (tags.length) sentence.dataset.shows = say("evidence", { names });
    else delete sentence.dataset.shows;
  }

  showToolbar() {
    const bar = this.form.querySelector("#evidence");
    bar.hidden = !this.chosen;
    if (!this.chosen) return;
    const buttons = this.switches.map((box) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = box.dataset.name;
      button.setAttribute("aria-pressed", String(this.hasEvidence(box.value)));
      button.addEventListener("click", () => this.toggleEvidence(box.value));
      return button;
    });
    this.form.querySelector("#evidence-tags").replaceChildren(...buttons);
  }

  switchOf(tag) { return this.switches.find((box) => box.value === tag); }
  hasEvidence(tag) { return (this.evidence[tag] ?? []).includes(this.chosen?.dataset.sentence); }

  toggleEvidence(tag) {
    const sentence = this.chosen.dataset.sentence;
    const own = this.evidence[tag] ?? [];
    this.evidence[tag] = this.hasEvidence(tag) ? own.filter((one) => one !== sentence) : [...own, sentence];
    if (this.hasEvidence(tag)) this.switchOf(tag).checked = true;
    this.changed();
    tell(this.chosen.dataset.shows ?? "");
  }

  choose(sentence) {
    for (const other of this.sentences) other.tabIndex = other === sentence ? 0 : -1;
    this.chosen = sentence;
    sentence.focus();
    this.showToolbar();
  }

  /** Go back from the sentences to the switches. */
  leave() {
    this.chosen = null;
    this.showToolbar();
    this.form.focus();
  }

  /** Do what a key stands for; return whether it stands for anything here. */
  press(name) {
    const isInSentence = this.chosen && document.activeElement === this.chosen;
    const box = /^[1-9]$/.test(name) ? this.switches[name - 1] : null;
    if (box) {
      isInSentence ? this.toggleEvidence(box.value) : this.turn(box);
      return true;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[name];
    if (isInSentence && step) {
      const at = this.sentences.indexOf(this.chosen) + step;
      if (this.sentences[at]) this.choose(this.sentences[at]);
      return true;
    }
    const field = { n: this.note, t: this.form.querySelector("#new-tag") }[name.toLowerCase()];
    if (field) field.focus();
    else if (name.toLowerCase() === "e" && this.sentences.length) this.choose(this.chosen ?? this.sentences[0]);
    else if (name === " " && document.activeElement?.matches(".sentence")) this.choose(document.activeElement);
    else return false;
    return true;
  }

  turn(box) {
    box.checked = !box.checked;
    this.changed();
    tell(`${box.dataset.name}: ${box.checked ? "✓" : "–"}`);
  }

  add() {
    const field = this.form.querySelector("#new-tag");
    const tag = slug(field.value);
    if (!tag) return tell(say("bad-tag"));
    (this.switchOf(tag) ?? this.append(tag, field.value.trim())).checked = true;
    field.value = "";
    this.changed();
    this.form.focus();
  }

  append(tag, name = tag) {
    const label = document.createElement("label");
    label.className = `switch tag-${this.switches.length % 8}`;
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: "tag", value: tag });
    box.dataset.name = name;
    const words = document.createElement("span");
    words.className = "switch-name";
    words.textContent = name === tag ? name : `${name} (${tag})`;
    label.append(box, " ", words);
    this.form.querySelector(".another").before(label);
    return box;
  }
}
