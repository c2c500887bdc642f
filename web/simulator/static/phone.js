// One phone: its chat, its composer and its switch between open and closed.
// Events of the socket come in, orders to the control API go out, one after another.

import { drawMessage, showEdited, showReactions, showRevoked } from "./bubble.js";
import { Composer } from "./composer.js";
import { clock, icon, order } from "./dom.js";
import { editForm, flowForm, locationForm } from "./forms.js";
import { Menu } from "./menu.js";
import { messageOptions } from "./options.js";
import { personOptions } from "./people.js";
import { Sheet } from "./sheet.js";

const NEAR_BOTTOM_PIXELS = 48;
const TAPS = {
  row: (id) => ({ type: "list_reply", row_id: id }),
  button: (id) => ({ type: "button_reply", button_id: id }),
  template_button: (id) => ({ type: "template_button", payload: id }),
};
const ABOUT_ANOTHER = ["reaction", "edit", "revoke"];

export class Phone {
  constructor(user, business) {
    this.element = document.getElementById("phone").content.cloneNode(true).firstElementChild;
    this.business = business;
    this.chat = business.numbers[0].phone_number_id;
    this.kept = new Map();
    this.messages = new Map();
    this.byWamid = new Map();
    this.reactions = new Map();
    this.latest = new Map();
    this.unseen = 0;
    this.lastTop = 0;
    this.sending = Promise.resolve();
    this.parts = {};
    for (const name of ["log", "messages", "typing", "news", "welcome", "problem", "toggle", "person", "chat-number"]) {
      this.parts[name] = this.element.querySelector(`.${name}`);
    }
    const numbers = this.parts["chat-number"];
    numbers.hidden = business.numbers.length < 2;
    for (const one of business.numbers) numbers.add(new Option(`+${one.number}`, one.phone_number_id));
    this.sheet = new Sheet(this.element);
    this.menu = new Menu(this.element.querySelector(".screen"));
    this.captionMenu = new Menu(this.element);
    this.composer = new Composer(this, this.element);
    this.text = this.composer.text;
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
    find(".phone-number").textContent = namesOf(user);
    find(".chat-business").textContent = this.business.name;
    find(".avatar").textContent = this.business.name.slice(0, 1);
    this.parts.log.setAttribute("aria-label", `Chat of ${user.name} with ${this.business.name}`);
    this.text.setAttribute("aria-label", `Message of ${user.name}`);
    this.parts["chat-number"].setAttribute("aria-label", `The business number ${user.name} writes to`);
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
    const { log, news, toggle, person } = this.parts;
    log.addEventListener("scroll", () => {
      this.noticeReader();
      // what grew meanwhile, such as a picture that has come, is not the reader's doing
      if (log.scrollHeight === this.height) this.pinned = this.atBottom();
      if (this.pinned) this.showNews(0);
    });
    news.addEventListener("click", () => this.scrollDown());
    toggle.addEventListener("click", () => {
      this.queue(() => order("PATCH", `/sim/users/${this.user.id}`, { open: !this.user.open }));
    });
    this.parts["chat-number"].addEventListener("change", ({ target }) => this.choose(target.value));
    person.addEventListener("click", () => {
      this.captionMenu.open(person, `About ${this.user.name}`, personOptions(this));
    });
    new ResizeObserver(() => {
      this.noticeReader(); // their scroll event may come only after what grew in the same frame
      this.height = log.scrollHeight;
      if (this.pinned) this.scrollDown();
    }).observe(this.parts.messages);
  }

  /** Let the user do something: an action, or what makes one in its turn; `failed` is told when it cannot be done. */
  send(action, failed) {
    this.scrollDown();
    const make = typeof action === "function" ? action : () => action;
    const to = { phone_number_id: this.chat };
    this.queue(async () => order("POST", `/sim/users/${this.user.id}/messages`, { ...to, ...(await make()) }), failed);
  }

  /** Show the chat with another business number. */
  choose(id) {
    this.chat = id;
    this.sheet.close();
    this.composer.quote(null);
    for (const known of [this.messages, this.byWamid, this.reactions, this.latest]) known.clear();
    this.parts.messages.replaceChildren();
    this.parts.welcome.hidden = false;
    this.showUnseen(id, false);
    this.showTyping(0);
    for (const message of this.kept.values()) this.take(message, false);
    this.scrollDown();
  }

  /** Mark a chat that is not shown when something has come there. */
  showUnseen(id, unseen) {
    const option = [...this.parts["chat-number"].options].find(({ value }) => value === id);
    option.text = `${unseen ? "● " : ""}+${this.numberOf(id)}`;
  }

