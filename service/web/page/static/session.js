// What a tab knows of its work on the queue: who it is, what it has passed over, what it has done.

const HOLDER = "chude-holder";
const MOST = { "chude-skipped": 1000, "chude-done": 50 };

/** Return what is kept under a name, or `empty`. */
export function get(name, empty = null) {
  return JSON.parse(sessionStorage.getItem(name)) ?? empty;
}

/** Keep a value under a name; null forgets it. */
export function set(name, value) {
  value === null ? sessionStorage.removeItem(name) : sessionStorage.setItem(name, JSON.stringify(value));
}

/** Add to a list, which forgets its oldest entries. */
export function add(name, entry) {
  set(name, [...get(name, []), entry].slice(-MOST[name]));
}

/** Return the name that tells this tab from others that use the same key. */
export function holder() {
  if (!get(HOLDER)) {
    const numbers = crypto.getRandomValues(new Uint32Array(4));
    set(HOLDER, [...numbers].map((n) => n.toString(36)).join(""));
  }
  return get(HOLDER);
}
