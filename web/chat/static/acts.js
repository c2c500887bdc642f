// What an operator does with a conversation: hand the user to another agent, or close it.

import { byId, make } from "./dom.js";
import { Refusal } from "./link.js";

const LOST = "The connection is gone: whether it was done, the conversation will show.";

export class Acts {
  /** `place` gives the open conversation, null when there is none. */
  constructor({ link, place }) {
    this.link = link;
    this.place = place;
    this.dialog("close", (data) => ({ text: data.get("text"), reason: data.get("reason") }));
    this.dialog("transfer", (data) => ({ to: Number(data.get("to")), note: data.get("note") }), () => this.targets());
  }

  /** Hide both buttons when there is nobody to act on. */
  show(possible) {
    byId("transfer-open").hidden = !possible;
    byId("close-open").hidden = !possible;
  }

  async targets() {
    const answer = await this.link.ask({ do: "targets", agent: this.place().agent });
    byId("transfer-to").replaceChildren(...answer.targets.map(({ id, name }) => make("option", { value: String(id) }, name)));
    if (!answer.targets.length) throw new Refusal("nobody", "There is no other agent.");
  }

  dialog(act, read, prepare = async () => {}) {
    const dialog = byId(`${act}-dialog`);
    const form = byId(`${act}-form`);
    const problem = byId(`${act}-problem`);
    const button = form.querySelector(".main-button");
    let about = null;
    const attempt = async (work) => {
      problem.hidden = true;
      button.disabled = true;
      try {
        await work();
        button.disabled = false;
      } catch (error) {
        problem.textContent = error instanceof Refusal ? error.message : LOST;
        problem.hidden = false;
        button.disabled = error instanceof Refusal && error.code === "nobody";
      }
    };
    byId(`${act}-open`).addEventListener("click", () => {
      about = this.place();
      if (!about) return;
      form.reset();
      dialog.showModal();
      attempt(prepare);
    });
    for (const name of ["close", "cancel"]) byId(`${act}-dialog-${name}`).addEventListener("click", () => dialog.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { agent, user } = about;
      attempt(async () => {
        await this.link.ask({ do: act, agent, user, ...read(new FormData(form)) });
        dialog.close();
      });
    });
  }
}
