// A menu over one phone: rows to choose from, perhaps a line of emoji above them.
// Arrow keys move, Escape and a click outside close; the focus goes back to where it came from.

import { icon, make } from "./dom.js";

export class Menu {
  constructor(screen) {
    this.screen = screen;
    this.element = make("div", "menu", "", { role: "menu", tabindex: "-1", "data-testid": "menu" });
    this.element.hidden = true;
    this.element.addEventListener("keydown", (event) => this.move(event));
    screen.append(this.element);
    document.addEventListener("pointerdown", (event) => {
      const inside = this.element.contains(event.target) || this.opener?.contains(event.target);
      if (!this.element.hidden && !inside) this.close(false);
    });
  }

  /** Show rows [{ name, symbol, label, act }] and emoji [{ sign, chosen, act }] at the element that opened it. */
  open(opener, label, rows, emoji = []) {
    if (!this.element.hidden && this.opener === opener) {
      this.close();
      return;
    }
    this.opener = opener;
    opener.setAttribute("aria-expanded", "true");
    this.element.setAttribute("aria-label", label);
    this.element.replaceChildren();
    if (emoji.length) {
      const line = make("div", "menu-emoji", "", { role: "group", "aria-label": "Reactions" });
      line.append(...emoji.map((one) => this.sign(one)));
      this.element.append(line);
    }
    this.element.append(...rows.map((row) => this.row(row)));
    this.element.hidden = false;
    this.place(opener);
    this.items()[0].focus();
  }

  sign({ sign, chosen, act }) {
    const button = make("button", "menu-sign", sign, { type: "button", role: "menuitemradio", "data-testid": "emoji" });
    button.setAttribute("aria-checked", String(chosen));
    button.setAttribute("aria-label", chosen ? `Take back ${sign}` : `React with ${sign}`);
    button.addEventListener("click", () => this.choose(act));
    return button;
  }

  row({ name, symbol, label, act }) {
    const button = make("button", "menu-row", "", { type: "button", role: "menuitem", "data-testid": `menu-${name}` });
    button.append(icon(symbol), make("span", "", label));
    button.addEventListener("click", () => this.choose(act));
    return button;
  }

  choose(act) {
    this.close();
    act();
  }

  /** Above or below the opener, whichever has room, and never outside the phone. */
  place(opener) {
    const room = this.screen.getBoundingClientRect();
    const from = opener.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const below = from.bottom - room.top + 4;
    const top = below + height < room.height - 8 ? below : from.top - room.top - height - 4;
    const left = Math.min(from.left - room.left, room.width - width - 10);
    this.element.style.top = `${Math.max(8, Math.min(top, room.height - height - 8))}px`;
    this.element.style.left = `${Math.max(10, left)}px`;
  }

  items() {
    return [...this.element.querySelectorAll("button")];
  }

  move(event) {
    const items = this.items();
    const here = items.indexOf(document.activeElement);
    const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key in steps) {
      event.preventDefault();
      items[(here + steps[event.key] + items.length) % items.length].focus();
    } else if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      items.at(event.key === "Home" ? 0 : -1).focus();
    }
  }

  close(giveFocusBack = true) {
    this.element.hidden = true;
    this.opener?.setAttribute("aria-expanded", "false");
    if (giveFocusBack) this.opener?.focus();
  }
}
