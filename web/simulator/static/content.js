// What a bubble shows of each kind of message: text, media, places, people, orders, and what cannot be read.
// A message of the transcript comes in, elements go out. Media come from the simulator itself, never from elsewhere.

import { bytes, icon, make } from "./dom.js";
import { appendMarkup, firstAddress } from "./markup.js";
import { player } from "./player.js";

const MEDIA = ["image", "video", "audio", "document", "sticker"];
const NAMES = { image: "Photo", video: "Video", audio: "Audio", document: "Document", sticker: "Sticker" };
const SYMBOLS = { image: "image", video: "film", audio: "sound", document: "file", sticker: "image" };

/** Append what the message shows; `actions.played(message)` is told when a voice note is played. */
export function appendContent(bubble, message, actions) {
  const { raw } = message;
  const kind = raw.type ?? message.type;
  const context = raw.context ?? {};
  if (context.forwarded || context.frequently_forwarded) {
    bubble.append(label("forward", context.frequently_forwarded ? "Forwarded many times" : "Forwarded"));
  }
  if (raw.group_id) bubble.append(label("person", `In the group ${raw.group_id}`));
  if (raw.referral) bubble.append(card("link", raw.referral.headline ?? "Advertisement", raw.referral.source_url));
  if (message.direction === "in" && kind === "interactive") appendInteractive(bubble, message, actions);
  else if (kind === "template") appendTemplate(bubble, message, actions);
  else if (MEDIA.includes(kind)) appendMedia(bubble, kind, raw[kind] ?? {}, message, actions);
  else if (kind === "location") bubble.append(place(raw.location));
  else if (kind === "contacts") bubble.append(...raw.contacts.map(person));
  else if (kind === "order") bubble.append(order(raw.order));
  else if (kind === "unsupported") bubble.append(unreadable(raw));
  else if (raw.interactive?.nfm_reply) appendFlowAnswer(bubble, raw.interactive.nfm_reply);
  else appendPlain(bubble, message);
  const description = raw.interactive?.list_reply?.description;
  if (description) bubble.append(make("p", "footer", description));
}

function appendPlain(bubble, message) {
  const address = message.raw.text?.preview_url ? firstAddress(message.text) : null;
  if (address) bubble.append(card("link", new URL(address).hostname, address));
  appendText(bubble, message.text);
}

function appendText(bubble, text) {
  if (!text) return;
  const element = make("p", "text", "", { dir: "auto" });
  appendMarkup(element, text);
  bubble.append(element);
}

function appendInteractive(bubble, message, actions) {
  const { header, footer } = message.raw.interactive;
  appendHeader(bubble, header, message, actions);
  appendText(bubble, message.text);
  if (footer) bubble.append(make("p", "footer", footer.text));
}

function appendTemplate(bubble, message, actions) {
  const { header, footer } = message.shown.template ?? {};
  appendHeader(bubble, header, message, actions);
  appendText(bubble, message.text);
  if (footer) bubble.append(make("p", "footer", footer));
}

function appendHeader(bubble, header, message, actions) {
  if (!header) return;
  if (header.type === "text") bubble.append(make("p", "header", header.text));
  else if (header.type === "location") bubble.append(place(header.location));
  else appendMedia(bubble, header.type, header[header.type], message, actions);
}

function appendMedia(bubble, kind, content, message, actions) {
  bubble.classList.add(`bubble-${kind}`);
  bubble.append(medium(kind, content, message, actions));
  appendText(bubble, content.caption);
}

function medium(kind, content, message, actions) {
  const stored = message.shown.media?.[content.id ?? content.link];
  if (!stored) return card(SYMBOLS[kind], NAMES[kind], content.link ?? "not available");
  const source = `/sim/media/${stored.id}`;
  if (kind === "document") return file(stored, content.filename ?? stored.filename ?? "Document", source);
  const shown = { image: picture, sticker: picture, video: film, audio: sound }[kind](source, content, message, actions);
  shown.addEventListener("error", () => shown.replaceWith(card(SYMBOLS[kind], NAMES[kind], "not available")), true);
  return shown;
}

