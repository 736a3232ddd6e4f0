// Labels on their way to the service. Each one stands in localStorage until the service has said that it is kept there:
// a service that is gone, slow or started anew loses none. Sending twice is harmless: the store knows what it has.

import { Failure, api } from "./common.js";

const BOX = "chude-outbox";

/** Return the labels that the service has not confirmed, the oldest first. */
export function unsent() {
  return JSON.parse(localStorage.getItem(BOX) ?? "[]");
}

function keep(records) {
  records.length ? localStorage.setItem(BOX, JSON.stringify(records)) : localStorage.removeItem(BOX);
}

/** Keep a labelled record until it is sent. */
export function post(record) {
  keep([...unsent(), record]);
}

/** Take a record out again; return whether it was there. */
export function withdraw(record) {
  const text = JSON.stringify(record);
  const others = unsent().filter((one) => JSON.stringify(one) !== text);
  const was = others.length < unsent().length;
  keep(others);
  return was;
}

/** Send everything, the oldest first. Throws Failure; its `refused` is the record that the service will never take. */
export async function flush() {
  for (const record of unsent()) {
    try {
      await api("POST", "labels", record);
    } catch (failure) {
      if (failure instanceof Failure && [400, 413, 422].includes(failure.status)) failure.refused = record;
      throw failure;
    }
    withdraw(record);
  }
}
