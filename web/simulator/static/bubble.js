// One message as a bubble: what it shows, what can be tapped, its time and its ticks.
// A message of the transcript comes in, an element goes out; taps are told by `actions`.

import { clock, icon, make } from "./dom.js";
import { appendMarkup } from "./markup.js";

const CARDS = {
  image: ["image", "Photo"],
  video: ["image", "Video"],
  sticker: ["image", "Sticker"],
  audio: ["sound", "Audio"],
  document: ["file", "Document"],
  location: ["place", "Location"],
  contacts: ["person", "Contact"],
};

const TICKS = {
  pending: ["tick", "Sent, not yet taken by the business"],
  accepted: ["ticks", "Delivered to the business"],
  read: ["ticks", "Read by the business"],
  dropped: ["failed", "Given up: the webhook never answered 200"],
};

/** Draw a message, or only its new state if it is drawn already, so that what is tapped stays in place.
 *  `actions`: business(), find(wamid), openList(message, opener), tap(message, choice). */
export function drawMessage(element, message, actions) {
  const refused = message.direction === "in" && message.status === "failed";
  const drawn = element.childElementCount > 0;
  // what the business sent is on the phone only from `sent` on
  element.hidden = message.direction === "in" && message.status === "accepted";
  element.dataset.status = message.status;
  if (refused) {
    element.replaceChildren(refusal(message));
  } else if (drawn) {
    element.querySelector(".meta").replaceWith(meta(message));
  } else {
    drawWhole(element, message, actions);
  }
}

function drawWhole(element, message, actions) {
  const { direction, type, wamid } = message;
  element.className = `message message-${direction}`;
  Object.assign(element.dataset, { testid: "message", direction, type, wamid });
  const bubble = make("div", "bubble");
  const choices = direction === "in" ? message.choices : [];
  appendQuote(bubble, message, actions);
  appendContent(bubble, message);
  bubble.append(meta(message));
  if (choices.some((choice) => choice.kind === "row")) bubble.append(listButton(message, actions));
  const link = message.raw.interactive?.type === "cta_url" ? message.raw.interactive.action.parameters : null;
  if (link) bubble.append(linkButton(link));
  element.append(bubble);
  const buttons = choices.filter((choice) => choice.kind !== "row");
  if (buttons.length) element.append(replyButtons(message, buttons, actions));
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
  quote.append(make("span", "quote-text", quoted.text));
  bubble.append(quote);
}

function appendContent(bubble, message) {
  const interactive = message.direction === "in" ? message.raw.interactive : null;
  const kind = message.raw.type ?? message.type;
  if (interactive?.header) bubble.append(header(interactive.header));
  const media = kind in CARDS ? message.raw[kind] : null;
  if (media) bubble.append(card(kind, media.filename ?? media.link ?? (media.caption ? "" : message.text)));
  const plain = media ? media.caption : message.text;
  if (plain) {
    const text = make("p", "text", "", { dir: "auto" });
    appendMarkup(text, plain);
    bubble.append(text);
  }
  const description = message.raw.interactive?.list_reply?.description;
  if (description) bubble.append(make("p", "footer", description));
  if (interactive?.footer) bubble.append(make("p", "footer", interactive.footer.text));
}

function header(content) {
  if (content.type === "text") return make("p", "header", content.text);
  return card(content.type, content[content.type]?.link ?? "");
}

function card(kind, text) {
  const [symbol, label] = CARDS[kind];
  const element = make("div", "card");
  const words = make("div", "card-words");
  words.append(make("span", "card-label", label));
  if (text) words.append(make("span", "card-text", text));
  element.append(icon(symbol), words);
  return element;
}

function meta(message) {
  const element = make("span", "meta");
  element.append(make("time", "", clock(message.at)));
  if (message.direction === "out") {
    const [symbol, label] = TICKS[message.status];
    element.append(icon(symbol, `ticks ticks-${message.status}`, label));
    if (message.status === "dropped") element.append(make("span", "dropped-reason", "not taken"));
  }
  return element;
}

function listButton(message, actions) {
  const button = make("button", "bubble-action", "", { type: "button", "data-testid": "open-list" });
  button.setAttribute("aria-haspopup", "dialog");
  button.append(icon("list"), message.raw.interactive.action.button);
  button.addEventListener("click", () => actions.openList(message, button));
  return button;
}

function linkButton({ display_text: label, url }) {
  const link = make("a", "bubble-action", "", { href: url, target: "_blank", rel: "noopener noreferrer" });
  link.append(icon("link"), label);
  return link;
}

function replyButtons(message, choices, actions) {
  const group = make("div", "reply-buttons");
  for (const choice of choices) {
    const button = make("button", "reply-button", "", { type: "button", "data-testid": "reply-button" });
    button.dataset.choice = choice.id;
    button.append(icon("reply"), choice.title);
    button.addEventListener("click", () => actions.tap(message, choice));
    group.append(button);
  }
  return group;
}
