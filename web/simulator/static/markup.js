// WhatsApp's text markup: *bold*, _italic_, ~struck~ and ```code```, as elements holding plain text.

import { make } from "./dom.js";

const TAGS = { "*": "strong", _: "em", "~": "s", "```": "code" };
const PATTERN = /(```)([^`]+?)```|(?<![\w*])(\*)(\S(?:[^*\n]*\S)?)\*(?![\w*])|(?<![\w_])(_)(\S(?:[^_\n]*\S)?)_(?![\w_])|(?<![\w~])(~)(\S(?:[^~\n]*\S)?)~(?![\w~])/g;

/** Append text to a parent, its marked parts as elements. */
export function appendMarkup(parent, text) {
  let end = 0;
  for (const match of text.matchAll(PATTERN)) {
    const sign = match[1] ?? match[3] ?? match[5] ?? match[7];
    const inner = match[2] ?? match[4] ?? match[6] ?? match[8];
    parent.append(text.slice(end, match.index), make(TAGS[sign], "", inner));
    end = match.index + match[0].length;
  }
  parent.append(text.slice(end));
}
