// The line above everything: what is wrong, the gravest first. In: words about a matter, none when it is well again.

import { byId } from "./dom.js";

const MATTERS = ["link", "problem", "memory"];

const said = new Map();
const timers = new Map();

/** Say something about a matter until it is taken back, or for so long. */
export function say(matter, text, milliseconds = 0) {
  clearTimeout(timers.get(matter));
  said.set(matter, text);
  if (milliseconds) timers.set(matter, setTimeout(() => say(matter, ""), milliseconds));
  const words = MATTERS.map((one) => said.get(one)).find(Boolean) ?? "";
  const place = byId("banner");
  place.hidden = !words;
  if (place.textContent !== words) place.textContent = words;
}
