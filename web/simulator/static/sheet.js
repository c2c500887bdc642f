// The bottom sheet of a phone: the rows of a list message, or a form.
// While it is open the rest of that phone is inert; Escape, the shade or the cross close it.

import { icon, make } from "./dom.js";

export class Sheet {
  constructor(phone) {
    this.sheet = phone.querySelector(".sheet");
    this.shade = phone.querySelector(".shade");
    this.behind = phone.querySelectorAll(".chat-header, .chat, .composer, .reply-bar");
    this.shade.addEventListener("click", () => this.close());
    this.sheet.querySelector(".sheet-close").addEventListener("click", () => this.close());
    this.sheet.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /** Show content under a title; the first field or row gets the focus. */
  open(title, opener, ...content) {
    this.opener = opener;
    this.sheet.querySelector(".sheet-title").textContent = title;
    this.sheet.setAttribute("aria-label", title);
    this.sheet.querySelector(".sheet-sections").replaceChildren(...content);
    this.show(true);
    this.sheet.querySelector(".sheet-sections :is(input, textarea, select, button)").focus();
  }

  /** Show the rows of a list message; `choose` is told the choice that was tapped. */
  openList(message, opener, choose) {
    const sections = new Map();
    for (const choice of message.choices) {
      const name = choice.section ?? "";
      if (!sections.has(name)) sections.set(name, []);
      sections.get(name).push(choice);
    }
    const parts = [...sections].map(([name, rows]) => this.section(name, rows, choose));
    this.open(message.raw.interactive.action.button, opener, ...parts);
  }

  section(name, rows, choose) {
    const section = make("div", "sheet-section", "", { role: "group" });
    if (name) {
      section.setAttribute("aria-label", name);
      section.append(make("p", "sheet-section-title", name, { "aria-hidden": "true" }));
    }
    for (const choice of rows) {
      const row = make("button", "row", "", { type: "button", "data-testid": "list-row" });
      row.dataset.choice = choice.id;
      const words = make("span", "row-words");
      words.append(make("span", "row-title", choice.title));
      if (choice.description) words.append(make("span", "row-description", choice.description));
      row.append(words, icon("chevron", "icon row-chevron"));
      row.addEventListener("click", () => {
        this.close();
        choose(choice);
      });
      section.append(row);
    }
    return section;
  }

  close() {
    if (this.sheet.hidden) return;
    this.show(false);
    this.opener?.focus();
  }

  show(open) {
    this.sheet.hidden = !open;
    this.shade.hidden = !open;
    for (const element of this.behind) element.inert = open;
  }
}
