// The open conversation: its messages, the way back in time, what is new, and the window's clock.

import { bubble } from "./bubble.js";
import { byId, icon, make, reconcile } from "./dom.js";
import { dayKey, dayName, hue, initials, nameOf, numberOf, tickOf, timeLeft } from "./format.js";
import { Refusal } from "./link.js";

const NEAR = 120;
const SOON_SECONDS = 2 * 3600;

export class Thread {
  constructor({ link, asking, now, outbox, onState, onMoved }) {
    this.link = link;
    this.asking = asking;
    this.now = now;
    this.outbox = outbox;
    this.onState = onState;
    this.onMoved = onMoved;
    this.conversation = null;
    this.messages = new Map();
    this.nodes = new Map();
    this.round = 0;
    this.lastTop = 0;
    this.log = byId("log");
    this.log.addEventListener("scroll", () => this.scrolled());
    byId("down").addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.log);
    for (const event of ["focus", "visibilitychange"]) window.addEventListener(event, () => this.markRead());
    this.context = {
      now,
      find: (id) => [...this.messages.values()].find((message) => message.message_id === id),
      onRetry: (message) => this.retry(message),
      onDiscard: (message) => outbox.discard(message),
    };
  }

  isOpen(agent, user) {
    return this.conversation?.agent === agent && this.conversation?.user === user;
  }

  async open(conversation) {
    const round = (this.round += 1);
    this.conversation = conversation;
    this.messages.clear();
    this.nodes.clear();
    this.highest = 0;
    this.loaded = false;
    this.more = false;
    this.floor = 0;
    this.unreadFrom = null;
    this.missed = 0;
    this.meanwhile = [];
    this.atEnd = true;
    this.draw();
    this.head();
    const question = { do: "history", agent: conversation.agent, user: conversation.user };
    const answer = await this.asking.ask(question, () => round === this.round);
    if (!answer) return;
    if (answer.conversation.user !== conversation.user) {
      this.onMoved(answer.conversation);
      return;
    }
    this.unreadFrom = answer.messages.find((message) => message.isRead === false)?.seq ?? null;
    this.loaded = true;
    this.page(answer);
    this.update(answer.conversation);
    this.toEnd();
    this.markRead();
  }

  close() {
    this.round += 1;
    this.conversation = null;
  }

  /** After a break: ask for what changed meanwhile. */
  async catchUp() {
    const { agent, user } = this.conversation ?? {};
    if (!agent) return;
    if (!this.loaded) {
      await this.open(this.conversation);
      return;
    }
    const round = (this.loading = this.round += 1);
    const answer = await this.asking.ask({ do: "catch_up", agent, user, after: this.highest }, () => round === this.round);
    if (this.loading === round) this.loading = null;
    if (!answer) return;
    // Their user turned out to be another one: it is one conversation now.
    if (answer.conversation.user !== user) {
      this.onMoved(answer.conversation);
      return;
    }
    if (answer.reset) {
      this.messages.clear();
      this.page(answer);
    } else this.take(answer.messages);
    this.update(answer.conversation);
    this.markRead();
    // Whoever waited at the top for earlier messages still does.
    if (this.log.scrollTop < NEAR) this.older();
  }

  /** A message came or changed. */
  put(message, conversation) {
    const known = this.messages.has(message.id);
    this.take([message]);
    const fresh = !known && this.messages.has(message.id);
    this.update(conversation);
    if (fresh && message.direction !== "out" && !this.atEnd) {
      this.missed += 1;
      this.pill();
    }
    this.markRead();
  }

  /** A page of messages came. The one before it starts where it begins, whatever was pushed meanwhile. */
  page({ messages, more }) {
    this.more = more;
    this.floor = messages[0]?.seq ?? this.floor;
    for (const message of this.messages.values()) if (this.isBelow(message)) this.messages.delete(message.id);
    // The answer may be older than what was pushed while it was under way.
    this.take([...messages, ...this.meanwhile]);
    this.meanwhile = [];
  }

  isBelow(message) {
    return this.more && message.seq < this.floor;
  }

  /** Messages came or changed; what belongs to a page not asked for yet comes with that page. */
  take(messages) {
    for (const message of messages) {
      this.highest = Math.max(this.highest, message.changed);
      const known = this.messages.get(message.id);
      if (!known && this.isBelow(message)) this.meanwhile.push(message);
      else if (!known || known.changed <= message.changed) this.messages.set(message.id, message);
    }
    this.draw();
  }

  update(conversation) {
    if (conversation.counter < this.conversation.counter) return;
    this.conversation = conversation;
    this.head();
  }

  async retry(message) {
    if (message.local) {
      this.outbox.retry(message);
      return;
    }
    try {
      const { agent, user, ref } = message;
      const answer = await this.link.ask({ do: "retry", agent, user, ref });
      if (this.isOpen(agent, user)) this.put(answer.message, answer.conversation);
    } catch (error) {
      if (error instanceof Refusal) this.onState(error.message);
    }
  }

  markRead() {
    const { agent, user, unread } = this.conversation ?? {};
    if (!unread || !this.atEnd || !this.messages.size || document.visibilityState !== "visible" || !document.hasFocus()) return;
    const upto = Math.max(...[...this.messages.values()].map((message) => message.seq));
    this.link.ask({ do: "read", agent, user, upto }).catch(() => null);
  }

  draw() {
    if (!this.conversation) return;
    const { agent, user } = this.conversation;
    const stored = [...this.messages.values()].sort((a, b) => a.seq - b.seq);
    const refs = new Set(stored.map((message) => message.ref));
    const all = [...stored, ...this.outbox.of(agent, user).filter((message) => !refs.has(message.ref))];
    const nodes = new Map();
    const wanted = [];
    const use = (key, sign, build) => {
      const known = this.nodes.get(key);
      const node = known?.sign === sign ? known.node : build();
      nodes.set(key, { sign, node });
      wanted.push(node);
    };
    if (!this.loaded) use("loading", "", () => make("div", { class: "older" }, "Loading…"));
    if (this.more) use("older", "", () => make("div", { class: "older" }, "Earlier messages…"));
    let before = null;
    for (const message of all) {
      const day = dayKey(message.at);
      if (!before || dayKey(before.at) !== day) {
        const name = dayName(message.at, this.now());
        use(`day ${message.ref ?? message.id}`, name, () => make("div", { class: "day" }, name));
        before = null;
      }
      if (this.unreadFrom !== null && message.seq === this.unreadFrom) {
        use("unread", "", () => make("div", { class: "unread-line" }, "New"));
        before = null;
      }
      const follows = before?.direction === message.direction && message.at - before.at < 300;
      const sign = JSON.stringify([message, follows, message.direction === "out" ? tickOf(message, this.now()) : ""]);
      use(message.ref ?? message.id, sign, () => bubble(message, follows, this.context));
      before = message;
    }
    this.nodes = nodes;
    const fromEnd = this.log.scrollHeight - this.log.scrollTop;
    const top = this.log.firstChild;
    // the scroll event of a reader who went up may not have come yet
    if (this.log.scrollTop < this.lastTop) this.atEnd = this.nearEnd();
    reconcile(this.log, wanted);
    if (this.atEnd) this.toEnd();
    else if (top !== this.log.firstChild || this.prepending) this.log.scrollTop = this.log.scrollHeight - fromEnd;
  }

  nearEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR;
  }

  scrolled() {
    this.lastTop = this.log.scrollTop;
    this.atEnd = this.nearEnd();
    if (this.atEnd) {
      this.missed = 0;
      this.markRead();
    }
    this.pill();
    if (this.log.scrollTop < NEAR) this.older();
  }

  async older() {
    if (!this.conversation || !this.more || this.loading === this.round) return;
    const { agent, user } = this.conversation;
    const round = (this.loading = this.round);
    this.meanwhile = [];
    const answer = await this.asking.ask({ do: "history", agent, user, before: this.floor }, () => round === this.round);
    if (this.loading === round) this.loading = null;
    if (!answer) return;
    this.prepending = true;
    this.page(answer);
    this.prepending = false;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.lastTop = this.log.scrollTop;
    this.atEnd = true;
    this.missed = 0;
    this.pill();
  }

  pill() {
    byId("down").hidden = this.atEnd;
    byId("down-text").textContent = this.missed ? `${this.missed} new` : "Newest";
  }

  head() {
    const conversation = this.conversation;
    const face = byId("thread-face");
    face.className = `face face-${hue(conversation.user)}`;
    face.replaceChildren(conversation.name ? initials(conversation) : icon("person"));
    byId("thread-name").textContent = nameOf(conversation);
    byId("thread-number").textContent = conversation.name ? numberOf(conversation) : "WhatsApp user";
    this.clock();
  }

  /** Why nothing can be written now; null when something can. */
  shut() {
    const { state, closed_reason: reason, window_ends: ends } = this.conversation;
    const who = nameOf(this.conversation);
    if (state === "closed") {
      const whys = { exit: `${who} left the conversation.`, expired: `${who} was silent for too long.`, agent: "You closed it.", transferred: "Another agent has it now.", ended: "An administrator ended it.", joined: `${who} is with another agent under another name.` };
      const why = whys[reason] ?? "It was closed.";
      return ["Conversation ended.", `${why} You can write again when they choose this agent.`];
    }
    if (ends - this.margin <= this.now()) return ["Window closed.", `24 hours have passed since ${who} last wrote. You can answer when they write again.`];
    return null;
  }

  clock() {
    if (!this.conversation) return;
    const chip = byId("window");
    const left = this.conversation.window_ends - (this.margin ?? 0) - this.now();
    chip.hidden = this.conversation.state === "closed";
    chip.dataset.state = left <= 0 ? "shut" : left < SOON_SECONDS ? "soon" : "open";
    chip.replaceChildren(icon(left <= 0 ? "lock" : "clock"), left <= 0 ? "Window closed" : timeLeft(left));
    chip.title = left <= 0 ? "Only a template reaches the user now" : "Time left to answer, counted from the user's last message";
    this.onState(null);
  }
}
