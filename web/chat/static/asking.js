// Questions whose answer the page cannot do without. In: a question, and whether its answer is still wanted. Out: the
// answer. While the chat's memory is away it is asked again; the operator is told, and told when it is over.

import { LinkLost, Refusal } from "./link.js";

const AGAIN_MS = 3000;
const AWAY = "store_away";

export class Asking {
  constructor({ link, onAway, onRefused }) {
    this.link = link;
    this.onAway = onAway;
    this.onRefused = onRefused;
    this.waiting = 0;
  }

  /** The answer. Null when it is refused or not wanted any more, or the connection broke: whoever connects asks again. */
  async ask(question, isWanted) {
    let waits = false;
    try {
      for (;;) {
        try {
          const answer = await this.link.ask(question);
          return isWanted() ? answer : null;
        } catch (error) {
          if (error instanceof LinkLost || !isWanted()) return null;
          if (!(error instanceof Refusal)) throw error;
          if (error.code !== AWAY) {
            this.onRefused(error.message);
            return null;
          }
        }
        if (!waits) this.count(1);
        waits = true;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        if (!isWanted() || !this.link.open) return null;
      }
    } finally {
      if (waits) this.count(-1);
    }
  }

  count(step) {
    this.waiting += step;
    if (step > 0 ? this.waiting === 1 : !this.waiting) this.onAway(step > 0);
  }
}
