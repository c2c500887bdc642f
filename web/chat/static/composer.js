// Where the operator writes: Enter sends, drafts stay with their conversation, nothing can be sent through a shut window.

import { byId, icon, make } from "./dom.js";

const MAX = 4096;
const DRAFTS = "chat.drafts";
const ROWS_MAX = 10;

export class Composer {
  constructor({ onSend, tray }) {
    this.onSend = onSend;
    this.tray = tray;
    this.tray.onChange = () => this.changed();
    this.key = null;
    this.drafts = JSON.parse(sessionStorage.getItem(DRAFTS) ?? "{}");
    this.text = byId("text");
    this.form = byId("composer");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.text.addEventListener("keydown", (event) => {
      // Enter that ends the choice of a character (Japanese, Chinese …) is no Enter.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    this.text.addEventListener("input", () => this.changed());
    this.dialog();
  }

  /** Show the draft of another conversation. */
  open(key) {
    this.key = key;
    this.text.value = this.drafts[key] ?? "";
    this.tray.open(key);
  }

  focus() {
    if (!this.form.hidden && matchMedia("(hover: hover)").matches) this.text.focus({ preventScroll: true });
  }

  /** Shut the composer with a reason of two parts, or open it. */
  shut(reason) {
    const shut = byId("shut");
    const was = this.form.hidden;
    this.form.hidden = Boolean(reason);
    this.tray.shut(Boolean(reason));
    document.querySelector(".hint").hidden = Boolean(reason);
    shut.hidden = !reason;
    const words = reason ? reason.join(" ") : "";
    if (shut.dataset.words !== words) {
      shut.dataset.words = words;
      shut.replaceChildren(...(reason ? [icon("lock"), make("span", {}, make("b", {}, reason[0]), ` ${reason[1]}`)] : []));
    }
    if (was && !reason) this.changed();
  }

  changed() {
    const text = this.text.value;
    if (this.key) {
      if (text) this.drafts[this.key] = text;
      else delete this.drafts[this.key];
      sessionStorage.setItem(DRAFTS, JSON.stringify(this.drafts));
    }
    byId("send").disabled = !(this.tray.ready || (text.trim() && !this.tray.waits));
    const left = MAX - text.length;
    byId("room").textContent = left < 300 ? `${left} characters left` : "";
    if (!CSS.supports("field-sizing", "content")) {
      this.text.style.height = "auto";
      this.text.style.height = `${Math.min(this.text.scrollHeight + 2, 168)}px`;
    }
  }

  send() {
    const text = this.text.value.trim();
    if (byId("send").disabled || this.form.hidden) return;
    this.text.value = "";
    const { files, rest } = this.tray.take(text);
    for (const file of files) this.onSend({ file });
    if (rest) this.onSend({ text: rest });
    this.changed();
    this.focus();
  }

  dialog() {
    const dialog = byId("list-dialog");
    const form = byId("list-form");
    const rows = byId("list-rows");
    const add = () => {
      const row = make(
        "div",
        { class: "choice" },
        make("input", { required: true, maxlength: 24, placeholder: "Title", "aria-label": "Title of the row", data: { part: "title" } }),
        make("input", { maxlength: 72, placeholder: "Description (may be empty)", "aria-label": "Description of the row", data: { part: "description" } }),
        make("button", { type: "button", class: "plain-button", "aria-label": "Remove the row", on: { click: () => (row.remove(), limit()) } }, icon("close")),
      );
      rows.append(row);
      limit();
      return row;
    };
    const limit = () => {
      byId("row-add").hidden = rows.children.length >= ROWS_MAX;
      for (const button of rows.querySelectorAll("button")) button.hidden = rows.children.length === 1;
    };
    byId("row-add").addEventListener("click", () => add().querySelector("input").focus());
    byId("list-open").addEventListener("click", () => {
      form.reset();
      rows.replaceChildren();
      add();
      add();
      dialog.showModal();
    });
    for (const id of ["list-close", "list-cancel"]) byId(id).addEventListener("click", () => dialog.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const data = new FormData(form);
      const items = [...rows.children].map((row, place) => {
        const part = (name) => row.querySelector(`[data-part="${name}"]`).value.trim();
        return { id: `row-${place + 1}`, title: part("title"), description: part("description") };
      });
      const list = { text: data.get("text").trim(), title: data.get("title").trim(), body: data.get("body").trim(), items };
      const blank = !list.title || !list.body || items.some((item) => !item.title);
      byId("list-problem").hidden = !blank;
      byId("list-problem").textContent = blank ? "The button, the heading and every row need a text." : "";
      if (blank) return;
      dialog.close();
      this.onSend({ list });
    });
  }
}
