// Wires the page: the link's pushes to list and conversation, the operator's doing to the link.

import { Acts } from "./acts.js";
import { Asking } from "./asking.js";
import { say } from "./banner.js";
import { Composer } from "./composer.js";
import { byId, drawIcons, make } from "./dom.js";
import { nameOf } from "./format.js";
import { Link } from "./link.js";
import { List } from "./list.js";
import { watchLogout } from "./logout.js";
import { Outbox } from "./outbox.js";
import { Thread } from "./thread.js";
import { Tray } from "./tray.js";

const LAST = "chat.last";
const UNREAD_MS = 250;
const PROBLEM_MS = 6000;

let agents = [];
let current = null;
let clockOffset = 0;
const unread = new Map();
const timers = new Map();
const now = () => Date.now() / 1000 + clockOffset;

drawIcons();

const link = new Link({ onPush, onState });
const outbox = new Outbox({ link, now, onChange: () => thread?.draw(), onSent });
const asking = new Asking({ link, onAway, onRefused: problem });
const list = new List({ asking, now, onOpen: open });
const thread = new Thread({ link, asking, now, outbox, onState: threadState, onMoved: open });
const acts = new Acts({ link, place: () => thread.conversation });
const composer = new Composer({
  tray: new Tray({ link, place: () => thread.conversation }),
  onSend: (content) => {
    const { agent, user } = thread.conversation;
    outbox.add(agent, user, content);
    thread.toEnd();
  },
});

function onPush(push) {
  switch (push.push) {
    case "welcome":
      clockOffset = push.now - Date.now() / 1000;
      thread.margin = push.margin;
      takeAgents(push.agents);
      catchUp();
      break;
    case "agents":
      if (takeAgents(push.agents)) list.load();
      break;
    case "joined":
    case "resync":
      catchUp();
      break;
    case "message":
      arrived(push);
      break;
    case "conversation":
      changed(push.conversation);
      break;
    default:
      console.warn("a push this page does not know", push.push);
  }
}

function arrived({ message, conversation }) {
  changed(conversation, message);
  if (message.direction === "in" && message.isRead === false) {
    byId("announce").textContent = `New message from ${nameOf(conversation)}: ${message.body ?? ""}`;
  }
}

function changed(conversation, message) {
  if (conversation.agent === list.agent) list.put(conversation);
  if (thread.isOpen(conversation.agent, conversation.user)) {
    if (message) thread.put(message, conversation);
    else thread.update(conversation);
  }
  countUnread(conversation.agent);
}

function onSent({ message, conversation }) {
  changed(conversation, message);
}

function catchUp() {
  list.load();
  thread.catchUp();
  outbox.flush();
  for (const agent of agents) countUnread(agent.id);
}

/** Ask how much is unread at an agent, once for many changes. */
function countUnread(agent) {
  if (timers.has(agent)) return;
  const count = async () => {
    timers.delete(agent);
    const answer = await link.ask({ do: "conversations", agent, limit: 1 }).catch(() => null);
    // The agent may have gone while the answer was on its way.
    if (!answer || !isServed(agent)) return;
    unread.set(agent, answer.unread);
    drawTabs();
  };
  timers.set(agent, setTimeout(count, UNREAD_MS));
}

function isServed(agent) {
  return agents.some(({ id }) => id === agent);
}

/** Whether another agent has to be shown, because the one that was is gone. */
function takeAgents(newer) {
  agents = newer;
  for (const agent of unread.keys()) if (!isServed(agent)) unread.delete(agent);
  const last = JSON.parse(sessionStorage.getItem(LAST) ?? "{}");
  const wanted = current ?? last.agent;
  const chosen = agents.find((agent) => agent.id === wanted) ?? agents[0];
  const isOther = Boolean(chosen) && chosen.id !== current;
  if (isOther) choose(chosen.id);
  byId("agent-name").textContent = chosen?.name ?? "Chat";
  drawTabs();
  return isOther;
}

function choose(agent) {
  current = agent;
  list.show(agent);
  if (thread.conversation && thread.conversation.agent !== agent) closeThread();
  byId("agent-name").textContent = agents.find((one) => one.id === agent)?.name ?? "Chat";
  drawTabs();
}

function drawTabs() {
  const total = [...unread.values()].reduce((sum, count) => sum + count, 0);
  document.title = total ? `(${total}) Chat` : "Chat";
  const focused = document.activeElement?.dataset?.agent;
  const tabs = agents.map(({ id, name }) => {
    const count = unread.get(id) ?? 0;
    const badge = count ? make("span", { class: "badge" }, count > 99 ? "99+" : String(count)) : null;
    const act = () => (choose(id), list.load());
    return make("button", { class: "tab", role: "tab", type: "button", "aria-selected": String(id === current), data: { agent: id, testid: "agent-tab" }, on: { click: act } }, name, badge);
  });
  byId("tabs").replaceChildren(...(agents.length > 1 ? tabs : []));
  if (focused) byId("tabs").querySelector(`[data-agent="${focused}"]`)?.focus();
}

function open(conversation) {
  if (document.body.dataset.view === "list") history.pushState({ view: "thread" }, "");
  document.body.dataset.view = "thread";
  byId("nothing").hidden = true;
  byId("opened").hidden = false;
  sessionStorage.setItem(LAST, JSON.stringify({ agent: conversation.agent, user: conversation.user }));
  list.mark(conversation.user);
  thread.open(conversation);
  composer.open(`${conversation.agent}|${conversation.user}`);
  composer.focus();
}

function closeThread() {
  thread.close();
  list.mark(null);
  document.body.dataset.view = "list";
  byId("opened").hidden = true;
  byId("nothing").hidden = false;
}

function threadState(text) {
  composer.shut(thread.conversation ? thread.shut() : null);
  acts.show(thread.conversation && thread.conversation.state !== "closed");
  if (text) problem(text);
}

function problem(text) {
  say("problem", text, PROBLEM_MS);
}

/** The chat's memory does not answer, or answers again. */
function onAway(away) {
  say("memory", away ? "Conversations cannot be read now; trying again." : "");
  if (!away) for (const agent of agents) countUnread(agent.id);
}

function onState(state, wait) {
  const words = { connected: "Connected", connecting: "Connecting…", waiting: "Not connected" };
  const place = byId("link");
  if (place.dataset.state === state) return;
  place.dataset.state = state;
  place.textContent = words[state];
  if (state === "connected") say("link", "");
  if (state === "waiting" && wait >= 0) say("link", "The connection is gone. What you write is kept and sent when it is back.");
}

byId("back").addEventListener("click", () => history.back());
window.addEventListener("popstate", () => matchMedia("(max-width: 760px)").matches && closeThread());
window.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
  if (event.key === "/" && !typing && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    list.search.focus();
  } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    const next = list.neighbour(event.key === "ArrowDown" ? 1 : -1);
    if (next) open(next);
  }
});
setInterval(() => (thread.clock(), thread.draw(), list.draw()), 1000);
watchLogout(problem);
link.connect();