function picture(source, content, message) {
  const sticker = (message.raw.type ?? message.type) === "sticker";
  const image = make("img", sticker ? "sticker" : "photo", "", { src: source, "data-testid": "picture" });
  image.alt = content.caption || (sticker ? "Sticker" : "Photo");
  if (sticker) return image;
  const link = make("a", "photo-link", "", { href: source, target: "_blank", rel: "noopener" });
  link.append(image);
  return link;
}

function film(source, content) {
  const video = make("video", "film", "", { src: source, controls: "", preload: "metadata", "data-testid": "film" });
  video.setAttribute("aria-label", content.caption || "Video");
  return video;
}

function sound(source, content, message, actions) {
  const played = () => {
    if (content.voice && message.direction === "in") actions.played(message);
  };
  const element = player(source, content.voice ? "Voice note" : "Audio", played);
  element.dataset.testid = "sound";
  element.prepend(icon(content.voice ? "mic" : "sound", "icon player-kind"));
  return element;
}

function file(stored, name, source) {
  const kind = name.includes(".") ? name.split(".").pop().toUpperCase().slice(0, 5) : "FILE";
  const element = card("file", name, `${kind} · ${bytes(stored.file_size)}`, "a");
  element.classList.add("card-file");
  Object.assign(element, { href: source, download: name });
  element.dataset.testid = "document";
  return element;
}

function place({ latitude, longitude, name, address }) {
  const link = make("a", "place", "", { target: "_blank", rel: "noopener noreferrer", "data-testid": "place" });
  link.href = `https://www.openstreetmap.org/?mlat=${Number(latitude)}&mlon=${Number(longitude)}#map=16`;
  const map = make("span", "place-map", "", { "aria-hidden": "true" });
  map.append(icon("pin", "place-pin"));
  const words = make("span", "card-words");
  words.append(make("span", "card-label", name || "Location"));
  words.append(make("span", "card-text", address || `${Number(latitude).toFixed(5)}, ${Number(longitude).toFixed(5)}`));
  link.append(map, words);
  return link;
}

function person({ name = {}, phones = [], org }) {
  const full = name.formatted_name ?? "Contact";
  const about = [phones.map(({ phone }) => phone).join(", "), org?.company].filter(Boolean).join(" · ");
  const element = make("div", "card card-person", "", { "data-testid": "person" });
  const words = make("div", "card-words");
  words.append(make("span", "card-label", full), make("span", "card-text", about));
  element.append(make("span", "person-sign", full.slice(0, 1).toUpperCase(), { "aria-hidden": "true" }), words);
  return element;
}

function order({ product_items: items, text }) {
  const total = items.reduce((sum, item) => sum + item.quantity * item.item_price, 0);
  const count = items.reduce((sum, item) => sum + item.quantity, 0);
  const price = `${total.toFixed(2)} ${items[0].currency ?? ""}`;
  return card("cart", `Order of ${count} ${count === 1 ? "article" : "articles"}`, [price, text].filter(Boolean).join(" · "));
}

function unreadable({ unsupported, errors = [] }) {
  return card("failed", "The business cannot read this", unsupported?.type ?? errors[0]?.title ?? "");
}

function appendFlowAnswer(bubble, { body, response_json: response }) {
  bubble.append(card("form", body, response));
}

function label(symbol, text) {
  const element = make("p", "bubble-label");
  element.append(icon(symbol), text);
  return element;
}

function card(symbol, title, text, tag = "div") {
  const element = make(tag, "card");
  const words = make("span", "card-words");
  words.append(make("span", "card-label", title));
  if (text) words.append(make("span", "card-text", text));
  element.append(icon(symbol), words);
  return element;
}