  numberOf(id) {
    return this.business.numbers.find((one) => one.phone_number_id === id).number;
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

  /** Take a message that is new or has changed; `live` when it comes just now. */
  take(message, live = true) {
    const fresh = live && message.direction === "in" && !this.kept.has(message.seq);
    this.kept.set(message.seq, message);
    if (message.phone_number_id !== this.chat) {
      if (fresh) this.showUnseen(message.phone_number_id, true);
      return;
    }
    if (ABOUT_ANOTHER.includes(message.type) && this.applied(message)) return;
    const pinned = this.atBottom();
    let element = this.messages.get(message.seq);
    const wasShown = element && !element.hidden;
    if (!element) {
      element = document.createElement("div");
      this.messages.set(message.seq, element);
      this.parts.messages.append(element);
    }
    this.byWamid.set(message.wamid, { message, element });
    drawMessage(element, message, this.actions());
    showReactions(element, this.reactions.get(message.wamid) ?? {});
    this.parts.welcome.hidden = true;
    if (wasShown || element.hidden) return;
    if (message.direction === "in") this.showTyping(0);
    if (pinned || message.direction === "out") this.scrollDown();
    else this.showNews(this.unseen + 1);
  }

  actions() {
    const answer = (message) => (action) => {
      this.sheet.close();
      this.send({ ...action, [action.type === "flow_reply" ? "message_id" : "reply_to"]: message.wamid });
    };
    return {
      business: () => this.business.name,
      find: (wamid) => this.byWamid.get(wamid)?.message,
      openList: (shown, opener) => this.sheet.openList(shown, opener, (choice) => this.tap(shown, choice)),
      tap: (shown, choice) => this.tap(shown, choice),
      flow: (shown, parameters, opener) =>
        this.sheet.open(parameters.flow_cta ?? "Flow", opener, flowForm(parameters, answer(shown))),
      location: (shown, opener) => this.sheet.open("Send location", opener, locationForm(answer(shown))),
      shareContact: (shown) => this.send({ type: "share_contact", message_id: shown.wamid }),
      played: (shown) =>
        this.queue(() => order("POST", `/sim/users/${this.user.id}/played`, { message_id: shown.wamid })),
      options: (shown, opener) => {
        const { rows, emoji } = messageOptions(this, shown);
        this.menu.open(opener, "Message", rows, emoji);
      },
    };
  }

  tap(message, choice) {
    this.send({ ...TAPS[choice.kind](choice.id), message_id: message.wamid });
  }

  edit(message, opener) {
    const form = editForm(message.text, (text) => {
      this.sheet.close();
      this.send({ type: "edit", message_id: message.wamid, text });
    });
    this.sheet.open("Edit message", opener, form);
  }

  /** Show a reaction, an edit or a deletion at the message it is about; false when that is not here. */
  applied(message) {
    const { raw, shown, type, direction } = message;
    // what the business sends is on the phone only from `sent` on, and never when it failed
    if (direction === "in" && ["accepted", "failed"].includes(message.status)) return true;
    const target = shown.target ?? raw.reaction?.message_id;
    const found = this.byWamid.get(target);
    const about = `${type} ${direction} ${target}`;
    // a tick of an older one must not bring it back
    if (message.seq < (this.latest.get(about) ?? 0)) return true;
    this.latest.set(about, message.seq);
    if (type === "reaction") {
      const reactions = { ...this.reactions.get(target), [direction]: raw.reaction.emoji ?? "" };
      this.reactions.set(target, reactions);
      if (found) showReactions(found.element, reactions);
      return true;
    }
    if (!found) return false;
    if (type === "edit") showEdited(found.element, shown.text);
    else showRevoked(found.element);
    return true;
  }

  showTyping(seconds) {
    const pinned = this.atBottom();
    clearTimeout(this.typingEnds);
    this.parts.typing.hidden = seconds === 0;
    const state = this.element.querySelector(".chat-state");
    state.textContent = seconds ? "typing…" : `+${this.numberOf(this.chat)}`;
    state.classList.toggle("chat-state-typing", seconds > 0);
    if (seconds) this.typingEnds = setTimeout(() => this.showTyping(0), seconds * 1000);
    if (pinned && seconds) this.scrollDown();
  }

  /** Only the reader goes up: what grows or shrinks leaves them at the end they were at. */
  noticeReader() {
    const { scrollTop } = this.parts.log;
    if (scrollTop < this.lastTop) this.pinned = this.atBottom();
    this.lastTop = scrollTop;
  }

  atBottom() {
    const { log } = this.parts;
    return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_BOTTOM_PIXELS;
  }

  scrollDown() {
    const { log } = this.parts;
    this.height = log.scrollHeight;
    log.scrollTop = this.height;
    this.lastTop = log.scrollTop;
    this.pinned = true;
    this.showNews(0);
  }

  showNews(count) {
    const { news } = this.parts;
    this.unseen = count;
    news.hidden = count === 0;
    news.replaceChildren(icon("down"), count === 1 ? "1 new message" : `${count} new messages`);
  }
}

function namesOf({ wa_id: number, user_id: id, hide_number: hidden }) {
  if (hidden) return `number hidden · ${id}`;
  return number ? `+${number}` : `no number · ${id}`;
}
