// Small hands for the page: make elements, icons and orders to the simulator.
// Text only ever enters the page as text, never as HTML.

/** Make an element with a class, text and attributes. */
export function make(tag, className = "", text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an icon of the sprite; decorative unless it gets a label. */
export function icon(name, className = "icon", label = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Send an order to the control API; throws an Error with the reason it gives. */
export async function order(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The simulator does not answer. Is it still running?");
  }
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

/** Show hours and minutes of a Unix time in seconds. */
export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** Put a file on the phone; resolves to its medium, whose id a message can carry. */
export async function putFile(file, type, { filename = "", voice = false } = {}) {
  const path = `/sim/media?${new URLSearchParams({ filename, voice: voice ? "1" : "0" })}`;
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "Content-Type": type }, body: file });
  } catch {
    throw new Error("The simulator does not answer. Is it still running?");
  }
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

/** Show a number of bytes as a person reads it. */
export function bytes(count) {
  const units = ["B", "KB", "MB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const amount = count / 1000 ** power;
  return `${power && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${units[power]}`;
}

/** Show seconds as minutes and seconds. */
export function duration(seconds) {
  const whole = Number.isFinite(seconds) ? Math.round(seconds) : 0;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
