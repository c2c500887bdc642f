// One message as a bubble: its quote, its content, what can be tapped, reactions, time and ticks.
// A message of the transcript comes in, an element goes out; taps are told by `actions`.

import { appendAnswers } from "./answers.js";
import { appendContent } from "./content.js";
import { clock, icon, make } from "./dom.js";

const TICKS = {
  pending: ["tick", "Sent, not yet taken by the business"],
  accepted: ["ticks", "Delivered to the business"],
  read: ["ticks", "Read by the business"],
  dropped: ["failed", "Given up: the webhook never answered 200"],
};

/** Draw a message, or only its new state if it is drawn already, so that what is tapped stays in place.
 *  `actions`: business(), find(wamid), options(message, opener), played(message), and those of the answers. */
export function drawMessage(element, message, actions) {
  const refused = message.direction === "in" && message.status === "failed";
  const drawn = element.childElementCount > 0 && !element.hidden;
  // what the business sent is on the phone only from `sent` on
  element.hidden = message.direction === "in" && message.status === "accepted";
  element.dataset.status = message.status;
  if (element.hidden) {
    describe(element, message);
  } else if (refused) {
    element.replaceChildren(refusal(message));
  } else if (drawn) {
    element.querySelector(".meta").replaceWith(meta(message));
  } else if (message.type === "system") {
    describe(element, message);
    element.className = "note";
    element.replaceChildren(icon("person"), make("span", "", message.text), meta(message));
  } else {
    drawWhole(element, message, actions);
  }
}

function describe(element, message) {
  element.className = `message message-${message.direction}`;
  const { direction, type, wamid } = message;
  Object.assign(element.dataset, { testid: "message", direction, type, wamid });
}

function drawWhole(element, message, actions) {
  describe(element, message);
  const bubble = make("div", "bubble");
  appendQuote(bubble, message, actions);
  appendContent(bubble, message, actions);
  bubble.append(meta(message));
  element.replaceChildren(bubble, options(message, actions));
  appendAnswers(element, bubble, message, actions);
}

/** Show new words in a bubble that was edited. */
export function showEdited(element, text) {
  const words = element.querySelector(".text");
  if (words) words.textContent = text;
  element.dataset.edited = "true";
}

/** Empty a bubble that was deleted. */
export function showRevoked(element) {
  const bubble = element.querySelector(".bubble");
  const kept = bubble?.querySelector(".meta");
  if (!kept) return;
  const words = make("p", "revoked");
  words.append(icon("trash"), "You deleted this message");
  bubble.className = "bubble";
  bubble.replaceChildren(words, kept);
  element.querySelector(".options")?.remove();
}

/** Show who reacted with what; without reactions nothing. */
export function showReactions(element, reactions) {
  element.querySelector(".reactions")?.remove();
  const given = Object.entries(reactions).filter(([, sign]) => sign);
  element.classList.toggle("message-reacted", given.length > 0);
  if (!given.length || !element.querySelector(".bubble")) return;
  const words = given.map(([side, sign]) => `${sign} from ${side === "out" ? "you" : "the business"}`).join(", ");
  const chip = make("span", "reactions", given.map(([, sign]) => sign).join(" "), { role: "img", "aria-label": words });
  chip.dataset.testid = "reactions";
  element.querySelector(".bubble").after(chip);
}

function options(message, actions) {
  const button = make("button", "options", "", { type: "button", "data-testid": "options", "aria-haspopup": "menu" });
  button.setAttribute("aria-label", "Reply, react, forward");
  button.append(icon("down"));
  button.addEventListener("click", () => actions.options(message, button));
  return button;
}

function refusal(message) {
  const error = message.errors[0];
  const note = make("p", "refusal");
  note.append(icon("failed"), make("span", "", `Not delivered: ${error.code} ${error.title}`));
  note.append(make("span", "refusal-details", error.error_data.details));
  return note;
}

function appendQuote(bubble, message, actions) {
  const context = message.raw.context;
  const quoted = context && actions.find(context.message_id ?? context.id);
  if (!quoted) return;
  const quote = make("div", "quote");
  quote.append(make("span", "quote-who", quoted.direction === "out" ? "You" : actions.business()));
  quote.append(make("span", "quote-text", quoted.text || quoted.type));
  bubble.append(quote);
}

function meta(message) {
  const element = make("span", "meta");
  element.append(make("time", "", clock(message.at)));
  if (message.direction === "out" && message.type !== "system") {
    const [symbol, label] = TICKS[message.status];
    element.append(icon(symbol, `ticks ticks-${message.status}`, label));
    if (message.status === "dropped") element.append(make("span", "dropped-reason", "not taken"));
  }
  return element;
}
