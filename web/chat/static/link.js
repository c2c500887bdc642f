// The socket to the chat: questions with answers, pushes, and coming back after it broke.

const WAITS = [500, 1000, 2000, 4000, 8000, 15000];
const PING_MS = 25000;
const ANSWER_MS = 15000;
const LOGIN_ENDED = 4401;

export class LinkLost extends Error {}

/** What the server said no to; `code` is for us, the message for the operator. */
export class Refusal extends Error {
  constructor(error) {
    super(error.text);
    this.code = error.code;
  }
}

export class Link {
  constructor({ onPush, onState }) {
    this.onPush = onPush;
    this.onState = onState;
    this.waiting = new Map();
    this.number = 0;
    this.tries = 0;
    this.socket = null;
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
    setInterval(() => this.ping(), PING_MS);
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.timer);
    this.onState("connecting", 0);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/websocket`);
    this.socket = socket;
    // A socket that was dropped may still say something: it is not heard.
    const heard = (act) => (event) => socket === this.socket && act(event);
    socket.addEventListener("open", heard(() => socket.send(JSON.stringify({ do: "hello" }))));
    socket.addEventListener("message", heard((event) => this.take(JSON.parse(event.data))));
    socket.addEventListener("close", heard((event) => this.lost(event.code)));
    this.timer = setTimeout(() => this.drop(), ANSWER_MS);
  }

  /** Give a silent socket up at once: closing it politely waits a minute for a peer that may be gone. */
  drop() {
    const silent = this.socket;
    this.socket = null;
    silent.close();
    this.lost();
  }

  /** Connect now instead of waiting on, because something changed for the better. */
  hurry() {
    if (!this.socket || this.socket.readyState === WebSocket.CLOSED) this.connect();
    else this.ping();
  }

  take(data) {
    if (data.push === "welcome") {
      clearTimeout(this.timer);
      this.tries = 0;
      this.onState("connected", 0);
    }
    if (data.push) return this.onPush(data);
    const asked = this.waiting.get(data.re);
    if (!asked) return undefined;
    this.waiting.delete(data.re);
    clearTimeout(asked.timer);
    return data.error ? asked.reject(new Refusal(data.error)) : asked.resolve(data);
  }

  lost(code) {
    clearTimeout(this.timer);
    for (const asked of this.waiting.values()) {
      clearTimeout(asked.timer);
      asked.reject(new LinkLost("the connection broke"));
    }
    this.waiting.clear();
    if (code === LOGIN_ENDED) {
      location.assign("/login");
      return;
    }
    if (this.tries > 0) this.checkLogin();
    const wait = WAITS[Math.min(this.tries, WAITS.length - 1)] * (0.75 + Math.random() / 2);
    this.tries += 1;
    this.onState("waiting", wait / 1000);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  /** A browser is not told why a socket was refused; the page's own address tells. Only a redirect means a logout. */
  async checkLogin() {
    try {
      const answer = await fetch("/chat", { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (answer.type === "opaqueredirect") location.assign("/login");
      else if (!answer.ok) console.info("the chat is not ready yet", answer.status);
    } catch (error) {
      console.info("the chat does not answer yet", error);
    }
  }

  /** Ask, and wait for the answer; rejects with Refusal or LinkLost. */
  ask(question) {
    if (!this.open) return Promise.reject(new LinkLost("not connected"));
    const n = (this.number += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(n);
        reject(new LinkLost("no answer in time"));
        this.drop();
      }, ANSWER_MS);
      this.waiting.set(n, { resolve, reject, timer });
      this.socket.send(JSON.stringify({ ...question, n }));
    });
  }

  ping() {
    if (this.open) this.ask({ do: "ping" }).catch(() => {});
  }
}
