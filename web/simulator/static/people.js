// Who the users are: the dialogs that add one and change a number, and the menu about a user.
// A person's wishes come in, orders to the control API go out.

import { order } from "./dom.js";

/** The rows of the menu about the user of a phone. */
export function personOptions(phone) {
  const { user } = phone;
  const path = `/sim/users/${user.id}`;
  const change = (fields) => () => phone.queue(() => order("PATCH", path, fields));
  const told = (way, fields = {}) => () => phone.queue(() => order("POST", `${path}/${way}`, fields));
  const rows = [
    { name: "change-number", symbol: "call", label: "Change number…", act: () => askForNumber(phone) },
    { name: "new-id", symbol: "person", label: "Get a new user id", act: told("identity") },
    { name: "new-phone", symbol: "key", label: "Change phone, keep number", act: told("identity/phone") },
  ];
  if (user.wa_id && user.user_id) {
    const label = user.hide_number ? "Show the number to the business" : "Hide the number from the business";
    const symbol = user.hide_number ? "eye" : "eye-off";
    rows.push({ name: "hide", symbol, label, act: change({ hide_number: !user.hide_number }) });
  }
  const stopped = user.stopped_marketing;
  const value = stopped ? "resume" : "stop";
  const label = stopped ? "Allow marketing again" : "Stop marketing messages";
  rows.push({ name: "marketing", symbol: "failed", label, act: told("marketing", { value, phone_number_id: phone.chat }) });
  const ad = { type: "text", text: "I saw your advertisement", referral: true };
  rows.push({ name: "ad", symbol: "link", label: "Write after an advertisement", act: () => phone.send(ad) });
  const group = { type: "text", text: "Hello everybody", group_id: "120363000000000001" };
  rows.push({ name: "group", symbol: "person", label: "Write in a group", act: () => phone.send(group) });
  // a new user id alone is for users without a number: others get one with a new number or phone
  return rows.filter(({ name }) => name !== "new-id" || !user.wa_id);
}

/** Listen to the dialog that adds a user; `added` is told the new user. */
export function listenToAdding(added) {
  const dialog = document.querySelector("[data-testid=add-phone-dialog]");
  const { form } = listenToDialog(dialog, async () => {
    const kind = form.elements.kind.value;
    const wanted = { name: form.elements.name.value.trim(), hide_number: kind === "hidden" };
    if (kind === "none") wanted.phone = null;
    const user = await order("POST", "/sim/users", wanted);
    added(user);
  });
  document.querySelector("[data-testid=add-phone]").addEventListener("click", () => openDialog(dialog));
}

let changing = null;

function askForNumber(phone) {
  changing = phone;
  const dialog = document.querySelector("[data-testid=number-dialog]");
  openDialog(dialog);
  const digits = Math.floor(10_000_000 + Math.random() * 89_999_999);
  dialog.querySelector("input").value = `+55119${digits}`;
  dialog.querySelector("input").select();
}

/** Listen to the dialog that gives a user another number. */
export function listenToNumber() {
  const dialog = document.querySelector("[data-testid=number-dialog]");
  const { form } = listenToDialog(dialog, () => {
    const phone = `+${form.elements.phone.value.replace(/\D/g, "")}`;
    return order("POST", `/sim/users/${changing.user.id}/identity`, { phone });
  });
}

function openDialog(dialog) {
  dialog.querySelector("form").reset();
  dialog.querySelector(".problem").hidden = true;
  dialog.showModal();
}

function listenToDialog(dialog, save) {
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector(".problem");
  dialog.querySelector(".dialog-cancel").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await save();
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
  return { form };
}
