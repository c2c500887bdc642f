// The list of conversations: newest first, searched on the server, kept right by pushes.

import { byId, icon, make, reconcile } from "./dom.js";
import { hue, initials, listTime, nameOf, preview } from "./format.js";

const SEARCH_MS = 200;

/** The server's order. */
const newestFirst = (a, b) => b.last_at - a.last_at || (b.user > a.user ? 1 : -1);

export class List {
  constructor({ asking, now, onOpen }) {
    this.asking = asking;
    this.now = now;
    this.onOpen = onOpen;
    this.agent = null;
    this.current = null;
    this.rows = new Map();
    this.nodes = new Map();
    this.more = false;
    this.floor = null;
    this.loaded = false;
    this.round = 0;
    this.meanwhile = [];
    this.place = byId("list");
    this.search = byId("search");
    this.search.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.load(), SEARCH_MS);
    });
    this.search.addEventListener("keydown", (event) => event.key === "ArrowDown" && this.place.querySelector(".row")?.focus());
    this.place.addEventListener("scroll", () => this.loadMore());
    this.place.addEventListener("keydown", (event) => this.walk(event));
  }

  show(agent) {
    if (agent === this.agent) return;
    this.agent = agent;
    this.rows.clear();
    this.more = false;
    this.loaded = false;
    this.search.value = "";
    this.draw();
  }

  /** Ask for the newest conversations again. */
  async load() {
    this.round += 1;
    const answer = await this.ask();
    if (!answer) return;
    this.rows.clear();
    this.loaded = true;
    this.take(answer);
    // Whoever has scrolled down meanwhile was not heard.
    this.loadMore();
  }

  /** Ask for a page of the list, one at a time. */
  async ask(before) {
    const round = (this.asked = this.round);
    this.meanwhile = [];
    const question = { do: "conversations", agent: this.agent, search: this.search.value, before };
    const answer = await this.asking.ask(question, () => round === this.round);
    if (this.asked === round) this.asked = null;
    return answer;
  }

  /** A page of the list came. The next one starts where it ends, whatever was pushed meanwhile. */
  take({ conversations, more }) {
    this.more = more;
    this.floor = conversations.at(-1) ?? this.floor;
    for (const row of conversations) this.keep(row);
    // The answer may be older than what was pushed while it was under way.
    for (const row of this.meanwhile) this.admit(row);
    this.meanwhile = null;
    this.draw();
  }

  keep(row) {
    const known = this.rows.get(row.user);
    if (!known || known.counter <= row.counter) this.rows.set(row.user, row);
  }

  async loadMore() {
    const far = this.place.scrollHeight - this.place.scrollTop - this.place.clientHeight > 300;
    if (!this.more || this.asked === this.round || far) return;
    const answer = await this.ask([this.floor.last_at, this.floor.user]);
    if (answer) this.take(answer);
  }

  /** A push told of a conversation; one that belongs to a page not asked for yet comes with that page. */
  put(conversation) {
    this.meanwhile?.push(conversation);
    this.admit(conversation);
    this.draw();
  }

  admit(conversation) {
    const isNew = !this.rows.has(conversation.user);
    if (isNew && (!this.matches(conversation) || this.isBelow(conversation))) return;
    this.keep(conversation);
  }

  isBelow(conversation) {
    return this.more && newestFirst(this.floor, conversation) < 0;
  }

  matches(conversation) {
    const words = this.search.value.trim().toLowerCase();
    return [conversation.name, conversation.waID, conversation.phone].some((text) => (text ?? "").toLowerCase().includes(words));
  }

  sorted() {
    return [...this.rows.values()].sort(newestFirst);
  }

  mark(user) {
    this.current = user;
    this.draw();
  }

  draw() {
    const nodes = new Map();
    const wanted = this.sorted().map((row) => {
      const sign = JSON.stringify([row, row.user === this.current, listTime(row.last_at, this.now())]);
      const known = this.nodes.get(row.user);
      const node = known?.sign === sign ? known.node : this.row(row, known?.node);
      nodes.set(row.user, { sign, node });
      return node;
    });
    this.nodes = nodes;
    if (!wanted.length) wanted.push(this.note(this.emptyText()));
    reconcile(this.place, wanted);
  }

  note(text) {
    if (this.noted?.textContent !== text) this.noted = make("li", { class: "list-note" }, text);
    return this.noted;
  }

  emptyText() {
    if (!this.loaded) return "Loading…";
    if (this.search.value.trim()) return `Nobody is called “${this.search.value.trim()}”.`;
    return "Nobody has written yet. Whoever chooses this agent on WhatsApp appears here.";
  }

  row(row, old) {
    const [picture, text] = preview(row);
    const unread = row.unread > 0;
    const closed = row.state === "closed";
    const marks = [closed ? make("span", { class: "pill" }, "Ended") : null, unread ? make("span", { class: "badge" }, row.unread > 99 ? "99+" : String(row.unread)) : null];
    const about = `${nameOf(row)}${unread ? `, ${row.unread} unread` : ""}${closed ? ", ended" : ""}`;
    const own = row.last_direction === "out" ? make("span", { class: "you" }, "You:") : null;
    const button = make(
      "button",
      {
        class: `row${unread ? " unread" : ""}${closed ? " closed" : ""}`,
        type: "button",
        data: { testid: "conversation", user: row.user },
        "aria-current": row.user === this.current ? "true" : false,
        "aria-label": about,
        on: { click: () => this.onOpen(row) },
      },
      make("span", { class: `face face-${hue(row.user)}`, "aria-hidden": "true" }, row.name ? initials(row) : icon("person")),
      make("span", { class: "row-name" }, nameOf(row)),
      make("time", { class: "row-time" }, listTime(row.last_at, this.now())),
      make("span", { class: "row-last" }, own, picture ? icon(picture) : null, make("span", {}, text)),
      make("span", { class: "row-marks" }, marks),
    );
    // The row may have the keyboard's focus while it changes.
    const node = old ?? make("li");
    const focused = node.contains(document.activeElement);
    node.replaceChildren(button);
    if (focused) button.focus({ preventScroll: true });
    return node;
  }

  walk(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const rows = [...this.place.querySelectorAll(".row")];
    const next = rows.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (next < 0) this.search.focus();
    else rows[Math.min(next, rows.length - 1)]?.focus();
  }

  /** The conversation before or after the open one. */
  neighbour(step) {
    const rows = this.sorted();
    const place = rows.findIndex((row) => row.user === this.current);
    return rows[place < 0 ? 0 : Math.min(Math.max(place + step, 0), rows.length - 1)];
  }
}
