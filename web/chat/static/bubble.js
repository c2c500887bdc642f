// One message as a bubble, or as a line when it is about the conversation.

import { icon, linked, make } from "./dom.js";
import { KINDS, reasonOf, TICKS, tickOf, timeOfDay } from "./format.js";

const MEDIA = ["image", "video", "audio", "document", "sticker"];

/** The element of a message; `context` knows the clock, quoted messages and what to do on retry. */
export function bubble(message, follows, context) {
  // WhatsApp's own notes about the user, such as a new number, are nothing the user said
  if (message.direction === "system" || (message.type === "system" && message.body)) return line(message);
  const tick = message.direction === "out" ? tickOf(message, context.now()) : null;
  const classes = ["message", message.direction, follows && "follows", ["failed", "doubt"].includes(tick) && tick];
  const stamp = make("span", { class: "stamp" }, make("time", {}, timeOfDay(message.at)), tick ? tickMark(tick) : null);
  const body = make("div", { class: "bubble" }, quote(message, context), ...content(message), stamp, choicesButton(message));
  const data = { testid: "message", direction: message.direction, ref: message.ref ?? "", type: message.type };
  return make("article", { class: classes.filter(Boolean).join(" "), data }, body, tick ? why(message, tick, context) : null);
}

function tickMark(tick) {
  const [picture, words] = TICKS[tick];
  return make("span", { class: "tick", role: "img", "aria-label": words, title: words, data: { testid: "tick", tick } }, icon(picture));
}

function line(message) {
  const bad = Boolean(message.error);
  const lost = message.dropped ? make("small", {}, `${message.dropped} earlier messages were too many to keep.`) : null;
  const { from, note } = message.detail ?? {};
  const handed = from || note ? make("span", { class: "note", data: { testid: "note" } }, make("b", {}, from ? `From ${from}` : "Note"), note ? `: ${note}` : "") : null;
  const code = bad && message.error.code ? ` (${message.error.code})` : "";
  const data = { testid: "line", type: message.type };
  return make("div", { class: `line${bad ? " bad" : ""}`, data }, message.body + code, make("time", {}, timeOfDay(message.at)), lost, handed);
}

function quote(message, context) {
  const quoted = message.reply_to ? context.find(message.reply_to) : null;
  return quoted ? make("span", { class: "quote" }, quoted.body || KINDS[quoted.type]?.[1] || quoted.type) : null;
}

function content(message) {
  const detail = message.detail ?? {};
  const body = message.body ? make("span", { class: "body" }, linked(message.body)) : null;
  if (message.type === "text") return [body];
  if (message.type === "list") return [body, choices(detail)];
  if (message.type === "list_reply" || message.type === "button_reply") {
    const said = make("span", { class: "body" }, detail.title ?? message.body);
    return [label(message.type), said, detail.description ? make("small", { class: "about" }, detail.description) : null];
  }
  if (message.type === "reaction") return [label("reaction"), make("span", { class: "body" }, detail.emoji ?? message.body)];
  if (message.type === "location") {
    const at = detail.latitude !== undefined ? `${detail.latitude}, ${detail.longitude}` : "";
    return [part("location", detail.name ?? "Location", detail.address ?? at)];
  }
  if (message.type === "contacts") return [part("contacts", detail.names ?? "Contact", "Contact card")];
  if (MEDIA.includes(message.type)) {
    const title = detail.filename || (detail.voice ? "Voice message" : KINDS[message.type][1]);
    const named = part(message.type, title, detail.mime_type ?? "Open it on WhatsApp");
    return [detail.media ? file(message.type, detail.media, named) : named, body];
  }
  return [make("span", { class: "label" }, `Message of the kind “${message.type}”`), body];
}

function label(type) {
  const [picture, words] = KINDS[type];
  return make("span", { class: "label" }, icon(picture), words);
}

function part(type, title, about) {
  return make("span", { class: "part" }, icon(KINDS[type][0]), make("span", {}, make("b", {}, title), about ? make("small", {}, about) : null));
}

/** A file itself; what cannot be shown (yet) is named instead, and can be downloaded. */
function file(type, media, named) {
  const src = `/chat/media/${media}`;
  const link = make("a", { href: src, target: "_blank", rel: "noopener", class: "file", data: { testid: "file" } }, named);
  if (type === "document") return link;
  const properties = { src, class: "shown", data: { testid: "file" } };
  const shown = type === "video" || type === "audio"
    ? make(type, { ...properties, controls: true, preload: "metadata" })
    : make("img", { ...properties, alt: type, loading: "lazy" });
  shown.addEventListener("error", () => shown.replaceWith(link), { once: true });
  return shown;
}

function choices(detail) {
  const rows = (detail.rows ?? []).map((row) => make("li", {}, row.title, row.description ? make("small", {}, row.description) : null));
  return make("ul", { class: "choices" }, make("li", { class: "heading" }, detail.section ?? ""), rows);
}

function choicesButton(message) {
  if (message.type !== "list" || !message.detail?.button) return null;
  return make("span", { class: "choices-button" }, icon("list"), message.detail.button);
}

function why(message, tick, context) {
  const reason = reasonOf(message, context.now());
  if (!reason) return null;
  const buttons = [];
  if (message.error?.verdict !== "waiting") {
    const words = message.error?.verdict === "in_doubt" ? "Send again" : "Retry";
    buttons.push(make("button", { type: "button", data: { testid: "retry" }, on: { click: () => context.onRetry(message) } }, words));
  }
  if (message.local) buttons.push(make("button", { type: "button", on: { click: () => context.onDiscard(message) } }, "Discard"));
  return make("div", { class: "why", role: "status", data: { testid: "why" } }, make("span", {}, reason), buttons);
}
