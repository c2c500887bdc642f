// Messages on their way to the server: kept until it has answered, asked again with the same ref after a break.

import { LinkLost } from "./link.js";

const KEY = "chat.unsent";

/** A ref nobody else makes; also where the browser's own UUIDs are not to be had (plain http). */
export function newRef() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Outbox {
  constructor({ link, now, onChange, onSent }) {
    this.link = link;
    this.now = now;
    this.onChange = onChange;
    this.onSent = onSent;
    this.busy = null;
    this.messages = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  }

  /** Messages of a conversation the server has not answered for. */
  of(agent, user) {
    return this.messages.filter((message) => message.agent === agent && message.user === user);
  }

  add(agent, user, content) {
    const shown = content.file
      ? { type: content.file.kind, body: content.file.caption, detail: content.file }
      : content.list
      ? { type: "list", body: content.list.text || "Choose an option:", detail: { button: content.list.title, section: content.list.body, rows: content.list.items } }
      : { type: "text", body: content.text };
    this.messages.push({ ...shown, agent, user, content, ref: newRef(), direction: "out", at: this.now(), local: true });
    this.changed();
    this.flush();
  }

  retry(message) {
    this.change(message.ref, { error: null, at: this.now() });
    this.flush();
  }

  discard(message) {
    this.messages = this.messages.filter((kept) => kept.ref !== message.ref);
    this.changed();
  }

  /** Ask the server for everything unanswered, in the order it was written. */
  flush() {
    this.busy ??= this.run().finally(() => {
      this.busy = null;
    });
    return this.busy;
  }

  async run() {
    for (;;) {
      const next = this.messages.find((message) => !message.error);
      if (!next || !this.link.open) return;
      const { agent, user, ref, content } = next;
      try {
        const answer = await this.link.ask({ do: "send", agent, user, ref, ...content });
        this.messages = this.messages.filter((message) => message.ref !== ref);
        this.onSent(answer);
        this.changed();
      } catch (error) {
        if (error instanceof LinkLost) return;
        this.change(ref, { error: { reason: error.message, code: error.code, verdict: "refused" } });
      }
    }
  }

  change(ref, changed) {
    this.messages = this.messages.map((message) => (message.ref === ref ? { ...message, ...changed } : message));
    this.changed();
  }

  changed() {
    sessionStorage.setItem(KEY, JSON.stringify(this.messages));
    this.onChange();
  }
}
