// One phone: its chat, its composer and its switch between open and closed.
// Events of the socket come in, orders to the control API go out, one after another.

import { drawMessage } from "./bubble.js";
import { clock, icon, order } from "./dom.js";
import { Sheet } from "./sheet.js";

const NEAR_BOTTOM_PIXELS = 48;
const TAPS = {
  row: (id) => ({ type: "list_reply", row_id: id }),
  button: (id) => ({ type: "button_reply", button_id: id }),
  template_button: (id) => ({ type: "template_button", payload: id }),
};

export class Phone {
  constructor(user, business) {
    this.element = document.getElementById("phone").content.cloneNode(true).firstElementChild;
    this.business = business;
    this.messages = new Map();
    this.byWamid = new Map();
    this.unseen = 0;
    this.sending = Promise.resolve();
    this.parts = {};
    for (const name of ["log", "messages", "typing", "news", "welcome", "problem", "composer", "toggle", "send"]) {
      this.parts[name] = this.element.querySelector(`.${name}`);
    }
    this.text = this.element.querySelector(".composer-text");
    this.sheet = new Sheet(this.element);
    this.show(user);
    this.listen();
  }

  /** Show who holds the phone and whom they talk to. */
  show(user) {
    const find = (name) => this.element.querySelector(name);
    this.user = user;
    this.element.dataset.testid = `phone-${user.name}`;
    this.element.id = `phone-${user.id}`;
    this.element.setAttribute("aria-label", `Phone of ${user.name}`);
    find(".phone-name").textContent = user.name;
    const number = user.wa_id ? `+${user.wa_id}` : user.user_id;
    find(".phone-number").textContent = user.hide_number ? `number hidden · ${user.user_id}` : number;
    find(".chat-business").textContent = this.business.name;
    find(".avatar").textContent = this.business.name.slice(0, 1);
    this.parts.log.setAttribute("aria-label", `Chat of ${user.name} with ${this.business.name}`);
    this.text.setAttribute("aria-label", `Message of ${user.name}`);
    const { toggle } = this.parts;
    toggle.setAttribute("aria-pressed", String(user.open));
    toggle.title = user.open ? "Messages are read as they come" : "Messages are delivered but not read";
    toggle.querySelector("use").setAttribute("href", `/static/icons.svg#${user.open ? "eye" : "eye-off"}`);
    toggle.querySelector(".toggle-label").textContent = user.open ? "Chat open" : "Chat closed";
    this.element.classList.toggle("phone-closed", !user.open);
    this.showClock();
    this.showTyping(0);
  }

  showClock() {
    this.element.querySelector(".clock").textContent = clock(Date.now() / 1000);
  }

  listen() {
    const { composer, log, news, send, toggle } = this.parts;
    composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.write();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.write();
    });
    this.text.addEventListener("input", () => {
      send.disabled = !this.text.value.trim();
      this.text.style.height = "auto";
      const border = this.text.offsetHeight - this.text.clientHeight;
      this.text.style.height = `${this.text.scrollHeight + border}px`;
    });
    log.addEventListener("scroll", () => {
      if (this.atBottom()) this.showNews(0);
    });
    news.addEventListener("click", () => this.scrollDown());
    toggle.addEventListener("click", () => {
      this.queue(() => order("PATCH", `/sim/users/${this.user.id}`, { open: !this.user.open }));
    });
  }

  write() {
    const text = this.text.value.trim();
    if (!text) return;
    this.text.value = "";
    this.text.dispatchEvent(new Event("input"));
    this.scrollDown();
    this.act({ type: "text", text }, () => {
      this.text.value = text;
      this.text.dispatchEvent(new Event("input"));
    });
  }

  act(action, failed) {
    this.queue(() => order("POST", `/sim/users/${this.user.id}/messages`, action), failed);
  }

  /** Send orders one after another, so that a user's messages keep their order. */
  queue(job, failed = () => {}) {
    this.sending = this.sending.then(job).then(
      () => this.showProblem(""),
      (error) => {
        this.showProblem(error.message);
        failed();
      },
    );
  }

  showProblem(text) {
    this.parts.problem.textContent = text;
    this.parts.problem.hidden = !text;
  }

  /** Take a message that is new or has changed. */
  take(message) {
    if (message.type === "reaction") {
      this.react(message);
      return;
    }
    const pinned = this.atBottom();
    let element = this.messages.get(message.seq);
    const wasShown = element && !element.hidden;
    if (!element) {
      element = document.createElement("div");
      this.messages.set(message.seq, element);
      this.parts.messages.append(element);
    }
    this.byWamid.set(message.wamid, { message, element });
    drawMessage(element, message, {
      business: () => this.business.name,
      find: (wamid) => this.byWamid.get(wamid)?.message,
      openList: (shown, opener) => this.sheet.open(shown, opener, (choice) => this.tap(shown, choice)),
      tap: (shown, choice) => this.tap(shown, choice),
    });
    this.parts.welcome.hidden = true;
    if (wasShown || element.hidden) return;
    if (message.direction === "in") this.showTyping(0);
    if (pinned || message.direction === "out") this.scrollDown();
    else this.showNews(this.unseen + 1);
  }

  tap(message, choice) {
    this.act({ ...TAPS[choice.kind](choice.id), message_id: message.wamid });
  }

  react(message) {
    const target = this.byWamid.get(message.raw.reaction?.message_id)?.element;
    if (!target) return;
    target.dataset.reaction = message.raw.reaction.emoji ?? "";
    target.classList.toggle("message-reacted", Boolean(message.raw.reaction.emoji));
  }

  showTyping(seconds) {
    const pinned = this.atBottom();
    clearTimeout(this.typingEnds);
    this.parts.typing.hidden = seconds === 0;
    const state = this.element.querySelector(".chat-state");
    state.textContent = seconds ? "typing…" : `+${this.business.number}`;
    state.classList.toggle("chat-state-typing", seconds > 0);
    if (seconds) this.typingEnds = setTimeout(() => this.showTyping(0), seconds * 1000);
    if (pinned && seconds) this.scrollDown();
  }

  atBottom() {
    const { log } = this.parts;
    return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_BOTTOM_PIXELS;
  }

  scrollDown() {
    this.parts.log.scrollTop = this.parts.log.scrollHeight;
    this.showNews(0);
  }

  showNews(count) {
    const { news } = this.parts;
    this.unseen = count;
    news.hidden = count === 0;
    news.replaceChildren(icon("down"), count === 1 ? "1 new message" : `${count} new messages`);
  }
}
