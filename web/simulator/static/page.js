// The page: follows the simulator's socket, and keeps one phone per user.

import { make } from "./dom.js";
import { listenToAdding, listenToNumber } from "./people.js";
import { Phone } from "./phone.js";

const FIRST_PAUSE_MS = 300;
const LAST_PAUSE_MS = 5000;
const CLOCK_MS = 10_000;

const phones = new Map();
const row = document.querySelector(".phones");
const chips = document.querySelector(".bar-phones");
const connection = document.querySelector(".connection");
let business = { name: "", numbers: [] };
let pause = FIRST_PAUSE_MS;

const TAKE = {
  snapshot(event) {
    business = event.business;
    const numbers = business.numbers.map(({ number }) => `+${number}`);
    document.querySelector(".bar-business").textContent = `${business.name} · ${numbers.join(", ")}`;
    const present = new Set(event.users.map((user) => user.id));
    for (const id of [...phones.keys()]) if (!present.has(id)) removePhone(id);
    for (const user of event.users) {
      const known = phones.has(user.id);
      TAKE.user({ user });
      const phone = phones.get(user.id);
      for (const message of event.messages[user.id]) phone.take(message, false);
      // after a lost connection the reader stays where they are
      if (!known) phone.scrollDown();
    }
  },
  user({ user }) {
    const known = phones.get(user.id);
    if (known) known.show(user);
    else addPhone(user);
  },
  message({ user, message }) {
    phones.get(user)?.take(message);
  },
  typing({ user, phone_number_id: id, seconds }) {
    const phone = phones.get(user);
    if (phone?.chat === id) phone.showTyping(seconds);
  },
};

function addPhone(user) {
  const phone = new Phone(user, business);
  phones.set(user.id, phone);
  row.append(phone.element);
  const chip = make("button", "chip", user.name, { type: "button" });
  chip.dataset.user = user.id;
  chip.addEventListener("click", () => phone.element.scrollIntoView({ inline: "center", block: "nearest" }));
  chips.append(chip);
  seen.observe(phone.element);
}

function removePhone(id) {
  const { element } = phones.get(id);
  seen.unobserve(element);
  element.remove();
  chips.querySelector(`[data-user="${CSS.escape(id)}"]`).remove();
  phones.delete(id);
}

// on a narrow screen one phone shows at a time; its chip is the current one
const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const chip = chips.querySelector(`[data-user="${CSS.escape(target.id.replace("phone-", ""))}"]`);
      chip?.setAttribute("aria-current", String(isIntersecting));
    }
  },
  { root: row, threshold: 0.6 },
);

function follow() {
  const address = new URL("/sim/ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  socket.addEventListener("message", ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "snapshot") showConnection("live", "Connected");
    TAKE[event.type](event);
  });
  socket.addEventListener("close", () => {
    showConnection("lost", "Connection lost, trying again…");
    setTimeout(follow, pause);
    pause = Math.min(pause * 2, LAST_PAUSE_MS);
  });
}

function showConnection(state, text) {
  if (state === "live") pause = FIRST_PAUSE_MS;
  connection.dataset.state = state;
  connection.textContent = text;
}

listenToAdding((user) => {
  TAKE.user({ user });
  const phone = phones.get(user.id);
  phone.element.scrollIntoView({ inline: "center", block: "nearest" });
  phone.text.focus({ preventScroll: true });
});
listenToNumber();
follow();
setInterval(() => phones.forEach((phone) => phone.showClock()), CLOCK_MS);
