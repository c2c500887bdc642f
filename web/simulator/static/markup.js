// WhatsApp's text markup: *bold*, _italic_, ~struck~ and ```code```, and web addresses, as elements holding plain text.

import { make } from "./dom.js";

const TAGS = { "*": "strong", _: "em", "~": "s", "```": "code" };
const PATTERN = /(```)([^`]+?)```|(?<![\w*])(\*)(\S(?:[^*\n]*\S)?)\*(?![\w*])|(?<![\w_])(_)(\S(?:[^_\n]*\S)?)_(?![\w_])|(?<![\w~])(~)(\S(?:[^~\n]*\S)?)~(?![\w~])/g;

const ADDRESS = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;

/** Return the first web address of a text, if there is one. */
export function firstAddress(text) {
  return text.match(ADDRESS)?.[0] ?? null;
}

/** Append text to a parent, its marked parts and addresses as elements. */
export function appendMarkup(parent, text) {
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    appendMarked(parent, text.slice(end, match.index));
    const link = make("a", "", match[0], { href: match[0], target: "_blank", rel: "noopener noreferrer" });
    parent.append(link);
    end = match.index + match[0].length;
  }
  appendMarked(parent, text.slice(end));
}

function appendMarked(parent, text) {
  let end = 0;
  for (const match of text.matchAll(PATTERN)) {
    const sign = match[1] ?? match[3] ?? match[5] ?? match[7];
    const inner = match[2] ?? match[4] ?? match[6] ?? match[8];
    parent.append(text.slice(end, match.index), make(TAGS[sign], "", inner));
    end = match.index + match[0].length;
  }
  parent.append(text.slice(end));
}
