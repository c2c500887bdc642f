// The line one writes on: text, attachments, voice notes, and the message that is replied to.
// What the person does comes in; actions of the control API go out by `send`.

import { duration } from "./dom.js";
import { askForFile, audioOf, documentOf, photoOrVideo, stickerOf } from "./files.js";
import { contactForm, locationForm, orderForm, unsupportedForm } from "./forms.js";
import { record } from "./recorder.js";

const TICK_MS = 250;

export class Composer {
  /** `phone` gives send(action, failed), queue(job), showProblem(text), menu and sheet. */
  constructor(phone, element) {
    this.phone = phone;
    this.element = element.querySelector(".composer");
    this.text = element.querySelector(".composer-text");
    this.bar = element.querySelector(".reply-bar");
    this.parts = {};
    for (const name of ["attach", "mic", "send", "recording", "recording-time", "recording-cancel"]) {
      this.parts[name] = element.querySelector(`.${name}`);
    }
    this.listen();
  }

  listen() {
    const { attach, mic } = this.parts;
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.recorder) this.endRecording(true);
      else this.write();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.replyTo) this.quote(null);
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.write();
    });
    this.text.addEventListener("input", () => this.fit());
    this.text.addEventListener("paste", (event) => {
      const [file] = event.clipboardData.files;
      if (!file) return;
      event.preventDefault();
      this.sendFile((caption) => photoOrVideo(file, caption), true);
    });
    attach.addEventListener("click", () => this.phone.menu.open(attach, "Attach", this.attachments()));
    mic.addEventListener("click", () => this.startRecording());
    this.parts["recording-cancel"].addEventListener("click", () => this.endRecording(false));
    this.bar.querySelector(".reply-bar-close").addEventListener("click", () => this.quote(null));
    this.fit();
  }

  attachments() {
    const { attach } = this.parts;
    const pick = (accept, make, captioned = false) => async () => {
      const file = await askForFile(accept);
      if (file) this.sendFile((caption) => make(file, caption), captioned);
    };
    const fill = (title, form) => () => this.phone.sheet.open(title, attach, form((action) => this.sendForm(action)));
    const photos = "image/*,video/mp4,video/3gpp";
    return [
      { name: "photo", symbol: "image", label: "Photo or video", act: pick(photos, photoOrVideo, true) },
      { name: "document", symbol: "file", label: "Document", act: pick("", documentOf, true) },
      { name: "voice", symbol: "mic", label: "Voice note from a file", act: pick("audio/*", (one) => audioOf(one, true)) },
      { name: "audio", symbol: "sound", label: "Audio file", act: pick("audio/*", (one) => audioOf(one, false)) },
      { name: "sticker", symbol: "sticker", label: "Sticker", act: pick("image/*", stickerOf) },
      { name: "location", symbol: "place", label: "Location", act: fill("Location", locationForm) },
      { name: "contact", symbol: "person", label: "Contact", act: fill("Contact", contactForm) },
      { name: "order", symbol: "cart", label: "Order", act: fill("Order", orderForm) },
      { name: "unsupported", symbol: "failed", label: "What the API cannot tell", act: fill("Unsupported", unsupportedForm) },
    ];
  }

  write() {
    const text = this.takeText();
    if (!text) return;
    this.send({ type: "text", text }, () => this.putBack(text));
  }

  putBack(text) {
    this.text.value = text;
    this.fit();
  }

  takeText() {
    const text = this.text.value.trim();
    this.text.value = "";
    this.fit();
    return text;
  }

  /** Send an action, or what makes one, as a reply if one was begun. */
  send(action, failed) {
    const quoted = this.replyTo ? { reply_to: this.replyTo.wamid } : {};
    this.quote(null);
    const make = typeof action === "function" ? action : () => action;
    this.phone.send(async () => ({ ...(await make()), ...quoted }), failed);
  }

  sendForm(action) {
    this.phone.sheet.close();
    this.send(action);
  }

  /** Upload a file in its turn and send it; `prepare` gets the written text as caption if it may have one. */
  sendFile(prepare, captioned = false) {
    const caption = captioned ? this.takeText() : "";
    const make = async () => {
      this.element.classList.add("composer-busy");
      try {
        return await prepare(caption);
      } finally {
        this.element.classList.remove("composer-busy");
      }
    };
    this.send(make, () => this.putBack(caption || this.text.value));
  }

  /** Begin or give up replying to a message. */
  quote(message, who = "") {
    this.replyTo = message;
    this.bar.hidden = !message;
    if (!message) return;
    this.bar.querySelector(".quote-who").textContent = who;
    this.bar.querySelector(".quote-text").textContent = message.text || message.type;
    this.text.focus();
  }

  async startRecording() {
    this.parts.mic.disabled = true;
    try {
      this.recorder = await record();
    } catch (error) {
      this.phone.showProblem(error.message);
      return;
    } finally {
      this.parts.mic.disabled = false;
    }
    this.phone.showProblem("");
    const show = () => {
      this.parts["recording-time"].textContent = duration((performance.now() - this.recorder.startedAt) / 1000);
    };
    show();
    this.ticking = setInterval(show, TICK_MS);
    this.fit();
    this.parts.send.focus();
  }

  async endRecording(keep) {
    clearInterval(this.ticking);
    const { recorder } = this;
    this.recorder = null;
    this.fit();
    this.text.focus();
    const file = await recorder.stop();
    if (keep) this.sendFile(() => audioOf(file, true));
  }

  /** Show what fits the state: microphone or arrow, line or recording, and the height of the text. */
  fit() {
    const recording = Boolean(this.recorder);
    const written = Boolean(this.text.value.trim());
    this.parts.recording.hidden = !recording;
    this.text.hidden = recording;
    this.parts.attach.hidden = recording;
    this.parts.mic.hidden = recording || written;
    this.parts.send.hidden = !recording && !written;
    this.text.style.height = "auto";
    if (!this.text.offsetHeight) return; // not on the page yet, or hidden
    const border = this.text.offsetHeight - this.text.clientHeight;
    this.text.style.height = `${this.text.scrollHeight + border}px`;
  }
}
