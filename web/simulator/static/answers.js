// What can be tapped under a bubble: the list, reply buttons, links, and the requests for a place, a number or a Flow.
// A message of the business comes in, elements go out; taps are told by `actions`.

import { icon, make } from "./dom.js";

const LINKS = {
  url: ({ title, value }) => link(title, value, "link"),
  phone_number: ({ title, value }) => link(title, `tel:${value}`, "call"),
};

/** Append what can be tapped. `actions`: openList, tap, flow, location, shareContact (message, …, opener). */
export function appendAnswers(element, bubble, message, actions) {
  if (message.direction !== "in") return;
  const { choices } = message;
  if (choices.some((choice) => choice.kind === "row")) {
    bubble.append(listButton(message, actions));
  }
  appendInteractive(bubble, message, actions);
  for (const one of message.shown.template?.links ?? []) bubble.append(templateLink(one, message, actions));
  const buttons = choices.filter((choice) => choice.kind !== "row");
  if (buttons.length) element.append(replyButtons(message, buttons, actions));
}

function appendInteractive(bubble, message, actions) {
  const { type, action } = message.raw.interactive ?? {};
  if (type === "cta_url") bubble.append(link(action.parameters.display_text, action.parameters.url, "link"));
  if (type === "flow") {
    const open = (button) => actions.flow(message, action.parameters, button);
    bubble.append(actionButton("form", action.parameters.flow_cta, "open-flow", open));
  }
  if (type === "location_request_message") {
    bubble.append(actionButton("place", "Send location", "send-location", (button) => actions.location(message, button)));
  }
  if (type === "request_contact_info") {
    bubble.append(actionButton("person", "Share phone number", "share-contact", () => actions.shareContact(message)));
  }
}

function templateLink(one, message, actions) {
  if (one.kind in LINKS) return LINKS[one.kind](one);
  if (one.kind === "request_contact_info") {
    return actionButton("person", one.title, "share-contact", () => actions.shareContact(message));
  }
  if (one.kind === "flow") {
    const parameters = { flow_name: message.raw.template.name };
    return actionButton("form", one.title, "open-flow", (button) => actions.flow(message, parameters, button));
  }
  return actionButton("copy", `${one.title} (${one.value})`, "copy-code", async (button) => {
    await navigator.clipboard.writeText(one.value);
    button.lastChild.textContent = "Copied";
  });
}

function actionButton(symbol, text, name, act) {
  const button = make("button", "bubble-action", "", { type: "button", "data-testid": name });
  button.append(icon(symbol), make("span", "", text));
  button.addEventListener("click", () => act(button));
  return button;
}

function listButton(message, actions) {
  const open = (button) => actions.openList(message, button);
  const button = actionButton("list", message.raw.interactive.action.button, "open-list", open);
  button.setAttribute("aria-haspopup", "dialog");
  return button;
}

function link(text, address, symbol) {
  const element = make("a", "bubble-action", "", { href: address, target: "_blank", rel: "noopener noreferrer" });
  element.append(icon(symbol), make("span", "", text));
  return element;
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
