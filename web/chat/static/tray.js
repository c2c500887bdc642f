// Files an operator attaches: chosen, dropped or pasted, brought at once, and sent with the next message.

import { byId, icon, make } from "./dom.js";
import { KINDS } from "./format.js";
import { Refusal } from "./link.js";

const FILES_MAX = 10;
const CAPTION_MAX = 1024;
const WITH_CAPTION = ["image", "video", "document"];
const BROKE = "The upload broke off. Try again.";

/** What a file is called, also one that was pasted and has no name. */
const nameOf = (file) => file.name || `pasted.${file.type.split("/")[1] ?? "bin"}`;

const sizeOf = (bytes) => (bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

/** Bring a file to the chat's server; resolves with its answer, rejects with words for the operator. */
function bring(entry, onProgress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("file", entry.file, nameOf(entry.file));
    const request = new XMLHttpRequest();
    entry.request = request;
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    request.addEventListener("error", () => reject(new Error(BROKE)));
    request.addEventListener("load", () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch (error) {
        console.warn("an answer to an upload that is no JSON", error);
      }
      if (request.status === 201) resolve(answer);
      else reject(new Error(answer.error ?? `${BROKE} (${request.status})`));
    });
    request.open("POST", "/chat/media");
    request.send(form);
  });
}

export class Tray {
  /** `place` gives the open conversation; `onChange` is called when what can be sent changes. */
  constructor({ link, place }) {
    this.link = link;
    this.place = place;
    this.onChange = () => {};
    this.key = null;
    this.closed = false;
    this.entries = new Map();
    const input = byId("attach-input");
    byId("attach-open").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.add([...input.files]);
      input.value = "";
    });
    byId("text").addEventListener("paste", (event) => this.pasted(event));
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) window.addEventListener(name, (event) => this.dragged(event));
  }

  /** The files of the open conversation. */
  get list() {
    return this.entries.get(this.key) ?? [];
  }

  /** Whether all files are brought, and there is one. */
  get ready() {
    return this.list.length > 0 && !this.waits;
  }

  /** Whether a file is on its way, or failed. */
  get waits() {
    return this.list.some((entry) => !entry.media);
  }

  open(key) {
    this.key = key;
    this.draw();
  }

  shut(closed) {
    if (this.closed === closed) return;
    this.closed = closed;
    this.draw();
  }

  pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.add(files);
  }

  dragged(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    // Also where nothing can be dropped: else the browser leaves the page to show the file.
    event.preventDefault();
    const possible = this.place() && !this.closed && !document.querySelector("dialog[open]");
    event.dataTransfer.dropEffect = possible ? "copy" : "none";
    const leaves = event.type === "drop" || (event.type === "dragleave" && !event.relatedTarget);
    byId("drop").hidden = leaves || !possible;
    if (event.type === "drop" && possible) this.add([...event.dataTransfer.files]);
  }

  add(files) {
    if (!this.key || this.closed) return;
    const list = [...this.list];
    for (const file of files) {
      const problem = list.length < FILES_MAX ? "" : `At most ${FILES_MAX} files at once.`;
      list.push({ file, progress: 0, problem, final: true, begun: Boolean(problem), media: "" });
    }
    this.entries.set(this.key, list);
    for (const entry of list) if (!entry.begun) this.begin(entry);
    this.draw();
  }

  async begin(entry) {
    Object.assign(entry, { begun: true, problem: "", progress: 0 });
    const { agent } = this.place();
    const { file } = entry;
    try {
      // Asked first, so that nobody uploads for minutes what is refused.
      const { kind } = await this.link.ask({ do: "attach", agent, name: nameOf(file), type: file.type, size: file.size });
      entry.kind = kind;
      const brought = await bring(entry, (part) => {
        entry.progress = part;
        entry.show?.();
      });
      Object.assign(entry, { media: brought.id, mime_type: brought.mime_type, filename: brought.filename ?? "" });
    } catch (error) {
      entry.problem = error.message;
      // What the rules forbid stays forbidden.
      entry.final = error instanceof Refusal;
    }
    this.draw();
  }

  remove(entry) {
    entry.request?.abort();
    for (const [key, list] of this.entries) this.entries.set(key, list.filter((kept) => kept !== entry));
    this.draw();
  }

  /** Take the files out, as messages; the text goes under the first that can have words, or comes back as `rest`. */
  take(text) {
    const list = this.list;
    const bearer = text.length <= CAPTION_MAX ? list.find((entry) => WITH_CAPTION.includes(entry.kind)) : undefined;
    const files = list.map((entry) => {
      const { kind, media, mime_type, filename } = entry;
      return { kind, media, mime_type, filename, caption: entry === bearer ? text : "" };
    });
    this.entries.delete(this.key);
    this.draw();
    return { files, rest: bearer ? "" : text };
  }

  draw() {
    const tray = byId("tray");
    tray.hidden = this.closed || !this.list.length;
    tray.replaceChildren(...this.list.map((entry) => this.chip(entry)));
    this.onChange();
  }

  chip(entry) {
    const { file, problem, media, kind } = entry;
    const name = nameOf(file);
    const picture = media && kind === "image"
      ? make("img", { src: `/chat/media/${media}`, alt: "" })
      : icon(problem ? "alert" : (KINDS[kind]?.[0] ?? "file"));
    const about = make("small", { role: problem ? "alert" : null }, problem || sizeOf(file.size));
    const words = make("span", { class: "chip-words" }, make("b", {}, name), about);
    const bar = problem || media ? null : make("progress", { max: 1, "aria-label": `Upload of ${name}` });
    // Only these two change while it comes: to draw all anew would take the focus from a button.
    entry.show = () => {
      if (!bar) return;
      bar.value = entry.progress;
      about.textContent = `${sizeOf(file.size)} · ${Math.round(entry.progress * 100)} %`;
    };
    entry.show();
    const again = problem && !entry.final
      ? make("button", { type: "button", class: "text-button", data: { testid: "attach-again" }, on: { click: () => (this.begin(entry), this.draw()) } }, "Retry")
      : null;
    const off = make("button", { type: "button", class: "plain-button", title: "Remove", "aria-label": `Remove ${name}`, data: { testid: "attach-remove" }, on: { click: () => this.remove(entry) } }, icon("close"));
    const state = problem ? "failed" : media ? "ready" : "coming";
    return make("li", { class: "chip", data: { testid: "chip", state } }, picture, words, bar, again, off);
  }
}
